"""Samples of a VIDM as files: what ``sample`` writes."""

from pathlib import Path

import numpy as np

from vidmbench.core.vocabulary import SampleFormat
from vidmbench.videos import write_frames, write_gif, write_mp4, write_npz
from vidmbench.videos.writing.sums import FileSums
from vidmbench.videos.writing.verification import array_is_whole, is_whole, remove_frames
from vidmbench.vidm.sampling.source import VidmVideos


def write_samples(folder: Path, source: VidmVideos, form: SampleFormat, fps: float) -> tuple[int, list[str]]:
    """Writes what is missing or damaged, video by video.

    Args:
        folder: An existing folder.
        source: The samples.
        form: One mp4, gif or folder of PNG frames per video, or one npz of all.
        fps: Frames per second of mp4 and gif.

    Returns:
        How many videos were there already, and the names of those that were damaged and written again.
    """
    if form == "npz":
        return _write_array(folder, source)
    frames, sums = range(source.length), FileSums(folder)
    num_existing, damaged = 0, []
    for index in range(len(source)):
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
