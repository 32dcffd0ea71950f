"""The mean of several runs of one model, and how well it is known."""

import numpy as np
import pytest
from reference.crossed_variance import variance_of_mean
from scipy import stats

from vidmbench.metrics.full_reference.intervals import interval_over_videos
from vidmbench.metrics.full_reference.seeds import mean_over_seeds


@pytest.mark.parametrize(("spread", "seeds", "videos"), [(0.0, 3, 32), (0.1, 3, 256), (0.5, 5, 256), (0.5, 3, 2048)])
def test_coverage_for_other_seeds_and_videos(spread, seeds, videos):
    chance = np.random.default_rng(0)
    held = held_by_one = 0
    for _ in range(1000):
        values = chance.normal(size=videos) + spread * chance.normal(size=(seeds, 1))
        values = values + 0.5 * chance.normal(size=(seeds, videos))
        found, one = mean_over_seeds(values).interval, interval_over_videos(values[0])
        held += found.low <= 0 <= found.high
        held_by_one += one.low <= 0 <= one.high
    assert 0.92 <= held / 1000 <= 0.985
    assert spread < 0.5 or held_by_one / 1000 < 0.4


def test_where_all_spread_is_between_seeds_their_means_are_the_sample():
    by_seed = np.array([1.0, 2.0, 4.0])
    found = mean_over_seeds(np.repeat(by_seed[:, None], 8, axis=1))
    assert (found.value, found.by_seed, found.sd_videos) == (pytest.approx(by_seed.mean()), (1.0, 2.0, 4.0), 0.0)
    assert found.interval.standard_error == pytest.approx(stats.sem(by_seed))
    assert found.interval.high - found.value == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(by_seed))
    assert found.interval.kind == "t-8-videos-in-3-seeds-95"


def test_where_seeds_agree_the_videos_are():
    values = np.random.default_rng(0).normal(size=12)
    found = mean_over_seeds(np.stack([values, values]))
    assert found.sd_seeds == 0.0
    assert found.sd_videos == pytest.approx(values.std(ddof=1))
    assert found.interval.standard_error == pytest.approx(stats.sem(values))


def test_scenes_and_too_few():
    values = np.random.default_rng(0).normal(size=(2, 12))
    assert mean_over_seeds(values, list("aabbccddeeff")).interval.kind == "t-6-scenes-in-2-seeds-95"
    assert mean_over_seeds(values[:, :3]).interval is None
    for few in (values[:1], values[:, :1]):
        with pytest.raises(ValueError, match="2 runs and 2 videos"):
            mean_over_seeds(few)


@pytest.mark.parametrize(("seeds", "videos", "spread"), [(2, 5, 1.0), (3, 16, 0.5), (5, 7, 2.0)])
def test_the_variance_is_that_of_the_mean_squares(seeds, videos, spread):
    chance = np.random.default_rng(seeds)
    values = chance.normal(size=videos) + spread * chance.normal(size=(seeds, 1))
    values = values + 0.5 * chance.normal(size=(seeds, videos))
    found = mean_over_seeds(values).interval.standard_error
    assert found**2 == pytest.approx(variance_of_mean(values), rel=1e-12)
