"""``vidmbench rollout`` and ``vidmbench plot rollout``: long videos, window by window."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, FigureOptions, NumbersOutput, ReadingOptions
from vidmbench.cli.options import (
    OUTPUT_PANEL,
    PROTOCOL_PANEL,
    Fake,
    MoreFakes,
    NumFake,
    NumReal,
    ProtocolNames,
    Real,
    RecordOut,
    RecordsFolder,
    Seed,
)
from vidmbench.cli.output import (
    command_line,
    exit_without_value,
    print_json,
    print_measurements,
    print_notes,
    print_plan,
    remark,
    say,
    say_text,
    write_figure,
    write_record_to,
)
from vidmbench.cli.parsing import check_figure, choices_from, records_folder
from vidmbench.cli.refusals import checked_request, source_check
from vidmbench.core.errors import UsageError
from vidmbench.core.progress import progress_bar


@dataclass(frozen=True)
class WindowOptions:
    """Which videos, and where windows are."""

    frames: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Frames of each video, from the first on; how long a model's samples are to be.",
            show_default="those of the shortest video",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None
    window: Annotated[int, typer.Option(metavar="K", help="Frames of a window.", rich_help_panel=PROTOCOL_PANEL)] = 16
    step: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="Frames from one window to the next.",
            show_default="--window",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None
    num_videos: Annotated[
        int | None,
        typer.Option(
            help="Videos on each side.",
            metavar="K",
            show_default="the protocol's 2048, or all there are",
            rich_help_panel=PROTOCOL_PANEL,
        ),
    ] = None
    num_real: NumReal = None
    num_fake: NumFake = None
    seed: Seed = None

    def clips(self) -> ClipOptions:
        """As the options of other commands."""
        return ClipOptions(
            frames=None if self.frames is None else str(self.frames),
            num_videos=self.num_videos,
            num_real=self.num_real,
            num_fake=self.num_fake,
            seed=self.seed,
        )


@spread
def rollout(
    real: Real,
    fake: Fake,
    more: MoreFakes = None,
    *,
    protocol: ProtocolNames = None,
    windows: WindowOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    form: Annotated[
        Literal["md", "csv"] | None,
        typer.Option("--format", help="All windows as a table.", show_default="a few", rich_help_panel=OUTPUT_PANEL),
    ] = None,
    out: RecordOut = None,
    output: NumbersOutput,
) -> None:
    """Long videos, window by window: how far a model drifts from its first frames on.

    Each window against the real videos' window at the same place; the first against the last window of the same videos;
    features and colours against those of the first window and frame, beside those of the real videos.

    \b
    Examples:
      vidmbench rollout REAL FAKE --window 16 --step 16 --out runs
      vidmbench rollout REAL A B --protocol fvd-stylegan-v,flicker-vbench --step 8
      vidmbench rollout dataset:clevrer-mini@test static-of:vidm --frames 128 --num-videos 16
    """
    from functools import partial

    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.studies.rollout import carry_out_rollouts
    from vidmbench.evaluation.studies.rollout_plan import prepare_rollouts
    from vidmbench.reporting.tables.rollout import rollouts_of
    from vidmbench.reporting.tables.rollout_files import rollouts_csv, rollouts_markdown
    from vidmbench.reporting.terminal.rollout import rollouts_json, rollouts_text

    if form is not None and output.as_json:
        raise UsageError("--json and --format each print all there is", found="both", fix="omit one of them")
    make = partial(choices_from, windows.clips(), compute, reading, real=real)
    sources = [source_check(real), *(source_check(text) for text in (fake, *(more or ())))]
    choices = checked_request(make, clips=ClipOptions(), protocols=protocol, sources=sources, out=out)
    with progress_bar(is_shown=output.shows_progress) as progress:
        jobs = prepare_rollouts(real, [fake, *(more or ())], choices, window=windows.window, step=windows.step)
        if output.dry_run:
            print_plan(*(each.job for each in jobs), as_json=output.as_json)
            return
        if out is not None:
            out = checked_output(out)
        records = carry_out_rollouts(jobs, command_line(), progress)
    shown = rollouts_of({record.run_id: record for record in records})
    write = {"md": rollouts_markdown, "csv": rollouts_csv, None: rollouts_text}[form]
    print_measurements(
        records, output, text=partial(write, shown.panels), more={"rollout": rollouts_json(shown.panels)}
    )
    write_record_to(out, *records)
    if out is None and not (output.as_json or output.is_quiet):
        remark("keep this and draw it: --out DIR")
    exit_without_value([item for record in records for item in record.measurements])


@spread
def plot_rollout(
    *,
    names: Annotated[
        list[str],
        typer.Argument(metavar="RECORD...", help="Records of vidmbench rollout: files, folders, or runs' names."),
    ],
    runs: RecordsFolder = None,
    out: Annotated[
        Path, typer.Option(metavar="FIG", help="PNG, SVG or PDF; or the numbers of all windows as .csv or .md.")
    ] = Path("runs/rollout.png"),
    figure: FigureOptions,
) -> None:
    """Numbers along long videos, with 95 % bands over videos: models beside controls and real videos.

    \b
    Examples:
      vidmbench plot rollout runs/A.json runs/B.json --out rollout.pdf
      vidmbench plot rollout runs --out rollout.csv
    """
    from vidmbench.core.files import checked_output, replacing
    from vidmbench.reporting.plots.rollout import rollout_caption, rollout_figure
    from vidmbench.reporting.tables.rollout import rollout_records, rollouts_of
    from vidmbench.reporting.tables.rollout_files import rollouts_csv, rollouts_markdown
    from vidmbench.reporting.terminal.rollout import rollouts_json, rollouts_text

    check_figure(out, ".csv", ".md")
    is_text = out.suffix.lower() in (".csv", ".md")
    if is_text and figure.no_caption:
        raise UsageError("--no-caption is for figures", found=f"--no-caption with --out {out}", fix="omit it")
    found = rollouts_of(rollout_records(names, records_folder(runs)))
    checked_output(out.parent)
    if not figure.as_json:
        say_text(rollouts_text(found.panels))
    numbers = rollouts_json(found.panels)
    if not is_text:
        caption = rollout_caption(found.panels)
        drawn = rollout_figure(found.panels, "" if figure.no_caption else caption)
        write_figure(drawn, out, found.notes, options=figure, caption=caption, numbers=numbers)
        return
    text = rollouts_csv(found.panels) if out.suffix.lower() == ".csv" else rollouts_markdown(found.panels)
    with replacing(out) as temporary:
        temporary.write_bytes(text.encode(errors="replace"))
    print_notes(found.notes)
    if figure.as_json:
        print_json({**numbers, "notes": list(found.notes), "file": str(out)})
    else:
        say(str(out))
