"""A long video along time: its frames, how much it moves, and how far it has come from its first frame."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.reporting.plots.lettering import in_full, labels_of, spaced_ticks
from vidmbench.reporting.plots.strips import strip_of
from vidmbench.reporting.plots.style import (
    PAGE,
    Look,
    add_caption,
    axes_at,
    look,
    new_figure,
    styled,
    text_at,
    text_height,
)
from vidmbench.reporting.plots.video_inputs import Shown, motion_of, shown_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: labels and axes' numbers on the left, between strips, a panel of curves, below it for its numbers.
_LEFT, _GAP, _PANEL, _BELOW = 1.3, 0.05, 1.1, 0.25
_LABEL = 0.45  # the least height of a row: two lines of a label, and its key below


def distance_from_start(video: Frames) -> np.ndarray:
    """How far a video has come: the mean absolute difference of each later frame from the first.

    Args:
        video: uint8 (frame, height, width, 3).

    Returns:
        float64 (frame - 1,), intensity levels of 255.
    """
    return np.asarray(np.abs(video[1:].astype(np.float64) - video[:1]).mean(axis=(1, 2, 3)))


@styled
def timeline_figure(shown: Sequence[Shown], every: int, caption: str = "") -> "Figure":
    """Frames along time, one strip per source, and below them two panels of curves on the same axis of time.

    Args:
        shown: The sources; of each the first video is shown.
        every: Shows frame 0 and every so many after it, each where its time begins.
        caption: The text below the figure.

    Returns:
        A figure a page wide. A frozen video's motion falls to 0; one that drifts goes on leaving its first frame.
    """
    clips = [source.videos[0] for source in shown]
    positions = range(0, max(len(clip) for clip in clips), every)
    across, end = PAGE - _LEFT - 0.1, len(positions) * every
    strips = [strip_of(clip, positions) for clip in clips]
    heights = [across * strip.shape[0] / strip.shape[1] for strip in strips]
    rows = [max(height, _LABEL) for height in heights]
    tall = 0.05 + sum(rows) + _GAP * len(rows) + 2 * (_PANEL + _BELOW) + 0.35
    labels = labels_of(((source.label, _LEFT - 0.1) for source in shown), 2)
    foot = f"{caption}{in_full(labels, caption)}" if caption else ""
    figure = new_figure(PAGE, tall + text_height(foot, PAGE), constrained=False)
    top = 0.05
    for index, (source, strip, height, row) in enumerate(zip(shown, strips, heights, rows, strict=True)):
        axis = axes_at(figure, _LEFT, top + (row - height) / 2, across, height)
        axis.imshow(strip, interpolation="nearest", aspect="auto", extent=(0, end, 1, 0))
        axis.axis("off")
        text_at(figure, 0.05, top + row - 0.16, labels[source.label], va="bottom")
        _key(figure, look(index), top + row - 0.08)
        top += row + _GAP
    top += 0.1
    panels = (("change since\nthe frame\nbefore\n(intensity levels)", motion_of),
              ("change since\nframe 0\n(intensity levels)", distance_from_start))  # fmt: skip
    for label, measure in panels:
        axis = axes_at(figure, _LEFT, top, across, _PANEL)
        text_at(figure, 0.05, top + _PANEL / 2, label, va="center")
        for index, clip in enumerate(clips):
            _curve(axis, measure(clip), index, len(clips))
        axis.set_xlim(0, end)
        spaced_ticks(axis.xaxis, among=positions[:: -(-len(positions) // 8)])
        axis.set_ylim(bottom=0)
        top += _PANEL + _BELOW
    axis.set_xlabel("frame")
    add_caption(figure, foot)
    return figure


def timeline_json(shown: Sequence[Shown]) -> dict[str, Any]:
    """The same, and both curves of each source from frame 1 on, in intensity levels of 255."""
    curves = [
        {
            "change_since_frame_before": motion_of(source.videos[0]).tolist(),
            "change_since_frame_0": distance_from_start(source.videos[0]).tolist(),
        }
        for source in shown
    ]
    sources = shown_json(shown)["sources"]
    return {"sources": [{**source, **curve} for source, curve in zip(sources, curves, strict=True)]}


def _curve(axis: "Axes", values: np.ndarray, index: int, count: int) -> None:
    """From frame 1 on; a marker here and there, not all at once, tells curves apart without colour."""
    style, apart = look(index), max(1, len(values) // 8)
    axis.plot(
        range(1, len(values) + 1),
        values,
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markevery=(index * apart // count, apart),
        markersize=4,
        clip_on=False,  # a curve at 0 stays whole
    )


def _key(figure: "Figure", style: Look, top: float) -> None:
    """The look of a source's curves, below its label."""
    from matplotlib.lines import Line2D

    across, tall = figure.get_size_inches()
    points = [left / across for left in (0.05, 0.25, 0.45)]
    figure.add_artist(
        Line2D(
            points,
            [1.0 - top / tall] * 3,
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markevery=[1],
            markersize=4,
        )
    )
