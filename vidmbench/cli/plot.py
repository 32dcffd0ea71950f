"""``vidmbench plot``: pictures of records."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from vidmbench.cli.options import Runs, check_picture, records_folder
from vidmbench.cli.plot_videos import fvd_vs_n, samples, score_map, timeline
from vidmbench.core.errors import UsageError, unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from vidmbench.records.record import RunRecord
    from vidmbench.reporting.plots.selection import Wanted


class _Kinds(TyperGroup):
    """The kinds of plot; an unknown one is answered as unknown names are everywhere."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown("kind of plot", args[0], self.commands, error=UsageError, fix="vidmbench plot --help")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Kinds, no_args_is_help=True)

Own = Annotated[bool, typer.Option("--own", help="Only your own records, not those of results/measured.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="M", help="Only these; may be repeated, and a pattern such as 'vidm-*'."),
]
DatasetOnly = Annotated[
    str | None, typer.Option("--dataset", metavar="D", help="Only this: NAME, NAME@SPLIT, either with /PIXELS.")
]
ProtocolsOnly = Annotated[
    list[str] | None, typer.Option("--protocol", metavar="NAME", help="Only these; may be repeated.")
]
FramesOnly = Annotated[str | None, typer.Option("--frames", metavar="N[,N...]", help="Only clips of these lengths.")]
Metric = Annotated[str, typer.Option(metavar="NAME", help="Another metric, such as kvd or fid.")]


@app.callback()
def _plot() -> None:
    """Draw what was measured, and the videos themselves: PNG, SVG or PDF, ready for print.

    Pictures of records take what is in results/measured and in ./runs, the latest number of each model and signature.

    \b
    Examples:
      vidmbench plot controls --frames 16 --out controls.pdf
      vidmbench plot samples dataset:clevrer-mini@test vidm --out samples.png
    """


@app.command("fvd-vs-frames")
def fvd_vs_frames(
    models: Models = None,
    dataset: DatasetOnly = None,
    protocols: ProtocolsOnly = None,
    frames: FramesOnly = None,
    metric: Metric = "fvd",
    runs: Runs = None,
    own: Own = False,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The picture, PNG, SVG or PDF.")] = Path(
        "runs/fvd-vs-frames.png"
    ),
) -> None:
    """FVD against the frames of a clip, a line a model.

    Points are joined only where data, counts and all else of the recipe are the same.

    \b
    Examples:
      vidmbench plot fvd-vs-frames --model vidm --model control:real --out frames.png
    """
    from vidmbench.reporting.plots.fvd_vs_frames import frames_figure, lines_against_frames

    check_picture(out)
    records, where = _records(runs, own)
    plot = lines_against_frames(records, _wanted(models, dataset, protocols, frames, metric, where))
    write_figure(frames_figure(plot), out, plot.notes)


@app.command("conventions")
def conventions(
    runs: Annotated[
        Path | None, typer.Option("--runs", metavar="DIR", help="Where `vidmbench compare --out DIR` wrote; or ./runs.")
    ] = None,
    own: Own = False,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The picture, PNG, SVG or PDF.")] = Path(
        "runs/conventions.png"
    ),
) -> None:
    """One pair of sources by every convention, as bars: the latest comparison there is.

    \b
    Examples:
      vidmbench plot conventions --runs runs/pair --out conventions.svg
    """
    from vidmbench.reporting.plots.conventions import conventions_figure, conventions_of

    check_picture(out)
    records, where = _records(runs, own)
    write_figure(conventions_figure(conventions_of(records, where)), out)


@app.command("controls")
def controls(
    models: Models = None,
    dataset: DatasetOnly = None,
    protocols: ProtocolsOnly = None,
    frames: FramesOnly = None,
    metric: Metric = "fvd",
    signatures: Annotated[
        list[str] | None, typer.Option("--signature", metavar="ID", help="Only these rulers; may be repeated.")
    ] = None,
    runs: Runs = None,
    own: Own = False,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The picture, PNG, SVG or PDF.")] = Path("runs/controls.png"),
) -> None:
    """A ruler: controls as marks on the axis of FVD, each model beside its own frozen twin.

    One ruler a signature, for only numbers of one signature compare.

    \b
    Examples:
      vidmbench plot controls --frames 16 --dataset clevrer-mini/32 --out controls.png
    """
    from vidmbench.reporting.plots.controls import rulers_figure, rulers_of

    check_picture(out)
    records, where = _records(runs, own)
    rulers = rulers_of(records, _wanted(models, dataset, protocols, frames, metric, where), signatures or ())
    alone = dict.fromkeys(
        point.model for ruler in rulers for point, twin in ruler.models if twin is None and not point.twin_of
    )
    notes = [f"without a frozen twin: {', '.join(alone)} (vidmbench run --model static-of:M)"] if alone else []
    write_figure(rulers_figure(rulers), out, notes)


@app.command("ablation")
def ablation(
    runs: Runs = None,
    own: Own = False,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The picture, PNG, SVG or PDF.")] = Path("runs/ablation.png"),
) -> None:
    """The ablation of the paper's Table 3, measured beside published, each on a scale of its own.

    \b
    Examples:
      vidmbench plot ablation --out ablation.pdf
    """
    from vidmbench.reporting.plots.ablation import ablation_figure, ablation_of

    check_picture(out)
    records, where = _records(runs, own)
    write_figure(ablation_figure(ablation_of(records, where)), out)


app.command("fvd-vs-n")(fvd_vs_n)
app.command("samples")(samples)
app.command("timeline")(timeline)
app.command("score-map")(score_map)


def _records(runs: Path | None, own: bool) -> "tuple[list[RunRecord], str]":
    """The records, and where they were looked for."""
    from vidmbench.core import resources
    from vidmbench.records.record import read_records

    folders = [*([] if own else [resources.results_dir() / "measured"]), records_folder(runs)]
    return read_records(*folders), " and ".join(str(folder) for folder in folders)


def _wanted(
    models: list[str] | None,
    dataset: str | None,
    protocols: list[str] | None,
    frames: str | None,
    metric: str,
    where: str,
) -> "Wanted":
    from vidmbench.cli.plot_videos import numbers
    from vidmbench.reporting.plots.selection import Wanted

    lengths = numbers(frames, "--frames", "16, or 16,64,128") if frames is not None else ()
    return Wanted(tuple(models or ()), dataset, tuple(protocols or ()), lengths, metric.lower(), where)


def write_figure(figure: "Figure", out: Path, notes: Sequence[str] = ()) -> None:
    """Saves a figure, its folder made where it is missing; its path goes to stdout, notes to stderr."""
    from vidmbench.core.files import checked_output
    from vidmbench.reporting.plots.style import save_figure

    checked_output(out.parent)
    save_figure(figure, out)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(out)
