"""What commands print and write in the same way."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vidmbench.core.text import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vidmbench.evaluation.job import Job
    from vidmbench.records.record import Measurement, RunRecord
    from vidmbench.reporting.tables.build import ResultRows

#: Skipped videos that are named on stderr; JSON and records list all.
_MAX_NAMED = 10


def command_line() -> tuple[str, ...]:
    """The running command, as a user would type it."""
    return ("vidmbench", *sys.argv[1:])


def print_json(content: object) -> None:
    """One object on stdout.

    Raises:
        ValueError: It holds NaN or an infinity, which JSON has no word for.
    """
    print(json.dumps(content, allow_nan=False))


def print_notes(notes: Iterable[str]) -> None:
    """Each note once, on stderr."""
    for note in dict.fromkeys(notes):
        print(f"note: {note}", file=sys.stderr)


def print_plan(job: "Job", *, as_json: bool) -> None:
    """What ``--dry-run`` prints.

    Args:
        job: What would be scored.
        as_json: Whether as JSON.
    """
    from vidmbench.reporting.studies.plan import plan_json, plan_text

    plan = plan_json(job)
    print(json.dumps(plan) if as_json else plan_text(plan))


def print_measurements(
    record: "RunRecord",
    measurements: "Sequence[Measurement]",
    *,
    as_json: bool,
    files: dict[str, str] | None = None,
    table: "Callable[[Sequence[RunRecord]], ResultRows] | None" = None,
    more: dict[str, Any] | None = None,
) -> None:
    """The rows and their signatures on stdout, or one JSON object; notes and skipped videos on stderr.

    Args:
        record: The record of the run.
        measurements: Its numbers.
        as_json: Whether as JSON.
        files: What was written, by kind.
        table: Makes the rows; None for those of a run.
        more: What else the JSON object holds.
    """
    if as_json:
        content = [measurement.model_dump(mode="json") for measurement in measurements]
        names = {"run_id": record.run_id, "model": record.model, "dataset": record.dataset, **(files or {})}
        several = {"measurements": content} if len(content) > 1 else {}
        print_json({**content[0], **names, **several, **(more or {})})
    else:
        from vidmbench.reporting.tables.build import measurement_rows

        print((table or measurement_rows)([record]).to_markdown(), end="")
    print_notes(warning for measurement in measurements for warning in measurement.warnings)
    # Several protocols and clip lengths often share a list of skipped videos.
    sides = dict.fromkeys((side.label, side.skipped) for item in measurements for side in (item.real, item.fake))
    for label, skipped in sides:
        if not skipped:
            continue
        print(f"skipped in {label}: {counted(len(skipped), 'video')}", file=sys.stderr)
        for name, reason in skipped[:_MAX_NAMED]:
            print(f"  {name}: {reason}", file=sys.stderr)
        if len(skipped) > _MAX_NAMED:
            print(f"  and {len(skipped) - _MAX_NAMED} more; --json and records list all", file=sys.stderr)


def print_study_notes(measurements: "Sequence[Measurement]", repeats: int) -> None:
    """What a careful reader should know of a study's measurements, on stderr.

    Args:
        measurements: The plain measurements behind the study.
        repeats: Repeats that the protocol averages.
    """
    from vidmbench.reporting.studies.distances import notes_of

    print_notes(notes_of(measurements, repeats))
    for side in dict.fromkeys(side for item in measurements for side in (item.real, item.fake)):
        if side.skipped:
            print(f"skipped in {side.label}: {counted(len(side.skipped), 'video')}; --json lists them", file=sys.stderr)


def exit_without_value(measurements: "Sequence[Measurement]") -> None:
    """A measurement without a value is a failure of the command, though its record was written.

    Raises:
        typer.Exit: With code 2, after a message for each such measurement.
    """
    failed = [measurement for measurement in measurements if measurement.status != "ok"]
    messages = [f"error: {measurement.protocol} has no value: {measurement.reason}" for measurement in failed]
    for message in dict.fromkeys(messages):
        print(message, file=sys.stderr)
    if failed:
        raise typer.Exit(2)


def write_record_to(out: Path | None, record: "RunRecord") -> None:
    """Writes the record where ``--out`` asks for one, and says where."""
    if out is not None:
        from vidmbench.records.record import write_record

        print(f"record:  {write_record(record, out)}", file=sys.stderr)


def check_existing(out: Path | None) -> None:
    """What a dry run can check of the output folder without creating it.

    Raises:
        ResultError: It exists and cannot be written to.
    """
    from vidmbench.core.files import checked_output

    if out is not None and out.exists():
        checked_output(out)


def write_figure(figure: "Figure", out: Path, notes: Sequence[str] = ()) -> None:
    """Saves a figure and creates its folder; its path goes to stdout, notes to stderr.

    Args:
        figure: The figure.
        out: The file.
        notes: What a reader of the figure should know.
    """
    from vidmbench.core.files import checked_output
    from vidmbench.reporting.plots.style import save_figure

    checked_output(out.parent)
    save_figure(figure, out)
    print_notes(notes)
    print(out)
