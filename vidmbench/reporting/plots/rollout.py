"""Numbers along long videos: a line with its band for each model, controls and real videos dashed in grey."""

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
from vidmbench.reporting.plots.style import styled
from vidmbench.reporting.tables.rollout import Panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL = 1.55  # inches


def rollout_caption(panels: Sequence[Panel]) -> str:
    """What the curves are of.

    Args:
        panels: The panels of the figure.
    """
    level = level_of(line.curve.interval_kind for panel in panels for line in panel.lines)
    sentences = [f"Bands: {level} over videos." if level != "no interval" else "No intervals."]
    sentences += [f"{panel.title}: {panel.meaning}." for panel in panels if panel.meaning]
    if any(line.departure is not None and not line.is_reference for panel in panels for line in panel.lines):
        sentences.append("Rings: from here on a curve departs from its first window, beyond the change of real videos.")
    return caption_of(panels, sentences)


@styled
def rollout_figure(panels: Sequence[Panel], caption: str | None = None) -> "Figure":
    """Panels one below the other, each number on a scale of its own.

    Args:
        panels: At least one.
        caption: The text below the figure; None takes that of :func:`rollout_caption`.

    Returns:
        A figure one column wide; each window is drawn at its middle.
    """
    looks, foot = looks_of_lines(panels), rollout_caption(panels) if caption is None else caption
    figure, axes = new_panels(panels, _PANEL, foot)
    last = max(panel.rollout.frames for panel in panels)
    for axis, panel in zip(axes, panels, strict=True):
        for line in reversed(panel.lines):  # models above what they are held against
            places = _places(panel)
            ends = [line.curve.interval(place) for place in range(len(places))]
            style = looks[line.label]
            draw_curve(axis, places, line.curve.values, ends, style, order=2 if line.is_reference else 3)
            place = None if line.is_reference else line.departure
            if place is not None and (value := line.curve.values[place]) is not None:
                draw_ring(axis, places[place], value, style)
        axis.set_xlim(1 - 0.02 * last, 1.02 * last)
        spaced_ticks(axis.xaxis, among=frame_ticks(1, last))
        spaced_ticks(axis.yaxis)
        axis.set_ylabel(panel.title, fontsize=SMALL)
    axes[-1].set_xlabel("frame of the video (a window at its middle)")
    finish_panels(figure, panels, foot)
    return figure


def _places(panel: Panel) -> list[float]:
    return [(first + last) / 2 for first, last in map(panel.frames_of, range(len(panel.first.values)))]
