"""Intervals over videos hold the mean they are for; over frames they would not."""

import numpy as np

from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS, interval_of_ratio, interval_over_videos


def test_coverage_where_frames_of_a_video_are_alike():
    chance = np.random.default_rng(0)
    for count in (32, 256):
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


def test_no_interval_of_few_or_infinite():
    assert interval_over_videos(np.ones(MIN_VIDEOS - 1)) is None
    assert interval_over_videos(np.array([1, 2, 3, np.inf])) is None
    found = interval_over_videos(np.array([1.0, 2, 3, 4]))
    assert found.kind == "t-4-videos-95"
    assert found.high - 2.5 == 2.5 - found.low
    np.testing.assert_allclose(found.high - 2.5, 3.182446 * np.std([1, 2, 3, 4], ddof=1) / 2, rtol=1e-6)


def test_the_ratio_of_one_error_for_all():
    errors = np.random.default_rng(0).gamma(5, 20, 200)
    found = interval_of_ratio(errors)
    of_mean = interval_over_videos(errors)
    low, high = (-10 * np.log10(end / 255**2) for end in (of_mean.high, of_mean.low))
    np.testing.assert_allclose((found.low, found.high), (low, high), atol=0.01)
    assert interval_of_ratio(np.zeros(8)) is None
