"""Writing files so that no reader ever sees half of one, hashing them, and sorting their names."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidmbench.errors import ResultError


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``target`` that takes its place only if the block succeeds.

    Args:
        target: The file to write; missing parent folders are made.

    Yields:
        A path with the same suffix, in the same folder, to write to.

    Raises:
        ResultError: The folder cannot be made or written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise unwritable(target.parent, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files private; a shared cache must stay readable
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Writes a UTF-8 text file by way of :func:`replacing`."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def unwritable(folder: Path, error: OSError) -> ResultError:
    """The error for a folder that cannot be written to."""
    return ResultError(
        "cannot write to the folder",
        expected="a folder this user may create and write to",
        found=error.strerror or str(error),
        where=str(folder),
        fix="choose another folder with --out, or set VIDMBENCH_CACHE for the cache",
    )


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_parts(*parts: str | bytes) -> str:
    """The sha256 over length-prefixed parts, so that ("ab", "c") and ("a", "bc") differ; 64 hex digits."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts ``frame2`` before ``frame10``: runs of digits compare as numbers, everything else as text."""
    return tuple(
        (0, int(part), part) if "0" <= part[0] <= "9" else (1, 0, part) for part in re.split(r"([0-9]+)", name) if part
    )
