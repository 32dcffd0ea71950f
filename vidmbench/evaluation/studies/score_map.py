"""A score for each video, where the metric has one: which samples are like real videos, and which are not.

A Fréchet distance is of whole sets and has none. The precision of nearest neighbours has: a sample counts if it is in
the ball of some real clip, and its realism (:func:`vidmbench.metrics.realism`) says how far inside or outside.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidmbench.core.errors import UsageError
from vidmbench.core.progress import Progress
from vidmbench.evaluation.carry_out import carry_out
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import Clip
from vidmbench.evaluation.job import Job, prepare_score
from vidmbench.metrics import realism
from vidmbench.protocols.kinds.precision_recall import PrecisionRecallStatistics
from vidmbench.records.record import Measurement

DEFAULT = "prdc-i3d"


@dataclass(frozen=True)
class ScoredClip:
    """One sample.

    Attributes:
        name: Its video.
        clip: Which frames of it.
        realism: Its score; 1 or more is in the ball of a real clip, and counts towards precision.
        position: Its coordinates on the map, in units of the features.
    """

    name: str
    clip: Clip
    realism: float
    position: tuple[float, float]


@dataclass(frozen=True)
class ScoreMap:
    """All samples of one side, each with a score.

    Attributes:
        job: The request, resolved.
        precision: The number that the scores take apart.
        clips: The samples, in the order in which they were scored.
        real: Coordinates of the real clips on the map, float64 (clip, 2).
        shares: Shares of the features' variance along both axes of the map.
    """

    job: Job
    precision: Measurement
    clips: tuple[ScoredClip, ...]
    real: npt.NDArray[np.float64]
    shares: tuple[float, float]

    @property
    def ranked(self) -> list[ScoredClip]:
        """The samples, the least real first."""
        return sorted(self.clips, key=lambda clip: (clip.realism, clip.name))


def prepare_score_map(real: str, fake: str, choices: Choices) -> Job:
    """Resolves ``vidmbench plot score-map``.

    Raises:
        UsageError: A protocol without a score for each video, or several clip lengths.
        VidmbenchError: Anything else about the request that cannot work.
    """
    protocols = choices.load_protocols()
    spec = protocols[0]
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
    return prepare_score(real, fake, choices, protocols=protocols)


def score_map(job: Job, progress: Progress | None = None) -> ScoreMap:
    """Scores every clip of a job.

    Args:
        job: From :func:`prepare_score_map`.
        progress: See :func:`vidmbench.evaluation.features.features_of`.

    Returns:
        The scores and a map of the clips: the first two principal components of both sides' features together.

    Raises:
        DataError: Too few videos for a neighbourhood.
    """
    evaluation = carry_out(job, progress)
    precision = next(number for number in evaluation.measurements if number.metric == "precision")
    (repeat, *_), *_ = evaluation.repeats
    assert repeat.real.features is not None  # precision reads both sides
    assert repeat.fake.features is not None
    real, fake = repeat.real.features.features, repeat.fake.features
    skipped = {video.name for video in fake.skipped}
    clips = [clip for clip in repeat.fake.plan.clips if job.fake.name(clip.video) not in skipped]
    statistics = job.plans[0].spec.statistics
    assert isinstance(statistics, PrecisionRecallStatistics)  # prepare_score_map refuses others
    scores = realism(real, fake.features, k=statistics.neighbours)
    positions, explained = principal_components(np.concatenate([real, fake.features]))
    scored = [
        ScoredClip(job.fake.name(clip.video), clip, float(score), (float(x), float(y)))
        for clip, score, (x, y) in zip(clips, scores, positions[len(real) :], strict=True)
    ]
    return ScoreMap(job, precision, tuple(scored), positions[: len(real)], explained)


def principal_components(features: np.ndarray) -> tuple[npt.NDArray[np.float64], tuple[float, float]]:
    """The two directions in which features differ most.

    Args:
        features: (sample, feature), two features or more.

    Returns:
        Coordinates float64 (sample, 2), each axis turned so that its longest arm is positive; and the share of the
        variance that each holds, 0 where nothing differs.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    positions = left[:, :2] * singular[:2]
    longest = positions[np.abs(positions).argmax(axis=0), range(2)]
    variances = singular**2
    first, second = (variances / (variances.sum() or 1.0))[:2].tolist()
    return positions * np.where(longest < 0, -1.0, 1.0), (first, second)
