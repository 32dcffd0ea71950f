"""``vidmbench compare`` and ``vidmbench explain``."""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, NumbersOutput, ReadingOptions
from vidmbench.cli.options import OUTPUT_PANEL, Fake, Json, NoCaption, Quiet, Real, RecordOut, TextOrTable
from vidmbench.cli.output import (
    command_line,
    exit_without_value,
    print_cached,
    print_json,
    print_measurements,
    print_notes,
    print_plan,
    print_refused,
    refused_json,
    remark,
    say_text,
    write_record_to,
)
from vidmbench.cli.parsing import check_figure, choices_from
from vidmbench.cli.refusals import checked_request, source_check
from vidmbench.cli.sharing import SharingOptions
from vidmbench.core.errors import UsageError
from vidmbench.core.progress import progress_bar
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import ComparisonFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidmbench.records.record import RunRecord


@spread
def compare(
    real: Real,
    fake: Fake,
    *,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            autocompletion=completion.protocols,
            metavar="NAME|FILE[,...]",
            help="Only these, such as fvd-tats,fvd-digan; may be repeated.",
            show_default="all that can",
        ),
    ] = None,
    is_paired: Annotated[
        bool,
        typer.Option("--paired", help="PSNR, SSIM and LPIPS: each FAKE video against the REAL one of the same name."),
    ] = False,
    has_controls: Annotated[
        bool,
        typer.Option(
            "--controls",
            help="With --paired or full-reference protocols: beside FAKE what REAL scores with its last given frame "
            "repeated, one frame late, blurred, with noise, and as JPEG.",
        ),
    ] = False,
    clips: ClipOptions,
    compute: ComputeOptions,
    sharing: SharingOptions,
    reading: ReadingOptions,
    form: TextOrTable = "text",
    out: RecordOut = None,
    output: NumbersOutput,
) -> None:
    """The same two sources by every published convention, and how far each is from the default protocol.

    Conventions are grouped by family: whose way of feeding the network they follow. Those that cannot score the videos
    are skipped, and why is said below. A protocol that asks for more videos than there are takes as many as there are.

    \b
    Examples:
      vidmbench compare REAL FAKE --frames 16
      vidmbench compare dataset:clevrer-mini@test control:blurred --num-videos 8 --protocol fvd-tats
      vidmbench compare TARGETS PREDICTIONS --paired --frames 16
      vidmbench compare TARGETS PREDICTIONS --paired --controls --frames 16 --context 4
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.carry_out import carry_out_all, record_of
    from vidmbench.evaluation.studies.compare import control_jobs, prepare_compare, with_all_protocols

    _check_form(form, has_controls=has_controls, as_json=output.as_json)
    part = sharing.part(compute.device)
    make = partial(choices_from, clips, compute, reading, real=real)
    sources = source_check(real, is_real=True), source_check(fake)
    choices = checked_request(make, clips=clips, protocols=protocol, sources=sources, out=out, is_lenient=True)
    if choices.protocols or is_paired:
        choices = with_all_protocols(choices, bool(protocol), are_paired=is_paired)
    comparison = prepare_compare(real, fake, choices)
    jobs = [comparison.job, *(control_jobs(comparison.job) if has_controls else ())]
    if output.dry_run:
        if not part.is_silent:
            print_plan(*jobs, as_json=output.as_json)
            print_refused(comparison.refused)
        return
    if out is not None:
        out = checked_output(out)
    if not (output.as_json or output.is_quiet or part.is_silent):
        skipped = f"; {len(comparison.refused)} skipped, see below" if comparison.refused else ""
        remark(f"plan: {counted(len(comparison.job.plans), 'protocol')}{skipped}")
    with progress_bar(is_shown=part.shows_progress(output.shows_progress)) as progress:
        if part.ends_here(jobs, progress, as_json=output.as_json):
            return
        evaluations = carry_out_all(jobs, progress)
    print_cached(*evaluations, output=output)
    records = [
        record_of(job, evaluation.measurements, command=command_line())
        for job, evaluation in zip(jobs, evaluations, strict=True)
    ]
    refused = list(dict.fromkeys([*comparison.refused, *evaluations[0].refused]))
    families = comparison.families
    text = partial(_table, records, families, form, has_controls=has_controls, is_verbose=output.is_verbose)
    more = {"families": families, "refused": [], **refused_json(refused)}
    print_measurements(records, output, text=text, more=more)
    print_refused(refused)
    write_record_to(out, *records)
    if out is not None and not output.as_json:
        folder = shlex.quote(str(out))
        plot = f"horizon {folder}" if has_controls else f"conventions --runs {folder}"
        remark(f"next:    vidmbench plot {plot}")
    measurements = evaluations[0].measurements
    if all(measurement.status != "ok" for measurement in measurements):
        exit_without_value(measurements)


def _table(
    records: "Sequence[RunRecord]",
    families: dict[str, str],
    form: ComparisonFormat,
    *,
    has_controls: bool,
    is_verbose: bool,
) -> str:
    from vidmbench.reporting.terminal.beside_controls import controls_text
    from vidmbench.reporting.terminal.comparison import comparison_text
    from vidmbench.reporting.terminal.comparison_formats import comparison_csv, comparison_markdown

    if has_controls:
        return controls_text(records, is_verbose=is_verbose)
    if form == "csv":
        return comparison_csv(records[0], families)
    if form == "md":
        return comparison_markdown(records[0], families)
    return comparison_text(records[0], families, is_verbose=is_verbose)


def _check_form(form: ComparisonFormat, *, has_controls: bool, as_json: bool) -> None:
    """Refuses a format of what is printed otherwise.

    Raises:
        UsageError: It goes with --controls or --json.
    """
    other = "--json" if as_json else "--controls" if has_controls else None
    if form != "text" and other is not None:
        raise UsageError(
            "--format is of the table of protocols",
            expected=f"--format {form} or {other}",
            found="both",
            fix=f"omit one of them; what {other} prints has a form of its own",
        )


@spread
def explain(
    first: Annotated[
        str, typer.Argument(autocompletion=completion.protocols, metavar="P1", help="A protocol or a TOML file.")
    ],
    second: Annotated[
        str, typer.Argument(autocompletion=completion.protocols, metavar="P2", help="Another of the same metric.")
    ],
    real: Real,
    fake: Fake,
    *,
    clips: ClipOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The waterfall plot, PNG, SVG or PDF.", rich_help_panel=OUTPUT_PANEL)
    ] = Path("runs/explain.png"),
    no_caption: NoCaption = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """From one protocol's number to another's, one field at a time, with a waterfall plot.

    The share of a field depends on the order in which fields change: it is the one printed.

    \b
    Examples:
      vidmbench explain fvd-stylegan-v fvd-vidm-release REAL FAKE --frames 16 --num-videos 48
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.carry_out import carry_out
    from vidmbench.evaluation.studies.explain import prepare_explain, shifts
    from vidmbench.reporting.plots.explain import waterfall
    from vidmbench.reporting.plots.style import save_figure
    from vidmbench.reporting.studies.explanation import explanation_json, explanation_text

    choices = choices_from(clips, compute, reading, protocols=[first, second])
    check_figure(out)
    explanation = prepare_explain(first, second, real, fake, choices)
    checked_output(out.parent)
    with progress_bar(is_shown=False if quiet else None) as progress:
        measurements = carry_out(explanation.job, progress).measurements
    changes = shifts(explanation, measurements)
    if as_json:
        print_json(explanation_json(explanation, measurements, changes, out))
    else:
        say_text(explanation_text(measurements, changes))
    print_notes(save_figure(waterfall(explanation, measurements, changes, has_title=not no_caption), out))
    if no_caption:
        job = explanation.job
        remark(f"caption: {job.fake.label} against {job.real.label}: {first} to {second}")
    remark(f"figure: {out}")
