"""Whether a video written earlier is still whole; nothing is decoded, so that a look costs little."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np

from vidmbench.core.files import is_system_file, visible
from vidmbench.core.inputs import refuse_special
from vidmbench.videos.files.pyav import load_pyav

_FRAME = re.compile(r"frame[0-9]{5,}\.png")


def is_whole(target: Path, num_frames: int, size: tuple[int, int]) -> bool:
    """Whether an mp4, a gif or a folder of PNG frames opens and holds what it should.

    Args:
        target: What :func:`vidmbench.videos.write_mp4`, ``write_gif`` or ``write_frames`` wrote.
        num_frames: Frames it should have.
        size: Height and width they should have.
    """
    try:
        return _frames_are_whole(target, num_frames, size) if target.is_dir() else _is_whole(target, num_frames, size)
    except Exception:  # a damaged file can fail in any way
        return False


def array_is_whole(target: Path, shape: tuple[int, ...]) -> bool:
    """Whether an npz file opens and its ``clips`` are uint8 of this shape; only the header is read."""
    try:
        with zipfile.ZipFile(target) as archive, archive.open("clips.npy") as stream:
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            header_shape, _, dtype = read(stream)
    except Exception:
        return False
    return header_shape == shape and dtype == np.uint8


def remove_frames(folder: Path) -> None:
    """Removes a folder of PNG frames; one that holds anything else stays as it is, and of a link what it leads to."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir() and all(_is_frame(path) or is_system_file(path.name) for path in folder.iterdir()):
        shutil.rmtree(folder)


def _is_frame(path: Path) -> bool:
    return _FRAME.fullmatch(path.name) is not None and not path.is_dir()


def _is_whole(target: Path, num_frames: int, size: tuple[int, int]) -> bool:
    load_pyav()
    import av

    refuse_special(target)
    with av.open(os.path.abspath(target)) as container:
        stream = container.streams.video[0]
        if (stream.height, stream.width) != size:
            return False
        # The last packet of demux is empty: it tells a decoder that no more come.
        return sum(1 for packet in container.demux(stream) if packet.size and not packet.is_corrupt) == num_frames


def _frames_are_whole(folder: Path, num_frames: int, size: tuple[int, int]) -> bool:
    from PIL import Image

    names = [path.name for path in visible(folder.iterdir())]
    if names != [f"frame{number:05d}.png" for number in range(num_frames)]:
        return False
    for name in names:
        refuse_special(folder / name)
        with Image.open(folder / name) as picture:
            if picture.size != size[::-1]:
                return False
            picture.verify()  # the checksums of all its chunks
    return True
