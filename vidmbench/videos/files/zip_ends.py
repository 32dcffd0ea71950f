"""Whether a file is one zip archive from its first byte to its last: of several joined ones, only the last is found."""

import os
import zipfile
from typing import IO, cast

_END, _END_LENGTH = b"PK\5\6", 22  # of the record at the end, which a comment may follow
_LONGEST_COMMENT = 2**16 - 1
#: What some programs write before the first member of an archive that they could have split.
_MARKS = (b"PK00", b"PK\7\x08")


def around_archive(archive: zipfile.ZipFile) -> str | None:
    """What is wrong with a file that holds more than one archive.

    Args:
        archive: It, opened from a path.

    Returns:
        A text for a message; None where there is nothing before the first member or behind the end.
    """
    file = cast(IO[bytes], archive.fp)
    # The start of the table of contents stands for the first member where there is none.
    first = min([entry.header_offset for entry in archive.infolist()] or [archive.start_dir])
    file.seek(0)
    if first and not (first == len(_MARKS[0]) and file.read(first) in _MARKS):
        return f"{first:,} bytes come before its first file, as where archives were joined with cat"
    behind = _behind_end(file)
    # Zeros fill the last block of a tape or disk.
    if any(behind):
        return f"{len(behind):,} bytes follow its end, as where files were joined with cat"
    return None


def _behind_end(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _END_LENGTH - _LONGEST_COMMENT, 0))
    last = file.read()
    start = last.rfind(_END)  # as zipfile looks for it
    comment = int.from_bytes(last[start + 20 : start + _END_LENGTH], "little")
    return last[start + _END_LENGTH + comment :]
