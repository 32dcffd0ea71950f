"""Videos named one by one, by a list of paths or a glob.

What is named is read as a folder that holds these files alone would be, so that names, order and digest are those of
that folder: names begin at the deepest folder that holds them all.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import UnchangedFile, refuse_special
from vidmbench.core.text import counted
from vidmbench.videos.files.archives import find_archived_videos
from vidmbench.videos.files.endings import ARCHIVE_SUFFIXES, KINDS
from vidmbench.videos.files.folders import Folder, add_folder
from vidmbench.videos.files.listing import ArrayItem, Found, Listing, sort_items, videos_among
from vidmbench.videos.files.path_list import is_taken, listed
from vidmbench.videos.files.patterns import matching

_SHOWN = 20


def find_matching(pattern: str, of_array: ArrayItem | None = None) -> Found:
    """The videos that a glob matches.

    Args:
        pattern: See :func:`vidmbench.videos.files.patterns.matching`.
        of_array: Makes a video of each .npy file where there are no others.

    Raises:
        DataError: Nothing matches, or what matches holds no videos, or a video twice.
    """
    paths = matching(pattern)
    return _found([path for path in paths if is_taken(path)] or paths, Path(pattern), of_array)


def find_listed(path: Path, of_array: ArrayItem | None = None) -> tuple[Found, UnchangedFile]:
    """The videos that a text file names.

    Args:
        path: See :func:`vidmbench.videos.files.path_list.listed`.
        of_array: Makes a video of each .npy file where there are no others.

    Returns:
        What was found, and the list as it was read.

    Raises:
        DataError: The list cannot be used, or what it names holds no videos, or a video twice.
    """
    lines, file = listed(path)
    paths = [line.path for line in lines]
    found = _found(paths, path, of_array)
    labels = {_absolute(line.path): line.label for line in lines if line.label is not None}
    root = root_of(paths)
    named = {item.name: labels.get(_absolute(root / item.name)) for item in found.items} if labels else {}
    given = {name: label for name, label in named.items() if label is not None}
    return found._replace(labels=given or found.labels), file


def find_given(paths: Sequence[Path], of_array: ArrayItem | None = None) -> tuple[Path, Found]:
    """The videos that a list in memory names.

    Args:
        paths: Files and folders, at least one.
        of_array: Makes a video of each .npy file where there are no others.

    Returns:
        The deepest folder that holds them all, and what was found.

    Raises:
        DataError: Some are not there, are not videos, or are named twice.
    """
    missing = [path for path in paths if not os.path.exists(path)]
    strange = [path for path in paths if path not in missing and not is_taken(path)]
    wrong = missing or strange
    if wrong:
        what = "not found" if missing else "unsupported as videos"
        raise DataError(
            f"{len(wrong)} of the paths given {what}: {wrong[0].name}{', ...' if wrong[1:] else ''}",
            expected=f"paths of videos: {KINDS}; or of archives, or of .npy files of one video",
            found=", ".join(map(str, wrong[:_SHOWN])) + (f" and {len(wrong) - _SHOWN} more" if wrong[_SHOWN:] else ""),
            where=f"relative paths begin in {os.getcwd()}",
            fix="correct these paths",
        )
    root = root_of(paths)
    return root, _found(paths, root, of_array)


def _found(paths: Sequence[Path], where: Path, of_array: ArrayItem | None) -> Found:
    """The videos among files, folders and archives that were named."""
    archives = [path for path in paths if path.suffix.lower() in ARCHIVE_SUFFIXES and not path.is_dir()]
    if archives:
        if len(archives) < len(paths):
            other = next(path for path in paths if path not in archives)
            raise DataError(
                f"{where.name} names archives and other files",
                expected="archives alone, or videos alone",
                found=f"{archives[0].name} and {other.name}",
                where=str(where),
                fix="unpack the archives, or score each kind by itself",
            )
        return _in_archives(archives, of_array)
    root = root_of(paths)
    listing = Listing()
    for path in paths:
        refuse_special(path)
        inner = _absolute(path).relative_to(root).as_posix()
        if path.is_dir():
            add_folder(listing, root, "" if inner == "." else inner)
        else:
            listing.add(inner)
    _check_once(where, listing)
    return videos_among(listing, Folder(root), of_array)


def _check_once(where: Path, listing: Listing) -> None:
    """Refuses files that are named by their own path and by that of their folder."""
    names = [*listing.videos, *(f"{inner}/{file}" for inner, files in listing.images.items() for file in files)]
    twice = [name for name, count in Counter([*names, *listing.arrays]).items() if count > 1]
    if twice:
        raise DataError(
            f"{where.name} names videos more than once",
            expected="each video once",
            found=", ".join(twice[:_SHOWN]) + (f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""),
            where=str(where),
            fix="name a folder or the files in it, not both",
        )


def _in_archives(paths: Sequence[Path], of_array: ArrayItem | None) -> Found:
    """The videos of several archives, named as if all were unpacked into one folder, or each into one of its own."""
    parts = [find_archived_videos(path, of_array) for path in paths]
    names = Counter(item.name for part in parts for item in part.items)
    if len(parts) > 1 and max(names.values()) > 1:
        root = root_of(paths)
        stems = [str(PurePosixPath(_absolute(path).relative_to(root).as_posix()).with_suffix("")) for path in paths]
        parts = [_below(stem, part) for stem, part in zip(stems, parts, strict=True)]
    notes = _notes_together([(path.name, note) for path, part in zip(paths, parts, strict=True) for note in part.notes])
    items = sort_items(item for part in parts for item in part.items)
    return Found(items, notes, {name: label for part in parts for name, label in part.labels.items()})


def _notes_together(notes: Sequence[tuple[str, str]]) -> list[str]:
    """Of notes that differ in numbers and examples only, the first, and how many archives have the same.

    Args:
        notes: The name of an archive and a note on it.
    """
    alike: dict[str, list[str]] = {}
    for name, note in notes:
        alike.setdefault(re.sub(r"[0-9]+", "#", note.partition(" (first: ")[0]), []).append(f"{name}: {note}")
    return [
        first + (f"; {counted(len(others), 'more archive')} alike" if others else "")
        for first, *others in alike.values()
    ]


def _below(folder: str, found: Found) -> Found:
    """The same videos under names that begin with a folder's."""
    items = [replace(item, name=f"{folder}/{item.name}") for item in found.items]  # type: ignore[type-var]
    return found._replace(items=items, labels={f"{folder}/{name}": label for name, label in found.labels.items()})


def root_of(paths: Sequence[Path]) -> Path:
    """The deepest folder that holds all; a folder that is named alone."""
    if len(paths) == 1 and paths[0].is_dir():
        return _absolute(paths[0])
    parents = [str(_absolute(path).parent) for path in paths]
    return Path(os.path.commonpath(parents))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))
