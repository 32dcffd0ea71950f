import numpy as np
import pytest
from scipy import stats

from vidmbench.metrics.jackknife import (
    GroupedSample,
    check_options,
    degrees_of_freedom,
    leave_one_out,
    merged,
    quantile,
)


class Numbers:
    """A summary that holds every number, to see what was merged and in which order."""

    def __init__(self, values):
        self.values = list(values)

    def merge(self, other):
        return Numbers(self.values + other.values)


def cut(count, max_groups, seed=3):
    sample = GroupedSample.cut(np.arange(count), Numbers, max_groups=max_groups, random=np.random.default_rng(seed))
    return sample, np.random.default_rng(seed).permutation(count).tolist()


@pytest.mark.parametrize(("count", "max_groups", "size"), [(20, 20, 1), (5, 20, 1), (47, 20, 2), (40, 3, 13)])
def test_groups_are_equal_parts_of_a_permutation_and_the_remainder_is_what_it_leaves(count, max_groups, size):
    sample, order = cut(count, max_groups)
    num_groups = min(max_groups, count)
    assert (sample.count, sample.group_size, sample.degrees_of_freedom) == (count, size, num_groups - 1)
    assert [group.values for group in sample.groups] == [
        order[start : start + size] for start in range(0, num_groups * size, size)
    ]
    assert ([] if sample.remainder is None else sample.remainder.values) == order[num_groups * size :]


def test_the_remainder_is_never_omitted():
    sample, order = cut(11, 4)
    groups, remainder = [order[0:2], order[2:4], order[4:6], order[6:8]], order[8:]
    assert sample.whole().values == remainder + order[:8]
    assert [sorted(summary.values) for summary in sample.without_each()] == [
        sorted(set(range(11)) - set(group)) for group in groups
    ]


def test_the_variance_of_a_mean_is_the_textbook_one():
    """With single samples as groups the jackknife variance of a mean is s² / n."""
    values = np.random.default_rng(0).standard_normal(13)
    sample = GroupedSample.cut(values, Numbers, max_groups=20, random=np.random.default_rng(1))
    means = [float(np.mean(summary.values)) for summary in sample.without_each()]
    assert sample.variance(means) == pytest.approx(values.var(ddof=1) / 13, rel=1e-12)


@pytest.mark.parametrize("outside", [None, Numbers([100])])
@pytest.mark.parametrize("count", [2, 3, 8, 13])
def test_leaving_one_out_joins_all_others(count, outside):
    extra = [] if outside is None else outside.values
    joined = leave_one_out([Numbers([number]) for number in range(count)], outside)
    assert [sorted(summary.values) for summary in joined] == [
        [number for number in range(count) if number != omitted] + extra for omitted in range(count)
    ]


def test_without_its_only_group_nothing_remains():
    with pytest.raises(ValueError, match="nothing remains"):
        list(leave_one_out([Numbers([1])]))
    assert [summary.values for summary in leave_one_out([Numbers([1])], Numbers([2]))] == [[2]]


def test_what_is_outside_comes_first():
    assert merged([Numbers([1]), Numbers([2])], Numbers([0])).values == [0, 1, 2]


def test_degrees_of_freedom_are_those_of_welch():
    first, second = np.random.default_rng(4).standard_normal(9), 3 * np.random.default_rng(5).standard_normal(14)
    variances = [first.var(ddof=1) / 9, second.var(ddof=1) / 14]
    expected = stats.ttest_ind(first, second, equal_var=False).df
    assert degrees_of_freedom(variances, [8, 13]) == pytest.approx(expected, rel=1e-12)
    assert quantile(0.9, variances, [8, 13]) == pytest.approx(stats.t.ppf(0.95, expected), rel=1e-12)


def test_without_spread_an_interval_has_no_width():
    assert quantile(0.95, [0.0, 0.0], [3, 3]) == 0.0


def test_options_out_of_range_are_refused():
    check_options(2, 0.5)
    with pytest.raises(ValueError, match="at least 2 groups, found 1"):
        check_options(1, 0.95)
    for level in (0.0, 1.0, 95.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            check_options(20, level)
