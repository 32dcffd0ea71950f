"""A score for each video, where the metric has one: which samples are like real videos, and which are not.

A Fréchet distance is of whole sets and has none. The precision of nearest neighbours has: a sample counts if it lies in
the ball of some real one, and its realism (:func:`vidmbench.metrics.realism`) says how far inside or outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vidmbench.choices import Choices
from vidmbench.errors import UsageError
from vidmbench.features import FeatureJob, Progress, features_of
from vidmbench.metrics import realism
from vidmbench.plot_sources import strip_of
from vidmbench.plot_style import BLUE, PAGE, VERMILLION, axes_at, new_figure, styled, text_at, text_height, wrapped
from vidmbench.protocols import load_protocol
from vidmbench.records import Measurement
from vidmbench.runs import Job, carry_out, prepare_score
from vidmbench.videos.clips import Clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEFAULT = "prdc-i3d"
# Inches: the map, the space left of it, a strip's title, below a strip; then frames of a strip, strips of either kind.
_MAP, _LEFT, _TITLE, _GAP, _FRAMES, _STRIPS = 3.1, 0.35, 0.17, 0.06, 6, 3


@dataclass(frozen=True)
class ScoredClip:
    """One sample.

    Attributes:
        name: Its video.
        clip: Which frames of it.
        realism: Its score; 1 or more lies in the ball of a real clip, and counts towards precision.
        place: Where it stands on the map, in units of the features.
    """

    name: str
    clip: Clip
    realism: float
    place: tuple[float, float]


@dataclass(frozen=True)
class ScoreMap:
    """All samples of one side, scored one by one.

    Attributes:
        job: What was asked for.
        precision: The number that the scores take apart.
        clips: The samples, in the order in which they were scored.
        real: Places of the real clips, float64 (clip, 2).
        shown: Share of the features' variance that the map shows.
    """

    job: Job
    precision: Measurement
    clips: tuple[ScoredClip, ...]
    real: npt.NDArray[np.float64]
    shown: float

    @property
    def ranked(self) -> list[ScoredClip]:
        """The samples, the least real first."""
        return sorted(self.clips, key=lambda one: (one.realism, one.name))


def prepare_score_map(real: str, fake: str, choices: Choices) -> Job:
    """Resolves ``vidmbench plot score-map``.

    Raises:
        UsageError: A protocol without a score for each video, or several clip lengths.
        VidmbenchError: Anything else about the request that cannot work.
    """
    spec = load_protocol(choices.protocols[0])
    if spec.metric != "precision-recall":
        raise UsageError(
            f"{spec.name} has no score for each video",
            expected="a protocol of precision and recall",
            found=spec.metric,
            where="--protocol",
            fix=f"--protocol {DEFAULT}",
        )
    if len(choices.frames) > 1:
        raise UsageError("one clip length at a time", expected="such as --frames 16", found=str(choices.frames))
    return prepare_score(real, fake, choices)


def score_map(job: Job, progress: Progress | None = None) -> ScoreMap:
    """Scores every clip of a job.

    Args:
        job: From :func:`prepare_score_map`.
        progress: See :func:`vidmbench.features.features_of`.

    Returns:
        The scores and a map of the clips: the first two principal components of both sides' features together.

    Raises:
        DataError: Too few videos for a neighbourhood.
    """
    choices, planned = job.choices, job.plans[0]
    precision = next(one for one in carry_out(job, progress) if one.metric == "precision")
    sides = ((job.real, planned.real), (job.fake, planned.fake))
    jobs = [FeatureJob(source, clips, planned.spec.array, choices.precision) for source, clips in sides]
    real, fake = features_of(jobs, device=choices.device, on_bad=choices.on_bad, progress=progress)
    left_out = {video.name for video in fake.skipped}
    named = [(job.fake.name(clip.video), clip) for clip in planned.fake.clips]
    kept = [(name, clip) for name, clip in named if name not in left_out]
    scores = realism(real.features, fake.features, k=planned.spec.statistics.neighbours or 1)
    places, shown = principal_components(np.concatenate([real.features, fake.features]))
    found = [
        ScoredClip(name, clip, float(score), (float(place[0]), float(place[1])))
        for (name, clip), score, place in zip(kept, scores, places[len(real.features) :], strict=True)
    ]
    return ScoreMap(job, precision, tuple(found), places[: len(real.features)], shown)


def principal_components(features: np.ndarray) -> tuple[npt.NDArray[np.float64], float]:
    """The two directions in which features differ most.

    Args:
        features: (sample, feature), two features or more.

    Returns:
        Coordinates float64 (sample, 2), each axis turned so that its longest arm is positive; and the share of the
        variance that they hold, 0 where nothing differs.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * singular[:2]
    longest = places[np.abs(places).argmax(axis=0), range(2)]
    total = float((singular**2).sum())
    return places * np.where(longest < 0, -1.0, 1.0), float((singular[:2] ** 2).sum()) / total if total else 0.0


@styled
def score_map_figure(found: ScoreMap) -> "Figure":
    """The map on the left; on the right the least and the most real samples, numbered as on the map.

    Args:
        found: The scores.

    Returns:
        A figure a page wide.
    """
    worst = found.ranked[:_STRIPS]
    best = [one for one in found.ranked[::-1][:_STRIPS] if one not in worst]
    strips = [_strip(found, one) for one in (*worst, *best)]
    across = PAGE - _LEFT - _MAP - 0.25
    heights = [across * strip.shape[0] / strip.shape[1] + _TITLE + _GAP for strip in strips]
    tall = max(_MAP + 0.95, sum(heights) + 2 * _TITLE + 0.1)
    caption = _caption(found)
    figure = new_figure(PAGE, tall + text_height(caption, PAGE) + 0.05, constrained=False)
    _draw_map(axes_at(figure, _LEFT, 0.25, _MAP, _MAP), found, (*worst, *best))
    top, left = 0.05, _LEFT + _MAP + 0.2
    for number, (one, strip, height) in enumerate(zip((*worst, *best), strips, heights, strict=True)):
        if number in (0, len(worst)):
            text_at(figure, left, top, "least real" if number == 0 else "most real", va="top", fontweight="bold")
            top += _TITLE
        text_at(figure, left, top, f"{number + 1}  {one.realism:.2f}  {_short(one.name)}", va="top")
        axis = axes_at(figure, left, top + _TITLE, across, height - _TITLE - _GAP)
        axis.imshow(strip, interpolation="nearest", aspect="auto")
        axis.axis("off")
        top += height
    text_at(figure, 0.05, tall, "\n".join(wrapped(caption, PAGE - 0.12)), va="top", color="0.3")
    return figure


def _draw_map(axis: "Axes", found: ScoreMap, numbered: Sequence[ScoredClip]) -> None:
    axis.scatter(
        found.real[:, 0],
        found.real[:, 1],
        s=9,
        color="0.65",
        marker="+",
        linewidth=0.7,
        label=f"real: {len(found.real)}",
    )
    kinds = (("in a real ball (counts to precision)", "o", BLUE, True), ("outside", "^", VERMILLION, False))
    for label, marker, colour, is_inside in kinds:
        own = [one for one in found.clips if (one.realism >= 1) == is_inside]
        places = np.array([one.place for one in own]).reshape(-1, 2)
        axis.scatter(
            places[:, 0],
            places[:, 1],
            s=14,
            color=colour,
            marker=marker,
            alpha=0.75,
            linewidth=0,
            label=f"{label}: {len(own)}",
        )
    for number, one in enumerate(numbered, start=1):
        axis.annotate(str(number), one.place, (3, 3), textcoords="offset points", fontweight="bold")
    axis.set_xlabel(f"principal components of the features ({100 * found.shown:.0f} % of the variance)")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.legend(loc="upper left", bbox_to_anchor=(-0.08, -0.06), ncols=2, handletextpad=0.2, columnspacing=0.8)
    axis.set_title(f"{found.job.model} among {found.job.dataset}", loc="left")


def _strip(found: ScoreMap, one: ScoredClip) -> np.ndarray:
    frames = found.job.fake.read(one.clip.video, list(one.clip.indices))
    return strip_of(frames, np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).round().astype(int).tolist())


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"...{name[-37:]}"


def _caption(found: ScoreMap) -> str:
    neighbours = found.job.plans[0].spec.statistics.neighbours
    return (
        f"Realism: radius of a real clip's ball (to its neighbour {neighbours}) over the distance to its centre, the "
        f"largest of all; 1 or more is inside. Precision {found.precision.text()}, the share inside. "
        f"{found.precision.signature_short}"
    )
