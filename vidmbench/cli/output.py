"""What commands print and write in the same way."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from vidmbench.cli.defaults import taken, taken_words
from vidmbench.core.defaults import default_of
from vidmbench.core.text import counted, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vidmbench.evaluation.job import Job
    from vidmbench.records.record import Measurement, RunRecord
    from vidmbench.reporting.tables.build import ResultRows

#: Skipped videos that are named on stderr; JSON and records list all.
_MAX_NAMED = 10


def command_line() -> tuple[str, ...]:
    """The running command, as a user would type it, with the defaults that it took as options."""
    return ("vidmbench", *sys.argv[1:], *taken_words())


def say(*lines: str, at_once: bool = False) -> None:
    """Lines on stdout, each on one line whatever the names in it hold: what acts on a terminal is spelled out.

    Args:
        lines: The lines.
        at_once: Whether someone waits for them.
    """
    _print(*map(printable, lines), stream=sys.stdout, at_once=at_once)


def say_text(text: str) -> None:
    """A text of several lines on stdout, in which every name is on one line already (see :func:`say`)."""
    _print(printable(text, lines=True), stream=sys.stdout)


def say_bytes(data: bytes) -> None:
    """The content of a file on stdout, as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def remark(*lines: str) -> None:
    """Lines on stderr (see :func:`say`)."""
    _print(*map(printable, lines), stream=sys.stderr)


def _print(*lines: str, stream: TextIO, at_once: bool = False) -> None:
    """The one place where the program prints."""
    print(*lines, sep="\n", file=stream, flush=at_once)


def print_json(content: object) -> None:
    """One object on stdout.

    Raises:
        ValueError: It holds NaN or an infinity, which JSON has no word for.
    """
    _print(json.dumps(content, allow_nan=False), stream=sys.stdout)


def print_notes(notes: Iterable[str]) -> None:
    """Each note once, on stderr."""
    for note in dict.fromkeys(notes):
        remark(f"note: {note}")


def print_plan(job: "Job", *, as_json: bool) -> None:
    """What ``--dry-run`` prints.

    Args:
        job: What would be scored.
        as_json: Whether as JSON.
    """
    from vidmbench.reporting.studies.plan import plan_json, plan_text

    plan = plan_json(job)
    found = {option.removeprefix("--"): default for option, default in taken().items()}
    root = default_of("data_root")
    if job.choices.data_root is None and job.request is not None and job.request.data_root and root is not None:
        found["data-root"] = root
    plan["defaults"] = {key: {"value": default.text, "from": default.origin} for key, default in found.items()}
    if as_json:
        print_json(plan)
    else:
        say_text(plan_text(plan))


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

        say_text((table or measurement_rows)([record]).to_markdown().removesuffix("\n"))
    print_notes(warning for measurement in measurements for warning in measurement.warnings)
    # Several protocols and clip lengths often share a list of skipped videos.
    sides = dict.fromkeys((side.label, side.skipped) for item in measurements for side in (item.real, item.fake))
    for label, skipped in sides:
        if not skipped:
            continue
        remark(f"skipped in {label}: {counted(len(skipped), 'video')}")
        for name, reason in skipped[:_MAX_NAMED]:
            remark(f"  {name}: {reason}")
        if len(skipped) > _MAX_NAMED:
            remark(f"  and {len(skipped) - _MAX_NAMED} more; --json and records list all")


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
            remark(f"skipped in {side.label}: {counted(len(side.skipped), 'video')}; --json lists them")


def exit_without_value(measurements: "Sequence[Measurement]") -> None:
    """A measurement without a value is a failure of the command, though its record was written.

    Raises:
        typer.Exit: With code 2, after a message for each such measurement.
    """
    failed = [measurement for measurement in measurements if measurement.status != "ok"]
    messages = [f"error: {measurement.protocol} has no value: {measurement.reason}" for measurement in failed]
    for message in dict.fromkeys(messages):
        remark(message)
    if failed:
        raise typer.Exit(2)


def write_record_to(out: Path | None, record: "RunRecord") -> None:
    """Writes the record where ``--out`` asks for one, and says where."""
    if out is not None:
        from vidmbench.records.record import write_new_record

        _, path = write_new_record(record, out)
        remark(f"record:  {path}")


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
    say(str(out))
