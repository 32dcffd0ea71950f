"""The content of a data set's folder or archive, by names alone: videos, class numbers, folders without videos."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vidmbench.core.checksums import checksum_holds
from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, visible
from vidmbench.core.json_toml import parse_json
from vidmbench.videos.files.animations import AnimatedFile
from vidmbench.videos.files.archives import find_archived_videos, opened_archive
from vidmbench.videos.files.endings import VIDEO_SUFFIXES
from vidmbench.videos.files.folders import find_videos
from vidmbench.videos.files.listing import sort_files
from vidmbench.videos.files.video_files import ArchivedFrames, FrameFolder, Item

#: Written by ``vidmbench data make`` next to its videos.
MADE_HERE = "made-by-vidmbench.json"
_LABELS = "dataset.json"


class Tree(NamedTuple):
    """What a root holds.

    Attributes:
        root: The folder or archive.
        items: All videos of all splits, in natural order.
        notes: What was seen while listing them, one sentence each.
        numbers: Class numbers by the name of a video's folder, from a dataset.json.
    """

    root: Path
    items: list[Item]
    notes: list[str]
    numbers: dict[str, int]


def read_tree(root: Path) -> Tree:
    """Lists the videos below a folder or in a zip archive; none is opened.

    Raises:
        DataError: There is none, the archive is unsafe or cut off, or a dataset.json cannot be read.
    """
    if root.is_dir():
        items, notes, _ = find_videos(root)
        paths = [
            path for path in (root / _LABELS, *(inner / _LABELS for inner in visible(root.iterdir()))) if path.is_file()
        ]
        labels = _labels(paths[0].read_bytes(), str(paths[0])) if paths else {}
        numbers = _numbers(labels)
        return Tree(root, items, [*notes, *_unnamed(numbers, items), *_without_entry(labels, items)], numbers)
    items, notes, _ = find_archived_videos(root)
    archive = opened_archive(root)
    inside = sorted(name for name in archive.names if PurePosixPath(name).name == _LABELS)
    labels = _labels(archive.read(inside[0]), f"{root}:{inside[0]}") if inside else {}
    archive.close()
    numbers = _numbers(labels)
    return Tree(root, items, [*notes, *_unnamed(numbers, items), *_without_entry(labels, items)], numbers)


def _unnamed(numbers: Mapping[str, int], items: Sequence[Item]) -> list[str]:
    """A note on labels that belong to no video: those of another copy, or of videos that are missing."""
    here = {key_of(item) for item in items}
    strange = sort_files(name for name in numbers if name not in here)
    if not strange:
        return []
    return [f"{len(strange)} of {len(numbers)} labels in {_LABELS} belong to no video here, first {strange[0]}"]


def key_of(item: Item) -> str:
    """A video's own name: without its folders and without the suffix that TaiChi-HD's folders bear too."""
    name = PurePosixPath(item.name)
    has_ending = name.suffix.lower() in VIDEO_SUFFIXES or isinstance(item, AnimatedFile)
    return name.stem if has_ending else name.name


def frames_of(item: Item) -> tuple[str, ...]:
    """The names of a video's frame files in the order they are read; empty for video files."""
    return item.files if isinstance(item, FrameFolder | ArchivedFrames) else ()


def storage_of(items: Sequence[Item]) -> str:
    """What the videos are stored as, in words."""
    kinds = {
        "folders of frames in a zip": any(isinstance(item, ArchivedFrames) for item in items),
        "folders of frames": any(isinstance(item, FrameFolder) for item in items),
        "video files": any(not isinstance(item, FrameFolder | ArchivedFrames) for item in items),
    }
    return " and ".join(kind for kind, is_there in kinds.items() if is_there)


def empty_class_dirs(tree: Tree, classes: Sequence[str]) -> list[str]:
    """Class folders without a video, as relative paths in natural order."""
    if not tree.root.is_dir() or not classes:
        return []
    known = {name.lower() for name in classes}
    with_videos = {str(parent) for item in tree.items for parent in (PurePosixPath(item.name), *_parents(item))}
    empty = []
    for inner in sorted({"."} | {str(parent) for item in tree.items for parent in _parents(item)}):
        for entry in os.scandir(tree.root / inner):
            name = str(PurePosixPath(inner) / entry.name)
            if entry.is_dir() and entry.name.lower() in known and name not in with_videos:
                empty.append(name)
    return sort_files(empty)


def lexicographic_order_differs(items: Sequence[Item]) -> list[Item]:
    """Videos whose frames come in another order when their names are sorted as text: frame10 before frame2."""
    return [item for item in items if list(frames_of(item)) != sorted(frames_of(item))]


def generated_by(root: Path) -> str | None:
    """The name of the data set that ``vidmbench data make`` wrote here; None otherwise."""
    try:
        content = None if checksum_holds(root / MADE_HERE) is False else parse_json((root / MADE_HERE).read_bytes())
    except (OSError, ValueError):
        return None
    return str(content["dataset"]) if isinstance(content, Mapping) and "dataset" in content else None


def _parents(item: Item) -> list[PurePosixPath]:
    return list(PurePosixPath(item.name).parents)


def _without_entry(labels: Mapping[PurePosixPath, int], items: Sequence[Item]) -> list[str]:
    """A note on labels of frames that are missing although other frames of their videos are here."""
    frames = {key_of(item): set(frames_of(item)) for item in items if frames_of(item)}
    missing = [path for path in labels if path.name not in frames.get(path.parent.name, {path.name})]
    if not missing:
        return []
    return [f"{len(missing)} of {len(labels)} labels in {_LABELS} are of frames that are not here, first {missing[0]}"]


def _labels(data: bytes, where: str) -> dict[PurePosixPath, int]:
    """StyleGAN's form: a list of pairs of a frame's path and its class, or null."""
    try:
        labels = parse_json(data)["labels"]
        pairs = [(PurePosixPath(str(name)), number) for name, number in labels or ()]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            "the class labels cannot be read",
            expected='{"labels": [["video/frame.jpg", 0], ...]} or {"labels": null}',
            found=str(error),
            where=where,
            fix="fix the file, or remove it: scores do not need it",
        ) from error
    return {path: number for path, number in pairs if type(number) is int and not is_leftover(path.name)}


def _numbers(labels: Mapping[PurePosixPath, int]) -> dict[str, int]:
    """The class by the name of a video."""
    return {path.parent.name if str(path.parent) != "." else path.stem: number for path, number in labels.items()}
