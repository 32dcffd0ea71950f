"""Parts of memory-mapped arrays, read from the file instead of the map: a file that is cut meanwhile is an error."""

import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.lib.array_utils import byte_bounds

from vidmbench.core.errors import DataError

#: A part whose bytes are spread over more than so many times its size, and over more bytes than _PIECE, is read piece
#: by piece.
_SCATTERED = 8
_PIECE = 1 << 22


def read_mapped(part: np.ndarray) -> np.ndarray:
    """A part of an array, in memory.

    The system kills a process that touches the map of a file beyond the file's end, so the bytes are read.

    Args:
        part: Any view of an array that ``np.load`` mapped; other arrays are returned as they are.

    Returns:
        The same numbers.

    Raises:
        DataError: The file ends before the part does.
        OSError: It cannot be read.
    """
    whole = part
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    if not isinstance(whole, np.memmap) or whole.filename is None or not part.size:
        return part
    path = Path(str(whole.filename))
    with path.open("rb", buffering=0) as stream:
        return _read(part, stream, path, byte_bounds(whole)[0] - whole.offset)


def read_frames(video: np.ndarray, frames: Sequence[int]) -> np.ndarray:
    """Some frames of a video; where frames follow one another, those between them are not read.

    Args:
        video: Frames along the first axis; it may be a view of an array that ``np.load`` mapped.
        frames: Their numbers, at least one, in any order.

    Returns:
        The frames in the order of ``frames``, as a copy.

    Raises:
        DataError: The file ends before a frame does.
        OSError: It cannot be read.
    """
    first, last = min(frames), max(frames)
    if list(frames) == list(range(first, last + 1)):
        found = read_mapped(video[first : last + 1])
        return found.copy() if np.may_share_memory(found, video) else found
    if abs(video.strides[0]) < max(map(abs, video.strides)):
        return read_mapped(video[first : last + 1])[np.asarray(frames, dtype=np.intp) - first]
    found = np.empty((len(frames), *video.shape[1:]), video.dtype)
    for place, number in enumerate(frames):
        found[place] = read_mapped(video[number])
    return found


def _read(part: np.ndarray, stream: FileIO, path: Path, origin: int) -> np.ndarray:
    """Reads a part, or its pieces along the axis that spreads it most; ``origin``: address of the file's first byte."""
    low, high = byte_bounds(part)
    if high - low > max(_SCATTERED * part.nbytes, _PIECE):
        spread = [abs(stride) * (length - 1) for stride, length in zip(part.strides, part.shape, strict=True)]
        before = (slice(None),) * spread.index(max(spread))
        result = np.empty(part.shape, part.dtype)
        for index in range(part.shape[len(before)]):
            piece = (*before, slice(index, index + 1))
            result[piece] = _read(part[piece], stream, path, origin)
        return result
    data = bytearray(high - low)
    done = 0
    stream.seek(low - origin)
    while done < len(data) and (count := stream.readinto(memoryview(data)[done:])):
        done += count
    if done < len(data):
        raise _cut(path, high - origin, os.fstat(stream.fileno()).st_size)
    address = part.__array_interface__["data"][0]
    return np.ndarray(part.shape, part.dtype, data, address - low, part.strides)


def _cut(path: Path, expected: int, actual: int) -> DataError:
    return DataError(
        f"{path.name} was cut off while it was read",
        expected=f"{expected} bytes or more",
        found=f"{actual} bytes",
        where=str(path),
        fix="write or copy it again, and leave it alone while it is scored",
    )
