"""Means of several Fréchet distances, and covariances with a ridge, against numpy and scipy."""

import numpy as np
import pytest
import scipy.linalg

from vidmbench.core.errors import DataError
from vidmbench.metrics import Moments, frechet_distance, frechet_interval
from vidmbench.metrics.frechet import Gaussian, compare
from vidmbench.metrics.frechet_means import FrechetRule, frechet_mean_interval, frechet_values
from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS
from vidmbench.protocols.kinds.frechet import MIN_BATCHES

CHANCE = np.random.default_rng(5)
REAL, FAKE = CHANCE.normal(size=(12, 3, 6)), CHANCE.normal(0.4, 1.3, size=(12, 3, 6))


def plain(real, fake, ddof=1, ridge=0.0):
    first, second = (np.cov(side.T, ddof=ddof) + ridge * np.eye(side.shape[1]) for side in (real, fake))
    difference = real.mean(0) - fake.mean(0)
    root = scipy.linalg.sqrtm(first @ second)
    return difference @ difference + np.trace(first) + np.trace(second) - 2 * np.trace(root).real


@pytest.mark.parametrize("ridge", [1e-6, 0.3])
def test_a_ridge_is_added_to_both_covariances(ridge):
    a, b = Moments.of(REAL[:, 0]), Moments.of(FAKE[:, 0])
    found = frechet_distance(a, b, normalisation="n-1", ridge=ridge)
    assert found == pytest.approx(plain(REAL[:, 0], FAKE[:, 0], ridge=ridge), rel=1e-9)
    assert found == frechet_distance(b, a, normalisation="n-1", ridge=ridge)


def test_a_ridge_where_samples_are_fewer_than_features():
    """Both covariances are singular without it."""
    real, fake = REAL[:4].reshape(4, 18), FAKE[:5].reshape(5, 18)
    found = frechet_distance(Moments.of(real), Moments.of(fake), normalisation="n-1", ridge=1e-3)
    assert found == pytest.approx(plain(real, fake, ridge=1e-3), rel=1e-9)


def test_the_interval_is_around_the_number_with_the_ridge():
    real, fake = REAL[:, 0], FAKE[:, 0]
    value = frechet_distance(Moments.of(real), Moments.of(fake), normalisation="n", ridge=0.3)
    interval = frechet_interval(real, fake, normalisation="n", ridge=0.3)
    assert (interval.low + interval.high) / 2 == pytest.approx(value) or interval.low == 0


def test_of_prefixes_each_has_a_distance():
    values = frechet_values(REAL, FAKE, FrechetRule("n-1", mean_over="prefixes"))
    assert values.shape == (3, 1)
    assert values[:, 0] == pytest.approx([plain(REAL[:, part], FAKE[:, part]) for part in range(3)], rel=1e-9)


def test_of_trajectories_each_is_compared_with_all_real_ones():
    values = frechet_values(REAL[:, 0], FAKE, FrechetRule("n-1", mean_over="trajectories"))
    assert values[:, 0] == pytest.approx([plain(REAL[:, 0], FAKE[:, part]) for part in range(3)], rel=1e-9)


def test_batches_are_compared_one_by_one():
    values = frechet_values(REAL, FAKE, FrechetRule("n-1", mean_over="prefixes", batch=4))
    assert values.shape == (3, 3)
    # scipy's root of a singular product has half the digits.
    assert values[1, 2] == pytest.approx(plain(REAL[8:, 1], FAKE[8:, 1]), rel=1e-6)


def test_a_last_batch_of_one_video_has_a_mean_alone():
    values = frechet_values(REAL[:5, 0], FAKE[:5, 0], FrechetRule("n-1", batch=2))
    assert values.shape == (1, 3)
    assert values[0, 2] == pytest.approx(((REAL[4, 0] - FAKE[4, 0]) ** 2).sum())


def test_batches_of_sides_of_unequal_counts_are_refused():
    with pytest.raises(DataError, match="as many scored videos as real ones") as refused:
        frechet_values(REAL[:, 0], FAKE[:7, 0], FrechetRule("n-1", batch=2))
    assert refused.value.fix == "--num-videos 7"


@pytest.mark.parametrize("normalisation", ["n", "n-1"])
def test_the_gaussian_of_samples_is_that_of_their_moments(normalisation):
    few = REAL[:3, 0]
    one, other = Gaussian.of_samples(few, normalisation), Gaussian.of(Moments.of(few), normalisation)
    assert one.trace == pytest.approx(other.trace)
    assert compare(one, other).distance == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    "rule", [FrechetRule("n", mean_over="prefixes"), FrechetRule("n", mean_over="prefixes", batch=3)]
)
def test_intervals_hold_the_mean(rule):
    interval = frechet_mean_interval(REAL, FAKE, rule)
    assert interval.low < frechet_values(REAL, FAKE, rule).mean() < interval.high
    assert interval.kind == ("t-4-batches-95" if rule.batch else "jackknife-12x12-95")


def test_too_few_batches_have_no_interval():
    assert MIN_BATCHES == MIN_VIDEOS
    assert frechet_mean_interval(REAL[:6], FAKE[:6], FrechetRule("n", batch=2)) is None


def test_batches_hold_their_expected_value_as_often_as_they_say():
    """95 % of 400 intervals of 16 batches of two videos, within three standard errors."""
    chance, rule = np.random.default_rng(0), FrechetRule("n-1", batch=2)
    drawn = [(chance.normal(size=(32, 4)), chance.normal(0.5, 1.0, size=(32, 4))) for _ in range(400)]
    expected = np.mean([frechet_values(*both, rule).mean() for both in drawn])
    held = [one.low <= expected <= one.high for one in (frechet_mean_interval(*both, rule) for both in drawn)]
    assert abs(np.mean(held) - 0.95) < 0.033
