"""A checksum inside a file that covers all of it: whether a file is still what was written, to the last bit.

A file is written with :data:`BLANK` among its metadata, and :func:`fill_checksum` replaces the zeros by the sha256 of
the file with these zeros. That works for JSON and for safetensors files alike, and for whatever wrote them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final

from vidmbench.core.errors import ResultError
from vidmbench.core.files import replacing
from vidmbench.core.inputs import refuse_special

_KEY = "file_sha256"
_ZEROS = "0" * 64
#: What the metadata of a file holds until :func:`fill_checksum` has been called.
BLANK: Final = {_KEY: _ZEROS}
# Inside a safetensors header JSON may itself be a JSON string, with backslashes before its quotation marks.
_FIELD = re.compile(rb'file_sha256\\*"\s*:\s*\\*"([^"\\]{64})')
_HEADER = 64 * 2**20  # metadata are in the first so many bytes
_PART = 2**20


def fill_checksum(path: Path) -> None:
    """Puts the checksum where :data:`BLANK` was written.

    Raises:
        OSError: The file cannot be written.
        ValueError: Nothing blank is in the file's metadata.
    """
    with path.open("r+b") as stream:
        place = _place(stream)
        if place is None or place[1] != _ZEROS:
            raise ValueError(f"{path.name} has no place for a checksum")
        digest = _digest(stream, place[0])
        stream.seek(place[0])
        stream.write(digest.encode())


def write_json(target: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON object with a checksum, whole or not at all.

    Raises:
        ResultError: The file cannot be written.
    """
    with replacing(target) as temporary:
        temporary.write_text(json.dumps({**content, **BLANK}, indent=2) + "\n", encoding="utf-8")
        fill_checksum(temporary)


def checksum_holds(path: Path) -> bool | None:
    """Whether a file is what was written; None where it has no checksum, as files of earlier versions.

    Raises:
        OSError: The file cannot be read.
    """
    refuse_special(path)
    with path.open("rb") as stream:
        place = _place(stream)
        return None if place is None else _digest(stream, place[0]) == place[1]


def check_checksum(path: Path) -> None:
    """Refuses a damaged file that says what its folder holds.

    Raises:
        ResultError: It is not what was written.
        OSError: It cannot be read.
    """
    if checksum_holds(path) is False:
        raise damaged(path)


def damaged(path: Path) -> ResultError:
    """The error for a damaged file that says what its folder holds."""
    return ResultError(
        f"{path.name} is damaged, which says what the folder holds",
        expected="the bytes that were written",
        found=f"{path.stat().st_size} others",
        where=str(path),
        fix="put it back from a copy, or choose another folder with --out",
    )


def _place(stream: BufferedIOBase) -> tuple[int, str] | None:
    """Where the checksum is, in bytes from the start, and its text."""
    size = stream.seek(0, 2)
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")  # of a safetensors header
    end = 8 + length if length <= size - 8 else size
    stream.seek(0)
    found = _FIELD.search(stream.read(min(end, _HEADER)))
    return None if found is None else (found.start(1), found[1].decode(errors="replace"))


def _digest(stream: BufferedIOBase, place: int) -> str:
    """The sha256 of the file with zeros in this place."""
    total = hashlib.sha256()
    stream.seek(0)
    total.update(stream.read(place))
    total.update(_ZEROS.encode())
    stream.seek(len(_ZEROS), 1)
    while part := stream.read(_PART):
        total.update(part)
    return total.hexdigest()
