"""The figure of `plot score-map`: the samples among the real clips; the least and the most real ones as strips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.evaluation.studies.score_map import ScoredClip, ScoreMap
from vidmbench.protocols.kinds.precision_recall import PrecisionRecallStatistics
from vidmbench.reporting.plots.strips import clip_strip
from vidmbench.reporting.plots.style import (
    BLUE,
    PAGE,
    VERMILLION,
    axes_at,
    new_figure,
    styled,
    text_at,
    text_height,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: the map, the space left of it, a strip's title, below a strip; then frames of a strip, strips of either kind.
_MAP, _LEFT, _TITLE, _GAP, _FRAMES, _STRIPS = 3.1, 0.35, 0.17, 0.06, 6, 3


@styled
def score_map_figure(scores: ScoreMap) -> "Figure":
    """The map on the left; on the right the least and the most real samples, numbered as on the map.

    Args:
        scores: The scores.

    Returns:
        A figure a page wide.
    """
    worst = scores.ranked[:_STRIPS]
    best = [clip for clip in scores.ranked[::-1][:_STRIPS] if clip not in worst]
    strips = [clip_strip(scores.job.fake, clip.clip, _FRAMES) for clip in (*worst, *best)]
    across = PAGE - _LEFT - _MAP - 0.25
    heights = [across * strip.shape[0] / strip.shape[1] + _TITLE + _GAP for strip in strips]
    tall = max(_MAP + 0.95, sum(heights) + 2 * _TITLE + 0.1)
    caption = _caption(scores)
    figure = new_figure(PAGE, tall + text_height(caption, PAGE) + 0.05, constrained=False)
    _draw_map(axes_at(figure, _LEFT, 0.25, _MAP, _MAP), scores, (*worst, *best))
    top, left = 0.05, _LEFT + _MAP + 0.2
    for number, (clip, strip, height) in enumerate(zip((*worst, *best), strips, heights, strict=True)):
        if number in (0, len(worst)):
            text_at(figure, left, top, "least real" if number == 0 else "most real", va="top", fontweight="bold")
            top += _TITLE
        text_at(figure, left, top, f"{number + 1}  {clip.realism:.2f}  {_short(clip.name)}", va="top")
        axis = axes_at(figure, left, top + _TITLE, across, height - _TITLE - _GAP)
        axis.imshow(strip, interpolation="nearest", aspect="auto")
        axis.axis("off")
        top += height
    text_at(figure, 0.05, tall, "\n".join(wrapped(caption, PAGE - 0.12)), va="top", color="0.3")
    return figure


def _draw_map(axis: "Axes", scores: ScoreMap, numbered: Sequence[ScoredClip]) -> None:
    axis.scatter(
        scores.real[:, 0],
        scores.real[:, 1],
        s=9,
        color="0.65",
        marker="+",
        linewidth=0.7,
        label=f"real: {len(scores.real)}",
    )
    kinds = (("in a real ball (counts to precision)", "o", BLUE, True), ("outside", "^", VERMILLION, False))
    for label, marker, colour, is_inside in kinds:
        group = [clip for clip in scores.clips if (clip.realism >= 1) == is_inside]
        positions = np.array([clip.position for clip in group]).reshape(-1, 2)
        axis.scatter(
            positions[:, 0],
            positions[:, 1],
            s=14,
            color=colour,
            marker=marker,
            alpha=0.75,
            linewidth=0,
            label=f"{label}: {len(group)}",
        )
    for number, clip in enumerate(numbered, start=1):
        axis.annotate(str(number), clip.position, (3, 3), textcoords="offset points", fontweight="bold")
    axis.set_xlabel(f"principal components of the features ({100 * scores.shown:.0f} % of the variance)")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.legend(loc="upper left", bbox_to_anchor=(-0.08, -0.06), ncols=2, handletextpad=0.2, columnspacing=0.8)
    axis.set_title(f"{scores.job.model} among {scores.job.dataset}", loc="left")


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"...{name[-37:]}"


def _caption(scores: ScoreMap) -> str:
    statistics = scores.job.plans[0].spec.statistics
    assert isinstance(statistics, PrecisionRecallStatistics)
    return (
        f"Realism: radius of a real clip's ball (to its neighbour {statistics.neighbours}) over the distance to its "
        f"centre, the largest of all; 1 or more is inside. Precision {scores.precision.text()}, the share inside. "
        f"{scores.precision.signature_short}"
    )
