"""Files inside archives, read in place: what the readers of zip and tar archives have in common."""

import io
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import InputFile, UnchangedFile, changed, refuse_special, stamp_of

LARGEST_FRAME = 2**30  # bytes; more is an archive made to fill the memory
_SHOWN = 5


class Archive(ABC):
    """An archive whose members are found by the paths that unpacking would give them.

    Several threads may read from it at once.

    Args:
        path: The archive.

    Attributes:
        path: The archive.
        file: The archive as it was before its table of contents was read.

    Raises:
        DataError: It is not a regular file.
        OSError: It is not there, or may not be looked at.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_special(path)
        self.file = UnchangedFile(path)

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """The files in it, by relative path without ``.`` and empty parts; folders are not listed."""

    @property
    @abstractmethod
    def num_folders(self) -> int:
        """The folders that are listed as such."""

    @abstractmethod
    def size(self, name: str) -> int:
        """A member's size in bytes."""

    @abstractmethod
    def entry(self, name: str) -> str:
        """What the table of contents says of a member: it changes wherever the content may have changed."""

    @abstractmethod
    def open(self, name: str) -> io.BufferedIOBase:
        """Opens a member, to be read and searched; little of it is in memory.

        Raises:
            DataError: It is damaged, encrypted, or packed in an unusual way.
            OSError: The archive cannot be read at the moment.
        """

    @abstractmethod
    def close(self) -> None:
        """Closes the archive."""

    def read(self, name: str) -> bytes:
        """The bytes of a member that is one frame or smaller.

        Raises:
            DataError: As :meth:`open`, or larger than any frame.
            OSError: As :meth:`open`.
        """
        if self.size(name) > LARGEST_FRAME:
            raise self.unreadable(name, f"it declares {self.size(name):,} bytes")
        with self.open(name) as stream:
            return stream.read()

    def stamp(self) -> str:
        """The archive's stamp.

        Raises:
            ChangedError: The archive is no longer what its table of contents was read from.
            OSError: It is not there, or may not be looked at.
        """
        stamp = stamp_of(self.file.path)
        if stamp != self.file.stamp:
            raise changed(self.path.name, self.path)
        return stamp

    def unreadable(self, name: str, problem: object, fix: str | None = None) -> DataError:
        """The error for a member that cannot be read."""
        return DataError(
            f"{PurePosixPath(name).name} cannot be taken out of the archive: {problem}",
            where=f"{self.path}:{PurePosixPath(name).parent}",
            fix=fix or "pack the archive again without a password, with plain or deflate compression",
        )


@dataclass(frozen=True)
class Member:
    """A file inside an archive, in the place of a path.

    Attributes:
        archive: The archive.
        inner: Its path in the archive.
    """

    archive: Archive
    inner: str

    @property
    def name(self) -> str:
        """Its own name, without folders."""
        return PurePosixPath(self.inner).name

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot; empty where it has none."""
        return PurePosixPath(self.inner).suffix

    @property
    def num_bytes(self) -> int:
        """Its size."""
        return self.archive.size(self.inner)

    def open(self, mode: Literal["rb"], /) -> io.BufferedIOBase:  # noqa: ARG002 (as paths are opened)
        """See :meth:`Archive.open`."""
        return self.archive.open(self.inner)

    def stamp(self) -> str:
        """See :meth:`Archive.stamp` and :meth:`Archive.entry`."""
        return f"{self.archive.stamp()} {self.archive.entry(self.inner)}"

    def __str__(self) -> str:
        return f"{self.archive.path}:{self.inner}"


def stamp_of_file(file: InputFile) -> str:
    """See :func:`vidmbench.core.inputs.stamp_of`; of a member, the archive's and what the archive says of it."""
    return file.stamp() if isinstance(file, Member) else stamp_of(str(file))


def refuse_special_file(file: InputFile) -> None:
    """See :func:`vidmbench.core.inputs.refuse_special`; members of archives are files."""
    if not isinstance(file, Member):
        refuse_special(str(file))


class Part(io.RawIOBase):
    """A part of an open file, as a file of its own.

    Args:
        file: The whole, opened without a buffer; it is closed with the part.
        start: Where the part begins, in bytes.
        size: How long it is, in bytes.
        name: What readers take for its name: its ending may tell the format.
    """

    def __init__(self, file: io.RawIOBase, start: int, size: int, name: str) -> None:
        super().__init__()
        self.name = name
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves within the part."""
        base = (0, self._position, self._size)[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        """Reads on; nothing is left at the end of the part."""
        wanted = max(0, min(len(buffer), self._size - self._position))
        self._file.seek(self._start + self._position)
        count = self._file.readinto(memoryview(buffer)[:wanted]) or 0
        self._position += count
        return count

    def close(self) -> None:
        """Closes the whole file too."""
        self._file.close()
        super().close()


def check_paths(path: Path, names: Iterable[str]) -> None:
    """Refuses members that lead out of the folder the archive would be unpacked into.

    Args:
        path: The archive.
        names: Its members, as they are written in it.

    Raises:
        DataError: An absolute path, a drive, or ``..``.
    """
    unsafe = [name for name in names if re.match(r"[/\\]|[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name)]
    if unsafe:
        raise DataError(
            f"{path.name} holds paths that lead out of it",
            expected="relative paths without '..'",
            found=_few(unsafe),
            where=str(path),
            fix="do not unpack it; get the archive from its authors, or pack it again",
        )


def check_kinds(path: Path, special: Sequence[tuple[str, str]]) -> None:
    """Refuses an archive that holds more than files and folders.

    Args:
        path: The archive.
        special: Path and kind (``a link``, ``a device``) of everything else in it.

    Raises:
        DataError: There is anything.
    """
    if special:
        raise DataError(
            f"{path.name} holds more than files and folders",
            expected="files and folders alone: links and devices in archives are never followed",
            found=_few([f"{name} ({kind})" for name, kind in special]),
            where=str(path),
            fix="pack it again with the files in the place of links (tar --dereference --hard-dereference, "
            "zip without -y), or unpack it and give the folder",
        )


def two_at_one_path(path: Path, name: str, sizes: tuple[int, int]) -> DataError:
    """The error for an archive with two different files at one path."""
    return DataError(
        f"{path.name} holds two files at one path",
        expected="each path once",
        found=f"{name} of {sizes[0]} and of {sizes[1]} bytes",
        where=str(path),
        fix="unpack it, see which of the two is meant, and give the folder",
    )


def special_kind(mode: int) -> str | None:
    """What a file is by its mode on Unix; None of a regular file, a folder, and where no kind is given."""
    kind = stat.S_IFMT(mode)
    if kind in (0, stat.S_IFREG, stat.S_IFDIR):
        return None
    return "a link" if kind == stat.S_IFLNK else "a device, pipe or socket"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
