"""Full-reference metrics against the frame number: a line with its band for each model, controls dashed in grey."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidmbench.reporting.plots.lettering import LINE, SMALL, in_full, labels_of, spaced_ticks, width_of
from vidmbench.reporting.plots.selection import level_of
from vidmbench.reporting.plots.style import COLUMN, Look, add_caption, look, new_figure, styled, text_height
from vidmbench.reporting.tables.curve_panels import Line, Panel
from vidmbench.reporting.tables.metrics import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_KEY = 0.52  # inches of a legend's line and the gaps beside it
_PANEL = 1.75  # inches
_MOST_MARKERS = 20
_FROM_FIRST = 2  # frames between ticks that need not be round
# Controls are what models are held against: grey, and told apart by marker and line.
_GREYS = ("0.35", "0.5", "0.65")


def horizon_caption(panels: Sequence[Panel]) -> str:
    """What the curves are of.

    Args:
        panels: The panels of the figure.
    """
    level = level_of(line.curve.interval_kind for panel in panels for line in panel.lines)
    sentences = [f"Bands: {level} of the mean over videos." if level != "no interval" else "No intervals."]
    if any(_crossings(panel) for panel in panels):
        sentences.append("Rings: the first frame at which a model is worse than control:static.")
    if any(None in line.curve.values for panel in panels for line in panel.lines):
        sentences.append("Triangles: infinite, as some predictions equal their targets.")
    common = dict.fromkeys(panel.common for panel in panels)
    protocols = ", ".join(panel.recipe for panel in panels)
    lines = [f"{next(iter(common))} · {protocols}"] if len(common) == 1 else [panel.heading for panel in panels]
    return "\n".join([*lines, f"{' '.join(sentences)}{in_full(_labels(panels))}"])


@styled
def horizon_figure(panels: Sequence[Panel], caption: str | None = None) -> "Figure":
    """Panels one below the other, each metric on a scale of its own.

    Args:
        panels: At least one.
        caption: The text below the figure; None takes that of :func:`horizon_caption`.

    Returns:
        A figure one column wide, frame numbers in a clip across.
    """
    labels, looks = _labels(panels), _looks(panels)
    foot = horizon_caption(panels) if caption is None else caption
    columns = max(1, min(len(labels), int((COLUMN - 0.1) / (max(map(width_of, labels.values())) + _KEY))))
    legend_height = 1.2 * LINE * -(-len(labels) // columns)
    figure = new_figure(COLUMN, _PANEL * len(panels) + 0.25 + legend_height + text_height(foot, COLUMN))
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=True):
        for line in reversed(panel.lines):  # models above controls
            _draw(axis, line, looks[line.label])
        for line, place in _crossings(panel):
            axis.plot(
                line.curve.frames[place], line.curve.values[place], "o", color=looks[line.label].colour,
                fillstyle="none", markersize=10, markeredgewidth=1.0, zorder=4,
            )  # fmt: skip
        first, last = panel.frames[0], panel.frames[-1]
        room = max(0.5, 0.03 * (last - first))
        axis.set_xlim(first - room, last + room)
        spaced_ticks(axis.xaxis, among=_ticks(first, last))
        spaced_ticks(axis.yaxis)
        axis.set_ylabel(_name(panel))
        if len(panels) > 1:
            axis.set_title(panel.first.measurement.protocol, loc="left", fontsize=SMALL)
    figure.align_ylabels()
    given = dict.fromkeys(panel.context for panel in panels)
    axes[-1].set_xlabel(_frames_label(list(given)))
    keys = [_key(looks[label]) for label in labels]
    legend = figure.legend(keys, ["-"] * len(keys), loc="outside upper left", ncols=columns, columnspacing=1.0)
    for text, label in zip(legend.get_texts(), labels.values(), strict=True):
        text.set_text(label)  # set here, because a legend leaves out labels that begin with an underscore
    add_caption(figure, foot)
    return figure


def _frames_label(contexts: Sequence[int]) -> str:
    given = f" (the first {contexts[0]} given)" if len(contexts) == 1 and contexts[0] else ""
    return f"frame of the clip{given}"


def _name(panel: Panel) -> str:
    return f"{panel.title}{unit_of(panel.first.measurement.metric)}"


def _ticks(first: int, last: int) -> list[int]:
    """Frame numbers that may have a tick: the first one and those after it, or round ones where they are far apart."""
    steps = (factor * 10**power for power in range(10) for factor in (1, 2, 5))
    step = next(step for step in steps if last - first <= 8 * step)
    every = [frame for frame in range(first, last + 1) if frame % step == 0]
    return every if step > _FROM_FIRST and every else list(range(first, last + 1, step))


def _draw(axis: "Axes", line: Line, style: Look) -> None:
    curve = line.curve
    frames = list(curve.frames)
    values = [float("nan") if value is None else value for value in curve.values]
    every = max(1, len(frames) // _MOST_MARKERS)
    axis.plot(
        frames, values, color=style.colour, marker=style.marker, linestyle=style.line, markersize=3.5, markevery=every,
        zorder=2 if line.is_reference else 3,
    )  # fmt: skip
    ends = [curve.interval(place) for place in range(len(frames))]
    low, high = ([float("nan") if end is None else end[side] for end in ends] for side in (0, 1))
    if len(frames) > 1:
        axis.fill_between(frames, low, high, color=style.colour, alpha=0.15, linewidth=0, zorder=1)
    else:
        axis.vlines(frames, low, high, color=style.colour, linewidth=0.8)
    infinite = [frame for frame, value in zip(frames, curve.values, strict=True) if value is None]
    if infinite:
        top = axis.get_xaxis_transform()
        axis.plot(infinite, [0.97] * len(infinite), "^", color=style.colour, markersize=5, transform=top)


def _crossings(panel: Panel) -> list[tuple[Line, int]]:
    """Each model that is worse than the static control somewhere, with the place of the first such frame."""
    found = []
    for line in panel.lines:
        worse = panel.worse_than_static(line)
        if worse is not None and worse.frames:
            found.append((line, worse.frames[0] - panel.frames[0]))
    return found


def _looks(panels: Sequence[Panel]) -> dict[str, Look]:
    lines = {line.label: line for panel in panels for line in panel.lines}
    models = [label for label, line in lines.items() if not line.is_reference]
    controls = [label for label, line in lines.items() if line.is_reference]
    found = {label: Look(look(place).colour, look(place).marker, "-") for place, label in enumerate(models)}
    for place, label in enumerate(controls):
        other = look(len(models) + place)
        found[label] = Look(_GREYS[place % len(_GREYS)], other.marker, ("--", ":", "-.")[place % 3])
    return found


def _labels(panels: Sequence[Panel]) -> dict[str, str]:
    """How the legend names each line, on one line."""
    return labels_of(((line.label, COLUMN - 0.1 - _KEY) for panel in panels for line in panel.lines), 1)


def _key(style: Look) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line, markersize=3.5)
