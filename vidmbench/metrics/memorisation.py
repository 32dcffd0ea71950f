"""Memorisation: are generated clips nearer to the training set than real clips that nobody trained on?

For every clip L is the Euclidean distance, in features, to the nearest training clip. A generator that copies makes
L small, but how small is small depends on the data; held-out real clips say it. With h held-out and m generated
clips and k = floor(q (h + 1)), the headline is

    share    generated clips with L below the k-th smallest L of the held-out clips, the threshold, divided by m

Up is worse. A generator as good as fresh real videos has an expected share of k / (h + 1), about q; 1 means that
everything it makes is nearer to the training set than nearly all of the held-out clips are. Next to it:

    area     probability that a generated clip is nearer to the training set than a held-out one, ties counted half:
             the Mann-Whitney U of the two sets of L, divided by h m; 0.5 is what fresh real videos give

The area is the statistic of Meehan, Chaudhuri and Dasgupta (2020, "A non-parametric test to detect data-copying in
generative models", AISTATS), whose code gives its z-score. It is not the headline, because it averages over all
clips: a generator that copies one clip in ten and is poor otherwise has an area well below 0.5, which reads as the
opposite of copying. (The authors meet this by testing in cells of the feature space, which takes thousands of clips.)
The share looks at the near end alone, where copies are, and counts clips, so it can be checked by looking at them.

The uncertainty. All statements are for the given training set.

    interval      Clopper and Pearson (1934): for the share that infinitely many clips of this generator would have
                  below this threshold
    null          If generated and held-out clips have one distribution, the number of clips below the threshold is
                  beta-binomial with m, k and h + 1 - k, whatever that distribution is (the exceedances of Gumbel and
                  von Schelling 1950); both the range that holds 95 % of it and the p-value are from there, and they
                  include that the threshold is itself estimated. Equal distances make them conservative.
    area interval Newcombe (2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
                  statistic. Part 2", method 5): does not collapse at 0 and 1. Simulated with normal distances it held
                  94 to 98 % of the time, and 88 % with 64 against 16 clips of which the 16 were spread twice as far

A large share is a reason to look, not yet a proof: a generator that makes only the commonest scenes is near to the
training set too. And a copy of a part of a clip, or one mirrored, may be far in features.

Distances are differences squared and summed in float64, so that a clip has distance 0 to itself; networks on a GPU
may round the same clip differently in another batch, so a copy is what lies within COPY_TOLERANCE of the length of
the training clip's features.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from vidmbench.core.errors import DataError
from vidmbench.metrics.moments import checked_features

ROWS_AT_ONCE = 1024  # on either side: 8 MiB of distances, and as many features in float64 as they have
COPY_TOLERANCE = 1e-5
LEVEL = 0.95
_SIDES = ("training", "held-out", "generated")
_NO_NAMES: tuple[Sequence[str], Sequence[str], Sequence[str]] = ((), (), ())


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest training clip of every clip of a set.

    Attributes:
        distances: float64 (clip,).
        indices: int64 (clip,), the nearest training clip, the first of several.
        copies: bool (clip,), whether clip and nearest training clip are the same up to rounding.
    """

    distances: npt.NDArray[np.float64]
    indices: npt.NDArray[np.int64]
    copies: npt.NDArray[np.bool_]

    @property
    def order(self) -> npt.NDArray[np.int64]:
        """The clips from the nearest to the farthest, equal ones in their own order."""
        order: npt.NDArray[np.int64] = np.argsort(self.distances, kind="stable")
        return order


def quantiles(near: Nearest, shares: Sequence[float]) -> list[float]:
    """Quantiles of the distances, linear between neighbours."""
    return [float(value) for value in np.quantile(near.distances, shares)]


@dataclass(frozen=True)
class Memorisation:
    """What the distances say.

    Attributes:
        share: Generated clips below the threshold, 0 to 1.
        interval: Of the share, at LEVEL.
        expected: The share of a generator as good as fresh real videos.
        null_range: The range in which its share lies with probability LEVEL.
        p_value: Probability that its share is as large as this one, or larger.
        threshold: The distance that was taken.
        area: Probability that a generated clip is nearer than a held-out one.
        area_interval: Of the area, at LEVEL.
        fake: The nearest training clips of the generated ones.
        heldout: Those of the held-out ones.
    """

    share: float
    interval: tuple[float, float]
    expected: float
    null_range: tuple[float, float]
    p_value: float
    threshold: float
    area: float
    area_interval: tuple[float, float]
    fake: Nearest
    heldout: Nearest


def memorisation(
    train: npt.NDArray[Any],
    heldout: npt.NDArray[Any],
    fake: npt.NDArray[Any],
    *,
    quantile: float = 0.05,
    names: tuple[Sequence[str], Sequence[str], Sequence[str]] = _NO_NAMES,
) -> Memorisation:
    """Compares how near generated and held-out clips are to the training set; the three counts may differ.

    Args:
        train: float32 or float64 (sample, feature), what the generator learnt from.
        heldout: The same of real clips that it did not learn from.
        fake: The same of generated clips.
        quantile: Which share of the held-out clips the threshold leaves below it, above 0 and below 1.
        names: What the clips of the three sets are called, for messages.

    Returns:
        The share, the area, and the nearest training clips.

    Raises:
        DataError: Features that are not finite, too few held-out clips for this quantile, or so many held-out clips
            inside the training set that nothing can be nearer.
        ValueError: An array is no such array, the numbers of features differ, the quantile is out of range, or the
            features are too large for float64 sums of squares.
    """
    for features, side, clip_names in zip((train, heldout, fake), _SIDES, names, strict=True):
        _check(features, side, clip_names)
    rank = threshold_rank(len(heldout), quantile)
    near_heldout, near_fake = nearest(train, heldout), nearest(train, fake)
    copies = np.flatnonzero(near_heldout.copies)
    if len(copies) >= rank:
        raise DataError(
            "held-out clips are in the training set, so that no generated clip can be nearer to it",
            expected=f"fewer than {rank} such clips of {len(heldout)}, best none",
            found=f"{len(copies)}: {_listed(copies, names[1])}",
            fix="take held-out clips that the generator was not trained on",
        )
    threshold = float(np.partition(near_heldout.distances, rank - 1)[rank - 1])
    below, count = int((near_fake.distances < threshold).sum()), len(fake)
    from scipy import stats  # slow to import

    null = stats.betabinom(count, rank, len(heldout) + 1 - rank)
    low, high = null.interval(LEVEL)
    area = _area(near_heldout.distances, near_fake.distances)
    return Memorisation(
        share=below / count,
        interval=_clopper_pearson(below, count),
        expected=rank / (len(heldout) + 1),
        null_range=(float(low) / count, float(high) / count),
        p_value=min(1.0, float(null.pmf(np.arange(below, count + 1)).sum())),  # sf rounds small ones to 0
        threshold=threshold,
        area=area,
        area_interval=_newcombe(area, len(heldout), count),
        fake=near_fake,
        heldout=near_heldout,
    )


def threshold_rank(num_heldout: int, quantile: float) -> int:
    """Which of the held-out distances, from the smallest on, is the threshold.

    Args:
        num_heldout: How many there are.
        quantile: Above 0 and below 1.

    Returns:
        floor(quantile (num_heldout + 1)), at least 1.

    Raises:
        DataError: Too few: the quantile is below the smallest of them.
        ValueError: The quantile is out of range.
    """
    if not 0.0 < quantile < 1.0:
        raise ValueError(f"a quantile is between 0 and 1, found {quantile}")
    exact = Fraction(str(quantile))  # in floats 0.1 * (29 + 1) may fall just short of 3
    rank = math.floor(exact * (num_heldout + 1))
    if rank < 1:
        works = math.ceil(1000 / (num_heldout + 1)) / 1000
        raise DataError(
            f"too few held-out clips for their {100 * quantile:g} % quantile",
            expected=f"at least {math.ceil(1 / exact) - 1} held-out clips",
            found=str(num_heldout),
            fix=f"take more held-out clips, or a larger quantile: --quantile {works:g}"
            if works < 1
            else "take more held-out clips",
        )
    return rank


def nearest(train: npt.NDArray[Any], clips: npt.NDArray[Any]) -> Nearest:
    """The nearest training clip of every clip, in blocks, so that memory stays bounded however many there are.

    Args:
        train: float32 or float64 (sample, feature), finite.
        clips: The same with as many features.

    Raises:
        ValueError: An array is no such array, the numbers of features differ, or the features are too large for
            float64 sums of squares.
    """
    checked_features(train)
    from scipy.spatial.distance import cdist  # slow to import

    checked_features(clips)
    if train.shape[1] != clips.shape[1]:
        raise ValueError(f"cannot compare clips of {train.shape[1]} and {clips.shape[1]} features")
    squares, indices = np.full(len(clips), np.inf), np.zeros(len(clips), dtype=np.int64)
    lengths = np.zeros(len(clips))
    for first in range(0, len(train), ROWS_AT_ONCE):
        block = train[first : first + ROWS_AT_ONCE].astype(np.float64)
        of_block = np.linalg.norm(block, axis=1)
        for start in range(0, len(clips), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            distances = cdist(clips[rows].astype(np.float64), block, "sqeuclidean")
            best = distances.argmin(axis=1)
            refined = distances[np.arange(len(best)), best]
            is_nearer = refined < squares[rows]
            squares[rows] = np.where(is_nearer, refined, squares[rows])
            indices[rows] = np.where(is_nearer, first + best, indices[rows])
            lengths[rows] = np.where(is_nearer, of_block[best], lengths[rows])
    if not np.isfinite(squares).all():
        raise DataError("distances are not finite: the features are too large for float64 sums of squares")
    distances = np.sqrt(squares)
    return Nearest(distances, indices, distances <= COPY_TOLERANCE * lengths)


def _check(features: npt.NDArray[Any], side: str, names: Sequence[str]) -> None:
    if features.ndim == 2 and features.dtype.kind == "f":
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if bad.size:
            raise DataError(
                f"the network gave no finite features for {bad.size} of {len(features)} {side} clips",
                found=_listed(bad, names),
                fix="look at these clips, or remove them",
            )
    checked_features(features)


def _listed(indices: npt.NDArray[Any], names: Sequence[str]) -> str:
    """The first three by name, and how many more."""
    shown = [names[index] if index < len(names) else f"clip {index}" for index in indices[:3]]
    return ", ".join(shown) + (f" and {len(indices) - 3} more" if len(indices) > 3 else "")


def _area(heldout: npt.NDArray[np.float64], fake: npt.NDArray[np.float64]) -> float:
    """Share of all pairs in which the generated clip is nearer, equal ones counted half."""
    ordered = np.sort(heldout)
    not_farther, farther = (np.searchsorted(ordered, fake, side) for side in ("left", "right"))
    pairs = len(heldout) * len(fake)
    return (2 * pairs - int(not_farther.sum()) - int(farther.sum())) / (2 * pairs)


def _clopper_pearson(below: int, count: int) -> tuple[float, float]:
    from scipy import stats  # slow to import

    interval = stats.binomtest(below, count).proportion_ci(LEVEL, method="exact")
    return float(interval.low), float(interval.high)


def _newcombe(area: float, num_heldout: int, num_fake: int) -> tuple[float, float]:
    """All areas from which the one found is no more than z of their own standard errors away."""
    from scipy import stats  # slow to import
    from scipy.optimize import brentq

    z = float(stats.norm.ppf(0.5 + LEVEL / 2))
    mean_count = (num_heldout + num_fake) / 2 - 1

    def too_far(other: float) -> float:
        spread = 1 + mean_count * ((1 - other) / (2 - other) + other / (1 + other))
        return (area - other) ** 2 - z * z * other * (1 - other) * spread / (num_heldout * num_fake)

    step = 1e-9
    low = brentq(too_far, 0.0, area - step) if area > step else 0.0
    high = brentq(too_far, area + step, 1.0) if area < 1 - step else 1.0
    return float(low), float(high)
