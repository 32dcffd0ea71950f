"""Frames of a video file, through PyAV.

decord gives the same bits for ordinary files (tests/parity/test_decoders.py), and no others are asked of it: with
interlaced frames, odd heights, 10 bits and damaged headers it gives other frames, it has no wheel for ARM and macOS,
and it is no faster. One file has one number on every machine only where one library reads it. So decord is a second
opinion, for tests and for ``vidmbench doctor``.
"""

import importlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, Literal

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.inputs import InputFile
from vidmbench.videos.files.containers import damaged
from vidmbench.videos.files.first_look import VideoFacts, inspect_video
from vidmbench.videos.files.frame_reading import read_frames_with_pyav
from vidmbench.videos.files.frame_times import unpacked
from vidmbench.videos.files.members import stamp_of_file
from vidmbench.videos.files.orientation import Picture
from vidmbench.videos.files.pyav import load_pyav

Decoder = Literal["pyav", "decord"]


def decode(
    path: InputFile, frames: Sequence[int], decoder: Decoder = "pyav", *, facts: VideoFacts | None = None
) -> Frames:
    """Some frames of a video file at once: see :func:`decoded_frames`.

    Returns:
        uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.
    """
    facts = facts or _facts_of(path, _stamp(path))
    pictures = list(decoded_frames(path, frames, decoder, facts=facts))
    return np.stack(pictures) if pictures else np.zeros((0, facts.height, facts.width, 3), np.uint8)


def decoded_frames(
    path: InputFile, frames: Sequence[int], decoder: Decoder = "pyav", *, facts: VideoFacts | None = None
) -> Iterator[Picture]:
    """Some frames of a video file, as they are displayed, one by one.

    Of several video streams the one ffmpeg calls best is read; rotation is applied; colours are converted as the file
    declares them (BT.601 where it declares nothing); pixels that are not square stay as stored. Frames asked for in
    increasing order are never held in memory together.

    Args:
        path: A video file.
        frames: Indices in 0..number of frames - 1, in any order, also repeated.
        decoder: The library; decord is there to be compared with.
        facts: What the file holds, where known; otherwise one full decode finds it out.

    Yields:
        uint8 (height, width, 3), RGB, 0..255, in the order asked for.

    Raises:
        DataError: The file cannot be decoded, or has fewer frames.
        UsageError: decord was asked for and is not installed.
    """
    facts = facts or _facts_of(path, _stamp(path))
    check_frames(path.name, frames, facts.num_frames)
    asked = Counter(int(index) for index in frames)
    coming = _increasing(path, sorted(asked), decoder, facts)
    held: dict[int, Picture] = {}
    for index in frames:
        while index not in held:
            number, picture = next(coming, (None, None))
            if number is None or picture is None:
                raise damaged(path, index)
            held[number] = picture
        yield held[index]
        asked[index] -= 1
        if not asked[index]:
            del held[index]


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


def _increasing(
    path: InputFile, indices: Sequence[int], decoder: Decoder, facts: VideoFacts
) -> Iterator[tuple[int, Picture]]:
    if decoder == "decord":
        yield from _read_with_decord(path, indices)
        return
    for index, picture in read_frames_with_pyav(path, indices, unpacked(facts.frame_times)):
        if picture.shape != (facts.height, facts.width, 3):
            raise DataError(
                f"{path.name} does not hold what it held when it was first read",
                expected=f"frames of {facts.height}x{facts.width}",
                found=f"{picture.shape[0]}x{picture.shape[1]}",
                where=str(path),
                fix="leave the files alone while they are scored, and start again",
            )
        yield index, picture


def _stamp(path: InputFile) -> str:
    try:
        return stamp_of_file(path)
    except OSError:
        return ""  # the inspection that follows says what is wrong


@lru_cache(maxsize=1024)
def _facts_of(path: InputFile, stamp: str) -> VideoFacts:
    del stamp  # part of the key: a file that was replaced is looked at again
    return inspect_video(path)


@cache
def _decord() -> Any:
    """The decord module, or None where it has no wheel."""
    load_pyav()  # first, see there
    try:
        module = importlib.import_module("decord")
    except (ImportError, OSError):
        return None
    module.logging.set_level(module.logging.QUIET)
    return module


def _read_with_decord(path: InputFile, indices: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    decord = _decord()
    if decord is None:
        raise UsageError(
            "decord is not installed",
            expected="the package decord, which has wheels for x86-64 Linux and Windows only",
            fix="read the file with PyAV, as vidmbench does by itself",
        )
    reader = None
    try:
        # One reader a call and one thread a reader: readers are not safe to share, and each holds a file open.
        reader = decord.VideoReader(os.path.abspath(str(path)), num_threads=1)
        for index in indices:
            picture = np.asarray(reader[index].asnumpy())
            if picture.dtype != np.uint8 or picture.shape[-1] != 3:
                raise TypeError(f"a frame of {picture.dtype} {picture.shape}")
            yield index, picture
    except Exception as error:  # decord raises its own class and plain RuntimeError alike
        raise DataError(
            f"decord cannot read {path.name}", found=str(error).splitlines()[0][:200], where=str(path)
        ) from error
    finally:
        del reader
