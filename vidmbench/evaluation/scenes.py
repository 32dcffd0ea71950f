"""Which videos show one scene, as the user says it: such videos are not independent samples."""

import csv
import os.path
import re
from collections.abc import Sequence
from pathlib import Path

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.text import first_of, lines_of
from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS
from vidmbench.protocols.metric_kind import NO_INTERVAL

#: The scene is the folder that a video lies in.
FOLDER = "folder"


def check_rule(rule: str) -> None:
    """Refuses a rule that cannot be read, before any video is.

    Args:
        rule: See :func:`scenes_of`.

    Raises:
        UsageError: The table does not exist, or the pattern is none.
    """
    if rule == FOLDER or _is_table(rule):
        return
    if rule.lower().endswith(".csv"):
        raise UsageError("table of scenes not found", expected="a CSV file", found=rule, where="--scenes")
    try:
        re.compile(rule)
    except re.error as error:
        raise UsageError(
            "--scenes cannot be read as a pattern",
            expected="folder, a CSV file of video,scene, or a regular expression such as 'v_.*_g[0-9]+'",
            found=f"{rule}: {error}",
            where="--scenes",
        ) from error


def scenes_of(rule: str, names: Sequence[str]) -> tuple[str, ...]:
    """The scene of each video.

    Args:
        rule: ``folder``: the folder that the video is in; a CSV file whose rows are video,scene, videos with or
            without their extension; or a regular expression, which is searched in the name: the scene is what its
            first group matches, or without groups all of it.
        names: The names of the real videos.

    Raises:
        UsageError: The rule cannot be read.
        DataError: It leaves a video without a scene, or puts all into one.
    """
    check_rule(rule)
    if rule == FOLDER:
        found = [os.path.dirname(name) or None for name in names]
    elif _is_table(rule):
        table = _table(Path(rule))
        found = [table.get(name, table.get(os.path.splitext(name)[0])) for name in names]
    else:
        matches = [re.search(rule, name) for name in names]
        found = [(match and (match[1] if match.re.groups else match[0])) or None for match in matches]
    lacking = [name for name, scene in zip(names, found, strict=True) if scene is None]
    if lacking:
        raise DataError(
            "videos without a scene",
            expected=f"a scene for each of {len(names)} real videos",
            found=f"none for {first_of(lacking)}",
            where=f"--scenes {rule}",
            fix="videos in folders of their scenes, a row for each in the CSV file, or a pattern that every name has",
        )
    if len(set(found)) == 1 and len(names) > 1:
        raise DataError(
            "all videos are of one scene",
            expected="at least 2 scenes: an error is one over scenes",
            found=f"{found[0]} for all {len(names)} videos",
            where=f"--scenes {rule}",
            fix="give a rule that tells scenes apart, or omit --scenes",
        )
    return tuple(str(scene) for scene in found)


def notes_of_scenes(scenes: Sequence[str]) -> list[str]:
    """What a reader of an interval over scenes should know.

    Args:
        scenes: The scene of each video; empty where every one is of its own.
    """
    count = len(set(scenes))
    if not count:
        return []
    said = f"{len(scenes)} videos show {count} scenes: intervals are over scenes"
    if count >= MIN_VIDEOS:
        return [said]
    return [f"{NO_INTERVAL}an honest one needs at least {MIN_VIDEOS} scenes, these videos show {count}"]


def _is_table(rule: str) -> bool:
    return rule.lower().endswith(".csv") and Path(rule).is_file()


def _table(path: Path) -> dict[str, str]:
    try:
        rows = [row for row in csv.reader(lines_of(path.read_text("utf-8-sig"))) if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("the table of scenes cannot be read", found=str(error), where=str(path)) from error
    table: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if len(cells) != 2 or not all(cells) or table.get(cells[0], cells[1]) != cells[1]:
            raise DataError(
                "the table of scenes has a row that cannot be used",
                expected="two columns, video and scene, each video once",
                found=f"row {number}: {', '.join(cells)}",
                where=str(path),
            )
        table[cells[0]] = cells[1]
    return table | {os.path.splitext(name)[0]: scene for name, scene in table.items()}
