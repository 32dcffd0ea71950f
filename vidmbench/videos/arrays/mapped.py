"""Parts of memory-mapped arrays, read from the file instead of the map: a file that is cut meanwhile is an error."""

import os
from pathlib import Path

import numpy as np
from numpy.lib.array_utils import byte_bounds

from vidmbench.core.errors import DataError

#: A part that lies scattered over more than so many times its size is copied from the map after all.
_SCATTERED = 8


def read_mapped(part: np.ndarray) -> np.ndarray:
    """A part of an array, in memory.

    The system kills a process that touches the map of a file beyond the file's end, so the bytes are read.

    Args:
        part: Any view of an array that ``np.load`` mapped; other arrays are returned as they are.

    Returns:
        The same numbers with the same strides.

    Raises:
        DataError: The file ends before the part does.
        OSError: It cannot be read.
    """
    whole = part
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    if not isinstance(whole, np.memmap) or whole.filename is None or not part.size:
        return part
    low, high = byte_bounds(part)
    begin = whole.offset + low - byte_bounds(whole)[0]
    path = Path(str(whole.filename))
    if high - low > _SCATTERED * part.nbytes:
        if path.stat().st_size < whole.offset + whole.nbytes:
            raise _cut(path, whole.offset + whole.nbytes, path.stat().st_size)
        return np.array(part)
    data = bytearray(high - low)
    done = 0
    with path.open("rb", buffering=0) as stream:
        stream.seek(begin)
        while done < len(data) and (count := stream.readinto(memoryview(data)[done:])):
            done += count
        if done < len(data):
            raise _cut(path, begin + len(data), os.fstat(stream.fileno()).st_size)
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
