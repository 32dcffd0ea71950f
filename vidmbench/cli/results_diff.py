"""``vidmbench results diff``: why two records hold different numbers."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.cli.options import Runs, records_folder
from vidmbench.core.errors import ResultError, unknown

if TYPE_CHECKING:
    from vidmbench.records.diff import Difference, RecordDifference, ValueChange
    from vidmbench.records.record import RunRecord


def diff_records(
    first: Annotated[str, typer.Argument(metavar="A", help="A record's file, or the name of a run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    runs: Runs = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell in which fields two records differ, a line each, and whether their numbers do.

    A run's name is looked up in ./runs and results/measured. Differences are no mistake: the exit code is 0.

    \b
    Examples:
      vidmbench results diff runs/A.json runs/B.json
    """
    from vidmbench.records.diff import record_difference

    records = [_found(name, runs) for name in (first, second)]
    found = record_difference(*records)
    if as_json:
        named = [{"run_id": one.run_id, "created": one.created} for one in records]
        print(json.dumps({"first": named[0], "second": named[1], **asdict(found)}, allow_nan=False))
    else:
        print("\n".join(_report(found, *records)))


def _found(name: str, runs: Path | None) -> "RunRecord":
    """The record of a file, or of a run by its name."""
    from vidmbench.core import resources
    from vidmbench.records.record import read_record, read_records

    if Path(name).is_file() or name.endswith(".json"):
        return read_record(Path(name))
    own, kept = records_folder(runs), resources.results_dir() / "measured"
    records = {record.run_id: record for record in read_records(kept, own)}
    if not records:
        raise ResultError(
            "no records at all",
            expected="a record's file, or the name of a run kept there",
            found=name,
            where=f"{own} and {kept}",
            fix="measure something first: vidmbench run --model vidm --dataset clevrer-mini --frames 16",
        )
    if name not in records:
        raise ResultError(
            unknown("run", name, records).problem,
            expected=f"a record's file, or the name of one of {len(records)} runs",
            found=name,
            where=f"{own} and {kept}",
            fix="give the file that `vidmbench run` wrote, RUN.json",
        )
    return records[name]


def _report(found: "RecordDifference", first: "RunRecord", second: "RunRecord") -> list[str]:
    lines = [f"A: {first.run_id}", f"B: {second.run_id}"]
    lines += [_line(one) for one in found.differences]
    for change in found.measurements:
        lines += ["", f"{change.metric}, {change.frames} frames, {change.protocol}"]
        lines += [_line(one) for one in change.differences if one.field not in ("value", "interval")]
        lines.append(_value_line(change))
    lines += [f"only in A: {name}" for name in found.only_first]
    lines += [f"only in B: {name}" for name in found.only_second]
    return [*lines, "", "the records do not differ"] if found.is_same else lines


def _line(one: "Difference") -> str:
    return f"{one.group} {one.field}: {_shown(one.first)} against {_shown(one.second)}"


def _shown(value: Any) -> str:
    """A value on one line; of a digest its first digits."""
    if value is None:
        return "nothing"
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        value = " ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:12]}…" if re.fullmatch("[0-9a-f]{64}", text) else text


def _value_line(change: "ValueChange") -> str:
    one, other = change.printed
    if one == other and not change.difference:
        said = ["the same"]
    elif change.difference is None:
        said = []
    else:
        overlap = {True: "the intervals overlap", False: "the intervals do not overlap", None: "no interval to compare"}
        said = [f"B - A = {change.difference:+.4g}", overlap[change.intervals_overlap]]
    said.append("one signature" if change.comparable else "not comparable: the signatures differ")
    return f"value: {one} against {other}; {'; '.join(said)}"
