"""Locks between processes, and files that all users of a shared folder may write to."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import ResultError
from vidmbench.core.files import unwritable
from vidmbench.core.progress import note

if TYPE_CHECKING:
    from filelock import FileLock

#: What file systems answer that have no locks: not implemented, not supported, none available.
_NO_LOCKS = frozenset((errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK))
_NOTED: set[Path] = set()


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

    mode = _mode_in(path.parent)
    try:
        # A file that stands for a lock would stay for ever after a process that was killed.
        return FileLock(path, mode=mode, thread_local=False, fallback_to_soft=False)
    except TypeError:  # an earlier version
        return FileLock(path, mode=mode, thread_local=False)


def check_locks(folder: Path) -> None:
    """Refuses a folder in which processes cannot keep each other out.

    Raises:
        ResultError: Its file system has no locks, or it cannot be written to.
    """
    path = folder / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = shared_lock(path)
        with lock:
            pass
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and not is_lock_missing(error):
            raise unwritable(folder, error) from error
        raise ResultError(
            "the file system of the cache has no file locks",
            expected="a file system with locks, by which processes see what others are at",
            found=getattr(error, "strerror", None) or str(error),
            where=str(folder),
            fix="set VIDMBENCH_CACHE to a folder on another file system; or give each process its own --shard I/N, and "
            "at the end the command without it",
        ) from error


def is_lock_missing(error: Exception) -> bool:
    """Whether a lock was refused because the file system has none."""
    return isinstance(error, NotImplementedError) or getattr(error, "errno", None) in _NO_LOCKS


def note_missing_locks(folder: Path) -> None:
    """Says once for each folder that processes cannot see there what others are at."""
    if folder not in _NOTED:
        _NOTED.add(folder)
        note(
            f"the file system of {folder} has no file locks: two processes that use it at once may compute the same "
            "clips twice; give each its own --shard, or its own VIDMBENCH_CACHE"
        )


def share(path: Path) -> None:
    """Lets everyone who may write to a file's folder write to the file."""
    with suppress(OSError):  # it is another user's, who has done so
        path.chmod(_mode_in(path.parent))


def _mode_in(folder: Path) -> int:
    """The folder's permissions for a file in it; a umask would take those of the others away."""
    return folder.stat().st_mode & 0o666
