"""Intervals over videos hold the mean they are for; over frames they would not."""

import numpy as np
import pytest
from scipy import stats

from vidmbench.metrics.full_reference.intervals import (
    MIN_VIDEOS,
    error_of_mean,
    interval_over_videos,
    shares_of_ratio,
)


@pytest.mark.parametrize("count", [32, 256, 2048])
def test_coverage_where_frames_of_a_video_are_alike(count):
    chance = np.random.default_rng(0)
    held = held_naively = 0
    for _ in range(400):
        videos = chance.normal(size=(count, 1))
        frames = np.sqrt(0.9) * videos + np.sqrt(0.1) * chance.normal(size=(count, 16))
        found = interval_over_videos(frames.mean(1))
        held += found.low <= 0 <= found.high
        naive = 1.96 * frames.std() / np.sqrt(frames.size)
        held_naively += abs(frames.mean()) <= naive
    assert 0.92 <= held / 400 <= 0.98
    assert held_naively / 400 < 0.5


@pytest.mark.parametrize(("count", "shares"), [(32, (1, 1, 1)), (256, (1, 1, 1)), (256, (1, 3, 8)), (2048, (1, 3, 8))])
def test_coverage_where_videos_show_the_same_scenes(count, shares):
    """A scene in four videos, or in 1, 3 or 8 by turns; half of the variance is the scene's."""
    chance = np.random.default_rng(0)
    sizes = np.resize(np.array(shares) * (4 if len(set(shares)) == 1 else 1), count)
    places = np.repeat(np.arange(count), sizes)[:count]
    scenes = [str(place) for place in places]
    held = held_by_video = 0
    for _ in range(300):
        values = chance.normal(size=count)[places] + chance.normal(size=count)
        found, by_video = interval_over_videos(values, scenes), interval_over_videos(values)
        held += found.low <= 0 <= found.high
        held_by_video += by_video.low <= 0 <= by_video.high
    assert 0.92 <= held / 300 <= 0.985
    assert held_by_video / 300 < 0.9


def test_no_interval_of_few_or_infinite():
    assert interval_over_videos(np.ones(MIN_VIDEOS - 1)) is None
    assert interval_over_videos(np.ones(8), ["one", "two"] * 4) is None
    assert interval_over_videos(np.array([1, 2, 3, np.inf])) is None
    found = interval_over_videos(np.array([1.0, 2, 3, 4]))
    assert found.kind == "t-4-videos-95"
    assert found.high - 2.5 == 2.5 - found.low
    np.testing.assert_allclose(found.high - 2.5, 3.182446 * np.std([1, 2, 3, 4], ddof=1) / 2, rtol=1e-6)


def test_scenes_of_one_size_are_samples_of_their_own():
    values = np.random.default_rng(0).normal(size=24)
    scenes = [f"s{number % 6}" for number in range(24)]
    found, means = interval_over_videos(values, scenes), values.reshape(4, 6).mean(0)
    assert found.standard_error == pytest.approx(stats.sem(means))
    assert found.high - values.mean() == pytest.approx(stats.t.ppf(0.975, 5) * stats.sem(means))
    assert found.kind == "t-6-scenes-95"
    alone = error_of_mean(values, [str(number) for number in range(24)])
    assert alone.standard_error == pytest.approx(error_of_mean(values).standard_error)


def test_scenes_must_be_as_many_as_videos():
    with pytest.raises(ValueError, match="4 videos have 5 scenes"):
        error_of_mean(np.arange(4.0), list("abcde"))
    for few in ((np.ones(1), ()), (np.ones(3), ("one",) * 3)):
        with pytest.raises(ValueError, match="needs 2"):
            error_of_mean(*few)


def test_the_ratio_of_one_error_for_all():
    errors = np.random.default_rng(0).gamma(5, 20, 200)
    shares = shares_of_ratio(errors)
    assert shares.mean() == pytest.approx(-10 * np.log10(errors.mean() / 255**2))
    found, of_mean = interval_over_videos(shares), interval_over_videos(errors)
    low, high = (-10 * np.log10(end / 255**2) for end in (of_mean.high, of_mean.low))
    np.testing.assert_allclose((found.low, found.high), (low, high), atol=0.01)
