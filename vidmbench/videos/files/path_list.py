"""Videos named one by one: a text file of paths, or a glob in quotes.

What is named is read as a folder that holds these files alone would be, so that names, order and digest are those of
that folder: names begin at the deepest folder that holds them all.
"""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vidmbench.core.errors import DataError
from vidmbench.core.files import expanded, is_leftover, natural_key
from vidmbench.core.inputs import UnchangedFile, refuse_special
from vidmbench.core.text import counted
from vidmbench.videos.files.archives import find_archived_videos
from vidmbench.videos.files.endings import ARCHIVE_SUFFIXES, KINDS, PICTURE_SUFFIXES, VIDEO_SUFFIXES
from vidmbench.videos.files.folders import Folder, add_folder
from vidmbench.videos.files.listing import ArrayItem, Found, Listing, sort_items, videos_among

_LARGEST = 2**28  # bytes of a list
_SHOWN = 20
_TAKEN = VIDEO_SUFFIXES | PICTURE_SUFFIXES | ARCHIVE_SUFFIXES | {".npy"}
_WILD = re.compile(r"[*?\[]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 1_000_000  # paths that braces may stand for
#: A path and the number of a class, as the lists of UCF101 and Kinetics have them.
_WITH_LABEL = re.compile(r"(?P<path>.*\S)[ \t,]+(?P<label>[0-9]{1,9})")


class _Line(NamedTuple):
    """A path that a list names.

    Attributes:
        number: Of the line, from 1.
        path: The path, relative to the list's folder or absolute.
        label: The class behind it; None where there is none.
    """

    number: int
    path: Path
    label: int | None = None


def is_pattern(text: str) -> bool:
    """Whether a text that names no file is a glob: ``*``, ``?``, ``[a-z]``, ``{a,b}`` or ``{000..123}``."""
    braces = _BRACES.search(text)
    return bool(_WILD.search(text)) or bool(braces and ("," in braces[1] or _RANGE.fullmatch(braces[1])))


def find_matching(pattern: str, of_array: ArrayItem | None = None) -> Found:
    """The videos that a glob matches.

    Args:
        pattern: With ``**`` for any depth, and braces as shells expand them.
        of_array: Makes a video of each .npy file where there are no others.

    Raises:
        DataError: Nothing matches, or a path without wildcards among those that braces stand for is missing.
    """
    paths: dict[str, None] = {}
    missing = []
    for each in _expanded(pattern):
        if not _WILD.search(each):
            matching = [each] if os.path.lexists(each) else []
            missing += [] if matching else [each]
        else:
            matching = glob.glob(each, recursive=True)
        paths |= dict.fromkeys(path for path in matching if not is_leftover(os.path.basename(path.rstrip(os.sep))))
    if not paths:
        raise _no_match(pattern)
    if missing:
        raise DataError(
            f"{len(missing)} of the files that the pattern stands for are missing",
            expected="all that the braces stand for",
            found=", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""),
            where=pattern,
            fix="correct the range, or match with * what is there",
        )
    found = [Path(path) for path in sorted(paths, key=natural_key)]
    if "**" in pattern:  # matches folders, and all that is in them once more
        found = [path for path in found if not path.is_dir()]
    return _found([path for path in found if _is_taken(path)] or found, Path(pattern), of_array)


def find_listed(path: Path, of_array: ArrayItem | None = None) -> tuple[Found, UnchangedFile]:
    """The videos that a text file names, a path a line; relative ones begin in the file's folder.

    Empty lines are passed over, and so are those that begin with ``#``. A number behind a path is the video's class.

    Args:
        path: The list.
        of_array: Makes a video of each .npy file where there are no others.

    Returns:
        What was found, and the list as it was read.

    Raises:
        DataError: It is no list, names nothing, or names what is not there, twice, or no video: all at once.
    """
    try:
        file = UnchangedFile(path)
        lines = list(_lines(path))
    except OSError as error:
        raise _no_list(path, error.strerror or str(error)) from error
    file.check()
    _check_lines(path, lines)
    found = _found([line.path for line in lines], path, of_array)
    labels = {_absolute(line.path): line.label for line in lines if line.label is not None}
    root = _root([line.path for line in lines])
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
        DataError: Some are not there, are no videos, or are named twice.
    """
    missing = [path for path in paths if not os.path.exists(path)]
    strange = [path for path in paths if path not in missing and not _is_taken(path)]
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
    root = _root(paths)
    return root, _found(paths, root, of_array)


def _lines(path: Path) -> Iterator[_Line]:
    folder = path.parent
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = line.strip()
        if not text or (text.startswith("#") and not os.path.lexists(folder / text)):
            continue
        found = folder / expanded(text)
        labelled = _WITH_LABEL.fullmatch(text)
        if labelled and not os.path.lexists(found):
            without = folder / expanded(labelled["path"])
            if os.path.lexists(without):
                yield _Line(number, without, int(labelled["label"]))
                continue
        yield _Line(number, found)


def _text(path: Path) -> str:
    """A list's text; Windows writes UTF-16, and names of files need not be UTF-8."""
    if path.stat().st_size > _LARGEST:
        raise _no_list(path, f"{path.stat().st_size:,} bytes")
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    if "\0" in text:
        raise _no_list(path, "bytes that are no text")
    return text


def _check_lines(path: Path, lines: Sequence[_Line]) -> None:
    """Names all that is wrong with a list at once."""
    if not lines:
        raise _no_list(path, "no path")
    missing = [line for line in lines if not os.path.exists(line.path)]
    times = Counter(_absolute(line.path) for line in lines)
    twice = [line for line in lines if times[_absolute(line.path)] > 1]
    strange = [line for line in lines if line not in missing and not _is_taken(line.path)]
    kinds = {"there is no file": missing, "named more than once": twice, "no video": strange}
    wrong = {what: found for what, found in kinds.items() if found}
    if not wrong:
        return
    shown = "".join(f"\n    {what}: {_few(path, found)}" for what, found in wrong.items())
    fix = "correct these lines"
    if missing:
        fix += f"; relative paths begin in the list's folder, {path.parent}: where they begin elsewhere, move the list "
        fix += "there or write absolute ones"
    count = sum(map(len, wrong.values()))
    raise DataError(
        f"{counted(count, 'line')} of {path.name} cannot be used",
        expected=f"the path of a video in each line, once: {KINDS}; or an archive, or a .npy file of one video",
        found=shown,
        where=str(path),
        fix=fix,
    )


def _few(path: Path, lines: Sequence[_Line]) -> str:
    shown = [f"{_as_written(path, line.path)} (line {line.number})" for line in lines[:_SHOWN]]
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return ", ".join(shown) + more


def _as_written(path: Path, named: Path) -> str:
    return str(named.relative_to(path.parent)) if named.is_relative_to(path.parent) else str(named)


def _is_taken(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in _TAKEN


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
    root = _root(paths)
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
        root = _root(paths)
        stems = [str(PurePosixPath(_absolute(path).relative_to(root).as_posix()).with_suffix("")) for path in paths]
        parts = [_below(stem, part) for stem, part in zip(stems, parts, strict=True)]
    notes = [f"{path.name}: {note}" for path, part in zip(paths, parts, strict=True) for note in part.notes]
    items = sort_items(item for part in parts for item in part.items)
    return Found(items, notes, {name: label for part in parts for name, label in part.labels.items()})


def _below(folder: str, found: Found) -> Found:
    """The same videos under names that begin with a folder's."""
    items = [replace(item, name=f"{folder}/{item.name}") for item in found.items]  # type: ignore[type-var]
    return found._replace(items=items, labels={f"{folder}/{name}": label for name, label in found.labels.items()})


def _root(paths: Sequence[Path]) -> Path:
    """The deepest folder that holds all; a folder that is named alone."""
    if len(paths) == 1 and paths[0].is_dir():
        return _absolute(paths[0])
    parents = [str(_absolute(path).parent) for path in paths]
    return Path(os.path.commonpath(parents))


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _expanded(pattern: str) -> list[str]:
    """What shells make of braces: ``{a,b}``, and ``{000..123}`` with its zeros; braces inside braces are not read."""
    patterns = [pattern]
    while any(map(_BRACES.search, patterns)):
        several = []
        for each in patterns:
            found = _BRACES.search(each)
            choices = _choices(found[1]) if found else None
            if found is None or choices is None:
                return patterns
            several += [each[: found.start()] + choice + each[found.end() :] for choice in choices]
        if len(several) > _MOST:
            raise _no_match(pattern)
        patterns = several
    return patterns


def _choices(inner: str) -> list[str] | None:
    span = _RANGE.fullmatch(inner)
    if span is None:
        return inner.split(",") if "," in inner else None
    if max(map(len, span.groups())) > 9:
        return None
    first, last = int(span[1]), int(span[2])
    width = len(span[1]) if span[1].startswith("0") else 0
    step = 1 if last >= first else -1
    if abs(last - first) >= _MOST:
        return None
    return [f"{number:0{width}d}" for number in range(first, last + step, step)]


def _no_match(pattern: str) -> DataError:
    folder = Path(_BRACES.split(_WILD.split(pattern)[0])[0] + "x").parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    names = sorted(name for name in os.listdir(folder) if not is_leftover(name))
    return DataError(
        "no file matches the pattern",
        expected="* and ? for any characters of a name, ** for any depth, [0-9], {a,b} or {000..123}",
        found=f"{folder} holds " + (", ".join(names[:5]) + (" ..." if len(names) > 5 else "") if names else "nothing"),
        where=pattern,
        fix="correct the pattern; it begins in the folder in which the command is given",
    )


def _no_list(path: Path, found: str) -> DataError:
    return DataError(
        f"{path.name} is no list of videos",
        expected="a text file with the path of a video in each line",
        found=found,
        where=str(path),
        fix=f"write one: find FOLDER -name '*.mp4' > {path.name}",
    )
