"""Globs: which files a pattern in quotes stands for, with braces as shells and WebDataset expand them."""

import glob
import os
import re
from pathlib import Path

from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, natural_key

_SHOWN = 20
_WILD = re.compile(r"[*?\[]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 1_000_000  # paths that braces may stand for


def is_pattern(text: str) -> bool:
    """Whether a text that names no file is a glob: ``*``, ``?``, ``[a-z]``, ``{a,b}`` or ``{000..123}``."""
    braces = _BRACES.search(text)
    return bool(_WILD.search(text)) or bool(braces and ("," in braces[1] or _RANGE.fullmatch(braces[1])))


def matching(pattern: str) -> list[Path]:
    """The files and folders that a glob stands for, in natural order; no hidden ones, and with ``**`` no folders.

    Args:
        pattern: With ``**`` for any depth, and braces as shells expand them.

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
            matching = glob.glob(_with_names_as_they_are(each), recursive=True)
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
    return found


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


def _with_names_as_they_are(pattern: str) -> str:
    """The pattern, in which folders at its beginning match themselves where they have these very names."""
    done = ""
    parts = re.split(r"(?<=/)", pattern)
    for number, part in enumerate(parts):
        if not os.path.lexists(done + part) or number == len(parts) - 1:
            return glob.escape(done) + "".join(parts[number:])
        done += part
    return glob.escape(done)


def label_of(pattern: str) -> str:
    """A short name of a glob: the folder before its first wildcard, and all that follows."""
    parts = Path(os.path.abspath(pattern)).parts
    first = next((number for number, part in enumerate(parts) if is_pattern(part)), len(parts) - 1)
    return "/".join(parts[max(1, first - 1) :])


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
