"""Writing files so that no reader ever sees a partial one, hashing them, passing over and sorting their names."""

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import ResultError
from vidmbench.core.inputs import InputFile
from vidmbench.core.temporaries import temporary_file

if TYPE_CHECKING:
    pass

#: The disk is full, a quota or a limit of file sizes is reached (FAT has one), or the file system takes no writes.
DISK_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS))
_SYSTEM_FILES = frozenset(
    (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "lost+found")
)


def is_leftover(name: str) -> bool:
    """Whether a file or folder is hidden or was left by an operating system; every listing passes over it."""
    return name.startswith(".") or is_system_file(name)


def is_system_file(name: str) -> bool:
    """Whether an operating system left a file or folder, which nobody misses."""
    return name.lower() in _SYSTEM_FILES


def visible(paths: Iterable[Path]) -> list[Path]:
    """Sorted paths without those whose last part :func:`is_leftover` names."""
    return sorted(path for path in paths if not is_leftover(path.name))


@contextmanager
def replacing(target: Path, *, is_synced: bool = True) -> Iterator[Path]:
    """Yields a temporary path beside ``target`` that takes its place only if the block succeeds.

    The bytes are on the disk before the name is: after a power cut a reader finds the old file or the new one, whole.

    Args:
        target: The file to write; missing parent folders are made.
        is_synced: False where a checksum finds what a power cut took, and waiting for the disk would cost more.

    Yields:
        A path with the same suffix, in the same folder, to write to.

    Raises:
        ResultError: The folder cannot be made or written to, or the file cannot be written; the old one is kept.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_file(target)
    except OSError as error:
        raise unwritable(target.parent, error) from error
    try:
        with write_errors(target, temporary):
            yield temporary
        try:
            umask = os.umask(0)
            os.umask(umask)
            if is_synced:
                write_through(temporary)
            temporary.chmod(0o666 & ~umask)  # temporaries are private; a shared cache must stay readable
            temporary.replace(target)
            if is_synced:
                write_through(target.parent)
        except OSError as error:
            raise unwritten(target, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_through(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk.

    Raises:
        OSError: The bytes of a file cannot be written. Of folders it is best effort: some systems open none.
    """
    if path.is_dir():
        with suppress(OSError):
            _sync(path, os.O_RDONLY)
    else:
        _sync(path, os.O_RDWR)  # Windows asks for the right to write


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def write_errors(target: Path, temporary: Path | None = None) -> Iterator[None]:
    """Turns a failed write of the block into one message; other errors pass.

    Args:
        target: The file that is written, for the message.
        temporary: The file that is written to until it is whole.

    Raises:
        ResultError: The disk is full, a quota or a limit of file sizes is reached, or the file may not be written.
    """
    try:
        yield
    except Exception as error:
        reason = _failed_write(error, {str(target), str(temporary)})
        if reason is None:
            raise
        raise unwritten(target, reason) from error


def _failed_write(error: Exception, paths: set[str]) -> str | None:
    """Why a write to one of the paths failed; None for any other error."""
    if isinstance(error, OSError):
        if error.errno in DISK_FULL or str(error.filename) in paths:
            return error.strerror or str(error)
        # NumPy counts what it wrote, and does not say why that was not all.
        return f"only a part was written ({error})" if re.search(r"requested and \d+ written", str(error)) else None
    if type(error).__name__ == "SafetensorError":  # the system's error is in its text alone
        said = re.search(r"I/?O error: (.+?)(?: \(os error \d+\))?$", str(error))
        return said[1] if said else None
    return None


def unwritten(target: Path, reason: str) -> ResultError:
    """The error for a file that could not be written; says what is kept."""
    kept = "the file that was there is unchanged" if target.exists() else "what was finished before is kept"
    return ResultError(
        f"{target.name} cannot be written",
        expected="room on the disk, and permission to write",
        found=reason,
        where=str(target),
        fix=f"free some space or choose another folder, and give the same command again; {kept}",
    )


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
    if os.path.exists(folder) and not folder.is_dir():  # unlike Path.exists it takes names that are too long
        raise ResultError(
            "the output folder is a file",
            expected="a folder",
            found="a file",
            where=str(folder),
            fix=f"give another {option}, or move the file away",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary_file(folder / "probe").unlink()
    except OSError as error:
        raise unwritable(folder, error, option) from error
    return folder


def sha256_of(file: InputFile) -> str:
    """The sha256 of a file's bytes, as 64 hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_parts(*parts: str | bytes) -> str:
    """The sha256 over length-prefixed parts, so that ("ab", "c") and ("a", "bc") differ; 64 hex digits."""
    total = hashlib.sha256()
    for part in parts:
        # Names of files that are not UTF-8 hold half pairs, which no other text has.
        data = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def sha256_of_chunks(head: str, chunks: Iterable[bytes], size: int) -> str:
    """What :func:`sha256_of_parts` gives for two parts, the second of which is not in memory as a whole.

    Args:
        head: The first part.
        chunks: The second part in pieces.
        size: Their bytes together.
    """
    first = head.encode()
    total = hashlib.sha256(len(first).to_bytes(8, "little") + first + size.to_bytes(8, "little"))
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()


def natural_key(name: str) -> tuple[tuple[int, int, str, str], ...]:
    """Sorts ``frame2`` before ``frame10``: runs of digits compare as numbers, everything else as text."""
    return tuple(
        # By length and digits: Python reads no integer of more than 4300 digits, and names in archives may be longer.
        (0, len(part.lstrip("0")), part.lstrip("0"), part) if "0" <= part[0] <= "9" else (1, 0, part, "")
        for part in re.split(r"([0-9]+)", name)
        if part
    )


def create_text(target: Path, text: str) -> bool:
    """Writes a UTF-8 text file that is not there yet, whole or not at all, and never in place of another.

    Args:
        target: The file; missing parent folders are made.
        text: Its content.

    Returns:
        Whether it was written; not where the file is there already.

    Raises:
        ResultError: The folder cannot be made or written to.
    """
    if os.path.lexists(target):  # else many records of one name would each wait for the disk at every name taken
        return False
    try:
        with replacing(target) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="replace")
            write_through(temporary)
            _claim(target, temporary)
    except _TakenError:
        return False
    return True


class _TakenError(Exception):
    """There is a file of this name."""


def _claim(target: Path, temporary: Path) -> None:
    """Gives a name that no other file has to a whole temporary file.

    Raises:
        _TakenError: Another file has it, were it written a moment ago.
    """
    try:
        try:
            os.link(temporary, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: an empty file takes the name, and is replaced at once
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        raise _TakenError from None
