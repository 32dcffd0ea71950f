"""The best and the mean of several predictions."""

from itertools import combinations

import numpy as np
import pytest

from vidmbench.metrics.full_reference.samples import best_of, mean_of

VALUES = np.random.default_rng(0).normal(size=(3, 5))


@pytest.mark.parametrize("count", [1, 2, 4, 5])
@pytest.mark.parametrize("is_higher_better", [True, False])
def test_the_best_of_fewer_is_the_mean_over_all_choices(count, is_higher_better):
    pick = np.max if is_higher_better else np.min
    by_hand = [np.mean([pick(row[list(chosen)]) for chosen in combinations(range(5), count)]) for row in VALUES]
    np.testing.assert_allclose(best_of(VALUES, count, is_higher_better=is_higher_better), by_hand, rtol=1e-12)


def test_the_best_of_one_is_the_mean_and_of_all_the_best():
    np.testing.assert_allclose(best_of(VALUES, 1, is_higher_better=True), mean_of(VALUES), rtol=1e-12)
    np.testing.assert_array_equal(best_of(VALUES, 5, is_higher_better=False), VALUES.min(1))


def test_one_infinite_prediction_is_the_best_wherever_it_is_chosen():
    values = np.array([[1.0, np.inf, 2.0]])
    assert best_of(values, 2, is_higher_better=True) == np.inf
    assert best_of(values, 2, is_higher_better=False) == pytest.approx((1 + 1 + 2) / 3)
