"""Full-reference metrics against the frame number: a line with its band for each model, controls dashed in grey."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidmbench.reporting.plots.curve_drawing import (
    caption_of,
    draw_curve,
    draw_ring,
    finish_panels,
    frame_ticks,
    looks_of_lines,
    new_panels,
)
from vidmbench.reporting.plots.lettering import SMALL, spaced_ticks
from vidmbench.reporting.plots.selection import level_of
from vidmbench.reporting.plots.style import Look, styled
from vidmbench.reporting.tables.curve_panels import Line, Panel
from vidmbench.reporting.tables.metrics import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL = 1.75  # inches


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
    return caption_of(panels, sentences)


@styled
def horizon_figure(panels: Sequence[Panel], caption: str | None = None) -> "Figure":
    """Panels one below the other, each metric on a scale of its own.

    Args:
        panels: At least one.
        caption: The text below the figure; None takes that of :func:`horizon_caption`.

    Returns:
        A figure one column wide, frame numbers in a clip across.
    """
    looks, foot = looks_of_lines(panels), horizon_caption(panels) if caption is None else caption
    figure, axes = new_panels(panels, _PANEL, foot)
    for axis, panel in zip(axes, panels, strict=True):
        for line in reversed(panel.lines):  # models above controls
            _draw(axis, line, looks[line.label])
        for line, place in _crossings(panel):
            value = line.curve.values[place]
            assert value is not None  # infinity is worse than nothing
            draw_ring(axis, line.curve.frames[place], value, looks[line.label])
        first, last = panel.frames[0], panel.frames[-1]
        room = max(0.5, 0.03 * (last - first))
        axis.set_xlim(first - room, last + room)
        spaced_ticks(axis.xaxis, among=frame_ticks(first, last))
        spaced_ticks(axis.yaxis)
        axis.set_ylabel(_name(panel))
        if len(panels) > 1:
            axis.set_title(panel.first.measurement.protocol, loc="left", fontsize=SMALL)
    given = dict.fromkeys(panel.context for panel in panels)
    axes[-1].set_xlabel(_frames_label(list(given)))
    finish_panels(figure, panels, foot)
    return figure


def _frames_label(contexts: Sequence[int]) -> str:
    given = f" (the first {contexts[0]} given)" if len(contexts) == 1 and contexts[0] else ""
    return f"frame of the clip{given}"


def _name(panel: Panel) -> str:
    return f"{panel.title}{unit_of(panel.first.measurement.metric)}"


def _draw(axis: "Axes", line: Line, style: Look) -> None:
    curve = line.curve
    frames = list(curve.frames)
    ends = [curve.interval(place) for place in range(len(frames))]
    draw_curve(axis, frames, curve.values, ends, style, order=2 if line.is_reference else 3)
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
