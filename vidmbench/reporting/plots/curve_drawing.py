"""What figures of curves have in common: looks of models and references, a line with its band, ticks, a legend."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vidmbench.reporting.plots.lettering import LINE, width_of
from vidmbench.reporting.plots.style import COLUMN, Look, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

#: Inches of a legend's line and the gaps beside it.
KEY = 0.52
_MOST_MARKERS = 20
_FROM_FIRST = 2  # frames between ticks that need not be round
# References are what models are held against: grey, and told apart by marker and line.
_GREYS = ("0.35", "0.5", "0.65")

Ends = Sequence[tuple[float, float] | None]


def looks_of(models: Sequence[str], references: Sequence[str]) -> dict[str, Look]:
    """Colours and lines of models, dashed greys of what they are held against."""
    found = {label: Look(look(place).colour, look(place).marker, "-") for place, label in enumerate(models)}
    for place, label in enumerate(references):
        other = look(len(models) + place)
        found[label] = Look(_GREYS[place % len(_GREYS)], other.marker, ("--", ":", "-.")[place % 3])
    return found


def draw_curve(
    axis: "Axes", places: Sequence[float], values: Sequence[float | None], ends: Ends, style: Look, *, order: float
) -> None:
    """A line with its band; a value that is None is a gap, and a single one has a bar.

    Args:
        axis: Where.
        places: Across.
        values: Up.
        ends: Low and high end of each interval; None where there is none.
        style: Colour, marker and line.
        order: What is drawn above what.
    """
    numbers = [float("nan") if value is None else value for value in values]
    every = max(1, len(places) // _MOST_MARKERS)
    axis.plot(
        places, numbers, color=style.colour, marker=style.marker, linestyle=style.line, markersize=3.5,
        markevery=every, zorder=order,
    )  # fmt: skip
    low, high = ([float("nan") if end is None else end[side] for end in ends] for side in (0, 1))
    if len(places) > 1:
        axis.fill_between(places, low, high, color=style.colour, alpha=0.15, linewidth=0, zorder=1)
    else:
        axis.vlines(places, low, high, color=style.colour, linewidth=0.8)


def draw_ring(axis: "Axes", place: float, value: float, style: Look) -> None:
    """A ring around a point."""
    axis.plot(
        place, value, "o", color=style.colour, fillstyle="none", markersize=10, markeredgewidth=1.0, zorder=4
    )  # fmt: skip


def frame_ticks(first: int, last: int) -> list[int]:
    """Frame numbers that may have a tick: the first one and those after it, or round ones where they are far apart."""
    steps = (factor * 10**power for power in range(10) for factor in (1, 2, 5))
    step = next(step for step in steps if last - first <= 8 * step)
    every = [frame for frame in range(first, last + 1) if frame % step == 0]
    return every if step > _FROM_FIRST and every else list(range(first, last + 1, step))


def legend_columns(labels: Mapping[str, str]) -> int:
    """How many labels have room beside each other in a column of the paper."""
    return max(1, min(len(labels), int((COLUMN - 0.1) / (max(map(width_of, labels.values())) + KEY))))


def legend_height(labels: Mapping[str, str]) -> float:
    """Inches that the legend takes."""
    return 1.2 * LINE * -(-len(labels) // legend_columns(labels))


def add_legend(figure: "Figure", labels: Mapping[str, str], looks: Mapping[str, Look]) -> None:
    """The legend above the axes.

    Args:
        figure: The figure.
        labels: What is shown of each name, on one line.
        looks: The look of each name.
    """
    keys = [_key(looks[name]) for name in labels]
    legend = figure.legend(
        keys, ["-"] * len(keys), loc="outside upper left", ncols=legend_columns(labels), columnspacing=1.0
    )
    for text, label in zip(legend.get_texts(), labels.values(), strict=True):
        text.set_text(label)  # set here, because a legend leaves out labels that begin with an underscore


def _key(style: Look) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line, markersize=3.5)
