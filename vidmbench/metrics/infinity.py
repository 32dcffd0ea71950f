"""FVD-infinity: the Fréchet distance with infinitely many samples, extrapolated from subsets of those there are.

A distance from n samples per side is too large by b / n, and b depends on the model, so equal counts do not make two
distances comparable in that respect: Chong and Forsyth (2020, "Effectively unbiased FID and Inception Score and where
to find them"), who fit a line against 1 / n through nested random subsets. The points here are made otherwise. Both
sides are cut at random into k parts of equal size, part is compared with part, and the k distances are averaged:

    T_k = mean over parts of d²,    E T_k = d²(infinity) + b k / N

Every sample is in exactly one part, so what is linear in the samples is the same in all T_k and cancels in
differences: only second-order noise tilts the line. To leading order that noise has the covariances 1 between T_1 and
any T_k, 1 between T_k and T_l of independent cuts, and k of T_k with itself (in units of its variance in T_1). The
best line under these goes through T_1, and its slope per part is the sum of (T_k - T_1) over the sum of (k - 1):
weighted least squares with weights 1 / (k - 1). With k = 1, 2, 3, 4 the second-order variance grows by one sixth only.

A fit with a term in 1 / n² besides was tried and rejected: see docs/uncertainty.md. The value is not clipped: where
both sides have one distribution it is around 0, and negative about half of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.frechet import Gaussian, compare
from vidmbench.metrics.moments import Moments, Normalisation
from vidmbench.metrics.uncertainty import Interval, TwoSampleStatistic, jackknife_interval

MIN_PART = 512
# Below the number of features a covariance is singular and the law of 1/n fails; this much above, it holds.
SAMPLES_PER_FEATURE = 1.25
MAX_PARTS, MAX_POINTS = 16, 4


@dataclass(frozen=True)
class Extrapolation:
    """A line through distances against 1 / n, and where it ends.

    Attributes:
        value: The distance at 1 / n = 0; may be negative.
        interval: For the distance with infinitely many samples; its ends are not clipped either.
        sizes: Samples a side of each point, largest first: the harmonic mean of both sides, not always whole.
        values: The mean distance at each size; the first is the plain distance of all samples.
        slope: What the distance has in excess, times n; the plain bias is about ``slope / sizes[0]``.
    """

    value: float
    interval: Interval
    sizes: tuple[float, ...]
    values: tuple[float, ...]
    slope: float


@dataclass(frozen=True)
class Line:
    """value + slope x."""

    value: float
    slope: float


def fitted_line(x: Sequence[float], values: Sequence[float]) -> Line:
    """The line through the first point whose slope suits the others best, see the top of this file.

    Args:
        x: 1 / n of each point; the first is the smallest.
        values: What was measured there, as many.

    Returns:
        The line; any straight line that all points lie on comes back as it was.

    Raises:
        ValueError: There are fewer than two points, or none is to the right of the first.
    """
    run = sum(point - x[0] for point in x[1:])
    if len(x) != len(values) or not run > 0.0:
        raise ValueError(f"a line needs two points or more, the first at the smallest x; found x = {list(x)}")
    slope = sum(value - values[0] for value in values[1:]) / run
    return Line(values[0] - slope * x[0], slope)


@dataclass(frozen=True, eq=False)
class _Parts:
    """Moments of every part of every cut; None of a part that holds none of these samples."""

    moments: tuple[tuple[Moments | None, ...], ...]

    @classmethod
    def of(cls, samples: npt.NDArray[Any], labels: npt.NDArray[np.int64], cuts: Sequence[int]) -> "_Parts":
        """The moments of these samples, (sample, ...), whose parts are ``labels`` (sample, cut)."""
        return cls(
            tuple(
                tuple(_moments(samples[column == part]) for part in range(parts))
                for column, parts in zip(labels.T, cuts, strict=True)
            )
        )

    def merge(self, other: "_Parts") -> "_Parts":
        return _Parts(
            tuple(
                tuple(_joined(a, b) for a, b in zip(mine, theirs, strict=True))
                for mine, theirs in zip(self.moments, other.moments, strict=True)
            )
        )


def _moments(samples: npt.NDArray[Any]) -> Moments | None:
    return Moments.of(samples.reshape(-1, samples.shape[-1])) if len(samples) else None


def _joined(a: Moments | None, b: Moments | None) -> Moments | None:
    return a.merge(b) if a is not None and b is not None else a or b


def least_samples(num_features: int, rows: int = 1) -> int:
    """The fewest samples per side that can be extrapolated: two parts of the smallest size.

    Args:
        num_features: Length of a feature vector.
        rows: Feature vectors a sample, as of frames.
    """
    return 2 * _least_part(num_features, rows)


def _least_part(num_features: int, rows: int) -> int:
    return max(MIN_PART, ceil(SAMPLES_PER_FEATURE * num_features / rows))


def check_counts(num_real: int, num_fake: int, num_features: int, rows: int = 1) -> None:
    """Refuses too few samples before anything is computed from them.

    Args:
        num_real: Samples of the real side.
        num_fake: Samples of the other side.
        num_features: Length of a feature vector.
        rows: Feature vectors a sample, as of frames.

    Raises:
        DataError: One side has fewer than :func:`least_samples`.
    """
    least = least_samples(num_features, rows)
    if min(num_real, num_fake) < least:
        raise DataError(
            "too few videos to extrapolate a Fréchet distance",
            expected=f"at least {least} per side: two parts of {least // 2}, for the law of 1/N fails near and below "
            f"the {num_features} features",
            found=f"{num_real} real and {num_fake} generated",
            fix=f"score {least} videos per side or more, or take the plain distance and its interval",
        )


def frechet_infinity(
    real: npt.NDArray[Any],
    fake: npt.NDArray[Any],
    *,
    normalisation: Normalisation,
    ridge: float = 0.0,
    parts: Sequence[int] | None = None,
    repeats: int = 1,
    level: float = 0.95,
    groups: int = 20,
    seed: int = 0,
) -> Extrapolation:
    """The Fréchet distance with infinitely many samples, with an interval.

    Two times 2048 samples of 400 features take some ten seconds.

    Args:
        real: float32 or float64 (sample, feature), or (cluster, sample, feature) where samples of one cluster, such
            as frames of one clip, are not independent; clusters stay whole and count as one.
        fake: The same of the other side; the counts may differ.
        normalisation: What the scatters are divided by, "n" or "n-1".
        ridge: What is added to the diagonals of all covariances.
        parts: Into how many parts each side is cut, one number a point, beginning with 1; by default up to four of
            them, evenly from 1 to what leaves 512 samples in a part.
        repeats: How many random cuts are averaged at each point; the time grows with it.
        level: The probability with which the interval should hold the distance with infinitely many samples.
        groups: The most groups that the jackknife cuts a side into. Whole samples are omitted, from every part.
        seed: Decides which samples share a part, and which share a group.

    Returns:
        Value, interval, and the points of the fit.

    Raises:
        DataError: A side has too few samples, or would have in the smallest part.
        ValueError: The numbers of features differ, or an option is out of range.
    """
    rows, num_features = min(side.shape[1] if side.ndim == 3 else 1 for side in (real, fake)), real.shape[-1]
    counts = len(real), len(fake)
    check_counts(*counts, num_features, rows)
    least = _least_part(num_features, rows)
    chosen = tuple(parts) if parts is not None else _parts_of(min(counts), least)
    if len(chosen) < 2 or chosen[0] != 1 or list(chosen) != sorted(set(chosen)) or repeats < 1:
        raise ValueError(f"parts are 1 and larger numbers in order, repeats at least 1; found {chosen}, {repeats}")
    if min(counts) // chosen[-1] < least:
        raise DataError(
            f"{chosen[-1]} parts are too many for an extrapolation",
            expected=f"at least {least} videos in a part",
            found=f"{min(counts) // chosen[-1]}",
            fix="cut into fewer parts, or score more videos",
        )
    cuts = [part for part in chosen for _ in range(1 if part == 1 else repeats)]
    x = [(part / counts[0] + part / counts[1]) / 2.0 for part in cuts]
    labels = np.concatenate(
        [_labels(count, cuts, seed, name) for count, name in zip(counts, ("real", "fake"), strict=True)]
    )

    def summarise(indices: npt.NDArray[Any]) -> _Parts:
        """Both sides' samples are numbered through, so that the jackknife can hand over numbers of either side."""
        samples = real[indices] if indices[0] < counts[0] else fake[indices - counts[0]]
        return _Parts.of(samples, labels[indices], cuts)

    def prepare(summary: _Parts) -> list[list[Gaussian]]:
        return [
            [Gaussian.of(part, normalisation, ridge) for part in cut if part is not None] for cut in summary.moments
        ]

    def distances(a: list[list[Gaussian]], b: list[list[Gaussian]]) -> list[float]:
        return [fmean(compare(*pair).distance for pair in zip(*cut, strict=True)) for cut in zip(a, b, strict=True)]

    of_real, of_fake = np.arange(counts[0]), np.arange(counts[0], sum(counts))
    with one_blas_thread():
        values = distances(prepare(summarise(of_real)), prepare(summarise(of_fake)))
    line = fitted_line(x, values)
    statistic = TwoSampleStatistic(summarise, prepare, lambda a, b: fitted_line(x, distances(a, b)).value)
    interval = jackknife_interval(of_real, of_fake, statistic, groups=groups, level=level, seed=seed, lowest=-inf)
    assert interval is not None  # there are enough samples
    return Extrapolation(
        value=line.value,
        interval=interval,
        sizes=tuple(1.0 / point for point in dict.fromkeys(x)),
        values=tuple(fmean(value for value, cut in zip(values, cuts, strict=True) if cut == part) for part in chosen),
        slope=line.slope,
    )


def _parts_of(count: int, least: int) -> tuple[int, ...]:
    """Numbers of parts, evenly from 1 to as many as leave ``least`` samples in each."""
    most = min(MAX_PARTS, count // least)
    return tuple(int(part) for part in np.unique(np.linspace(1, most, MAX_POINTS).round()))


def _labels(count: int, cuts: Sequence[int], seed: int, side: str) -> npt.NDArray[np.int64]:
    """Which part of each cut every sample is in, (sample, cut): parts of equal size but for one sample."""
    labels = np.empty((count, len(cuts)), dtype=np.int64)
    for index, parts in enumerate(cuts):
        order = generator(seed, "infinity", side, index).permutation(count)
        labels[order, index] = np.arange(count) % parts
    return labels
