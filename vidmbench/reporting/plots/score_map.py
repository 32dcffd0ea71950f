"""The figure of `plot score-map`: the samples among the real clips; the least and the most real ones as strips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.score_map import ScoreMap
from vidmbench.protocols.kinds.precision_recall import PrecisionRecallStatistics
from vidmbench.reporting.plots.lettering import LINE, cut_to, label_of, width_of
from vidmbench.reporting.plots.strips import clip_strip
from vidmbench.reporting.plots.style import (
    BLUE,
    PAGE,
    VERMILLION,
    add_caption,
    axes_at,
    new_figure,
    styled,
    text_at,
    text_height,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: the map, the space left of it, a strip's title, below a strip; then frames of a strip, strips of either kind.
_MAP, _LEFT, _TITLE, _GAP, _FRAMES, _STRIPS = 3.1, 0.35, 0.17, 0.06, 6, 3


@styled
def score_map_figure(scores: ScoreMap, caption: str | None = None) -> "Figure":
    """The map on the left; on the right the least and the most real samples, numbered as on the map.

    Args:
        scores: The scores.
        caption: The text below the figure; None takes that of :func:`score_map_caption`.

    Returns:
        A figure a page wide.
    """
    worst = scores.ranked[:_STRIPS]
    best = [clip for clip in scores.ranked[::-1][:_STRIPS] if clip not in worst]
    strips = [clip_strip(scores.job.fake, clip.clip, _FRAMES) for clip in (*worst, *best)]
    across = PAGE - _LEFT - _MAP - 0.25
    heights = [across * strip.shape[0] / strip.shape[1] + _TITLE + _GAP for strip in strips]
    names = (scores.job.model, f"among {scores.job.dataset}")
    title = label_of(" ".join(names), _MAP, 9, 9.0)
    if "\n" in title:
        title = "\n".join(label_of(name, _MAP, 1, 9.0) for name in names)
    above = 0.1 + 1.15 * LINE * (1 + title.count("\n"))
    tall = max(above + _MAP + 0.75, sum(heights) + 2 * _TITLE + 0.1)
    foot = score_map_caption(scores) if caption is None else caption
    figure = new_figure(PAGE, tall + text_height(foot, PAGE), constrained=False)
    axis = axes_at(figure, _LEFT, above, _MAP, _MAP)
    axis.set_title(title, loc="left")
    _draw_map(axis, scores)
    _number(axis, [clip.position for clip in (*worst, *best)])
    top, left = 0.05, _LEFT + _MAP + 0.2
    for number, (clip, strip, height) in enumerate(zip((*worst, *best), strips, heights, strict=True)):
        if number in (0, len(worst)):
            text_at(figure, left, top, "least real" if number == 0 else "most real", va="top", fontweight="bold")
            top += _TITLE
        words = f"{number + 1}  {clip.realism:.2f}  "
        name = cut_to(printable(clip.name), across - width_of(words))
        text_at(figure, left, top, f"{words}{name}", va="top")
        axis = axes_at(figure, left, top + _TITLE, across, height - _TITLE - _GAP)
        axis.imshow(strip, interpolation="nearest", aspect="auto")
        axis.axis("off")
        top += height
    add_caption(figure, foot)
    return figure


def _draw_map(axis: "Axes", scores: ScoreMap) -> None:
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
    first, second = (f"{100 * share:.0f} % of variance" for share in scores.shares)
    axis.set_xlabel(f"1st principal component of the features ({first})")
    axis.set_ylabel(f"2nd principal component ({second})")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.legend(loc="upper left", bbox_to_anchor=(-0.08, -0.06), ncols=2, handletextpad=0.2, columnspacing=0.8)


def _number(axis: "Axes", positions: Sequence[tuple[float, float]]) -> None:
    """Numbers beside their points, each on the first side on which it overlaps no other number."""
    figure = axis.figure
    figure.draw_without_rendering()  # type: ignore[union-attr]  # sets the limits: a text outside has no extent
    taken: list[Any] = []
    sides = [(3, 3), (-9, 3), (3, -10), (-9, -10), (10, -3), (-16, -3), (-3, 11), (-3, -18), (17, 8), (-23, 8)]
    for number, position in enumerate(positions, start=1):
        for offset in sides:
            text = axis.annotate(str(number), position, offset, textcoords="offset points", fontweight="bold")
            box = text.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
            if not any(box.overlaps(other) for other in taken) or offset == sides[-1]:
                taken.append(box)
                break
            text.remove()


def score_map_caption(scores: ScoreMap) -> str:
    """What the scores are.

    Args:
        scores: The scores.
    """
    statistics = scores.job.plans[0].spec.statistics
    assert isinstance(statistics, PrecisionRecallStatistics)
    return (
        f"Realism: radius of a real clip's ball (to its neighbour {statistics.neighbours}) over the distance to its "
        f"centre, the largest of all; 1 or more is inside. Precision {scores.precision.text()}, the share inside. "
        f"{scores.precision.signature_short}"
    )
