"""``vidmbench motion`` and ``vidmbench plot motion``."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, FigureOptions, NumbersOutput, ReadingOptions
from vidmbench.cli.options import Fake, Real, RecordOut, RecordsFolder, TextOrTable
from vidmbench.cli.output import (
    command_line,
    exit_without_value,
    print_measurements,
    print_notes,
    print_plan,
    print_refused,
    refused_json,
    remark,
    write_figure,
    write_record_to,
)
from vidmbench.cli.parsing import check_figure, choices_from, records_folder
from vidmbench.cli.refusals import checked_request, source_check
from vidmbench.core.errors import UsageError
from vidmbench.core.progress import progress_bar


@spread
def motion(
    real: Real,
    fake: Fake,
    *,
    is_paired: Annotated[
        bool,
        typer.Option(
            "--paired",
            help="FAKE are predictions of the REAL videos of the same names: also tOF, tLP and Physics-IQ.",
        ),
    ] = False,
    clips: ClipOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    form: TextOrTable = "text",
    out: RecordOut = None,
    output: NumbersOutput,
) -> None:
    """How videos move: every metric of motion, beside controls, and which of these each metric notices.

    \b
    Examples:
      vidmbench motion REAL FAKE --frames 16 --out runs/motion
      vidmbench motion dataset:clevrer-mini@test static-of:vidm --num-videos 32
      vidmbench motion TARGETS PREDICTIONS --paired --frames 16 --format md
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.studies.motion import carry_out_profile, prepare_motion
    from vidmbench.reporting.tables.motion import motion_csv, motion_json, motion_markdown, motion_rows
    from vidmbench.reporting.terminal.motion import motion_text

    if form != "text" and output.as_json:
        raise UsageError("--json and --format each print all there is", found="both", fix="omit one of them")
    make = partial(choices_from, clips, compute, reading, real=real)
    sources = source_check(real, is_real=True), source_check(fake)
    choices = checked_request(make, clips=clips, protocols=None, sources=sources, out=out)
    with progress_bar(is_shown=output.shows_progress) as progress:
        profile = prepare_motion(real, fake, choices, is_paired=is_paired)
        if output.dry_run:
            print_plan(*profile.jobs, *profile.pairs, as_json=output.as_json)
            return
        if out is not None:
            out = checked_output(out)
        records, refused = carry_out_profile(profile, command_line(), progress)
    rows = motion_rows(records)
    write = {"text": partial(motion_text, records, rows, is_verbose=output.is_verbose)}
    write |= {
        "md": partial(motion_markdown, rows, records[0].model),
        "csv": partial(motion_csv, rows, records[0].model),
    }
    more = {"motion": motion_json(rows), **refused_json(refused)}
    print_measurements(records, output, text=write[form], more=more)
    if profile.missing is not None:
        print_notes(
            [
                f"{profile.missing}: what distances notice is not known; for metrics of single videos, the real videos "
                "themselves are under real"
            ]
        )
    print_refused(refused)
    write_record_to(out, *records)
    if out is None and not (output.as_json or output.is_quiet):
        remark("keep this and draw it: --out DIR, then: vidmbench plot motion DIR")
    exit_without_value(records[0].measurements)


@spread
def plot_motion(
    *,
    names: Annotated[
        list[str],
        typer.Argument(metavar="RECORD...", help="Records of vidmbench motion: files, folders, or runs' names."),
    ],
    runs: RecordsFolder = None,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The figure, PNG, SVG or PDF.")] = Path("runs/motion.png"),
    figure: FigureOptions,
) -> None:
    """The profile of motion: videos between real ones and the worst control, metric by metric.

    \b
    Examples:
      vidmbench plot motion runs/motion --out motion.pdf
    """
    from vidmbench.records.importing import find_record
    from vidmbench.records.record import RunRecord, find_records
    from vidmbench.reporting.plots.motion import motion_caption, motion_figure
    from vidmbench.reporting.tables.motion import motion_json, motion_rows
    from vidmbench.sources.names import control_kind

    check_figure(out)
    records: list[RunRecord] = []
    for name in names:
        is_folder = Path(name).is_dir()
        records += find_records(Path(name)).records if is_folder else [find_record(name, records_folder(runs))[0]]
    rows = motion_rows(records)
    model = next(record.model for record in records if control_kind(record.model) is None)
    caption = motion_caption(rows, model)
    drawn = motion_figure(rows, model, "" if figure.no_caption else caption)
    write_figure(drawn, out, options=figure, caption=caption, numbers={"motion": motion_json(rows)})
