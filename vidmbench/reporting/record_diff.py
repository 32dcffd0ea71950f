"""The difference of two records as text and JSON."""

import json
import re
from dataclasses import asdict
from typing import Any

from vidmbench.core.text import printable
from vidmbench.records.diff import Difference, RecordDifference, ValueChange
from vidmbench.records.record import RunRecord


def difference_json(difference: RecordDifference, first: RunRecord, second: RunRecord) -> dict[str, Any]:
    """The difference for programs.

    Args:
        difference: Of the two.
        first: Record A.
        second: Record B.
    """
    runs = [{"run_id": record.run_id, "created": record.created} for record in (first, second)]
    return {"first": runs[0], "second": runs[1], **asdict(difference)}


def difference_text(difference: RecordDifference, first: RunRecord, second: RunRecord) -> str:
    """A line for each field that differs, and for each number.

    Args:
        difference: Of the two.
        first: Record A.
        second: Record B.
    """
    lines = [f"A: {first.run_id}", f"B: {second.run_id}", *map(_field_line, difference.differences)]
    for change in difference.measurements:
        lines += ["", f"{change.metric}, {change.frames} frames, {change.protocol}"]
        curve = [field for field in change.differences if field.field.startswith("by_frame")]
        shown = [field for field in change.differences if field not in curve]
        lines += [_field_line(field) for field in shown if field.field not in ("value", "interval")]
        lines += ["value by_frame: the curves differ; vidmbench plot horizon A B shows them"] if curve else []
        lines.append(_value_line(change))
    lines += [f"only in A: {name}" for name in difference.only_first]
    lines += [f"only in B: {name}" for name in difference.only_second]
    return "\n".join(map(printable, [*lines, "", "the records do not differ"] if difference.is_same else lines))


def _field_line(difference: Difference) -> str:
    values = f"{_short(difference.first)} against {_short(difference.second)}"
    return f"{difference.group} {difference.field}: {values}"


def _short(value: Any) -> str:
    """A value on one line; of a digest its first digits."""
    if value is None:
        return "nothing"
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        value = " ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:12]}…" if re.fullmatch("[0-9a-f]{64}", text) else text


def _value_line(change: ValueChange) -> str:
    first, second = change.printed
    if first == second and not change.difference:
        remarks = ["the same"]
    elif change.difference is None:
        remarks = []
    else:
        overlap = {True: "the intervals overlap", False: "the intervals do not overlap", None: "no interval to compare"}
        remarks = [f"B - A = {change.difference:+.4g}", overlap[change.intervals_overlap]]
    remarks.append("one signature" if change.comparable else "not comparable: the signatures differ")
    return f"value: {first} against {second}; {'; '.join(remarks)}"
