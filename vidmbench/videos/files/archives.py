"""Zip archives of frames: one folder per video, at any depth, read without unpacking."""

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, sha256_of_parts
from vidmbench.core.inputs import stamp_of
from vidmbench.videos.files.endings import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from vidmbench.videos.files.folders import sort_items
from vidmbench.videos.files.frame_names import sort_frames
from vidmbench.videos.files.video_files import Facts, Item, inspect_frames, read_frames, stream_frames


@dataclass(frozen=True)
class ArchivedFrames:
    """The frames in one folder of an archive.

    Attributes:
        name: The folder's path in the archive.
        archive: The open archive; its readers may share it between threads.
        folder: The same path, empty for frames at the archive's root.
        files: Frame names in natural order.
    """

    name: str
    archive: zipfile.ZipFile
    folder: str
    files: tuple[str, ...]

    def stamp(self) -> str:
        """The archive's stamp; names, sizes and checksums of all frames, from the archive's table of contents."""
        entries = [self.archive.getinfo(self._path(file)) for file in self.files]
        contents = (f"{entry.filename} {entry.file_size} {entry.CRC}" for entry in entries)
        return sha256_of_parts(stamp_of(str(self.archive.filename)), *contents)

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
        return f"{self.archive.filename}:{self.folder}"

    def _path(self, file: str) -> str:
        return f"{self.folder}/{file}" if self.folder else file

    def _data(self, file: str) -> bytes:
        try:
            return self.archive.read(self._path(file))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            # RuntimeError stands for a password, NotImplementedError for an unusual compression
            raise DataError(
                f"{file} cannot be taken out of the archive: {error}",
                where=self._where,
                fix="pack the archive again without a password, with plain or deflate compression",
            ) from error


def find_archived_videos(path: Path) -> tuple[list[Item], list[str]]:
    """Lists the videos in a zip archive.

    Args:
        path: The archive. Every folder in it that directly holds images is one video.

    Returns:
        The videos in natural order, and notes for the user.

    Raises:
        DataError: No zip archive, cut off, without frames, or with members that lead out of it.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as a zip archive: {error}",
            where=str(path),
            fix="copy or pack it again; an archive that was cut off lacks its table of contents",
        ) from error
    _check_members(path, archive)
    folders: dict[str, list[str]] = {}
    other: Counter[str] = Counter()
    for entry in archive.infolist():
        inner = PurePosixPath(entry.filename)
        if entry.is_dir() or any(is_leftover(part) for part in inner.parts):
            continue
        if inner.suffix.lower() in PICTURE_SUFFIXES:
            parent = "" if str(inner.parent) == "." else str(inner.parent)
            folders.setdefault(parent, []).append(inner.name)
        else:
            other[inner.suffix.lower() or "no suffix"] += 1
    if not folders:
        archive.close()
        raise _no_frames(path, other)
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


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuses members that lead out of the folder the archive would be unpacked into."""
    names = archive.namelist()
    unsafe = [name for name in names if re.match(r"[/\\]|[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name)]
    if unsafe:
        archive.close()
        raise DataError(
            f"{path.name} holds paths that lead out of it",
            expected="relative paths without '..'",
            found=", ".join(unsafe[:5]) + (f" and {len(unsafe) - 5} more" if len(unsafe) > 5 else ""),
            where=str(path),
            fix="do not unpack it; get the archive from its authors, or pack it again",
        )


def _no_frames(path: Path, other: Counter[str]) -> DataError:
    holds_videos = any(suffix in VIDEO_SUFFIXES for suffix in other)
    return DataError(
        f"no frames in {path.name}",
        expected="entries such as video/frame00000.png",
        found=", ".join(f"{count} {suffix}" for suffix, count in other.most_common(5)) or "an empty archive",
        where=str(path),
        fix="unpack it and give the folder" if holds_videos else "give an archive of frames, one folder per video",
    )
