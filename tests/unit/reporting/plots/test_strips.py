"""Frames in a row: those of a clip from first to last."""

import numpy as np
import pytest

from vidmbench.evaluation.clips import Clip
from vidmbench.reporting.plots.strips import clip_strip, strip_of
from vidmbench.videos import ArraySource

VIDEOS = np.arange(2 * 9, dtype=np.uint8).reshape(2, 9, 1, 1, 1) * np.ones((1, 1, 2, 3, 3), np.uint8)


@pytest.mark.parametrize(("num_frames", "shown"), [(1, [10]), (3, [10, 13, 16]), (9, [*range(10, 17)])])
def test_a_clip_as_evenly_spaced_frames(num_frames, shown):
    clip = Clip(1, 1, 7, 1)
    strip = clip_strip(ArraySource(VIDEOS, "array"), clip, num_frames)
    assert strip.shape == (4, 5 * len(shown), 3)
    assert strip[1, 1::5, 0].tolist() == shown
    np.testing.assert_array_equal(strip, strip_of(VIDEOS[1], [value - 9 for value in shown]))
