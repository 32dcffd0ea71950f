"""What commands print and write in the same way."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from vidmbench.cli.defaults import taken, taken_words
from vidmbench.cli.option_groups import DEFAULT_FIGURE, FigureOptions
from vidmbench.core.defaults import default_of
from vidmbench.core.text import counted, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vidmbench.cli.option_groups import NumbersOutput
    from vidmbench.evaluation.evaluate import Evaluation
    from vidmbench.evaluation.job import Job
    from vidmbench.evaluation.optional import Refused
    from vidmbench.records.record import Measurement, RunRecord

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


def print_plan(*jobs: "Job", as_json: bool) -> None:
    """What ``--dry-run`` prints.

    Args:
        jobs: What would be scored, one for each model.
        as_json: Whether as JSON: the first plan, and of several models all.
    """
    from vidmbench.reporting.studies.plan import plan_json, plan_text

    plans = [plan_json(job) | {"defaults": _defaults(job)} for job in jobs]
    if as_json:
        print_json({**plans[0], **({"models": plans} if len(plans) > 1 else {})})
    else:
        say_text("\n\n".join(map(plan_text, plans)))


def _defaults(job: "Job") -> dict[str, dict[str, str]]:
    """The defaults that a request took, with what set each."""
    found = {option.removeprefix("--"): default for option, default in taken().items()}
    root = default_of("data_root")
    if job.choices.data_root is None and job.request is not None and job.request.data_root and root is not None:
        found["data-root"] = root
    return {key: {"value": default.text, "from": default.origin} for key, default in found.items()}


def print_measurements(
    records: "Sequence[RunRecord]",
    output: "NumbersOutput",
    *,
    files: dict[str, str] | None = None,
    text: Callable[[], str] | None = None,
    more: dict[str, Any] | None = None,
) -> None:
    """The numbers on stdout, or one JSON object; notes and skipped videos on stderr.

    Args:
        records: The record of every model.
        output: How to print.
        files: What was written, by kind.
        text: Makes the text; None for that of a run.
        more: What else the JSON object holds.
    """
    measurements = [measurement for record in records for measurement in record.measurements]
    if output.as_json:
        print_json({**_json_of(records), **(files or {}), **(more or {})})
    elif text is not None:
        say_text(text())
    else:
        from vidmbench.reporting.terminal.numbers import numbers_text

        say_text(numbers_text(records, width=_width(), is_verbose=output.is_verbose))
    _print_run_notes(records, is_verbose=output.is_verbose or output.as_json)
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


def print_cached(*evaluations: "Evaluation", output: "NumbersOutput") -> None:
    """Says on stderr whose features came from the cache, so that nobody wonders why it was so fast."""
    found: dict[str, bool] = {}
    for label, is_cached in (item for evaluation in evaluations for item in evaluation.are_cached().items()):
        found[label] = found.get(label, True) and is_cached
    labels = [label for label, is_cached in found.items() if is_cached]
    if labels and not (output.as_json or output.is_quiet):
        remark(f"cached:  features of {', '.join(labels)}")


def refused_json(refused: "Sequence[Refused]") -> dict[str, Any]:
    """The protocols that were skipped, for ``--json``; empty where none was."""
    items = [{"protocol": each.protocol, "reason": each.reason} for each in refused]
    return {"refused": items} if items else {}


def print_refused(refused: "Sequence[Refused]") -> None:
    """Which protocols were skipped, on stderr: a line for each reason."""
    if refused:
        from vidmbench.evaluation.optional import refused_lines

        remark(*(f"skipped: {line}" for line in refused_lines(refused)))


def _json_of(records: "Sequence[RunRecord]") -> dict[str, Any]:
    """The first number with its run; of several numbers all, and of several models the run of each."""
    contents = [[item.model_dump(mode="json") for item in record.measurements] for record in records]
    every = [item for content in contents for item in content]
    names = [{"run_id": record.run_id, "model": record.model, "dataset": record.dataset} for record in records]
    models = [{**name, "measurements": content} for name, content in zip(names, contents, strict=True)]
    return {
        **every[0],
        **names[0],
        **({"measurements": every} if len(every) > 1 else {}),
        **({"models": models} if len(models) > 1 else {}),
    }


def _print_run_notes(records: "Sequence[RunRecord]", *, is_verbose: bool) -> None:
    from vidmbench.reporting.terminal.notes import notes_of

    notes = notes_of(records, is_verbose=is_verbose)
    lines = [*notes.lines, *([f"{counted(notes.hidden, 'more note')}: -v"] if notes.hidden else [])]
    if lines:
        remark(*lines)


def _width() -> int:
    """Characters of a line: the terminal's, or 100 where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 100


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
        typer.Exit: With code 2, after a message for each reason, with the protocols that it is of.
    """
    failed = [measurement for measurement in measurements if measurement.status != "ok"]
    protocols: dict[str | None, dict[str, None]] = {}
    for measurement in failed:
        protocols.setdefault(measurement.reason, {})[measurement.protocol] = None
    for reason, names in protocols.items():
        remark(f"error: {', '.join(names)} {'has' if len(names) == 1 else 'have'} no value: {reason}")
    if failed:
        raise typer.Exit(2)


def write_record_to(out: Path | None, *records: "RunRecord") -> None:
    """Writes the records where ``--out`` asks for them, and says where."""
    if out is not None:
        from vidmbench.records.record import write_new_record

        for record in records:
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


def write_figure(
    figure: "Figure",
    out: Path,
    notes: Sequence[str] = (),
    *,
    options: FigureOptions = DEFAULT_FIGURE,
    caption: str = "",
    numbers: dict[str, Any] | None = None,
) -> None:
    """Saves a figure and creates its folder; its path goes to stdout, notes to stderr.

    Args:
        figure: The figure.
        out: The file.
        notes: What a reader of the figure should know.
        options: How the user wants it.
        caption: Its caption; printed where the figure was asked for without it, so that it can be used in a text.
        numbers: What the figure shows, for ``--json``.
    """
    from vidmbench.core.files import checked_output
    from vidmbench.reporting.plots.style import save_figure

    checked_output(out.parent)
    missing = save_figure(figure, out)
    print_notes([*notes, *missing])
    if options.as_json:
        print_json(
            {
                **(numbers or {}),
                "caption": caption,
                "notes": list(dict.fromkeys([*notes, *missing])),
                "picture": str(out),
            }
        )
        return
    if options.no_caption:
        remark(*(f"caption: {line}" for line in caption.split("\n") if line))
    say(str(out))
