"""Which videos a folder holds: files, gifs and folders of frames, at any depth, in natural order."""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os.path import splitext
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, natural_key
from vidmbench.core.text import counted
from vidmbench.videos.files.animations import holds_frames, video_file
from vidmbench.videos.files.endings import (
    ARRAY_SUFFIXES,
    KINDS,
    MAYBE_ANIMATED_SUFFIXES,
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
)
from vidmbench.videos.files.frame_names import sort_frames
from vidmbench.videos.files.video_files import FrameFolder, Item

#: Files that may hold videos but are opened by their own path, never as part of a folder.
_OPENED_ALONE = ARRAY_SUFFIXES | {".zip", ".h5", ".hdf5"}


@dataclass
class _Listing:
    """What a folder holds, by names alone.

    Attributes:
        videos: The files that are videos whatever they hold.
        images: Their names by folder; a folder is named by its path from the top, which itself is ``.``.
        other: How many other files there are, by ending.
        empty: Folders with nothing in them.
        again: Folders that links lead to a second time.
        hidden: Videos and frames that are passed over for a name that begins with a dot.
    """

    videos: list[Item] = field(default_factory=list)
    images: dict[str, list[str]] = field(default_factory=dict)
    other: Counter[str] = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def find_videos(folder: Path) -> tuple[list[Item], list[str]]:
    """Lists the videos below a folder.

    Every file with a video's ending is a video, and so is every folder that directly holds images, unless these hold
    several frames each: then each is a video. Images beside video files or above folders of frames are thumbnails or
    grids and ignored, with a note. Of images, the first bytes of one in each folder are read; nothing else is opened.

    Args:
        folder: An existing folder.

    Returns:
        The videos in natural order of their relative paths, and notes for the user.

    Raises:
        DataError: There is none, two of them differ in their ending only, or a folder below cannot be listed.
    """
    listing = _listed(folder)
    items, notes = list(listing.videos), []
    with_videos = {str(PurePosixPath(item.name).parent) for item in items}
    for inner, files in listing.images.items():
        if inner in with_videos or (inner == "." and (items or len(listing.images) > 1)):
            notes.append(_left_aside(inner, files))
        else:
            found, found_notes = _of_pictures(folder, inner, files)
            items += found
            notes += found_notes
    if not items:
        raise _nothing(folder, listing)
    _check_doubles(folder, items)
    if listing.empty:
        notes.append(f"{len(listing.empty)} empty folders were left aside (first: {listing.empty[0]})")
    if listing.again:
        again = counted(len(listing.again), "folder")
        notes.append(f"links lead to {again} a second time, which counts once (first: {listing.again[0]})")
    for suffix in sorted(_OPENED_ALONE & listing.other.keys()):
        notes.append(f"{listing.other[suffix]} {suffix} files were left aside; open one by its own path to read it")
    return sort_items(items), notes


def _left_aside(inner: str, files: Sequence[str]) -> str:
    return f"{len(files)} pictures beside videos were left aside (first: {inner}/{min(files, key=natural_key)})"


def _of_pictures(folder: Path, inner: str, files: Sequence[str]) -> tuple[list[Item], list[str]]:
    """The images of one folder: one video of them all, or a video each where the first holds several frames."""
    frames = sort_frames(files)
    if _holds_frames(folder / inner, frames[0]):
        animated = [file for file in frames if _holds_frames(folder / inner, file)]
        still = [file for file in frames if file not in set(animated)]
        names = [str(PurePosixPath(inner) / file) for file in animated]
        return [video_file(name, folder / name) for name in names], [_left_aside(inner, still)] if still else []
    if inner != ".":
        return [FrameFolder(inner, folder / inner, frames)], []
    note = f"the pictures lie in the folder itself: they were read as one video of {len(files)} frames"
    return [FrameFolder(Path(os.path.abspath(folder)).name, folder, frames)], [note]


def _holds_frames(folder: Path, file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in MAYBE_ANIMATED_SUFFIXES and holds_frames(folder / file)


def sort_items(items: Iterable[Item]) -> list[Item]:
    """Videos in natural order, folder by folder: ``a/2`` before ``a/10`` before ``b/1``."""
    return sorted(items, key=lambda item: [natural_key(part) for part in item.name.split("/")])


def sort_files(files: Iterable[str]) -> list[str]:
    """File names in natural order; ``frame2`` before ``frame10``."""
    return sorted(files, key=natural_key)


def _listed(folder: Path) -> _Listing:
    listing = _Listing()
    seen: set[str] = set()
    # Data sets are often assembled from links; a link that leads back up must not be followed forever.
    for root, folders, files in os.walk(folder, followlinks=True, onerror=_not_listed):
        real = os.path.realpath(root)
        inner = PurePosixPath(Path(root).relative_to(folder).as_posix())
        if real in seen:
            folders.clear()
            listing.again.append(str(inner))
            continue
        seen.add(real)
        if not folders and not files and str(inner) != ".":
            listing.empty.append(str(inner))
        folders[:] = sort_files(name for name in folders if not is_leftover(name))
        for file in files:
            suffix = splitext(file)[1].lower()
            if is_leftover(file):
                listing.hidden += [str(inner / file)] if suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES else []
                continue
            if suffix in VIDEO_SUFFIXES:
                listing.videos.append(video_file(str(inner / file), folder / inner / file))
            elif suffix in PICTURE_SUFFIXES:
                listing.images.setdefault(str(inner), []).append(file)
            else:
                listing.other[suffix or "no suffix"] += 1
    return listing


def _not_listed(error: OSError) -> None:
    raise DataError(
        f"the folder {Path(str(error.filename)).name} cannot be listed: {error.strerror or error}",
        expected="folders that this user may read, so that no video is missed",
        where=str(error.filename),
        fix="make it readable, or move it out of the folder that is read",
    ) from error


def _nothing(folder: Path, listing: _Listing) -> DataError:
    contents = [counted(count, f"{suffix} file") for suffix, count in listing.other.most_common(5)]
    if listing.empty:
        contents.append(counted(len(listing.empty), "empty folder"))
    fix = "give the folder that holds the videos"
    if listing.hidden:
        names = "names that begin with a dot, which are passed over as hidden"
        contents.append(f"{counted(len(listing.hidden), 'file')} with {names} (first: {min(listing.hidden)})")
        fix = "give those that are videos or frames names that do not begin with a dot"
    if _OPENED_ALONE & listing.other.keys():
        fix = "give one .npy, .npz or .zip file by its own path, or the folder that holds the videos"
    return DataError(
        f"no videos in {Path(os.path.abspath(folder)).name}",
        expected=KINDS,
        found=", ".join(contents) if contents else "an empty folder",
        where=str(folder),
        fix=fix,
    )


def _check_doubles(folder: Path, items: Sequence[Item]) -> None:
    stems: dict[str, list[str]] = defaultdict(list)
    for item in items:
        stem = item.name if isinstance(item, FrameFolder) else str(PurePosixPath(item.name).with_suffix(""))
        stems[unicodedata.normalize("NFC", stem)].append(item.name)
    doubles = [names for names in stems.values() if len(names) > 1]
    if doubles:
        raise DataError(
            f"videos are in {Path(os.path.abspath(folder)).name} twice, in two formats or two spellings",
            expected="one file or folder per video, so that none counts twice",
            found="; ".join(" and ".join(map(_spelt, names)) for names in doubles[:5])
            + (" ..." if len(doubles) > 5 else ""),
            where=str(folder),
            fix="move one of the two to a folder of its own (of two formats the lossy one, such as gif)",
        )


def _spelt(name: str) -> str:
    """A name in which a letter and its accent are two characters is shown with the accent's number."""
    return name if unicodedata.is_normalized("NFC", name) else ascii(name)[1:-1]
