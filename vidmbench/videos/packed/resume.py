"""The file that a preparation appends to until it is whole: one process at a time, taken up where it was stopped."""

import errno
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from vidmbench.core.errors import ResultError
from vidmbench.core.files import unwritable
from vidmbench.videos.packed.format import RECORD, Record, exactly

#: EFBIG is a quota of file sizes, or a file system such as FAT.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def unfinished(path: Path, head: bytes, num_videos: int) -> Iterator[tuple[list[Record], Callable[[bytes], None]]]:
    """Opens the unfinished file beside the one to be, which takes that one's place only if the block succeeds.

    Args:
        path: The file to be.
        head: What it begins with; an unfinished file that begins otherwise is not touched.
        num_videos: Videos it will hold.

    Yields:
        The videos that stand in it already, and a function that appends bytes.

    Raises:
        ResultError: It belongs to another preparation, cannot be written, or the disk is full.
    """
    file = path.with_name(f".{path.name}.unfinished")
    with _writing(file):
        stream = FileIO(file, "a+")
    with stream:
        with _writing(file):
            records = _resumed(stream, file, head, num_videos)

        def append(data: bytes) -> None:
            rest = memoryview(data)
            with _writing(file):
                while rest:  # a write may take less than all, on a disk that is nearly full
                    rest = rest[stream.write(rest) or 0 :]

        yield records, append
        with _writing(file):
            os.fsync(stream.fileno())
    with _writing(file):
        file.replace(path)


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise unwritable(file.parent, error) from error
        raise ResultError(
            "the disk is full, and the file is not finished",
            expected="room for the whole file; how much it takes is said before it begins",
            found=f"{error.strerror} after {file.stat().st_size / 1e6:,.0f} MB",
            where=str(file),
            fix="make room and give the same command again: it goes on where it stopped",
        ) from error


def _resumed(stream: FileIO, file: Path, head: bytes, num_videos: int) -> list[Record]:
    """The videos that stand in the file whole; what follows them is cut off."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    found = exactly(stream, len(head))
    if not head.startswith(found):
        raise ResultError(
            f"an unfinished file of another preparation lies beside {file.name[1:].removesuffix('.unfinished')}",
            expected="one of the same source, rule, resolution and classes",
            found="one that begins otherwise",
            where=str(file),
            fix="remove it, or give the command it was begun with",
        )
    stream.write(head[len(found) :])  # a process may be killed at the very beginning
    records: list[Record] = []
    end = len(head)
    while len(records) < num_videos and end + RECORD.size <= size:
        stream.seek(end)
        record = Record(*RECORD.unpack(exactly(stream, RECORD.size)))
        if record.number != len(records) or end + RECORD.size + record.length > size:
            break
        if zlib.crc32(exactly(stream, record.length)) != record.crc:
            break
        records.append(record)
        end += RECORD.size + record.length
    stream.truncate(end)
    return records
