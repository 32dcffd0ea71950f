"""The test of two models video by video."""

import itertools

import numpy as np
import pytest
from scipy import stats

from vidmbench.core.errors import DataError
from vidmbench.metrics.full_reference.two_models import MAX_FLIPPED, difference_by_video


def drawn(count, better=0.0, seed=0):
    chance = np.random.default_rng(seed)
    videos = chance.normal(20, 5, count)
    return videos + better + chance.normal(size=count), videos + chance.normal(size=count)


def test_it_is_the_paired_t_test():
    first, second = drawn(40, 0.5)
    found, official = difference_by_video(first, second), stats.ttest_rel(first, second)
    assert found.p_value == pytest.approx(official.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(official.confidence_interval()))
    assert (found.first, found.second) == (first.mean(), second.mean())
    assert (found.interval.kind, found.p_value_flips) == ("paired-t-40-videos-95", None)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_signs_are_flipped_in_all_ways(count):
    first, second = drawn(count, 0.7, seed=count)
    found = difference_by_video(first, second)
    differences = first - second
    sums = [abs(np.dot(signs, differences)) for signs in itertools.product((1, -1), repeat=count)]
    assert found.p_value_flips == np.mean(np.array(sums) >= abs(differences.sum()) - 1e-9)
    assert found.is_significant == (max(found.p_value, found.p_value_flips) < 0.05)


def test_five_videos_are_never_significant():
    found = difference_by_video(np.arange(5) + 1.0, np.arange(5) + np.linspace(0, 0.01, 5))
    assert found.p_value < 1e-6
    assert found.p_value_flips == 2 / 2**5
    assert not found.is_significant
    assert difference_by_video(np.ones(6), np.zeros(6)).is_significant


def test_false_alarms_are_as_many_as_promised():
    for count in (8, MAX_FLIPPED + 4):
        alarms = [difference_by_video(*drawn(count, seed=seed)).is_significant for seed in range(400)]
        assert np.mean(alarms) < 0.08


def test_what_is_needed_is_enough_in_four_of_five_repetitions():
    first, second = drawn(4000, 0.5)
    needed = difference_by_video(first, second).needed
    assert needed == pytest.approx((2.8 * np.sqrt(2) / 0.5) ** 2, rel=0.15)
    seen = [difference_by_video(*drawn(needed, 0.5, seed=seed)).is_significant for seed in range(300)]
    assert 0.72 < np.mean(seen) < 0.88


def test_equal_models_and_constant_differences():
    values = np.random.default_rng(0).normal(size=8)
    for other in (values, values * (1 + 1e-9)):
        same = difference_by_video(values, other)
        assert (same.difference, same.p_value, same.needed, same.is_significant) == (0.0, 1.0, None, False)
    moved = difference_by_video(np.full(8, 2.0), np.full(8, 1.0))
    assert (moved.p_value, moved.needed, moved.effect) == (0.0, 6, None)


def test_scenes_are_the_unit():
    first, second = drawn(12, 0.5)
    scenes = [f"scene {number // 3}" for number in range(12)]
    found = difference_by_video(first, second, scenes)
    means = (first - second).reshape(4, 3).mean(1)
    assert found.p_value == pytest.approx(stats.ttest_1samp(means, 0).pvalue)
    assert (found.count, found.unit, found.interval.kind) == (4, "scene", "paired-t-4-scenes-95")
    assert found.needed % 3 == 0


def test_too_few():
    with pytest.raises(DataError, match="too few videos"):
        difference_by_video(np.ones(1), np.zeros(1))
    with pytest.raises(DataError, match="too few scenes"):
        difference_by_video(np.ones(4), np.zeros(4), ["one"] * 4)
    with pytest.raises(ValueError, match="not pairs"):
        difference_by_video(np.ones(4), np.zeros(3))
