"""``vidmbench infinity`` and ``vidmbench plot fvd-vs-n``: a Fréchet distance with infinitely many videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, OutputOptions, ReadingOptions
from vidmbench.cli.options import OUTPUT_PANEL, Fake, FrechetProtocol, NoCaption, Quiet, Real
from vidmbench.cli.output import print_json, print_notes, print_plan, print_study_notes, remark, say_text
from vidmbench.cli.parsing import check_figure, choices_from

if TYPE_CHECKING:
    from vidmbench.evaluation.choices import Choices


@spread
def infinity(
    real: Real,
    fake: Fake,
    *,
    protocol: FrechetProtocol = None,
    clips: ClipOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The plot of the fit, PNG, SVG or PDF.", rich_help_panel=OUTPUT_PANEL)
    ] = Path("runs/infinity.png"),
    no_caption: NoCaption = False,
    output: OutputOptions,
    quiet: Quiet = False,
) -> None:
    """The Fréchet distance with infinitely many videos, extrapolated from subsets of those there are.

    A distance is too large by a bias that falls as 1/N. Needs 1024 videos per side or more.

    \b
    Examples:
      vidmbench infinity dataset:clevrer-mini@test dataset:clevrer-mini@train --dry-run
    """
    choices = choices_from(clips, compute, reading, protocols=None if protocol is None else [protocol], real=real)
    _extrapolate(real, fake, choices, out, output, no_caption=no_caption, quiet=quiet)


@spread
def fvd_vs_n(
    real: Real,
    fake: Fake,
    *,
    protocol: FrechetProtocol = None,
    clips: ClipOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The figure, PNG, SVG or PDF.")] = Path("runs/fvd-vs-n.png"),
    no_caption: NoCaption = False,
    output: OutputOptions,
    quiet: Quiet = False,
) -> None:
    """FVD against the number of videos, with the line in 1/N and its limit: the plot of ``vidmbench infinity``.

    Needs 1024 videos per side or more.

    \b
    Examples:
      vidmbench plot fvd-vs-n dataset:clevrer-mini@test dataset:clevrer-mini@train --dry-run
    """
    choices = choices_from(clips, compute, reading, protocols=None if protocol is None else [protocol], real=real)
    _extrapolate(real, fake, choices, out, output, no_caption=no_caption, quiet=quiet)


def _extrapolate(
    real: str, fake: str, choices: "Choices", out: Path, output: OutputOptions, *, no_caption: bool, quiet: bool
) -> None:
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.studies.infinity import extrapolate, prepare_infinity
    from vidmbench.reporting.plots.fvd_vs_n import extrapolation_figure
    from vidmbench.reporting.plots.style import save_figure
    from vidmbench.reporting.studies.infinity import infinity_json, infinity_text

    check_figure(out)
    job = prepare_infinity(real, fake, choices)
    if output.dry_run:
        print_plan(job, as_json=output.as_json)
        return
    checked_output(out.parent)
    distance = extrapolate(job, progress=False if quiet else None)
    measurement = distance.measurement
    title = f"{measurement.fake.label} against {measurement.real.label}\n{measurement.signature_short}"
    shown = "" if no_caption else title
    figure = extrapolation_figure(distance.extrapolation, metric=measurement.metric.upper(), title=shown)
    if output.as_json:
        print_json(infinity_json(distance, out))
    else:
        say_text(infinity_text(distance))
    print_notes(save_figure(figure, out))
    print_study_notes([measurement], distance.repeats)
    if no_caption:
        remark(*(f"caption: {line}" for line in title.split("\n")))
    remark(f"figure: {out}")
