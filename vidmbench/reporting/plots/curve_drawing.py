"""What figures of curves have in common: panels, looks of models and references, lines with bands, ticks, a legend."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from vidmbench.reporting.plots.lettering import LINE, in_full, labels_of, width_of
from vidmbench.reporting.plots.style import COLUMN, Look, add_caption, look, new_figure, text_height

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


class CurveLine(Protocol):
    """A line of a panel."""

    @property
    def label(self) -> str:
        """What the legend names it by."""
        ...

    @property
    def is_reference(self) -> bool:
        """Whether models are held against it."""
        ...


class CurvePanel(Protocol):
    """Lines that compare, on a scale of their own."""

    @property
    def lines(self) -> Sequence[CurveLine]:
        """Models, then references."""
        ...

    @property
    def common(self) -> str:
        """What they are of."""
        ...

    @property
    def recipe(self) -> str:
        """The protocol."""
        ...

    @property
    def heading(self) -> str:
        """Both."""
        ...


def caption_of(panels: Sequence[CurvePanel], sentences: Sequence[str]) -> str:
    """What the panels are of, once where that is the same of all; then sentences, and labels that were cut, in full."""
    common = dict.fromkeys(panel.common for panel in panels)
    protocols = ", ".join(dict.fromkeys(panel.recipe for panel in panels))
    lines = [f"{next(iter(common))} · {protocols}"] if len(common) == 1 else [panel.heading for panel in panels]
    return "\n".join([*lines, f"{' '.join(sentences)}{in_full(_labels(panels))}"])


def looks_of_lines(panels: Sequence[CurvePanel]) -> dict[str, Look]:
    """The look of each label, the same in all panels."""
    lines = {line.label: line for panel in panels for line in panel.lines}
    models = [label for label, line in lines.items() if not line.is_reference]
    return looks_of(models, [label for label, line in lines.items() if line.is_reference])


def new_panels(panels: Sequence[CurvePanel], height: float, caption: str) -> "tuple[Figure, Sequence[Axes]]":
    """A figure one column wide, with an axis for each panel, one below the other.

    Args:
        panels: At least one.
        height: Of each, inches.
        caption: The text below the figure.
    """
    figure = new_figure(
        COLUMN, height * len(panels) + 0.25 + legend_height(_labels(panels)) + text_height(caption, COLUMN)
    )
    return figure, list(figure.subplots(len(panels), 1, squeeze=False)[:, 0])


def finish_panels(figure: "Figure", panels: Sequence[CurvePanel], caption: str) -> None:
    """Adds the legend and the caption."""
    figure.align_ylabels()
    add_legend(figure, _labels(panels), looks_of_lines(panels))
    add_caption(figure, caption)


def _labels(panels: Sequence[CurvePanel]) -> dict[str, str]:
    """How the legend names each line, on one line."""
    return labels_of(((line.label, COLUMN - 0.1 - KEY) for panel in panels for line in panel.lines), 1)


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
