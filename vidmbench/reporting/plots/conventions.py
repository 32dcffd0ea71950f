"""The conventions on one pair of sources as bars: the same videos, by every published protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidmbench.protocols.kind_registry import numbers_on_one_scale
from vidmbench.records.frame import no_records
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.plots.lettering import in_full, label_of, labels_of, spaced_ticks, width_of
from vidmbench.reporting.plots.rows import room_for_name, row_panels, row_words
from vidmbench.reporting.plots.selection import level_of, none_fits, number_text
from vidmbench.reporting.plots.style import BLUE, COLUMN, styled
from vidmbench.reporting.tables.metrics import better_of, metric_label, unit_of, with_arrow
from vidmbench.sources.names import is_reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_THICK = 0.4  # rows: of a bar


@dataclass(frozen=True)
class Scale:
    """Numbers of one metric, or of several on one scale.

    Attributes:
        title: The metric's name, as people write it.
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
    """The latest comparison among records: a run of several protocols, of a model if there is one.

    Args:
        records: Records, oldest first.
        where: Where they were looked for, for messages.

    Raises:
        ResultError: There is none, or it has no value.
    """
    if not records:
        raise no_records("plot", where)
    several = [record for record in records if len({item.protocol for item in record.measurements}) > 1]
    several = [record for record in several if not is_reference(record.model)] or several
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
        title = ", ".join(map(metric_label, numbers_on_one_scale(item.metric)))
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


def conventions_caption(plot: ConventionsPlot) -> str:
    """What the bars are of.

    Args:
        plot: The comparison.
    """
    bars, labels = _bars(plot), _labels(plot)
    names = in_full({_name(bar): labels[_key(bar)][0] for bar in bars})
    missing = "".join(f" No value: {line}." for line in plot.failed)
    return (
        f"{plot.fake} against {plot.real}, the same videos by every convention{_in_common(bars)}. "
        f"Lines: {level_of(bar.interval_kind for bar in bars)}.{missing}{names}"
    )


@styled
def conventions_figure(plot: ConventionsPlot, caption: str | None = None) -> "Figure":
    """Bars with intervals, one panel per metric.

    Args:
        plot: The comparison.
        caption: The text below the figure; None takes that of :func:`conventions_caption`.

    Returns:
        A figure one column wide; every bar has its protocol, counts and value above it.
    """
    text = conventions_caption(plot) if caption is None else caption
    labels = _labels(plot)
    num_lines = 1 + any("\n" in suffix for _, suffix in labels.values())
    figure, axes = row_panels([len(scale.bars) for scale in plot.scales], text, have_titles=False, num_lines=num_lines)
    for axis, scale in zip(axes, plot.scales, strict=True):
        _draw(axis, scale, labels)
    return figure


def _draw(axis: "Axes", scale: Scale, labels: dict[str, tuple[str, str]]) -> None:
    for row, bar in enumerate(scale.bars):
        value = bar.value or 0.0
        low, high = bar.interval or (value, value)
        axis.barh(row, value, height=_THICK, color=BLUE)
        axis.plot([0.0, 0.0], [row - _THICK / 2, row + _THICK / 2], color="black", linewidth=0.8)
        if bar.interval:
            error = [[max(0.0, value - low)], [max(0.0, high - value)]]
            axis.errorbar(value, row, xerr=error, color="0.1", elinewidth=0.9, linestyle="none")
        row_words(axis, row, "".join(labels[_key(bar)]), _number(bar))
    axis.margins(x=0.02)
    if not any(bar.value or any(bar.interval or ()) for bar in scale.bars):
        axis.set_xlim(0.0, 1.0)  # all are 0: matplotlib would take a range around it, half of it below
    spaced_ticks(axis.xaxis)
    none = "" if any(bar.interval for bar in scale.bars) else " (no intervals)"
    title = with_arrow(scale.title, better_of(scale.bars[0]))
    axis.set_xlabel(label_of(f"{title}{unit_of(scale.bars[0].metric)}{none}", COLUMN - 0.2, 1))


def _bars(plot: ConventionsPlot) -> list[Measurement]:
    return [bar for scale in plot.scales for bar in scale.bars]


def _labels(plot: ConventionsPlot) -> dict[str, tuple[str, str]]:
    """How each bar is named, and what follows: its id, and frames and counts where bars differ in them.

    What follows begins a line of its own where it would leave no room for names. The keys are those of :func:`_key`.
    """
    bars = _bars(plot)
    has_own = not _in_common(bars)
    suffixes = {
        _key(bar): (f"t{bar.frames} n{bar.num_real}/{bar.num_fake} " if has_own else "") + f"#{bar.signature_id}"
        for bar in bars
    }
    rooms = [(bar, room_for_name(_number(bar)) - width_of(f" {suffixes[_key(bar)]}")) for bar in bars]
    is_apart = any(width_of(_name(bar)) > room for bar, room in rooms)
    labels = labels_of(((_name(bar), room_for_name(_number(bar)) if is_apart else room) for bar, room in rooms), 1)
    between = "\n" if is_apart else " "
    return {_key(bar): (labels[_name(bar)], f"{between}{suffixes[_key(bar)]}") for bar in bars}


def _key(bar: Measurement) -> str:
    return f"{_name(bar)} {bar.frames} {bar.num_real} {bar.num_fake} {bar.signature_id}"


def _number(bar: Measurement) -> str:
    return number_text(bar).removesuffix(" (no interval)")


def _name(bar: Measurement) -> str:
    return f"{bar.protocol} {bar.metric}" if len(numbers_on_one_scale(bar.metric)) > 1 else bar.protocol


def _in_common(bars: Sequence[Measurement]) -> str:
    """Frames and counts in words where all bars share them."""
    shared = {(bar.frames, bar.num_real, bar.num_fake) for bar in bars}
    if len(shared) > 1:
        return ""
    ((frames, real, fake),) = shared
    return f", clips of {frames} frames, {real} against {fake}"
