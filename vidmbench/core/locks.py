"""Locks between processes, and files that all users of a shared folder may write to."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import ResultError
from vidmbench.core.files import unwritable

if TYPE_CHECKING:
    from filelock import FileLock


@contextmanager
def locked(path: Path, doing: str = "writing") -> Iterator[None]:
    """Keeps other processes from writing the same file.

    Args:
        path: The file to be.
        doing: What the other process does, for the message.

    Raises:
        ResultError: Another process is at it, or the folder cannot be written to.
    """
    from filelock import FileLock, Timeout  # slow to import

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


def shared_lock(path: Path) -> "FileLock":
    """A lock that everyone who may write to its folder can take, whoever made its file.

    Args:
        path: The lock's file, which stays; its folder exists.
    """
    from filelock import FileLock  # slow to import

    return FileLock(path, mode=_mode_in(path.parent))


def share(path: Path) -> None:
    """Lets everyone who may write to a file's folder write to the file."""
    with suppress(OSError):  # it is another user's, who has done so
        path.chmod(_mode_in(path.parent))


def _mode_in(folder: Path) -> int:
    """The folder's permissions for a file in it; a umask would take those of the others away."""
    return folder.stat().st_mode & 0o666
