"""Text files of paths, one in each line."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from vidmbench.core.errors import DataError
from vidmbench.core.files import expanded
from vidmbench.core.inputs import UnchangedFile
from vidmbench.core.text import counted, lines_of
from vidmbench.videos.files.endings import ARCHIVE_SUFFIXES, KINDS, PICTURE_SUFFIXES, VIDEO_SUFFIXES

_LARGEST = 2**28  # bytes of a list
_SHOWN = 20
_TAKEN = VIDEO_SUFFIXES | PICTURE_SUFFIXES | ARCHIVE_SUFFIXES | {".npy"}
#: A path and the number of a class, as the lists of UCF101 and Kinetics have them.
_WITH_LABEL = re.compile(r"(?P<path>.*\S)[ \t,]+(?P<label>[0-9]{1,9})")


class Line(NamedTuple):
    """A path that a list names.

    Attributes:
        number: Of the line, from 1.
        path: The path, relative to the list's folder or absolute.
        label: The class behind it; None where there is none.
    """

    number: int
    path: Path
    label: int | None = None


def listed(path: Path) -> tuple[list[Line], UnchangedFile]:
    """The paths that a text file names, one in each line; relative ones begin in the file's folder.

    Empty lines are passed over, and so are those that begin with ``#``. A number behind a path is the video's class.

    Args:
        path: The list.

    Returns:
        Its lines, and the list as it was read.

    Raises:
        DataError: It is not a list, names nothing, or names what is not there, twice, or no video: all at once.
    """
    try:
        file = UnchangedFile(path)
        lines = list(_lines(path))
    except OSError as error:
        raise _no_list(path, error.strerror or str(error)) from error
    file.check()
    _check_lines(path, lines)
    return lines, file


def _lines(path: Path) -> Iterator[Line]:
    folder = path.parent
    for number, line in enumerate(lines_of(_text(path)), 1):
        text = line.strip()
        if not text or (text.startswith("#") and not os.path.lexists(folder / text)):
            continue
        found = folder / expanded(text)
        labelled = _WITH_LABEL.fullmatch(text)
        if labelled and not os.path.lexists(found):
            without = folder / expanded(labelled["path"])
            if os.path.lexists(without):
                yield Line(number, without, int(labelled["label"]))
                continue
        yield Line(number, found)


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
        raise _no_list(path, "bytes that are not text")
    return text


def _check_lines(path: Path, lines: Sequence[Line]) -> None:
    """Names all that is wrong with a list at once."""
    if not lines:
        raise _no_list(path, "no path")
    missing = [line for line in lines if not os.path.exists(line.path)]
    times = Counter(os.path.abspath(line.path) for line in lines)
    twice = [line for line in lines if times[os.path.abspath(line.path)] > 1]
    strange = [line for line in lines if line not in missing and not is_taken(line.path)]
    kinds = {"no file": missing, "named more than once": twice, "no video": strange}
    wrong = {what: found for what, found in kinds.items() if found}
    if not wrong:
        return
    shown = "".join(f"\n    {what}: {_few(path, found)}" for what, found in wrong.items())
    fix = "correct these lines"
    if missing:
        folder = os.path.abspath(path.parent)
        fix += f"; relative paths begin in the list's folder, {folder}: where they begin elsewhere, move the list "
        fix += "there or write absolute ones"
    count = sum(map(len, wrong.values()))
    raise DataError(
        f"{counted(count, 'line')} of {path.name} cannot be used",
        expected=f"the path of a video in each line, once: {KINDS}; or an archive, or a .npy file of one video",
        found=shown,
        where=str(path),
        fix=fix,
    )


def _few(path: Path, lines: Sequence[Line]) -> str:
    shown = [f"{_as_written(path, line.path)} (line {line.number})" for line in lines[:_SHOWN]]
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return ", ".join(shown) + more


def _as_written(path: Path, named: Path) -> str:
    return str(named.relative_to(path.parent)) if named.is_relative_to(path.parent) else str(named)


def is_taken(path: Path) -> bool:
    """Whether a path can be named: a folder, or a file that is or may hold videos or frames."""
    return path.is_dir() or path.suffix.lower() in _TAKEN


def _no_list(path: Path, found: str) -> DataError:
    return DataError(
        f"{path.name} is not a list of videos",
        expected="a text file with the path of a video in each line",
        found=found,
        where=str(path),
        fix=f"write one: find FOLDER -name '*.mp4' > {path.name}",
    )
