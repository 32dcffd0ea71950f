"""Is model A better than model B? A test on the same real samples.

    D = d²(real, A) - d²(real, B)

Two separate intervals waste what both distances share: the real samples. Here a group of real samples is left out of
both distances at once, so their noise counts only as far as it moves the difference. The fakes' groups are left out
one side at a time, or, where A and B were drawn from the same seeds one by one, the same videos of both at once. With
D_(-g) the difference without group g, each of these parts adds to the variance as in
:mod:`vidmbench.metrics.uncertainty`, and the statistic is D over its standard error against Student's t with the
degrees of freedom of Welch (1947) and Satterthwaite (1946).

The test is of the *expected values of the estimator at these counts*. The distances carry a bias of order 1 / n that
depends on the model; at equal counts most of it cancels in D, at unequal ones it would pass for a difference, so
those are refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.frechet import Gaussian, compare
from vidmbench.metrics.moments import Moments, Normalisation
from vidmbench.metrics.uncertainty import MIN_SAMPLES, Interval, leave_one_out

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
        needed: Videos a side with which p falls below 0.05 in 80 % of repetitions, if the difference is the one found
            here and the standard error falls as one over the root of the count; None where there is no difference.
    """

    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float
    standard_error: float
    effect: float | None
    needed: int | None


@dataclass(frozen=True)
class _Share:
    """What leaving out the groups of one or two sides together adds to the variance."""

    variance: float
    freedom: int


def paired_difference(
    real: npt.NDArray[Any],
    fake_a: npt.NDArray[Any],
    fake_b: npt.NDArray[Any],
    *,
    normalisation: Normalisation,
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
        same_seeds: Sample i of A and sample i of B were drawn from one seed, and are left out together.
        groups: The most groups a side is cut into, at least 2.
        level: The probability with which the interval should hold the expected difference.
        seed: Decides which samples share a group.

    Returns:
        Difference, interval, p value, and how many videos it takes.

    Raises:
        DataError: A side has fewer than MIN_SAMPLES samples, or A and B differ in number.
        ValueError: groups or level is out of range, or the numbers of features differ.
    """
    if groups < 2 or not 0.0 < level < 1.0:
        raise ValueError(f"groups are at least 2 and the level between 0 and 1, found {groups} and {level}")
    check_counts(len(real), len(fake_a), len(fake_b))
    names = ("real", "fake", "fake" if same_seeds else "other fake")
    with one_blas_thread():
        sides = [
            _Side.cut(samples, groups, normalisation, generator(seed, "jackknife", name))
            for samples, name in zip((real, fake_a, fake_b), names, strict=True)
        ]
        truth, a, b = (side.whole for side in sides)

        def distance(one: Gaussian, other: Gaussian) -> float:
            return compare(one, other).distance

        shares = [sides[0].share([distance(part, a) - distance(part, b) for part in sides[0].without_each()])]
        if same_seeds:
            pairs = zip(sides[1].without_each(), sides[2].without_each(), strict=True)
            shares.append(sides[1].share([distance(truth, one) - distance(truth, other) for one, other in pairs]))
        else:
            shares += [side.share([distance(truth, part) for part in side.without_each()]) for side in sides[1:]]
        first, second = distance(truth, a), distance(truth, b)
    kind = f"paired-jackknife-{'x'.join(str(len(side.groups)) for side in sides)}-{100 * level:g}"
    return _tested(first, second, shares, len(fake_a), level, kind)


@dataclass(frozen=True, eq=False)
class _Side:
    """One sample cut into groups of equal size, and what fills none."""

    count: int
    group_size: int
    groups: Sequence[Moments]
    rest: Moments | None
    normalisation: Normalisation

    @classmethod
    def cut(
        cls, samples: npt.NDArray[Any], most: int, normalisation: Normalisation, random: np.random.Generator
    ) -> "_Side":
        count = len(samples)
        number = min(most, count)
        size = count // number
        order = random.permutation(count)
        chosen = [_moments(samples[order[start : start + size]]) for start in range(0, number * size, size)]
        left = order[number * size :]
        return cls(count, size, chosen, _moments(samples[left]) if left.size else None, normalisation)

    @property
    def whole(self) -> Gaussian:
        total = self.groups[0]
        for part in (*self.groups[1:], *([] if self.rest is None else [self.rest])):
            total = total.merge(part)
        return Gaussian.of(total, self.normalisation)

    def without_each(self) -> Iterator[Gaussian]:
        """The side without each group in turn."""
        for moments in leave_one_out(self.groups, self.rest):
            yield Gaussian.of(moments, self.normalisation)

    def share(self, values: Sequence[float]) -> _Share:
        """The share of the variance, from the values without each group."""
        kept = self.count - self.group_size
        return _Share(kept * kept / (self.count * self.group_size) * float(np.var(values, ddof=1)), len(values) - 1)


def _moments(samples: npt.NDArray[Any]) -> Moments:
    return Moments.of(samples.reshape(-1, samples.shape[-1]))


def _tested(
    first: float, second: float, shares: Sequence[_Share], count: int, level: float, kind: str
) -> PairedDifference:
    """Interval, p value and counts from the shares of the variance."""
    difference = first - second
    variance = sum(share.variance for share in shares)
    if variance == 0.0:
        interval = Interval(difference, difference, 0.0, kind)
        certain = 1.0 if difference == 0.0 else 0.0
        return PairedDifference(
            first, second, difference, interval, certain, 0.0, None, None if difference == 0.0 else MIN_SAMPLES
        )
    error = sqrt(variance)
    student = stats.t(variance**2 / sum(share.variance**2 / share.freedom for share in shares))
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
            "two models compare only at equal counts: the distance holds a bias that depends on the count",
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
