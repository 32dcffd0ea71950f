"""The conventions on one pair of sources as bars: the same videos, by every published protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidmbench.protocols.kind_registry import numbers_on_one_scale
from vidmbench.records.frame import no_records
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.plots.selection import level_of, none_fits, number_text
from vidmbench.reporting.plots.style import BLUE, COLUMN, add_caption, new_figure, styled, text_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 0.31  # inches: the words of a bar, and below them the bar
_ABOVE, _THICK = 0.46, 0.42  # rows: how far the words stand above the bar, how thick it is


@dataclass(frozen=True)
class Scale:
    """Numbers of one metric, or of several on one scale.

    Attributes:
        title: The metric's name, in capitals.
        bars: Measurements with a value, largest first.
    """

    title: str
    bars: tuple[Measurement, ...]


@dataclass(frozen=True)
class ConventionsPlot:
    """What the figure shows.

    Attributes:
        real: Label of the real side.
        fake: Label of the scored side.
        scales: One panel each, that with the most bars first.
        failed: Protocols without a value, and why.
    """

    real: str
    fake: str
    scales: tuple[Scale, ...]
    failed: tuple[str, ...]


def conventions_of(records: Sequence[RunRecord], where: str) -> ConventionsPlot:
    """The latest comparison among records: a run of several protocols.

    Args:
        records: Records, oldest first.
        where: Where they were looked for, for messages.

    Raises:
        ResultError: There is none, or it has no value.
    """
    if not records:
        raise no_records("plot", where)
    several = [record for record in records if len({item.protocol for item in record.measurements}) > 1]
    good = [item for item in several[-1].measurements if item.value is not None] if several else []
    if not good:
        raise none_fits(
            "no record of several protocols" if not several else "the comparison has no value at all",
            "what `vidmbench compare` wrote, several protocols on one pair of sources",
            where,
            "vidmbench compare REAL FAKE --frames 16 --out runs/pair, then plot with --runs runs/pair",
        )
    panels: dict[str, list[Measurement]] = {}
    for item in good:
        title = ", ".join(numbers_on_one_scale(item.metric)).upper()
        panels.setdefault(title, []).append(item)
    scales = [
        Scale(title, tuple(sorted(bars, key=lambda item: -(item.value or 0.0)))) for title, bars in panels.items()
    ]
    failed = [f"{item.protocol}: {item.reason}" for item in several[-1].measurements if item.value is None]
    return ConventionsPlot(
        good[0].real.label,
        good[0].fake.label,
        tuple(sorted(scales, key=lambda scale: -len(scale.bars))),
        tuple(dict.fromkeys(failed)),
    )


@styled
def conventions_figure(plot: ConventionsPlot) -> "Figure":
    """Bars with intervals, one panel per metric.

    Args:
        plot: The comparison.

    Returns:
        A figure one column wide; every bar has its protocol, counts and value above it.
    """
    bars = [bar for scale in plot.scales for bar in scale.bars]
    caption = f"{plot.fake} against {plot.real}, the same videos by every convention{_in_common(bars)}. "
    caption += f"Lines: {level_of(bar.interval_kind for bar in bars)}."
    caption += "".join(f" No value: {line}." for line in plot.failed)
    heights = [_ROW * len(scale.bars) + 0.5 for scale in plot.scales]
    figure = new_figure(COLUMN, sum(heights) + 0.1 + text_height(caption, COLUMN))
    axes = figure.subplots(len(plot.scales), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axis, scale in zip(axes, plot.scales, strict=True):
        _draw(axis, scale, has_own=not _in_common(bars))
    add_caption(figure, caption)
    return figure


def _draw(axis: "Axes", scale: Scale, *, has_own: bool) -> None:
    for row, bar in enumerate(scale.bars):
        value = bar.value or 0.0
        low, high = bar.interval or (value, value)
        axis.barh(row, value, height=_THICK, color=BLUE)
        axis.plot([0.0, 0.0], [row - _THICK / 2, row + _THICK / 2], color="black", linewidth=0.8)
        if bar.interval:
            error = [[max(0.0, value - low)], [max(0.0, high - value)]]
            axis.errorbar(value, row, xerr=error, color="0.1", elinewidth=0.9, linestyle="none")
        for text, at, side in ((_name(bar, has_own), 0.0, "left"), (number_text(bar), 1.0, "right")):
            axis.text(at, row - _ABOVE, text, ha=side, va="center", transform=axis.get_yaxis_transform())
    axis.set_yticks([])
    axis.set_ylim(len(scale.bars) - 0.6, -0.8)
    axis.spines["left"].set_visible(False)
    axis.margins(x=0.02)
    axis.set_xlabel(scale.title)


def _name(bar: Measurement, has_own: bool) -> str:
    """The convention, its signature's id and, where bars differ in them, frames and counts."""
    named = f"{bar.protocol} {bar.metric}" if len(numbers_on_one_scale(bar.metric)) > 1 else bar.protocol
    counts = f" t{bar.frames} n{bar.num_real}/{bar.num_fake}" if has_own else ""
    return f"{named}{counts} #{bar.signature_id}"


def _in_common(bars: Sequence[Measurement]) -> str:
    """Frames and counts in words where all bars share them."""
    shared = {(bar.frames, bar.num_real, bar.num_fake) for bar in bars}
    if len(shared) > 1:
        return ""
    ((frames, real, fake),) = shared
    return f", clips of {frames} frames, {real} against {fake}"
