"""Means of several Fréchet distances, as some codes print them in the place of one.

Three are known: over prefixes (a clip's first 10, 11, ... frames, each with a distance of its own), over trajectories
(the first prediction of every video, the second, ..., each against all real ones), and over batches of a few videos.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.frechet import Gaussian, compare
from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS, error_of_mean
from vidmbench.metrics.moments import Moments, Normalisation
from vidmbench.metrics.uncertainty import Interval, TwoSampleStatistic, jackknife_interval

#: What there are several distances of.
MeanOver = Literal["prefixes", "trajectories"]


@dataclass(frozen=True)
class FrechetRule:
    """How one distance is computed, and which of them are averaged.

    Attributes:
        normalisation: What scatters are divided by.
        ridge: What is added to the diagonal of both covariances.
        mean_over: ``prefixes``: features are (video, prefix, feature) on both sides; ``trajectories``: (video,
            trajectory, feature) on the scored side, which is compared trajectory by trajectory with all real ones; None
            compares all with all.
        batch: The mean is over distances between so many videos of one side and as many of the other, in order; None
            takes all at once.
    """

    normalisation: Normalisation
    ridge: float = 0.0
    mean_over: MeanOver | None = None
    batch: int | None = None


def frechet_values(real: np.ndarray, fake: np.ndarray, rule: FrechetRule) -> np.ndarray:
    """The distances that are averaged.

    Args:
        real: float32 or float64 (video, feature), or (video, several, feature).
        fake: The same of the other side.
        rule: How.

    Returns:
        float64 (prefix or trajectory, batch); (1, 1) where there is one distance alone.

    Raises:
        DataError: Batches are wanted, and the sides have different counts.
    """
    with one_blas_thread():
        if rule.batch is None:
            return np.array([[_distance(*both, rule)] for both in _aligned(_parts(real, rule), _parts(fake, rule))])
        if len(real) != len(fake):
            raise DataError(
                "a mean over batches needs as many scored videos as real ones",
                expected=f"{min(len(real), len(fake))} on both sides",
                found=f"{len(real)} real and {len(fake)} scored",
                fix=f"--num-videos {min(len(real), len(fake))}",
            )
        starts = range(0, len(real), rule.batch)
        return np.array(
            [
                [
                    _of_batch(first[start : start + rule.batch], second[start : start + rule.batch], rule)
                    for start in starts
                ]
                for first, second in _aligned(_parts(real, rule), _parts(fake, rule))
            ]
        )


def frechet_mean_interval(real: np.ndarray, fake: np.ndarray, rule: FrechetRule, *, seed: int = 0) -> Interval | None:
    """An interval for the expected mean at these counts.

    Args:
        real: See :func:`frechet_values`.
        fake: See :func:`frechet_values`.
        rule: How.
        seed: Decides which videos share a group of the jackknife.

    Returns:
        Student's t over batches, which are independent of each other; else a jackknife over videos. None where there
        are too few.
    """
    if rule.batch is not None:
        of_batches = frechet_values(real, fake, rule).mean(axis=0)
        if len(of_batches) < MIN_VIDEOS:
            return None
        error, value = error_of_mean(of_batches), float(of_batches.mean())
        low, high = max(0.0, value - error.half_width()), value + error.half_width()
        return Interval(low, high, error.standard_error, error.kind().replace("videos", "batches"))
    statistic = TwoSampleStatistic(
        summarise=lambda videos: _Summaries.of(videos, rule),
        prepare=lambda summaries: [Gaussian.of(one, rule.normalisation, rule.ridge) for one in summaries.moments],
        compare=lambda a, b: float(np.mean([compare(first, second).distance for first, second in _aligned(a, b)])),
    )
    return jackknife_interval(real, fake, statistic, seed=seed)


@dataclass(frozen=True, eq=False)
class _Summaries:
    """The moments of each part of one side."""

    moments: tuple[Moments, ...]

    @classmethod
    def of(cls, videos: np.ndarray, rule: FrechetRule) -> "_Summaries":
        return cls(tuple(map(Moments.of, _parts(videos, rule))))

    def merge(self, other: "_Summaries", /) -> "_Summaries":
        return _Summaries(tuple(a.merge(b) for a, b in zip(self.moments, other.moments, strict=True)))


Part = TypeVar("Part")


def _aligned(real: Sequence[Part], fake: Sequence[Part]) -> list[tuple[Part, Part]]:
    """The parts of both sides that are compared; a side of one part is compared with all of the other's."""
    count = max(len(real), len(fake))
    return list(zip(list(real) * (count // len(real)), list(fake) * (count // len(fake)), strict=True))


def _parts(side: np.ndarray, rule: FrechetRule) -> list[np.ndarray]:
    """What has a distance of its own on one side, each (video, feature)."""
    if rule.mean_over is None or side.ndim == 2:
        return [side.reshape(-1, side.shape[-1])]
    return [np.ascontiguousarray(side[:, part]) for part in range(side.shape[1])]


def _distance(real: np.ndarray, fake: np.ndarray, rule: FrechetRule) -> float:
    first, second = (Gaussian.of(Moments.of(side), rule.normalisation, rule.ridge) for side in (real, fake))
    return compare(first, second).distance


def _of_batch(real: np.ndarray, fake: np.ndarray, rule: FrechetRule) -> float:
    if len(real) == 1:  # a last batch of one video has no covariance: the codes' traces of it are dropped
        difference = real[0].astype(np.float64) - fake[0]
        return float(difference @ difference)
    first, second = (Gaussian.of_samples(side, rule.normalisation) for side in (real, fake))
    return compare(first, second).distance
