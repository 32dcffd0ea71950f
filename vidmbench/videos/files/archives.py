"""Zip archives of frames: one folder per video, at any depth, read without unpacking."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, sha256_of_parts
from vidmbench.core.inputs import refuse_special, stamp_of
from vidmbench.core.text import counted
from vidmbench.videos.files.endings import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from vidmbench.videos.files.folders import sort_items
from vidmbench.videos.files.frame_names import sort_frames
from vidmbench.videos.files.video_files import Facts, Item, inspect_frames, read_frames, stream_frames

#: How the table of contents says that a member was packed on FAT, which Windows programs write.
_WINDOWS = 0
_ENCRYPTED = 1  # bit of a member's flags
_LARGEST = 2**30  # bytes of one frame; more is an archive made to fill the memory


class FrameArchive:
    """An open zip archive whose members are found by the paths that unzip would give them.

    Several threads may read from it at once.

    Args:
        path: The archive.

    Attributes:
        path: The archive.
        members: The files in it, by relative path without ``.`` and empty parts; folders are not listed.
        num_folders: The folders that are listed as such.

    Raises:
        DataError: No zip archive, cut off, with members that lead out of it, or with two files at one path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        refuse_special(path)
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
            self.members = self._by_path()
        except DataError:
            self._zip.close()
            raise
        self.num_folders = len(self._zip.infolist()) - len(self.members)

    def _by_path(self) -> dict[str, zipfile.ZipInfo]:
        _check_paths(self.path, self._zip.namelist())
        members: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            if entry.is_dir():
                continue
            known = members.setdefault(_unpacked_name(entry), entry)
            if (known.CRC, known.file_size) != (entry.CRC, entry.file_size):
                raise DataError(
                    f"{self.path.name} holds two files at one path",
                    expected="each path once",
                    found=f"{_unpacked_name(entry)} of {known.file_size} and of {entry.file_size} bytes",
                    where=str(self.path),
                    fix="unpack it, see which of the two is meant, and give the folder",
                )
        return members

    def read(self, name: str) -> bytes:
        """A member's bytes; their checksum was compared.

        Raises:
            DataError: Damaged, cut off, encrypted, larger than any frame, or packed in an unusual way.
            OSError: The archive cannot be read at the moment.
        """
        entry = self.members[name]
        try:
            if entry.file_size > _LARGEST:
                raise ValueError(f"it declares {entry.file_size:,} bytes")
            return self._zip.read(entry)
        except OSError:
            raise
        except Exception as error:  # RuntimeError stands for a password, NotImplementedError for a rare compression
            problem = "a password protects it" if entry.flag_bits & _ENCRYPTED else error
            raise DataError(
                f"{PurePosixPath(name).name} cannot be taken out of the archive: {problem}",
                where=f"{self.path}:{PurePosixPath(name).parent}",
                fix="pack the archive again without a password, with plain or deflate compression",
            ) from error

    def close(self) -> None:
        """Closes the file."""
        self._zip.close()


@dataclass(frozen=True)
class ArchivedFrames:
    """The frames in one folder of an archive.

    Attributes:
        name: The folder's path in the archive.
        archive: The open archive.
        folder: The same path, empty for frames at the archive's root.
        files: Frame names in order.
    """

    name: str
    archive: FrameArchive
    folder: str
    files: tuple[str, ...]

    def stamp(self) -> str:
        """The archive's stamp; names, sizes and checksums of all frames, from the archive's table of contents."""
        entries = [self.archive.members[self._path(file)] for file in self.files]
        contents = (f"{entry.filename} {entry.file_size} {entry.CRC}" for entry in entries)
        return sha256_of_parts(stamp_of(self.archive.path), *contents)

    def inspect(self) -> Facts:
        """Reads every frame once."""
        return inspect_frames(self._where, self.files, read=self._data)

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The images asked for."""
        return read_frames(self._where, self.files, frames, facts, read=self._data)

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same as they are read."""
        return stream_frames(self._where, self.files, frames, facts, read=self._data)

    @property
    def _where(self) -> str:
        return f"{self.archive.path}:{self.folder}"

    def _path(self, file: str) -> str:
        return f"{self.folder}/{file}" if self.folder else file

    def _data(self, file: str) -> bytes:
        return self.archive.read(self._path(file))


def find_archived_videos(path: Path) -> tuple[list[Item], list[str]]:
    """Lists the videos in a zip archive.

    Args:
        path: The archive. Every folder in it that directly holds images is one video.

    Returns:
        The videos in natural order, and notes for the user.

    Raises:
        DataError: As :class:`FrameArchive`, or without frames.
    """
    archive = FrameArchive(path)
    folders: dict[str, list[str]] = {}
    other: Counter[str] = Counter()
    for name in archive.members:
        inner = PurePosixPath(name)
        if any(is_leftover(part) for part in inner.parts):
            continue
        if inner.suffix.lower() in PICTURE_SUFFIXES:
            parent = "" if str(inner.parent) == "." else str(inner.parent)
            folders.setdefault(parent, []).append(inner.name)
        else:
            other[inner.suffix.lower() or "no suffix"] += 1
    if not folders:
        archive.close()
        raise _no_frames(path, other, archive.num_folders)
    for files in folders.values():
        if len({file.rpartition("\\")[0] for file in files}) > 1:
            archive.close()
            raise _backslashes(path, next(file for file in files if "\\" in file))
    notes = []
    if "" in folders:
        loose = folders[""]
        if len(folders) > 1:
            notes.append(f"{len(loose)} pictures outside any folder were left aside (first: {loose[0]})")
            del folders[""]
        else:
            notes.append(f"the pictures lie in no folder: they were read as one video of {len(loose)} frames")
    items = [
        ArchivedFrames(folder or path.stem, archive, folder, sort_frames(files)) for folder, files in folders.items()
    ]
    return sort_items(items), notes


def _unpacked_name(entry: zipfile.ZipInfo) -> str:
    """The path that unzip gives a member: of names from Windows without a slash, a backslash separates folders."""
    name = entry.filename
    if entry.create_system == _WINDOWS and "/" not in name:
        name = name.replace("\\", "/")
    return str(PurePosixPath(name))


def _check_paths(path: Path, names: Sequence[str]) -> None:
    """Refuses members that lead out of the folder the archive would be unpacked into."""
    unsafe = [name for name in names if re.match(r"[/\\]|[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name)]
    if unsafe:
        raise DataError(
            f"{path.name} holds paths that lead out of it",
            expected="relative paths without '..'",
            found=", ".join(unsafe[:5]) + (f" and {len(unsafe) - 5} more" if len(unsafe) > 5 else ""),
            where=str(path),
            fix="do not unpack it; get the archive from its authors, or pack it again",
        )


def _no_frames(path: Path, other: Counter[str], num_folders: int) -> DataError:
    found = [f"{count} {suffix}" for suffix, count in other.most_common(5)]
    if num_folders:
        found.append(counted(num_folders, "folder"))
    return DataError(
        f"no frames in {path.name}",
        expected="entries such as video/frame00000.png",
        found=", ".join(found) or "an empty archive",
        where=str(path),
        fix=_instead(path, other),
    )


def _instead(path: Path, other: Counter[str]) -> str:
    if other and not other.keys() - {".npy"}:
        renamed = "" if path.suffix.lower() == ".npz" else f", or rename {path.name} to {path.stem}.npz"
        return f"unpack it and give the .npy file{renamed}"
    if any(suffix in VIDEO_SUFFIXES for suffix in other):
        return "unpack it and give the folder"
    return "give an archive of frames, one folder per video"


def _backslashes(path: Path, name: str) -> DataError:
    return DataError(
        f"the names in {path.name} hold backslashes, so that nothing tells its folders",
        expected="folders and frames separated by /, such as video/frame00000.png",
        found=f"{name}, as some Windows programs write it",
        where=str(path),
        fix="unpack it, on Windows or with 7-Zip, and give the folder; or pack it again with another program",
    )
