"""Where each video of an HDF5 file begins and ends: arrays of starts, or TGAN's index beside the file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.files import visible
from vidmbench.core.json_toml import parse_json

_EXPECTED = '[{"start": 0, "end": 120, "category": "Archery"}, ...], the category of all videos or of none'
_ENDINGS = ("", "_conf", "_conf_pd")


class Index(NamedTuple):
    """The videos of a file.

    Attributes:
        spans: First frame of each, and the one after its last.
        labels: The class of each; None where there are none.
        classes: Names of the classes, sorted, in the order of their numbers.
        where: Where it is, for messages.
    """

    spans: tuple[tuple[int, int], ...]
    labels: tuple[int, ...] | None
    classes: tuple[str, ...]
    where: str


def of_starts(starts: np.ndarray, num_frames: int, where: str, key: str) -> Index:
    """From the first frames of all videos, of which each ends where the next begins.

    Args:
        starts: Integers (video,), ascending.
        num_frames: Frames of the file.
        where: Where they are.
        key: Their name.

    Raises:
        DataError: They are no such list, or do not fit the frames.
    """
    if starts.ndim != 1 or starts.dtype.kind not in "ui":
        raise DataError(
            f"{key} is not a list of frame numbers",
            expected="integers (video,): the first frame of each",
            found=f"{starts.dtype} {starts.shape}",
            where=where,
            fix="write the file again",
        )
    numbers = [int(start) for start in starts]
    spans = tuple(zip(numbers, [*numbers[1:], num_frames], strict=True)) if numbers else ()
    check_spans(spans, num_frames, where)
    return Index(spans, None, (), where)


def beside(path: Path) -> Index:
    """From the json beside an HDF5 file: NAME.json, or as TGAN's scripts call it, NAME_conf.json.

    Raises:
        DataError: It is missing, of another form, or a pickle, which is never loaded.
    """
    candidates = [path.with_name(f"{path.stem}{ending}.json") for ending in _ENDINGS]
    file = next((candidate for candidate in candidates if candidate.is_file()), None)
    if file is None:
        raise _no_index(path)
    try:
        rows = _rows(parse_json(file.read_bytes()))
        spans = tuple((_frame(row["start"]), _frame(row["end"])) for row in rows)
        names = [row["category"] for row in rows if "category" in row]
        if names and (len(names) != len(rows) or not all(isinstance(name, str | int) for name in names)):
            raise ValueError("categories")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file.name} is not an index of videos",
            expected=_EXPECTED,
            found=file.read_text(encoding="utf-8", errors="replace")[:80] or "nothing",
            where=str(file),
            fix="write it in that form",
        ) from error
    classes = sorted({str(name) for name in names})
    labels = tuple(classes.index(str(name)) for name in names) if names else None
    return Index(spans, labels, tuple(classes), str(file))


def _rows(content: Any) -> list[Mapping[str, Any]]:
    """Records, pairs, or the columns that pandas writes, as records."""
    if isinstance(content, dict):
        columns = {key: content[key] for key in ("start", "end", "category") if key in content}
        order = list(columns["start"])
        if any(set(values) != set(order) for values in columns.values()):
            raise ValueError("columns of different length")
        return [{key: values[number] for key, values in columns.items()} for number in order]
    if not isinstance(content, list):
        raise ValueError("no list")
    return [row if isinstance(row, dict) else _pair(row) for row in content]


def _pair(row: Any) -> Mapping[str, Any]:
    if not isinstance(row, list) or len(row) != 2:
        raise ValueError("no pair")
    return {"start": row[0], "end": row[1]}


def _frame(number: Any) -> int:
    if type(number) is not int:
        raise ValueError("no frame number")
    return number


def check_spans(spans: Sequence[tuple[int, int]], num_frames: int, where: str) -> None:
    """Refuses an index that does not fit the frames.

    Raises:
        DataError: It is empty, out of order, or goes beyond the last frame.
    """
    if not spans:
        raise DataError(
            "the index names no video", expected="at least one", found="none", where=where, fix="write the index again"
        )
    before = 0
    for number, (start, end) in enumerate(spans):
        is_beyond = end > num_frames or start >= num_frames
        if is_beyond or start < before or end <= start:
            problem = (
                f"the index goes beyond the last frame, first for video {number}"
                if is_beyond
                else f"the index is out of order or has an empty video, first video {number}"
            )
            after = f" after one that ends at {before}" if number else ""
            raise DataError(
                problem,
                expected=f"videos one after the other in {num_frames} frames",
                found=f"video {number} from {start} to {end}{after}",
                where=where,
                fix="file and index do not belong together: write both again",
            )
        before = end


def _no_index(path: Path) -> DataError:
    expected = f"{path.stem}.json: {_EXPECTED}"
    pickles = [file.name for file in visible(path.parent.glob(f"{path.stem}*.pkl"))]
    if not pickles:
        return DataError(
            f"the index of {path.name} is missing", expected=expected, where=str(path), fix="put it beside the file"
        )
    frame = next((name for name in pickles if name.endswith("_pd.pkl")), None)
    fix = (
        f"pandas.read_pickle('{frame}').to_json('{path.stem}.json', orient='records')"
        if frame
        else f"json.dump(pickle.load(open('{pickles[0]}', 'rb')), open('{path.stem}.json', 'w'))"
    )
    return DataError(
        f"the index of {path.name} is pickled, and pickles are never loaded: they run code",
        expected=expected,
        found=", ".join(pickles),
        where=str(path.parent),
        fix=f"if you trust it, convert it once in Python: {fix}",
    )
