"""The one error for all videos of a source that cannot be used."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError

#: Videos that are named in one error.
_SHOWN = 5
_SKIP = "--on-bad skip"


def cannot_be_used(where: Path, bad: Mapping[str, DataError], total: int) -> DataError:
    """The error to raise; skipping is proposed only where some videos would be left.

    Args:
        where: The folder, file or archive.
        bad: What is wrong, by the video's name; at least one.
        total: Videos in all.

    Returns:
        The error of the only video, or one that names up to five; a cause that all share is given once, with what to
        do about it.
    """
    fixes = {_without_skip(error.fix) for error in bad.values()}
    fix = fixes.pop() if len(fixes) == 1 else None
    if total == 1:
        (error,) = bad.values()
        return type(error)(error.problem, expected=error.expected, found=error.found, where=error.where, fix=fix)
    causes = {_without_name(what_is_wrong(error), name) for name, error in bad.items()}
    if len(causes) == 1 and len(bad) > 1:
        name, error = next(iter(bad.items()))
        shown = [f"the same in each, such as {name}: {what_is_wrong(error)}"]
    else:
        shown = [f"\n    {name}: {what_is_wrong(error)}" for name, error in list(bad.items())[:_SHOWN]]
        if len(bad) > _SHOWN:
            shown.append(f"\n    and {len(bad) - _SHOWN} more")
    if len(bad) < total:
        skip = f"skip {'them' if len(bad) > 1 else 'it'} with {_SKIP}"
        fix = f"{fix}; or {skip}" if fix else f"replace or remove them, or {skip}"
    return DataError(
        f"{len(bad)} of {total} videos in {where.name} cannot be used",
        expected="videos that can be decoded from the first frame to the last",
        found="".join(shown),
        where=str(where),
        fix=fix or "replace them, or give a folder that holds other videos",
    )


def what_is_wrong(error: DataError) -> str:
    """What is wrong with one video, on one line."""
    details = [f"{word} {text}" for word, text in (("expected", error.expected), ("found", error.found)) if text]
    return "; ".join([error.problem, *details])


def _without_skip(fix: str | None) -> str | None:
    """What to do about a video itself."""
    return re.sub(rf"[,;]? or skip [\w ]*{_SKIP}", "", fix) if fix else fix


def _without_name(text: str, name: str) -> str:
    for part in (name, PurePosixPath(name).name):
        text = text.replace(part, "VIDEO")
    return text
