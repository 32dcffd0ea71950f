"""Writing videos: lossless or high-quality mp4, gif, npz and folders of PNG frames, never half a file."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.files import replacing, unwritable, write_errors, write_through
from vidmbench.core.temporaries import temporary_folder
from vidmbench.videos.files.pyav import load_pyav

#: x264 at this rate factor is hard to tell from its input; smaller numbers only make larger files.
_HIGH_QUALITY = "12"


def write_mp4(target: Path, frames: np.ndarray, *, fps: float | int = 25.0, lossless: bool = False) -> None:
    """Writes one H.264 mp4.

    Args:
        target: The file to write; it ends in .mp4.
        frames: uint8 (frame, height, width, 3), RGB, 0..255.
        fps: Frames per second.
        lossless: Keep every pixel (RGB H.264; browsers and most players cannot show it). Otherwise 4:2:0 at high
            quality, which plays everywhere; an odd height or width then gets one row or column repeated, because
            4:2:0 needs even sizes.

    Raises:
        DataError: The frames are not of that form.
        ResultError: The folder cannot be written to.
    """
    load_pyav()
    import av

    _check(frames, rank=4, where=target)
    codec, layout = ("libx264rgb", "rgb24") if lossless else ("libx264", "yuv420p")
    if not lossless:
        odd_height, odd_width = frames.shape[1] % 2, frames.shape[2] % 2
        frames = np.pad(frames, ((0, 0), (0, odd_height), (0, odd_width), (0, 0)), mode="edge")
    with replacing(target) as temporary, av.open(os.path.abspath(temporary), "w", format="mp4") as container:
        stream: av.VideoStream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))  # type: ignore[assignment]
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = layout
        # One thread: the bytes written do not depend on the machine.
        stream.codec_context.thread_count = 1
        stream.options = {"crf": "0" if lossless else _HIGH_QUALITY, "preset": "medium"}
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())


def write_gif(target: Path, frames: np.ndarray, *, fps: float | int = 10.0) -> None:
    """Writes one endlessly looping gif with a palette of its own for every frame.

    A gif holds at most 256 colours per frame, so this is for looking at, not for scoring. No frame is dropped, even
    where two neighbours are equal.

    Args:
        target: The file to write; it ends in .gif.
        frames: uint8 (frame, height, width, 3), RGB, 0..255.
        fps: Frames per second; gif rounds the pause between two frames to 10 ms.

    Raises:
        DataError: The frames are not of that form.
        ResultError: The folder cannot be written to.
    """
    load_pyav()
    import av
    from PIL import Image

    _check(frames, rank=4, where=target)
    # Pillow chooses the colours, but its writer would merge equal neighbours into one frame.
    with replacing(target) as temporary, av.open(os.path.abspath(temporary), "w", format="gif") as container:
        stream = container.add_stream("gif", rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "pal8"
        for picture in frames:
            reduced = Image.fromarray(np.ascontiguousarray(picture)).quantize(256)
            colours = np.zeros((256, 4), np.uint8)  # alpha, red, green, blue
            palette = np.asarray(reduced.getpalette(), np.uint8).reshape(-1, 3)
            colours[:, 0] = 255
            colours[: len(palette), 1:] = palette
            indexed: Any = (np.asarray(reduced), colours)  # PyAV's stubs know no pairs
            container.mux(stream.encode(av.VideoFrame.from_ndarray(indexed, format="pal8")))
        container.mux(stream.encode())


def write_npz(target: Path, clips: np.ndarray) -> None:
    """Writes clips of one size as a compressed array file with the key ``clips``.

    Args:
        target: The file to write; it ends in .npz.
        clips: uint8 (clip, frame, height, width, 3), RGB, 0..255.

    Raises:
        DataError: The clips are not of that form.
        ResultError: The folder cannot be written to.
    """
    _check(clips, rank=5, where=target)
    with replacing(target) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, clips=clips)


def write_frames(target: Path, frames: np.ndarray) -> None:
    """Writes one video as a folder of lossless PNG frames, ``frame00000.png`` and so on.

    The folder appears whole or not at all: frames are written beside it and moved into place.

    Args:
        target: The folder to make; it must not exist yet.
        frames: uint8 (frame, height, width, 3), RGB, 0..255.

    Raises:
        DataError: The frames are not of that form, or the folder exists already.
        ResultError: The folder cannot be written to.
    """
    from PIL import Image

    _check(frames, rank=4, where=target)
    if target.exists():
        raise DataError(
            "the folder for the frames exists already",
            expected="a folder that does not exist yet, so that old and new frames never mix",
            where=str(target),
            fix="remove it or choose another name",
        )
    with ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(temporary_folder(target))
        except OSError as error:
            raise unwritable(target.parent, error) from error
        for number, picture in enumerate(frames):
            path = temporary / f"frame{number:05d}.png"
            with write_errors(target, path):
                Image.fromarray(np.ascontiguousarray(picture)).save(path, format="PNG")
                write_through(path)
        with write_errors(target, temporary):
            write_through(temporary)
            temporary.chmod(0o755)  # temporary folders are private
            temporary.rename(target)
            write_through(target.parent)


def _check(array: np.ndarray, *, rank: int, where: Path) -> None:
    axes: Sequence[str] = ("clip", "frame", "height", "width", "3")[5 - rank :]
    if array.dtype != np.uint8 or array.ndim != rank or array.shape[-1] != 3 or 0 in array.shape:
        raise DataError(
            "these frames cannot be written as a video",
            expected=f"uint8 ({', '.join(axes)}), none of them empty",
            found=f"{array.dtype} {array.shape}",
            where=str(where),
        )
