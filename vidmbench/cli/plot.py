"""``vidmbench plot``: figures of records."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import FigureOptions, RecordOptions
from vidmbench.cli.options import RecordsFolder
from vidmbench.cli.output import print_json, print_notes, say, say_text, write_figure
from vidmbench.cli.parsing import check_figure, listed, records_folder, whole_numbers
from vidmbench.core.errors import UsageError, unknown

if TYPE_CHECKING:
    from vidmbench.records.record import RunRecord
    from vidmbench.reporting.plots.selection import RecordFilter


class _Kinds(TyperGroup):
    """The kinds of plot; an unknown one gives the message that unknown names give everywhere."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown("kind of plot", args[0], self.commands, error=UsageError, fix="vidmbench plot --help")
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Kinds, no_args_is_help=True)


@dataclass(frozen=True)
class SelectionOptions:
    """Which measurements a figure shows."""

    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            autocompletion=completion.models,
            metavar="M",
            help="Only these; may be repeated, and a pattern such as 'vidm-*'.",
        ),
    ] = None
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            autocompletion=completion.datasets,
            metavar="D",
            help="Only this: NAME, NAME@SPLIT, either with /PIXELS.",
        ),
    ] = None
    protocols: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol", autocompletion=completion.protocols, metavar="NAME[,...]", help="Only these; may be repeated."
        ),
    ] = None
    frames: Annotated[str | None, typer.Option("--frames", metavar="N[,N...]", help="Only clips of these lengths.")] = (
        None
    )
    metric: Annotated[str, typer.Option(metavar="NAME", help="Another metric, such as kvd or fid.")] = "fvd"

    def in_folders(self, where: str) -> "RecordFilter":
        """The selection of :mod:`vidmbench.reporting.plots.selection`.

        Args:
            where: The folders of the records, for messages.

        Raises:
            UsageError: ``--frames`` are not numbers.
        """
        from vidmbench.reporting.plots.selection import RecordFilter

        frames = whole_numbers(self.frames, "--frames", "16, or 16,64,128")
        models, protocols = tuple(self.models or ()), listed(self.protocols)
        return RecordFilter(models, self.dataset, protocols, frames, self.metric.lower(), where)


@app.callback()
def _plot() -> None:
    """Plot what was measured, and the videos themselves: PNG, SVG or PDF, ready for print.

    Figures of records use those in results/measured and in ./runs, the latest number of each model and signature.

    \b
    Examples:
      vidmbench plot controls --frames 16 --out controls.pdf
      vidmbench plot samples dataset:clevrer-mini@test vidm --out samples.png
    """


@app.command("fvd-vs-frames")
@spread
def fvd_vs_frames(
    *,
    selection: SelectionOptions,
    records: RecordOptions,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The figure, PNG, SVG or PDF.")] = Path(
        "runs/fvd-vs-frames.png"
    ),
    figure: FigureOptions,
) -> None:
    """FVD against the frames of a clip, a line for each model.

    Points are joined only where data, counts and all else of the recipe are the same.

    \b
    Examples:
      vidmbench plot fvd-vs-frames --model vidm --model control:real --out frames.png
    """
    from vidmbench.reporting.plots.fvd_vs_frames import frames_caption, frames_figure, lines_against_frames
    from vidmbench.reporting.plots.numbers import lines_json

    check_figure(out)
    runs, where = _read(records)
    plot = lines_against_frames(runs, selection.in_folders(where))
    caption = frames_caption(plot)
    drawn = frames_figure(plot, "" if figure.no_caption else caption)
    write_figure(drawn, out, plot.notes, options=figure, caption=caption, numbers=lines_json(plot))


@app.command("conventions")
@spread
def conventions(
    *,
    records: RecordOptions,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The figure, PNG, SVG or PDF.")] = Path(
        "runs/conventions.png"
    ),
    figure: FigureOptions,
) -> None:
    """One pair of sources by every convention, as bars: the latest record of `vidmbench compare --out DIR`.

    \b
    Examples:
      vidmbench plot conventions --runs runs/pair --out conventions.svg
    """
    from vidmbench.reporting.plots.conventions import conventions_caption, conventions_figure, conventions_of
    from vidmbench.reporting.plots.numbers import conventions_json

    check_figure(out)
    runs, where = _read(records)
    plot = conventions_of(runs, where)
    caption = conventions_caption(plot)
    drawn = conventions_figure(plot, "" if figure.no_caption else caption)
    write_figure(drawn, out, options=figure, caption=caption, numbers=conventions_json(plot))


@app.command("controls")
@spread
def controls(
    *,
    selection: SelectionOptions,
    signatures: Annotated[
        list[str] | None, typer.Option("--signature", metavar="ID", help="Only these signatures; may be repeated.")
    ] = None,
    records: RecordOptions,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The figure, PNG, SVG or PDF.")] = Path("runs/controls.png"),
    figure: FigureOptions,
) -> None:
    """A ruler: controls as marks on the axis of FVD, each model beside its own static baseline.

    One ruler for each signature, because only numbers of one signature compare. Models without controls have one too.

    \b
    Examples:
      vidmbench plot controls --frames 16 --dataset clevrer-mini/32 --out controls.png
    """
    from vidmbench.reporting.plots.controls import ruler_notes, rulers_caption, rulers_figure, rulers_of
    from vidmbench.reporting.plots.numbers import rulers_json

    check_figure(out)
    runs, where = _read(records)
    rulers = rulers_of(runs, selection.in_folders(where), signatures or ())
    caption = rulers_caption(rulers)
    drawn = rulers_figure(rulers, "" if figure.no_caption else caption)
    write_figure(drawn, out, ruler_notes(rulers), options=figure, caption=caption, numbers=rulers_json(rulers))


@app.command("ablation")
@spread
def ablation(
    *,
    records: RecordOptions,
    out: Annotated[Path, typer.Option(metavar="FIG", help="The figure, PNG, SVG or PDF.")] = Path("runs/ablation.png"),
    figure: FigureOptions,
) -> None:
    """The ablation of the paper's Table 3, measured beside published, each on a scale of its own.

    \b
    Examples:
      vidmbench plot ablation --out ablation.pdf
    """
    from vidmbench.reporting.plots.ablation import ablation_caption, ablation_figure, ablation_of
    from vidmbench.reporting.plots.numbers import ablation_json

    check_figure(out)
    runs, where = _read(records)
    plot = ablation_of(runs, where)
    caption = ablation_caption(plot)
    drawn = ablation_figure(plot, "" if figure.no_caption else caption)
    write_figure(drawn, out, options=figure, caption=caption, numbers=ablation_json(plot))


@app.command("horizon")
@spread
def horizon(
    *,
    names: Annotated[
        list[str],
        typer.Argument(metavar="RECORD...", help="Records of full-reference metrics: files, folders, or runs' names."),
    ],
    protocols: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            autocompletion=completion.protocols,
            metavar="NAME[,...]",
            help="Only these, or a pattern such as 'ssim-*'; may be repeated.",
            show_default="the first of each metric",
        ),
    ] = None,
    frames: Annotated[
        str | None,
        typer.Option("--frames", metavar="N[,N...]", help="Only clips of these lengths.", show_default="the longest"),
    ] = None,
    runs: RecordsFolder = None,
    out: Annotated[
        Path, typer.Option(metavar="FIG", help="PNG, SVG or PDF; or the numbers of all frames as .csv or .md.")
    ] = Path("runs/horizon.png"),
    figure: FigureOptions,
) -> None:
    """PSNR, SSIM and LPIPS against the frame number, with 95 % bands over videos: models beside controls.

    Prints the first and the last frame, their difference, the mean over frames, and from which frame on a model is
    worse than control:static, if its record is given. Frames are numbered from 1; with --context K the first is K + 1.

    \b
    Examples:
      vidmbench plot horizon runs/A.json runs/B.json runs/STATIC.json --out horizon.png
      vidmbench plot horizon runs --protocol 'lpips-*' --out horizon.csv
    """
    from vidmbench.core.files import checked_output, replacing
    from vidmbench.reporting.plots.horizon import horizon_caption, horizon_figure
    from vidmbench.reporting.tables.curve_files import curves_csv, curves_markdown
    from vidmbench.reporting.tables.horizon import horizon_of, named_records
    from vidmbench.reporting.terminal.horizon import horizon_json, horizon_text

    check_figure(out, ".csv", ".md")
    is_text = out.suffix.lower() in (".csv", ".md")
    if is_text and figure.no_caption:
        raise UsageError("--no-caption is for figures", found=f"--no-caption with --out {out}", fix="omit it")
    lengths = whole_numbers(frames, "--frames", "16, or 16,64,128")
    records = named_records(names, records_folder(runs))
    found = horizon_of(records, protocols=listed(protocols), frames=lengths)
    checked_output(out.parent)
    if not figure.as_json:
        say_text(horizon_text(found.panels))
    if not is_text:
        caption = horizon_caption(found.panels)
        drawn = horizon_figure(found.panels, "" if figure.no_caption else caption)
        numbers = horizon_json(found.panels)
        write_figure(drawn, out, found.notes, options=figure, caption=caption, numbers=numbers)
        return
    text = curves_csv(found.panels) if out.suffix.lower() == ".csv" else curves_markdown(found.panels)
    with replacing(out) as temporary:
        temporary.write_bytes(text.encode(errors="replace"))
    print_notes(found.notes)
    if figure.as_json:
        print_json({**horizon_json(found.panels), "notes": list(found.notes), "file": str(out)})
    else:
        say(str(out))


def _read(options: RecordOptions) -> "tuple[list[RunRecord], str]":
    """The records, and the folders they were read from, for messages."""
    from vidmbench.core import resources
    from vidmbench.records.record import find_records

    measured = [] if options.own_only else [resources.results_dir() / "measured"]
    folders = [*measured, records_folder(options.runs)]
    found = find_records(*folders)
    print_notes(found.notes())
    return list(found.records), " and ".join(str(folder) for folder in folders)
