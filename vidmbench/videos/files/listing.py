"""Which videos there are among files, by their names: in a folder, an archive, a list of paths alike."""

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol, runtime_checkable

from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, natural_key
from vidmbench.core.inputs import InputFile
from vidmbench.core.text import counted
from vidmbench.videos.files.animations import holds_frames, video_file
from vidmbench.videos.files.endings import (
    ARCHIVE_SUFFIXES,
    ARRAY_SUFFIXES,
    KINDS,
    MAYBE_ANIMATED_SUFFIXES,
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
)
from vidmbench.videos.files.frame_names import sort_frames
from vidmbench.videos.files.video_files import ArchivedFrames, FrameFolder, Item

#: Files that may hold videos but are opened by their own path, never as part of a folder.
_OPENED_ALONE = ARRAY_SUFFIXES | ARCHIVE_SUFFIXES | {".h5", ".hdf5"}
_LABEL = ".cls"  # the class of a video, as WebDataset keeps it beside the video
_LONGEST_LABEL = 20  # characters
#: Makes an item of an array file that holds one video.
ArrayItem = Callable[[str, InputFile], Item]


class Found(NamedTuple):
    """The videos of a source, before any is opened.

    Attributes:
        items: In natural order.
        notes: What a user should know about how they were found.
        labels: The class of each by its name, where files beside them say so.
    """

    items: list[Item]
    notes: list[str]
    labels: Mapping[str, int] = {}


@runtime_checkable
class Place(Protocol):
    """Where listed files are.

    Attributes:
        path: The folder, archive or list, for messages.
        label: Name of the one video of frames that are in no folder.
        loose: What is said of such frames.
    """

    path: Path
    label: str
    loose: str

    def file(self, name: str) -> InputFile:
        """A file by its relative path."""
        ...

    def frames(self, name: str, inner: str, files: tuple[str, ...]) -> Item:
        """A video of the frames in the folder ``inner``."""
        ...


@dataclass
class Listing:
    """What a place holds, by names alone.

    Attributes:
        videos: The files that are videos whatever they hold.
        images: Their names by folder; a folder is named by its path from the top, which itself is ``.``.
        arrays: Files in which each may be a video.
        labels: Files with the class of a video.
        other: How many other files there are, by ending.
        empty: Folders with nothing in them.
        again: Folders that links lead to a second time.
        hidden: Videos and frames that are passed over for a name that begins with a dot.
        num_folders: The folders that an archive lists.
    """

    videos: list[str] = field(default_factory=list)
    images: dict[str, list[str]] = field(default_factory=dict)
    arrays: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    other: Counter[str] = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    num_folders: int = 0

    def add(self, name: str) -> None:
        """Sorts in a file by its relative path, with forward slashes."""
        folder, _, file = name.rpartition("/")
        suffix = PurePosixPath(file).suffix.lower()
        if is_leftover(file) or any(is_leftover(part) for part in folder.split("/")):
            self.hidden += [name] if suffix in VIDEO_SUFFIXES | PICTURE_SUFFIXES else []
        elif suffix in VIDEO_SUFFIXES:
            self.videos.append(name)
        elif suffix in PICTURE_SUFFIXES:
            self.images.setdefault(folder or ".", []).append(file)
        else:
            if suffix == ".npy":
                self.arrays.append(name)
            if suffix == _LABEL:
                self.labels.append(name)
            self.other[suffix or "no suffix"] += 1


def videos_among(listing: Listing, place: Place, of_array: ArrayItem | None = None) -> Found:
    """The videos of a listing.

    Every file with a video's ending is a video, and so is every folder that directly holds images, unless these hold
    several frames each: then each is a video. Images beside video files or above folders of frames are thumbnails or
    grids and ignored, with a note. Of images, the first bytes of one in each folder are read; nothing else is opened.

    Args:
        listing: What there is.
        place: Where it is.
        of_array: Makes a video of each .npy file where there are no others; None leaves them aside.

    Raises:
        DataError: There is none, or two of them differ in their ending only.
    """
    items = [video_file(name, place.file(name)) for name in listing.videos]
    notes: list[str] = []
    with_videos = {str(PurePosixPath(name).parent) for name in listing.videos}
    for inner, files in listing.images.items():
        if inner in with_videos or (inner == "." and (items or len(listing.images) > 1)):
            notes.append(_left_aside(place, inner, files))
        else:
            found, found_notes = _of_pictures(place, inner, files)
            items += found
            notes += found_notes
    alone = {suffix: listing.other[suffix] for suffix in _OPENED_ALONE & listing.other.keys()}
    if not items and of_array is not None and listing.arrays:
        items = [of_array(name, place.file(name)) for name in listing.arrays]
        del alone[".npy"]
    if not items:
        raise _nothing(place, listing)
    _check_doubles(place, items)
    if listing.empty:
        notes.append(f"{len(listing.empty)} empty folders were left aside (first: {listing.empty[0]})")
    if listing.again:
        again = counted(len(listing.again), "folder")
        notes.append(f"links lead to {again} a second time, which counts once (first: {listing.again[0]})")
    for suffix in sorted(alone) if place.path.is_dir() else ():
        notes.append(f"{alone[suffix]} {suffix} files were left aside; open one by its own path to read it")
    items = sort_items(items)
    return Found(items, notes, _labels(listing, place, items))


def _left_aside(place: Place, inner: str, files: Sequence[str]) -> str:
    if inner == "." and not place.path.is_dir():
        return f"{len(files)} pictures outside any folder were left aside (first: {files[0]})"
    return f"{len(files)} pictures beside videos were left aside (first: {inner}/{min(files, key=natural_key)})"


def _of_pictures(place: Place, inner: str, files: Sequence[str]) -> tuple[list[Item], list[str]]:
    """The images of one folder: one video of them all, or one video per image where the first holds several frames."""
    frames = sort_frames(files)
    if _holds_frames(place, inner, frames[0]):
        animated = [file for file in frames if _holds_frames(place, inner, file)]
        still = [file for file in frames if file not in set(animated)]
        names = [str(PurePosixPath(inner) / file) for file in animated]
        return [video_file(name, place.file(name)) for name in names], [
            _left_aside(place, inner, still)
        ] if still else []
    if inner != ".":
        return [place.frames(inner, inner, frames)], []
    note = f"{place.loose}: they were read as one video of {len(files)} frames"
    return [place.frames(place.label, inner, frames)], [note]


def _holds_frames(place: Place, inner: str, file: str) -> bool:
    name = str(PurePosixPath(inner) / file)
    return PurePosixPath(file).suffix.lower() in MAYBE_ANIMATED_SUFFIXES and holds_frames(place.file(name))


def _labels(listing: Listing, place: Place, items: Sequence[Item]) -> dict[str, int]:
    """The class of each video by its name: what the file of the same name that ends in .cls holds."""
    numbers: dict[str, int] = {}
    for name in listing.labels:
        with place.file(name).open("rb") as stream:
            text = stream.read(_LONGEST_LABEL + 1).decode("ascii", "replace").strip()
        if text.isdecimal() and len(text) <= _LONGEST_LABEL:
            numbers[name.removesuffix(PurePosixPath(name).suffix)] = int(text)
    labels = {}
    for item in items if numbers else ():
        key = next((key for key in (item.name, *_keys(item.name)) if key in numbers), None)
        if key is not None:
            labels[item.name] = numbers[key]
    return labels


def _keys(name: str) -> tuple[str, str]:
    """A video's name without its ending, and without all that follows the first dot, as WebDataset takes it."""
    return name.removesuffix(PurePosixPath(name).suffix), sample_key(name)


def sample_key(name: str) -> str:
    """What files of one sample have in common in a WebDataset: the path up to the first dot of the file's name."""
    folder, slash, file = name.rpartition("/")
    return f"{folder}{slash}{file.partition('.')[0]}"


def sort_items(items: Iterable[Item]) -> list[Item]:
    """Videos in natural order, folder by folder: ``a/2`` before ``a/10`` before ``b/1``."""
    return sorted(items, key=lambda item: [natural_key(part) for part in item.name.split("/")])


def sort_files(files: Iterable[str]) -> list[str]:
    """File names in natural order; ``frame2`` before ``frame10``."""
    return sorted(files, key=natural_key)


def _nothing(place: Place, listing: Listing) -> DataError:
    contents = [counted(count, f"{suffix} file") for suffix, count in listing.other.most_common(5)]
    if listing.empty:
        contents.append(counted(len(listing.empty), "empty folder"))
    if listing.num_folders:
        contents.append(counted(listing.num_folders, "folder"))
    fix = f"give the {'folder' if place.path.is_dir() else 'archive'} that holds the videos"
    if listing.hidden:
        names = "names that begin with a dot, which are passed over as hidden"
        contents.append(f"{counted(len(listing.hidden), 'file')} with {names} (first: {min(listing.hidden)})")
        fix = "give those that are videos or frames names that do not begin with a dot"
    if _OPENED_ALONE & listing.other.keys():
        fix = "give one .npy, .npz or .zip file by its own path, or the folder that holds the videos"
    archives = sorted(ARCHIVE_SUFFIXES & listing.other.keys())
    if archives and place.path.is_dir():
        fix = f"give the archives in a quoted glob: '{place.path / f'*{archives[0]}'}'"
    return DataError(
        f"no videos in {_name(place)}",
        expected=KINDS,
        found=", ".join(contents) if contents else f"an empty {'folder' if place.path.is_dir() else 'archive'}",
        where=str(place.path),
        fix=fix,
    )


def _check_doubles(place: Place, items: Sequence[Item]) -> None:
    stems: dict[str, list[str]] = defaultdict(list)
    for item in items:
        stem = (
            item.name
            if isinstance(item, FrameFolder | ArchivedFrames)
            else str(PurePosixPath(item.name).with_suffix(""))
        )
        stems[unicodedata.normalize("NFC", stem)].append(item.name)
    doubles = [names for names in stems.values() if len(names) > 1]
    if doubles:
        raise DataError(
            f"videos are in {_name(place)} twice, in two formats or two spellings",
            expected="one file or folder per video, so that none counts twice",
            found="; ".join(" and ".join(map(_spelt, names)) for names in doubles[:5])
            + (" ..." if len(doubles) > 5 else ""),
            where=str(place.path),
            fix="move one of the two to a folder of its own (of two formats the lossy one, such as gif)",
        )


def _name(place: Place) -> str:
    return Path(os.path.abspath(place.path)).name


def _spelt(name: str) -> str:
    """A name in which a letter and its accent are two characters is shown with the accent's number."""
    return name if unicodedata.is_normalized("NFC", name) else ascii(name)[1:-1]
