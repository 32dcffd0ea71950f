"""A Fréchet distance extrapolated to infinitely many videos: what ``infinity`` and ``plot fvd-vs-n`` show."""

from dataclasses import dataclass

from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.studies.single_distance import check_values, one_job, scored
from vidmbench.metrics.infinity import Extrapolation, check_counts, frechet_infinity
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.records.record import Measurement


@dataclass(frozen=True)
class ExtrapolatedDistance:
    """A distance and its limit.

    Attributes:
        measurement: The distance at the number of videos there are.
        extrapolation: The line through the distances of subsets, and its limit.
        repeats: Repeats that the protocol averages; the extrapolation is of the first alone.
    """

    measurement: Measurement
    extrapolation: Extrapolation
    repeats: int


def prepare_infinity(real: str, fake: str, choices: Choices) -> Job:
    """Resolves ``vidmbench infinity``.

    Args:
        real: A path, ``dataset:NAME[@SPLIT]``.
        fake: The same, or ``control:NAME``.
        choices: The options, with one protocol of a Fréchet distance and one clip length.

    Raises:
        UsageError: The protocol measures something else, or there are several clip lengths.
        DataError: Too few videos to extrapolate from.
    """
    job = one_job(real, fake, choices)
    plan = job.plans[0]
    detector = load_detector(plan.spec.array.detector)
    sides = (plan.real, plan.fake)
    clips_per_video = min(side.clips_a_video for side in sides)
    rows = clips_per_video * (plan.spec.clips.frames if detector.reads == "frames" else 1)
    num_real, num_fake = (len(side.clips) // side.clips_a_video for side in sides)
    check_counts(num_real, num_fake, detector.num_features, rows)
    return job


def extrapolate(job: Job, *, progress: bool | None = None) -> ExtrapolatedDistance:
    """Measures the distance, and extrapolates it.

    Args:
        job: From :func:`prepare_infinity`.
        progress: Whether progress is shown, see :func:`vidmbench.core.progress.progress_bar`.

    Raises:
        DataError: The distance has no value, or a video cannot be read.
    """
    measurements, features = scored([job], progress=progress)
    check_values(measurements)
    statistics = job.plans[0].spec.statistics
    assert isinstance(statistics, FrechetStatistics)  # single_distance refuses others
    extrapolation = frechet_infinity(
        *features, normalisation=statistics.covariance, ridge=statistics.ridge or 0.0, seed=statistics.seed
    )
    return ExtrapolatedDistance(measurements[0], extrapolation, statistics.repeats)
