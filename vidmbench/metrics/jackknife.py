"""The grouped jackknife of a sample: equal random groups, the sample without each, and a variance from their values.

A sample of n is cut at random into G = min(20, n) groups of m = n // G. With theta_(-g) the value of a statistic
without group g, the sample's share of the statistic's variance is

    (n - m)² / (n m) * 1 / (G - 1) * sum_g (theta_(-g) - mean of theta_(-g))²

which for n = G m is the usual (G - 1) / G * sum (Shao and Wu 1989, "A general theory for jackknife variance
estimation"). The groups are equal because theta depends on the count: unequal ones would pass differences of
bias off as variance. The remainder, samples that fill no group, is never omitted. Shares of independent samples add
up, and the width of an interval comes from Student's t with the degrees of freedom of Welch and Satterthwaite.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

MIN_SAMPLES = 4  # with three, omitting one leaves a covariance of rank one

MergeableT = TypeVar("MergeableT", bound="Mergeable")


@runtime_checkable
class Mergeable(Protocol):
    """A summary of a set of samples that can be joined with another."""

    def merge(self: MergeableT, other: MergeableT, /) -> MergeableT:
        """The summary of both sets together."""
        ...


SummaryT = TypeVar("SummaryT", bound=Mergeable)


@dataclass(frozen=True, eq=False)
class GroupedSample(Generic[SummaryT]):
    """Summaries of one sample's groups.

    Attributes:
        count: Number of samples.
        group_size: Samples in a group.
        groups: Summary of each group.
        remainder: Summary of the samples that fill no group; None where there are none.
    """

    count: int
    group_size: int
    groups: tuple[SummaryT, ...]
    remainder: SummaryT | None

    @classmethod
    def cut(
        cls,
        samples: npt.NDArray[Any],
        summarise: Callable[[npt.NDArray[Any]], SummaryT],
        *,
        max_groups: int,
        random: np.random.Generator,
    ) -> "GroupedSample[SummaryT]":
        """Cuts a sample into groups of equal size at random.

        Args:
            samples: (sample, ...), at least two.
            summarise: Some of the samples (sample, ...) to their summary.
            max_groups: The most groups, at least 2; with fewer samples each is a group of its own.
            random: Decides which samples share a group: one permutation is taken from it.

        Returns:
            The groups in the order of the permutation; what it leaves at the end is the remainder.
        """
        count = len(samples)
        num_groups = min(max_groups, count)
        size = count // num_groups
        order = random.permutation(count)
        groups = tuple(summarise(samples[rows]) for rows in order[: size * num_groups].reshape(num_groups, size))
        rest = order[size * num_groups :]
        return cls(count, size, groups, summarise(samples[rest]) if rest.size else None)

    @property
    def degrees_of_freedom(self) -> int:
        """Of the sample's share of the variance: one less than groups."""
        return len(self.groups) - 1

    def whole(self) -> SummaryT:
        """The summary of all samples."""
        return merged(self.groups, self.remainder)

    def without_each(self) -> Iterator[SummaryT]:
        """The summary of the sample without each of its groups in turn."""
        return leave_one_out(self.groups, self.remainder)

    def variance(self, values: Sequence[float]) -> float:
        """The sample's share of the variance of a statistic.

        Args:
            values: The statistic without each group, in the order of :meth:`without_each`.
        """
        remaining = self.count - self.group_size
        return remaining * remaining / (self.count * self.group_size) * float(np.var(values, ddof=1))


def check_options(groups: int, level: float) -> None:
    """Refuses a number of groups or a level that cannot be.

    Args:
        groups: The most groups a sample is cut into, at least 2.
        level: Of an interval, between 0 and 1.

    Raises:
        ValueError: One of them is out of range.
    """
    if groups < 2:
        raise ValueError(f"a jackknife needs at least 2 groups, found {groups}")
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level of an interval must be between 0 and 1, found {level}")


def merged(summaries: Sequence[SummaryT], outside: SummaryT | None = None) -> SummaryT:
    """Joins summaries one after the other.

    Args:
        summaries: At least one, or none and ``outside``.
        outside: A summary that comes before them.
    """
    return reduce(lambda total, summary: total.merge(summary), summaries if outside is None else (outside, *summaries))


def leave_one_out(summaries: Sequence[SummaryT], outside: SummaryT | None = None) -> Iterator[SummaryT]:
    """Joins all summaries but one, for each one in turn, by merging alone.

    Subtracting a group from the whole would cancel digits. Halving the groups and carrying the other half along
    needs about n log2 n merges and holds log2 n summaries at a time.

    Args:
        summaries: At least two, or one and ``outside``.
        outside: A summary that is always joined.

    Yields:
        For each summary, in order, the others joined.
    """
    if len(summaries) == 1:
        if outside is None:
            raise ValueError("without the only group nothing remains")
        yield outside
        return
    middle = len(summaries) // 2
    for near, far in ((summaries[:middle], summaries[middle:]), (summaries[middle:], summaries[:middle])):
        yield from leave_one_out(near, merged(far, outside))


def degrees_of_freedom(variances: Sequence[float], degrees: Sequence[int]) -> float:
    """Of a sum of variances, by Welch (1947) and Satterthwaite (1946).

    Args:
        variances: Shares of the variance, not all 0.
        degrees: Degrees of freedom of each.
    """
    squares = sum(variance**2 / degree for variance, degree in zip(variances, degrees, strict=True))
    return sum(variances) ** 2 / squares


def quantile(level: float, variances: Sequence[float], degrees: Sequence[int]) -> float:
    """Half the width of an interval, in standard errors: the two-sided quantile of Student's t.

    Args:
        level: Of the interval, between 0 and 1.
        variances: Shares of the variance.
        degrees: Degrees of freedom of each.

    Returns:
        The quantile; 0 where nothing varies, for then the width is 0 whatever the quantile.
    """
    if sum(variances) == 0.0:
        return 0.0
    from scipy.special import stdtrit  # what scipy.stats.t.ppf calls; scipy.stats takes half a second to import

    return float(stdtrit(degrees_of_freedom(variances, degrees), 0.5 + level / 2.0))
