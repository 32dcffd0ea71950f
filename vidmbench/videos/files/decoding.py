"""Frames of a video file: through decord where it is exact, through PyAV everywhere else, bit for bit the same."""

import importlib
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, UsageError
from vidmbench.videos.files.containers import VideoFacts, inspect_video, read_with_pyav

Decoder = Literal["auto", "decord", "pyav"]


def decode(path: Path, frames: Sequence[int], decoder: Decoder = "auto", *, facts: VideoFacts | None = None) -> Frames:
    """Some frames of a video file, as they are displayed.

    Of several video streams the one ffmpeg calls best is read; rotation is applied; colours are converted as the file
    declares them (BT.601 where it declares nothing); pixels that are not square stay as stored.

    Args:
        path: A video file.
        frames: Indices in 0..number of frames - 1, in any order, also repeated.
        decoder: "auto" takes decord for files where it is known to be exact and PyAV for the rest; the other two force
            one library, which tests use to compare them.
        facts: What the file holds, where known; otherwise one full decode finds it out.

    Returns:
        uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

    Raises:
        DataError: The file cannot be decoded, or has fewer frames.
        UsageError: decord was asked for and is not installed.
    """
    facts = facts or _facts_of(path, *_stamp(path))
    check_frames(path.name, frames, facts.num_frames)
    if not len(frames):
        return np.zeros((0, facts.height, facts.width, 3), np.uint8)
    pictures = None
    if decoder == "decord" or (decoder == "auto" and facts.suits_decord and _decord() is not None):
        pictures = _read_with_decord(path, frames, is_forced=decoder == "decord")
    if pictures is None:
        pictures = read_with_pyav(path, frames, is_seekable=facts.is_seekable)
    expected = (len(frames), facts.height, facts.width, 3)
    if pictures.shape != expected and decoder != "decord":
        raise DataError(
            f"{path.name} does not hold what it held when it was first read",
            expected=f"frames of {facts.height}x{facts.width}",
            found=f"{pictures.shape[1]}x{pictures.shape[2]}",
            where=str(path),
            fix="leave the files alone while they are scored, and start again",
        )
    return pictures


def check_frames(name: str, frames: Sequence[int], num_frames: int) -> None:
    """Refuses frame indices a video does not have; negative ones do not count from the end.

    Raises:
        DataError: An index lies outside 0..num_frames - 1.
    """
    outside = [index for index in frames if not 0 <= index < num_frames]
    if outside:
        raise DataError(
            f"{name} has no frame {outside[0]}",
            expected=f"frame numbers from 0 to {num_frames - 1}",
            found=f"{outside[0]}; the video has {num_frames} frames",
            where=name,
            fix="ask for shorter clips (--frames, --stride), or skip short videos",
        )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (-1, -1)  # the inspection that follows says what is wrong
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=1024)
def _facts_of(path: Path, size: int, mtime_ns: int) -> VideoFacts:
    del size, mtime_ns  # part of the key: a file that was replaced is looked at again
    return inspect_video(path)


@cache
def _decord() -> Any:
    """The decord module, or None where it has no wheel."""
    try:
        module = importlib.import_module("decord")
    except (ImportError, OSError):
        return None
    module.logging.set_level(module.logging.QUIET)
    return module


def _read_with_decord(path: Path, frames: Sequence[int], *, is_forced: bool) -> Frames | None:
    """Frames by decord; None where it fails and was not forced."""
    decord = _decord()
    if decord is None:
        raise UsageError(
            "decord is not installed",
            expected="the package decord, which has wheels for x86-64 Linux and Windows only",
            fix="leave the choice of the decoder to vidmbench: PyAV gives the same frames",
        )
    try:
        # One reader a call and one thread a reader: readers are not safe to share, and each holds a file open.
        reader = decord.VideoReader(str(path), num_threads=1)
        try:
            pictures = np.asarray(reader.get_batch([int(index) for index in frames]).asnumpy())
        finally:
            del reader
    except Exception as error:  # decord raises its own class and plain RuntimeError alike
        if not is_forced:
            return None
        raise DataError(
            f"decord cannot read {path.name}", found=str(error).splitlines()[0][:200], where=str(path)
        ) from error
    is_rgb = pictures.dtype == np.uint8 and pictures.shape[-1] == 3
    return pictures if is_rgb or is_forced else None
