"""Samples of a VIDM as files: what ``sample`` writes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from vidmbench.core.errors import UsageError
from vidmbench.core.locks import locked, shared_lock
from vidmbench.core.memory import free_memory
from vidmbench.core.vocabulary import SampleFormat
from vidmbench.core.workers import Share
from vidmbench.videos import write_frames, write_gif, write_mp4, write_npz
from vidmbench.videos.writing.manifest import FILE_NAME, Facts, declare
from vidmbench.videos.writing.sums import FileSums
from vidmbench.videos.writing.verification import array_is_whole, is_whole, remove_frames
from vidmbench.vidm.sampling.source import VidmVideos


@contextmanager
def writing_alone(folder: Path, share: Share | None) -> Iterator[None]:
    """Keeps other processes from drawing the same samples into a folder.

    Args:
        folder: An existing folder.
        share: What this process draws; None for everything.

    Raises:
        ResultError: Another process is at it.
    """
    if share is None:
        with locked(folder / FILE_NAME, "writing videos beside"):
            yield
    else:
        with locked(_name(folder, share), "writing the samples of"):
            yield


def declare_in_turn(folder: Path, facts: Facts) -> None:
    """What :func:`vidmbench.videos.writing.manifest.declare` does, for processes that may begin at once.

    Raises:
        ResultError: The folder holds something else.
    """
    lock = shared_lock(folder / f".{FILE_NAME}.begin.lock")
    with lock:
        declare(folder, facts, labels=("model", "checkpoint"))
        with suppress(OSError):  # Windows keeps open files; elsewhere who waits for a removed lock starts over
            Path(lock.lock_file).unlink()


def wait_for_others(folder: Path, own: Share) -> None:
    """Waits until no other process is at another share."""
    for part in range(1, own.parts + 1):
        if part != own.part:
            path = _name(folder, Share(part, own.parts))
            lock = shared_lock(path.with_name(f".{path.name}.lock"))
            with lock:
                Path(lock.lock_file).unlink(missing_ok=True)


def _name(folder: Path, share: Share) -> Path:
    return folder / f"shard-{share.part}-of-{share.parts}"


def check_samples(source: VidmVideos, form: SampleFormat, share: Share | None) -> None:
    """Refuses what :func:`write_samples` cannot write, before a folder is claimed for it.

    Args:
        source: The samples.
        form: As for :func:`write_samples`.
        share: As for :func:`write_samples`.

    Raises:
        UsageError: One array in shards, or more frames at a time than memory holds.
    """
    if form == "npz" and share is not None:
        raise UsageError(
            "one file of all videos is not written in shards",
            expected="--format mp4, gif or png",
            found="--format npz",
            where="--shard",
            fix="give another --format, or leave --shard out",
        )
    height, width = source.size
    num_together = len(source) if form == "npz" else min(source.batch_size, len(source))
    size, free = num_together * source.length * height * width * 3, free_memory()
    if free is not None and size > free:
        raise UsageError(
            "the videos that are held in memory together do not fit into it",
            expected=f"at most {free / 2**30:.1f} GiB",
            found=f"{size / 2**30:.1f} GiB: {num_together} x {source.length} frames of {width}x{height} pixels",
            fix="fewer --frames, "
            + ("fewer --num-videos or --format png" if form == "npz" else "or a smaller --batch-size"),
        )


def write_samples(
    folder: Path, source: VidmVideos, form: SampleFormat, fps: float, share: Share | None = None
) -> tuple[int, list[str]]:
    """Writes what is missing or damaged, video by video; :func:`check_samples` says beforehand whether it can.

    Args:
        folder: An existing folder.
        source: The samples.
        form: One mp4, gif or folder of PNG frames per video, or one npz of all.
        fps: Frames per second of mp4 and gif.
        share: Which blocks of samples that are drawn together; None for all.

    Returns:
        How many videos were there already, and the names of those that were damaged and written again.
    """
    if form == "npz":
        return _write_array(folder, source)
    frames, sums = range(source.length), FileSums(folder)
    num_existing, damaged = 0, []
    for index in range(len(source)):
        if share is not None and not share.takes(index // source.batch_size):
            continue
        target = folder / (source.name(index) + ("" if form == "png" else f".{form}"))
        if target.exists():
            if sums.holds(target) is not False and is_whole(target, source.length, source.size):
                sums.add(target)  # of a folder that an earlier version wrote
                num_existing += 1
                continue
            damaged.append(target.name)
        if form == "png":
            remove_frames(target)
            write_frames(target, source.read(index, frames))
        elif form == "gif":
            write_gif(target, source.read(index, frames), fps=fps)
        else:
            write_mp4(target, source.read(index, frames), fps=fps, lossless=True)
        sums.add(target)
    return num_existing, damaged


def _write_array(folder: Path, source: VidmVideos) -> tuple[int, list[str]]:
    target, sums = folder / f"{source.label}.npz", FileSums(folder)
    was_there = target.exists()
    if sums.holds(target) is not False and array_is_whole(target, (len(source), source.length, *source.size, 3)):
        return len(source), []
    frames = range(source.length)
    write_npz(target, np.stack([source.read(index, frames) for index in range(len(source))]))
    sums.add(target)
    return 0, [target.name] if was_there else []
