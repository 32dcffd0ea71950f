"""The ablation of the paper's Table 3: what was measured here beside what was published, on separate scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidmbench.core.errors import ProtocolError
from vidmbench.records.frame import no_records
from vidmbench.records.published import published_values
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.plots.lettering import spaced_ticks
from vidmbench.reporting.plots.selection import level_of, none_fits
from vidmbench.reporting.plots.style import BLUE, PAGE, SKY, add_caption, new_figure, styled, text_height
from vidmbench.reporting.tables.layout import load_layout
from vidmbench.reporting.tables.measured import claimed_cell
from vidmbench.reporting.tables.parts import Entry, PartSpec
from vidmbench.reporting.tables.values import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

_METRIC = "FVD"
_BAR = 0.165  # inches
_ROOM = 1.6  # width of an axis in longest bars: the rest is for their words
# Lengths told apart without colour as well: fill and hatch.
_FILLS = ((BLUE, ""), (SKY, "////"), ("white", "...."))


@dataclass(frozen=True)
class Bar:
    """One number of a row.

    Attributes:
        frames: Frames of the clips.
        value: The number.
        interval: Both ends; None for published numbers, which have none.
        text: As printed in the table.
    """

    frames: int
    value: float
    interval: tuple[float, float] | None
    text: str


@dataclass(frozen=True)
class Generator:
    """The rows of one generator.

    Attributes:
        title: Such as ``Motion generator``.
        rows: Labels, as in the paper.
        measured: Bars of each row, shortest clips first; empty where nothing was measured.
        published: The same of the paper.
    """

    title: str
    rows: tuple[str, ...]
    measured: tuple[tuple[Bar, ...], ...]
    published: tuple[tuple[Bar, ...], ...]


@dataclass(frozen=True)
class AblationPlot:
    """What the figure shows.

    Attributes:
        generators: Those with a measured row.
        signatures: Short signature and data of the measured numbers.
        level: What the bars of the measured numbers are.
        mixed: Lengths at which the rows have several signatures, so that they do not compare.
        published: What the published ones are of.
    """

    generators: tuple[Generator, ...]
    signatures: tuple[str, ...]
    level: str
    mixed: tuple[str, ...]
    published: str


def ablation_of(records: Sequence[RunRecord], where: str, table: str = "table3") -> AblationPlot:
    """Measured rows and published ones, as the layout of the table pairs them.

    Args:
        records: Records, oldest first.
        where: Where they were looked for, for messages.
        table: A layout whose rows name their measured models.

    Raises:
        ResultError: No record is of one of its rows.
        ProtocolError: The layout and the published table do not fit.
    """
    if not records:
        raise no_records("plot", where)
    layout = load_layout(table)
    values = [value for name in layout.published for value in published_values(name)]
    generators, problems, mixed = list[Generator](), list[str](), list[str]()
    shown, pictured = dict[str, Measurement](), dict[str, None]()
    for part in layout.parts:
        cases = [case for case in part.columns if (case.metric or part.select.metric) == _METRIC]
        measured = [[claimed_cell(layout, part, case, row, records) for case in cases] for row in part.rows]
        if not any(cell.value is not None for line in measured for cell in line):
            continue
        published_rows = [[part.find(case, row, values, problems) for case in cases] for row in part.rows]
        published = [
            [Cell("published", value.printed, value=value.value) if value else Cell() for value in line]
            for line in published_rows
        ]
        rows = tuple(row.label for row in part.rows)
        generators.append(Generator(part.title, rows, _bars(part, cases, measured), _bars(part, cases, published)))
        of = [
            f"{value.dataset}, {value.resolution} x {value.resolution} pixels"
            for line in published_rows
            for value in line
            if value
        ]
        pictured |= dict.fromkeys(of)
        shown |= _shown(part, records, measured)
        mixed += _mixed(part, cases, measured)
    if problems:
        raise ProtocolError(problems[0], expected="one published value for each cell", where=f"layout {layout.name}")
    if not generators:
        raise none_fits(
            "no record is of a row of the ablation",
            f"one of the models {', '.join(sorted(layout.claimed))}",
            where,
            "vidmbench ablate --recipe tiny --budget 0.25 --num-videos 64, then plot with --runs runs/ablation-tiny",
        )
    return AblationPlot(
        tuple(generators),
        tuple(map(_described, shown.values())),
        level_of(measurement.interval_kind for measurement in shown.values()),
        tuple(mixed),
        " and ".join(pictured),
    )


def _mixed(part: PartSpec, cases: Sequence[Entry], measured: Sequence[Sequence[Cell]]) -> list[str]:
    """The lengths at which rows have several signatures."""
    problems = []
    for case, column in zip(cases, zip(*measured, strict=True), strict=True):
        ids = dict.fromkeys(cell.signature_id for cell in column if cell.value is not None)
        if len(ids) > 1:
            problems.append(
                f"{part.title}, {case.label}: rows of {' and '.join(f'#{signature_id}' for signature_id in ids)}"
            )
    return problems


def _bars(part: PartSpec, cases: Sequence[Entry], lines: Sequence[Sequence[Cell]]) -> tuple[tuple[Bar, ...], ...]:
    return tuple(
        tuple(
            Bar(case.frames or part.select.frames or 0, cell.value, cell.interval, cell.text)
            for case, cell in zip(cases, line, strict=True)
            if cell.value is not None
        )
        for line in lines
    )


def _shown(part: PartSpec, records: Sequence[RunRecord], measured: Sequence[Sequence[Cell]]) -> dict[str, Measurement]:
    """One of the measurements of every signature that is shown."""
    ids = {cell.signature_id for line in measured for cell in line if cell.value is not None}
    models = {row.measured_as for row in part.rows}
    return {
        measurement.signature_id: measurement
        for record in records
        if record.model in models
        for measurement in record.measurements
        if measurement.signature_id in ids
    }


def _described(measurement: Measurement) -> str:
    size = f" at {measurement.real.size[0]} x {measurement.real.size[1]} pixels" if measurement.real.size else ""
    return f"{measurement.signature_short} of {measurement.real.label}{size}"


def ablation_caption(plot: AblationPlot) -> str:
    """What the bars are of.

    Args:
        plot: The rows.
    """
    caption = f"Measured: {'; '.join(plot.signatures)}. Bars: {plot.level}. Published: {plot.published}, no "
    caption += "intervals. Other data, sizes and budgets: compare the order of the rows, not the numbers across panels."
    return caption + "".join(f" Not comparable among themselves: {line}." for line in plot.mixed)


@styled
def ablation_figure(plot: AblationPlot, caption: str | None = None) -> "Figure":
    """Measured bars with intervals on the left, published bars on the right.

    Args:
        plot: The rows.
        caption: The text below the figure; None takes that of :func:`ablation_caption`.

    Returns:
        A figure a page wide: one row of panels per generator, each with its own axis from 0. Bars of one row
        are of clips of different lengths.
    """
    text = ablation_caption(plot) if caption is None else caption
    heights = [
        _BAR * sum(max(len(a), len(b), 1) + 0.6 for a, b in zip(generator.measured, generator.published, strict=True))
        + 0.55
        for generator in plot.generators
    ]
    figure = new_figure(PAGE, sum(heights) + 0.4 + text_height(text, PAGE))
    axes = figure.subplots(len(heights), 2, height_ratios=heights, squeeze=False)
    lengths = sorted(
        {
            bar.frames
            for generator in plot.generators
            for row in (*generator.measured, *generator.published)
            for bar in row
        }
    )
    for (left, right), generator in zip(axes, plot.generators, strict=True):
        _draw(left, generator.measured, lengths, generator.rows)
        _draw(right, generator.published, lengths, None)
        left.set_title(f"{generator.title}: measured here", loc="left")
        right.set_title("published", loc="left")
    figure.legend(handles=_keys(lengths), loc="outside upper center", ncols=len(lengths))
    add_caption(figure, text)
    return figure


def _draw(axis: "Axes", rows: Sequence[Sequence[Bar]], lengths: Sequence[int], labels: Sequence[str] | None) -> None:
    shown = sorted({bar.frames for row in rows for bar in row}) or [0]
    height = 0.8 / len(shown)
    for position, row in enumerate(rows):
        if not row:
            axis.text(0.01, position, "not measured", va="center", transform=axis.get_yaxis_transform())
        for bar in row:
            at = position - 0.4 + (shown.index(bar.frames) + 0.5) * height
            colour, hatch = _FILLS[lengths.index(bar.frames) % len(_FILLS)]
            axis.barh(at, bar.value, height=height, color=colour, hatch=hatch, edgecolor="0.2", linewidth=0.5)
            end = bar.value
            if bar.interval is not None:
                end = max(end, bar.interval[1])
                error = [[max(0.0, bar.value - bar.interval[0])], [max(0.0, bar.interval[1] - bar.value)]]
                for colour, width in (("white", 2.7), ("0.1", 0.9)):  # a rim, so that a hatch does not hide it
                    axis.errorbar(bar.value, at, xerr=error, color=colour, elinewidth=width, linestyle="none")
            axis.annotate(bar.text, (end, at), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), labels or [""] * len(rows))
    axis.tick_params(axis="y", length=0)
    axis.set_xlim(
        0.0, _ROOM * max((max((bar.value, *(bar.interval or ()))) for row in rows for bar in row), default=1.0)
    )
    spaced_ticks(axis.xaxis)
    axis.set_xlabel(_METRIC)


def _keys(lengths: Sequence[int]) -> "list[Patch]":
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=colour, hatch=hatch, edgecolor="0.2", linewidth=0.5, label=f"{frames} frames")
        for frames, (colour, hatch) in zip(lengths, _FILLS, strict=False)
    ]
