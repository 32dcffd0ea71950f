"""The temporary file of a preparation: one process appends to it, and a later one resumes where it was interrupted."""

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from vidmbench.core.errors import ResultError
from vidmbench.core.files import DISK_FULL, unwritable, write_through
from vidmbench.videos.packed.format import HEAD, RECORD, Record, pixels_sha256, read_up_to


@contextmanager
def unfinished(path: Path, head: bytes, num_videos: int) -> Iterator[tuple[list[Record], Callable[[bytes], None]]]:
    """Opens the temporary file beside the target, which it is renamed to only if the block succeeds.

    Args:
        path: The target.
        head: The target's first bytes; a temporary file with other first bytes is not touched.
        num_videos: Number of videos the target will hold.

    Yields:
        The records of videos that an earlier call wrote, and a function that appends bytes.

    Raises:
        ResultError: The temporary file belongs to another preparation, cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.unfinished")
    with _write_errors(temporary):
        stream = FileIO(temporary, "a+")
    with stream:
        with _write_errors(temporary):
            records = _recover(stream, temporary, head, num_videos)

        def append(data: bytes) -> None:
            rest = memoryview(data)
            with _write_errors(temporary):
                while rest:  # on a disk that is nearly full one call may write only a part
                    rest = rest[stream.write(rest) or 0 :]

        yield records, append
        with _write_errors(temporary):
            os.fsync(stream.fileno())
    with _write_errors(temporary):
        temporary.replace(path)
        write_through(path.parent)


@contextmanager
def _write_errors(temporary: Path) -> Iterator[None]:
    """Turns an OSError of the block into a ResultError."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise unwritable(temporary.parent, error) from error
        raise ResultError(
            "the disk is full, and the file is not finished",
            expected="room for the whole file; its size is estimated before the command begins",
            found=f"{error.strerror} after {temporary.stat().st_size / 1e6:,.0f} MB",
            where=str(temporary),
            fix="free some space and give the same command again: it resumes where it stopped",
        ) from error


def _recover(stream: FileIO, temporary: Path, head: bytes, num_videos: int) -> list[Record]:
    """Returns the records that are complete, and truncates the file after them."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    existing = read_up_to(stream, len(head))
    if not head.startswith(existing):
        raise ResultError(
            f"beside {temporary.name[1:].removesuffix('.unfinished')} is an unfinished file of another preparation",
            expected="one of the same source, rule, resolution and classes",
            found="one with another header",
            where=str(temporary),
            fix="give the command that began it, or another --out; where it is damaged, move it away",
        )
    stream.write(head[len(existing) :])  # a process may be killed while it writes the header
    header = json.loads(head[HEAD.size :])
    records: list[Record] = []
    end = len(head)
    while len(records) < num_videos and end + RECORD.size <= size:
        stream.seek(end)
        record = Record(*RECORD.unpack(read_up_to(stream, RECORD.size)))
        # A record of zeros is what a power cut leaves; its CRC fits.
        if record.number != len(records) or not 0 < record.length <= size - end - RECORD.size:
            break
        body = read_up_to(stream, record.length)
        if zlib.crc32(body) != record.crc:
            break
        if pixels_sha256(body, header["frames"][record.number], header["size"]) != record.sha256:
            break
        records.append(record)
        end += RECORD.size + record.length
    stream.truncate(end)
    return records
