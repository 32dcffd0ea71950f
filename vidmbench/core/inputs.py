"""Files that are read: regular files and folders only, and whether one is still what it was."""

import os
import stat
import time
from io import BufferedIOBase
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from vidmbench.core.errors import ChangedError, DataError, VidmbenchError

#: A file system's clock ticks every 1 to 10 ms: of two writes within one tick the stamp shows one.
_TICK_NS = 20_000_000
_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@runtime_checkable
class InputFile(Protocol):
    """A file whose bytes can be read: a path, or a file inside an archive, whose text names both."""

    @property
    def name(self) -> str:
        """Its own name, without folders."""
        ...

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot; empty where it has none."""
        ...

    def open(self, mode: Literal["rb"], /) -> BufferedIOBase:
        """Opens it, to be read and searched.

        Raises:
            OSError: It is not there, or may not be read.
        """
        ...

    def __hash__(self) -> int:
        """Equal for one file."""
        ...


def size_of(file: InputFile) -> int:
    """A file's size in bytes.

    Raises:
        OSError: It is not there, or may not be read.
    """
    if isinstance(file, Path):
        return file.stat().st_size
    known: int | None = getattr(file, "num_bytes", None)
    if known is not None:
        return known
    with file.open("rb") as stream:
        return stream.seek(0, os.SEEK_END)


def refuse_special(path: str | Path, error: type[VidmbenchError] = DataError) -> None:
    """Refuses pipes, sockets and devices, which would be waited for without end; everything that is read asks here.

    A path that is not there, or may not be looked at, passes: whoever opens it says so.

    Args:
        path: A file or folder that is about to be opened; links are followed.
        error: The class of the error.

    Raises:
        VidmbenchError: It is neither a regular file nor a folder.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    _refuse(mode, path, error)


def _refuse(mode: int, path: str | Path, error: type[VidmbenchError]) -> None:
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    found = next((name for is_it, name in _SPECIAL if is_it(mode)), "something else")
    raise error(
        f"{Path(path).name} is neither a file nor a folder",
        expected="a regular file or a folder",
        found=found,
        where=str(path),
        fix="write its content to a file and give that",
    )


def read_input(path: str | Path) -> bytes:
    """A file's bytes; a pipe in its place is not waited for.

    Raises:
        OSError: It is not there, or may not be read.
        DataError: It is neither a regular file nor a folder.
    """
    with open(path, "rb", opener=_without_waiting) as stream:
        _refuse(os.fstat(stream.fileno()).st_mode, path, DataError)
        return stream.read()


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def stamp_of(path: str | Path) -> str:
    """Size, times of last change and inode of a file: another stamp wherever the content may be another.

    The time of change (ctime) tells a file that was replaced by one of the same size and modification time. A file that
    was changed a moment ago is waited for, up to 0.02 s: a later write is then sure to show in its stamp.

    Args:
        path: A regular file; links are followed.

    Raises:
        OSError: It is not there, or may not be looked at.
        DataError: It is neither a regular file nor a folder.
    """
    found = os.stat(path)
    _refuse(found.st_mode, path, DataError)
    age = time.time_ns() - found.st_ctime_ns
    if 0 <= age < _TICK_NS:
        time.sleep((_TICK_NS - age) / 1e9)
        found = os.stat(path)
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}-{found.st_ino}"


def changed(name: str, path: str | Path) -> ChangedError:
    """The error for a file that is no longer what it was when it was first looked at.

    Args:
        name: The video or file.
        path: Where it is.
    """
    return ChangedError(
        f"{name} changed while it was read",
        expected="files that stay as they are until the command has ended",
        found="it was written to, replaced, moved or given other permissions",
        where=str(path),
        fix="wait until nothing writes to it, then give the same command again; what other files gave is kept",
    )


class UnchangedFile:
    """A file as it was when it was first looked at.

    Args:
        path: A regular file.

    Attributes:
        path: The file.
        stamp: Its stamp then, see :func:`stamp_of`.

    Raises:
        OSError: It is not there, or may not be looked at.
        DataError: It is neither a regular file nor a folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        self.stamp = stamp_of(path)

    def check(self) -> None:
        """Compares the file with what it was.

        Raises:
            ChangedError: It was changed, replaced or removed.
        """
        try:
            stamp = stamp_of(self.path)
        except OSError as error:
            raise ChangedError(
                f"{self.path.name} cannot be read: {error.strerror or error}",
                expected="a file that stays where it is until the command has ended",
                where=str(self.path),
                fix="put it back, then give the same command again",
            ) from error
        if stamp != self.stamp:
            raise changed(self.path.name, self.path)
