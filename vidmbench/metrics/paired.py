"""Is model A better than model B? A test on the same real samples.

    D = d²(real, A) - d²(real, B)

Two separate intervals waste what both distances share: the real samples. Here a group of real samples is omitted from
both distances at once, so their noise counts only as far as it moves the difference. The fakes' groups are omitted
one side at a time, or, where A and B were sampled with the same seeds, the same videos of both at once. With
D_(-g) the difference without group g, each side adds its share to the variance as in
:mod:`vidmbench.metrics.jackknife`, and the statistic is D over its standard error against Student's t with the
degrees of freedom of Welch (1947) and Satterthwaite (1946).

The test is of the *expected values of the estimator at these counts*. The distances carry a bias of order 1 / n that
depends on the model; at equal counts most of it cancels in D, at unequal ones it would pass for a difference, so
those are refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Any

import numpy.typing as npt

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.frechet import Gaussian, compare
from vidmbench.metrics.jackknife import MIN_SAMPLES, GroupedSample, SummaryT, check_options, degrees_of_freedom, merged
from vidmbench.metrics.moments import Moments, Normalisation
from vidmbench.metrics.uncertainty import Interval, PreparedT, TwoSampleStatistic

SIGNIFICANCE, POWER = 0.05, 0.8


@dataclass(frozen=True)
class PairedDifference:
    """How two models' distances to the same real samples differ.

    Attributes:
        first: d² of the first model.
        second: d² of the second.
        difference: ``first - second``: below 0 where the first is nearer to the real samples.
        interval: For the expected difference at these counts, not clipped.
        p_value: Of the hypothesis that both have the same expected distance, two-sided.
        standard_error: Standard error of the difference.
        effect: The difference over the spread that one video a side would have, standard error times the root of the
            count: it does not shrink as videos are added. None where nothing varies.
        needed: Videos a side with which p falls below 0.05 in 80 % of repetitions, if the true difference is this one
            and the standard error falls as one over the root of the count; None where there is no difference.
    """

    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float
    standard_error: float
    effect: float | None
    needed: int | None

    def times(self, factor: float) -> "PairedDifference":
        """The test of the distances times a positive factor."""
        return replace(
            self,
            first=self.first * factor,
            second=self.second * factor,
            difference=self.difference * factor,
            interval=self.interval.times(factor),
            standard_error=self.standard_error * factor,
        )


def paired_difference(
    real: npt.NDArray[Any],
    fake_a: npt.NDArray[Any],
    fake_b: npt.NDArray[Any],
    *,
    normalisation: Normalisation,
    ridge: float = 0.0,
    same_seeds: bool = False,
    groups: int = 20,
    level: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Tests whether A or B is nearer to the real samples in the Fréchet distance.

    Args:
        real: float32 or float64 (sample, feature), or (cluster, sample, feature) as in
            :func:`~vidmbench.metrics.frechet.frechet_interval`.
        fake_a: The same of the first model.
        fake_b: The same of the second, as many as of the first.
        normalisation: What the scatters are divided by, "n" or "n-1".
        ridge: What is added to the diagonals of all covariances.
        same_seeds: Sample i of A and sample i of B were generated with one seed, and are omitted together.
        groups: The most groups a side is cut into, at least 2.
        level: The probability with which the interval should hold the expected difference.
        seed: Decides which samples share a group.

    Returns:
        Difference, interval, p value, and how many videos it takes.

    Raises:
        DataError: A side has fewer than MIN_SAMPLES samples, or A and B differ in number.
        ValueError: groups or level is out of range, or the numbers of features differ.
    """
    statistic = TwoSampleStatistic(
        _moments, lambda moments: Gaussian.of(moments, normalisation, ridge), lambda a, b: compare(a, b).distance
    )
    return paired_test(
        real, fake_a, fake_b, statistic, same_seeds=same_seeds, groups=groups, level=level, seed=seed
    )  # fmt: skip


def paired_test(
    real: npt.NDArray[Any],
    fake_a: npt.NDArray[Any],
    fake_b: npt.NDArray[Any],
    statistic: TwoSampleStatistic[SummaryT, PreparedT],
    *,
    same_seeds: bool = False,
    groups: int = 20,
    level: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """:func:`paired_difference` of any statistic of two samples, such as a kernel distance.

    Args:
        real: (sample, ...).
        fake_a: The same of the first model.
        fake_b: The same of the second, as many as of the first.
        statistic: The distance.
        same_seeds: See :func:`paired_difference`.
        groups: See :func:`paired_difference`.
        level: See :func:`paired_difference`.
        seed: See :func:`paired_difference`.

    Raises:
        DataError: See :func:`paired_difference`.
        ValueError: See :func:`paired_difference`.
    """
    check_options(groups, level)
    check_counts(len(real), len(fake_a), len(fake_b))
    names = ("real", "fake", "fake" if same_seeds else "other fake")
    prepare, distance = statistic.prepare, statistic.compare
    with one_blas_thread():
        real_side, side_a, side_b = (
            GroupedSample.cut(
                samples, statistic.summarise, max_groups=groups, random=generator(seed, "jackknife", name)
            )
            for samples, name in zip((real, fake_a, fake_b), names, strict=True)
        )
        whole, whole_a, whole_b = (prepare(_whole(side)) for side in (real_side, side_a, side_b))

        def without_each(side: GroupedSample[SummaryT]) -> Iterator[PreparedT]:
            return (prepare(summary) for summary in side.without_each())

        def difference(real: PreparedT, a: PreparedT, b: PreparedT) -> float:
            return distance(real, a) - distance(real, b)

        shares = [_share(real_side, [difference(part, whole_a, whole_b) for part in without_each(real_side)])]
        if same_seeds:
            pairs = zip(without_each(side_a), without_each(side_b), strict=True)
            shares.append(_share(side_a, [difference(whole, a, b) for a, b in pairs]))
        else:
            for side in (side_a, side_b):
                shares.append(_share(side, [distance(whole, part) for part in without_each(side)]))
        first, second = distance(whole, whole_a), distance(whole, whole_b)
    sides = (real_side, side_a, side_b)
    kind = f"paired-jackknife-{'x'.join(str(len(side.groups)) for side in sides)}-{100 * level:g}"
    return _tested(first, second, shares, len(fake_a), level, kind)


def _whole(side: GroupedSample[SummaryT]) -> SummaryT:
    # The remainder comes last here and first in GroupedSample.whole: the order decides the last bits of a p value.
    return merged(side.groups if side.remainder is None else (*side.groups, side.remainder))


def _share(side: GroupedSample[Any], values: Sequence[float]) -> tuple[float, int]:
    """A side's share of the variance, and its degrees of freedom."""
    return side.variance(values), side.degrees_of_freedom


def _moments(samples: npt.NDArray[Any]) -> Moments:
    return Moments.of(samples.reshape(-1, samples.shape[-1]))


def _tested(
    first: float, second: float, shares: Sequence[tuple[float, int]], count: int, level: float, kind: str
) -> PairedDifference:
    """Interval, p value and counts from the shares of the variance."""
    difference = first - second
    variances, degrees = zip(*shares, strict=True)
    variance = sum(variances)
    if variance == 0.0:
        interval = Interval(difference, difference, 0.0, kind)
        certain = 1.0 if difference == 0.0 else 0.0
        return PairedDifference(
            first, second, difference, interval, certain, 0.0, None, None if difference == 0.0 else MIN_SAMPLES
        )
    from scipy import stats  # slow to import

    error = sqrt(variance)
    student = stats.t(degrees_of_freedom(variances, degrees))
    half_width = error * float(student.ppf(0.5 + level / 2.0))
    effect = difference / (error * sqrt(count))
    return PairedDifference(
        first=first,
        second=second,
        difference=difference,
        interval=Interval(difference - half_width, difference + half_width, error, kind),
        p_value=float(2.0 * student.sf(abs(difference) / error)),
        standard_error=error,
        effect=effect,
        needed=videos_needed(effect),
    )


def videos_needed(effect: float) -> int | None:
    """Videos a side for p < 0.05 in 80 % of repetitions, from normal quantiles.

    Args:
        effect: Difference over standard error, divided by the root of the count.

    Returns:
        The count, at least MIN_SAMPLES; None for an effect of 0.
    """
    if effect == 0.0:
        return None
    from scipy import stats  # slow to import

    reach = float(stats.norm.ppf(1.0 - SIGNIFICANCE / 2.0) + stats.norm.ppf(POWER))
    return max(MIN_SAMPLES, ceil((reach / effect) ** 2))


def check_counts(num_real: int, num_a: int, num_b: int) -> None:
    """Refuses counts that give no fair test, before anything is computed.

    Args:
        num_real: Real samples.
        num_a: Samples of the first model.
        num_b: Samples of the second.

    Raises:
        DataError: The models' counts differ, or a side has fewer than MIN_SAMPLES samples.
    """
    if num_a != num_b:
        raise DataError(
            "two models can be compared only at equal counts: the bias of the distance depends on them",
            expected="as many videos of A as of B",
            found=f"{num_a} and {num_b}",
            fix=f"score {min(num_a, num_b)} of each",
        )
    if min(num_real, num_a) < MIN_SAMPLES:
        raise DataError(
            "too few videos to tell two models apart",
            expected=f"at least {MIN_SAMPLES} on each side",
            found=f"{num_real} real, {num_a} of each model",
            fix="score more videos",
        )
