"""Zip archives, read without unpacking."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import cast

from vidmbench.core.errors import DataError
from vidmbench.videos.files.members import Archive, Part, check_kinds, check_paths, special_kind, two_at_one_path
from vidmbench.videos.files.zip_ends import around_archive

#: How the table of contents says on which system a member was packed: FAT, which Windows programs write, or Unix.
_WINDOWS, _UNIX = 0, 3
_ENCRYPTED = 1  # bit of a member's flags
#: Bytes up to which a member is unpacked in memory; a larger one goes to a temporary file without a name.
_IN_MEMORY = 2**25
#: A video is compressed already: what shrinks further than so many times is no video, and made to fill the disk.
_BOMB = 200


class ZipArchive(Archive):
    """A zip archive; see :class:`vidmbench.videos.files.members.Archive`.

    Raises:
        DataError: No zip archive, cut off, joined with another file, with members that lead out of it or are not
            files, or with two files at one path.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path.name} cannot be read as a zip archive: the name of a file in it is not valid UTF-8",
                expected="names in UTF-8, as the archive declares them",
                found=f"a name with the bytes {error.object!r}",
                where=str(path),
                fix="pack it again, with names of plain letters and digits; if it was damaged, copy it again",
            ) from error
        except Exception as error:  # of a damaged table of contents, nearly every class that there is
            raise DataError(
                f"{path.name} cannot be read as a zip archive: {error}",
                where=str(path),
                fix="copy or pack it again; an archive that was cut off lacks its table of contents",
            ) from error
        try:
            self._check_ends()
            self._members = self._by_path()
        except DataError:
            self._zip.close()
            raise

    def _check_ends(self) -> None:
        problem = around_archive(self._zip)
        if problem is not None:
            raise DataError(
                f"{self.path.name} is more than one zip archive: {problem}",
                where=str(self.path),
                fix="give the archives it was joined from in a quoted glob, or pack their files again as one",
            )

    def _by_path(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._zip.infolist()
        check_paths(self.path, (entry.filename for entry in entries))
        kinds = [(entry.filename, _kind(entry)) for entry in entries]
        check_kinds(self.path, [(name, kind) for name, kind in kinds if kind is not None])
        members: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            if entry.is_dir():
                continue
            name = _unpacked_name(entry)
            known = members.setdefault(name, entry)
            if (known.CRC, known.file_size) != (entry.CRC, entry.file_size):
                raise two_at_one_path(self.path, name, (known.file_size, entry.file_size))
        return members

    @property
    def names(self) -> Sequence[str]:
        """See :class:`Archive`."""
        return list(self._members)

    @property
    def num_folders(self) -> int:
        """See :class:`Archive`."""
        return len(self._zip.infolist()) - len(self._members)

    def size(self, name: str) -> int:
        """See :class:`Archive`."""
        return self._members[name].file_size

    def entry(self, name: str) -> str:
        """Name, size and checksum."""
        entry = self._members[name]
        return f"{entry.filename} {entry.file_size} {entry.CRC}"

    def open(self, name: str) -> io.BufferedIOBase:
        """See :class:`Archive`; the checksum of all bytes was compared."""
        entry = self._members[name]
        try:
            if entry.file_size <= _IN_MEMORY:
                return _InMemory(self._zip.read(entry), name)
            if entry.file_size > _BOMB * entry.compress_size:
                sizes = f"it declares {entry.file_size:,} bytes, packed into {entry.compress_size:,}"
                raise self.unreadable(name, sizes, "no video can be packed so small: get it from its authors again")
            return self._unpacked(entry, name)
        except (OSError, DataError):
            raise
        except Exception as error:  # RuntimeError stands for a password, NotImplementedError for a rare compression
            problem = "a password protects it" if entry.flag_bits & _ENCRYPTED else error
            raise self.unreadable(name, problem) from error

    def _unpacked(self, entry: zipfile.ZipInfo, name: str) -> io.BufferedIOBase:
        folder = tempfile.gettempdir()
        if entry.file_size > shutil.disk_usage(folder).free:
            raise ValueError(f"its {entry.file_size:,} bytes do not fit into {folder}")
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed with what is returned)
        try:
            with self._zip.open(entry) as stream:
                shutil.copyfileobj(stream, file, 1 << 20)
        except BaseException:
            file.close()
            raise
        part = Part(cast(io.RawIOBase, file), 0, entry.file_size, name)
        return io.BufferedReader(part)

    def close(self) -> None:
        """See :class:`Archive`."""
        self._zip.close()


class _InMemory(io.BytesIO):
    """Bytes with a name: its ending may tell readers the format."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def _kind(entry: zipfile.ZipInfo) -> str | None:
    return special_kind(entry.external_attr >> 16) if entry.create_system == _UNIX else None


def _unpacked_name(entry: zipfile.ZipInfo) -> str:
    """The path that unzip gives a member: of names from Windows without a slash, a backslash separates folders."""
    name = entry.filename
    if entry.create_system == _WINDOWS and "/" not in name:
        name = name.replace("\\", "/")
    return str(PurePosixPath(name))
