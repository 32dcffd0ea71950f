"""The figure of memorisation: the nearest pairs side by side, and how near everything else is."""

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from vidmbench.evaluation.studies.memorisation import Finding
from vidmbench.reporting.plots.lettering import label_of
from vidmbench.reporting.plots.strips import clip_strip
from vidmbench.reporting.plots.style import SKY, VERMILLION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 6
_WIDTH, _STRIP = 11.0, 4.7  # inches: of the figure, of the frames of one clip
_FAKE, _HELDOUT = VERMILLION, SKY


@styled
def memorisation_sheet(finding: Finding, top: int = 6) -> "Figure":
    """Generated clips on the left, their nearest training clips on the right, the nearest pair first.

    Args:
        finding: What was found.
        top: How many pairs are shown at most.

    Returns:
        A figure; both distributions are below the pairs of distances and the threshold.
    """
    job, pairs = finding.job, finding.pairs[:top]
    rows = [
        [clip_strip(part.source, clip, _COLUMNS) for part, clip in ((job.fake, pair.fake), (job.train, pair.train))]
        for pair in pairs
    ]
    heights = [_STRIP * max(strip.shape[0] / strip.shape[1] for strip in row) + 0.3 for row in rows]
    figure = new_figure(_WIDTH, sum(heights) + 3.6, dpi=130)
    grid = figure.add_gridspec(len(rows) + 1, 3, width_ratios=[_STRIP, 1.2, _STRIP], height_ratios=[*heights, 2.3])
    for index, (pair, (left, right)) in enumerate(zip(pairs, rows, strict=True)):
        axes = [figure.add_subplot(grid[index, column]) for column in range(3)]
        _show(axes[0], left, job.fake.name(pair.fake))
        _show(axes[2], right, job.train.name(pair.train))
        axes[1].axis("off")
        is_below = pair.distance < finding.result.threshold
        verdict = (
            "copy" if pair.is_copy else (f"{pair.distance:.1f}" if pair.distance >= 10 else f"{pair.distance:.3g}")
        )
        axes[1].text(0.5, 0.5, verdict, ha="center", va="center", fontsize=13, color=_FAKE if is_below else "0.35")
        if index == 0:
            for axis, part in ((axes[0], job.fake), (axes[2], job.train)):
                whose = label_of(f"{part.role}: {part.source.label}", _STRIP - 0.1, 1)
                axis.set_title(f"{whose}\n{axis.get_title(loc='left')}", fontsize=8, loc="left")
            axes[1].set_title("distance", fontsize=8)
    _histogram(figure.add_subplot(grid[len(rows), :]), finding)
    figure.suptitle(headline(finding), fontsize=11)
    lines = textwrap.wrap(f"{finding.signature.long}  #{finding.signature.id}", 150, break_on_hyphens=False)
    figure.supxlabel("\n".join(lines), fontsize=6.5, color="0.35")
    return figure


def headline(finding: Finding) -> str:
    """The number in one line."""
    result = finding.result
    share, low, high = (100 * value for value in (result.share, *result.interval))
    return (
        f"{share:.1f} % [{low:.1f}, {high:.1f}] of {finding.counts[2]} generated clips are nearer to the training set "
        f"than the nearest {100 * result.expected:.1f} % of held-out clips"
    )


def _show(axis: Any, strip: np.ndarray, name: str) -> None:
    axis.imshow(strip, interpolation="nearest")
    axis.set_title(label_of(name, _STRIP - 0.1, 1), fontsize=8, loc="left")
    axis.axis("off")


def _histogram(axis: Any, finding: Finding) -> None:
    """Both distributions as shares of their clips, so that unequal counts can be compared."""
    result = finding.result
    both = np.concatenate([result.heldout.distances, result.fake.distances])
    edges = np.linspace(0.0, float(both.max()) * 1.02 or 1.0, 31)
    sides = (
        ("held-out", result.heldout.distances, {"color": _HELDOUT, "histtype": "stepfilled", "alpha": 0.7}),
        ("generated", result.fake.distances, {"color": _FAKE, "histtype": "step", "linewidth": 1.6}),
    )
    for role, distances, look in sides:
        weights = np.full(len(distances), 100 / len(distances))
        axis.hist(distances, edges, weights=weights, label=f"{len(distances)} {role} clips", **look)
    label = f"{100 * result.expected:.1f} % of held-out"
    axis.axvline(result.threshold, color="0.2", linestyle="--", linewidth=1, label=f"threshold: {label}")
    axis.set_xlabel("distance to the nearest training clip", fontsize=8)
    axis.set_ylabel("% of clips", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.set_xlim(left=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=8, frameon=False, loc="best")
