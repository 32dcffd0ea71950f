"""Writing files so that no reader ever sees a partial one, hashing them, and sorting their names."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from vidmbench.core.errors import ResultError


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


def expanded(path: str | Path) -> Path:
    """The path with the user's home folder for a ``~`` in front; unchanged where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def write_text(target: Path, text: str) -> None:
    """Writes a UTF-8 text file by way of :func:`replacing`; what UTF-8 lacks, from a file's name, becomes ``?``."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")


def unwritable(folder: Path, error: OSError, option: str = "--out") -> ResultError:
    """The error for a folder that cannot be written to, named by an option of the command line."""
    return ResultError(
        "cannot write to the folder",
        expected="a folder this user may create and write to",
        found=error.strerror or str(error),
        where=str(folder),
        fix=f"choose another folder with {option}, or set VIDMBENCH_CACHE for the cache",
    )


def checked_output(folder: Path, option: str = "--out") -> Path:
    """Creates the output folder and checks that it can be written to, before any work is done.

    Args:
        folder: The folder.
        option: The option that named it, for messages.

    Returns:
        The folder, ``~`` expanded.

    Raises:
        ResultError: It cannot be written to, or it is a file.
    """
    folder = expanded(folder)
    if folder.exists() and not folder.is_dir():
        raise ResultError(
            "the output folder is a file",
            expected="a folder",
            found="a file",
            where=str(folder),
            fix=f"give another {option}, or move the file away",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(folder, error, option) from error
    return folder


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


@contextmanager
def locked(path: Path, doing: str = "writing") -> Iterator[None]:
    """Keeps other processes from writing the same file.

    Args:
        path: The file to be.
        doing: What the other process does, for the message.

    Raises:
        ResultError: Another process is at it, or the folder cannot be written to.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise ResultError(
            f"another process is {doing} {path.name}",
            expected="one process at a time",
            found="a lock that is held",
            where=str(path),
            fix="wait until it has finished, or give another --out",
        ) from error
    except OSError as error:
        raise unwritable(path.parent, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps open files; elsewhere who waits for a removed lock starts over
            Path(lock.lock_file).unlink()
        lock.release()
