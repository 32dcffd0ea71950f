"""How numbers change along videos, and how sure that is."""

import numpy as np
import pytest

from vidmbench.metrics.frechet import frechet_distance, frechet_interval
from vidmbench.metrics.full_reference.intervals import interval_over_videos
from vidmbench.metrics.moments import Moments
from vidmbench.metrics.temporal.drift import (
    distance_of_ends,
    distances_by_window,
    means_by_window,
    similarity_to_first,
)


def frechet(real, fake):
    return frechet_distance(Moments.of(real), Moments.of(fake), normalisation="n")


def features(seed, drift=0.0, videos=40, own=1.0):
    """(video, window, feature): what a video keeps, noise of each window, and a drift of the mean."""
    random = np.random.default_rng(seed)
    kept = own * random.normal(size=(videos, 1, 3))
    return kept + 0.3 * random.normal(size=(videos, 5, 3)) + drift * np.arange(5)[None, :, None]


def test_each_window_is_what_the_distance_alone_says():
    real, fake = features(0), features(1, drift=0.2)
    found = distances_by_window(real, fake, frechet)
    for place in range(5):
        interval = frechet_interval(real[:, place], fake[:, place], normalisation="n")
        assert found.values[place] == pytest.approx(frechet(real[:, place], fake[:, place]), rel=1e-12)
        assert found.half_widths[place] == pytest.approx(interval.high - found.values[place], rel=1e-6)
    assert found.kind == "jackknife-20x20-95"


def test_windows_of_one_video_are_dependent_so_changes_are_known_better_than_values():
    found = distances_by_window(features(0), features(1), frechet)
    apart = distances_by_window(features(0, own=0.0), features(1, own=0.0), frechet)
    assert (found.change_half_widths[1:] < 0.7 * np.hypot(found.half_widths[1:], found.half_widths[0])).all()
    assert (apart.change_half_widths[1:] > 0.7 * np.hypot(apart.half_widths[1:], apart.half_widths[0])).all()
    assert found.change_half_widths[0] == 0


def test_intervals_of_changes_hold_the_truth():
    """Nothing drifts: 95 % of the intervals of changes hold 0, give or take."""
    pairs = [(features(2 * seed, videos=12)[:, ::4], features(2 * seed + 1, videos=12)[:, ::4]) for seed in range(30)]
    found = [distances_by_window(*pair, frechet) for pair in pairs]
    assert np.mean([abs(each.changes[-1]) <= each.change_half_widths[-1] for each in found]) >= 0.85


def test_ends_of_the_same_videos():
    still = features(3)
    value, half = distance_of_ends(still, frechet)
    assert value == pytest.approx(frechet(still[:, 0], still[:, -1]))
    drifting = features(3, drift=0.5)
    far, half_of_far = distance_of_ends(drifting, frechet)
    assert far - half_of_far > value + half
    assert distance_of_ends(still[:3], frechet)[1] is None


def test_means_take_students_t_of_the_videos():
    values = np.random.default_rng(4).normal(size=(12, 3)) + np.arange(12)[:, None]
    found = means_by_window(values)
    changes = values - values[:, :1]
    for place in range(3):
        interval = interval_over_videos(values[:, place])
        assert found.half_widths[place] == pytest.approx((interval.high - interval.low) / 2, rel=1e-9)
    interval = interval_over_videos(changes[:, 2])
    assert found.change_half_widths[2] == pytest.approx((interval.high - interval.low) / 2, rel=1e-9)
    assert found.change_half_widths[2] < found.half_widths[2] / 2
    assert found.kind == "t-12-videos-95"
    assert means_by_window(values[:3]).half_widths is None


def curve(*steps):
    """Videos whose mean changes by these steps, each but for a little noise."""
    return means_by_window(np.array(steps) + 0.01 * np.random.default_rng(5).normal(size=(8, len(steps))))


@pytest.mark.parametrize(
    ("steps", "departure"),
    [
        ((0, 0, 0, 1, 2), 3),
        ((0, 1, 1, 1, 1), 1),
        ((0, 1, 0, 0, 0), None),  # it came back
        ((0, 1, -1, -1, -1), 2),  # to the other side
        ((0, -1, 0, -1, -1), 3),
    ],
)
def test_a_departure_lasts_to_the_end(steps, departure):
    assert curve(*steps).departure() == departure


def test_what_real_videos_do_too_is_no_departure():
    fading = curve(0, -1, -2, -3, -4)
    assert fading.departure() == 1
    assert fading.less(curve(0, -1, -2, -3, -4)).departure() is None
    assert fading.less(curve(0, -1, -2, -2, -2)).departure() == 3


def test_similarity_to_the_first_window():
    vectors = np.array([[[1, 0], [1, 1], [0, 2], [-1, 0], [0, 0]]], np.float32)
    np.testing.assert_allclose(similarity_to_first(vectors), [[1, 0.5**0.5, 0, -1, 0]], atol=1e-12)
    frames = np.repeat(vectors[:, :, None], 3, axis=2)  # of a network that reads frames
    np.testing.assert_allclose(similarity_to_first(frames), similarity_to_first(vectors))
    still = np.array([[[0, 0], [0, 0], [3, 4]], [[1, 0], [0, 0], [1, 0]]], np.float32)  # 0/0: nothing moves in either
    np.testing.assert_array_equal(similarity_to_first(still), [[1, 1, 0], [1, 0, 1]])
