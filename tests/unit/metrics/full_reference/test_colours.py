"""Grey as OpenCV and Pillow make it, and levels that were truncated."""

import av
import numpy as np
from PIL import Image

from vidmbench.metrics.full_reference.colours import coloured, truncated_levels


def test_pillows_grey_is_pillows():
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), np.uint8)
    expected = np.stack([np.asarray(Image.fromarray(frame).convert("L")) for frame in frames])
    np.testing.assert_array_equal(coloured(frames, "grey-pillow")[..., 0], expected)


def test_opencvs_grey_is_its_integer_rule_and_differs_from_pillows_in_few_pixels():
    frames = np.random.default_rng(0).integers(0, 256, (3, 200, 200, 3), np.uint8)
    red, green, blue = np.moveaxis(frames.astype(int), -1, 0)
    grey = coloured(frames, "grey-opencv")[..., 0]
    np.testing.assert_array_equal(grey, (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15)
    differ = (grey != coloured(frames, "grey-pillow")[..., 0]).mean()
    assert 0 < differ < 1e-2


def test_luma_runs_from_16_to_235():
    black_and_white = np.array([0, 255], np.uint8).repeat(3).reshape(1, 1, 2, 3)
    np.testing.assert_allclose(coloured(black_and_white, "luma-16-235").ravel(), [16, 235], atol=1e-4)


def test_63_levels_fall_by_one():
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    fallen = (levels.astype(int) - truncated_levels(levels))[..., 0]
    assert set(fallen.ravel()) == {0, 1}
    assert fallen.sum() == 63


def test_ffmpegs_luma_is_ffmpegs():
    (frame,) = np.random.default_rng(0).integers(0, 256, (1, 64, 80, 3), np.uint8)
    made = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p").to_ndarray()[:64]
    np.testing.assert_array_equal(coloured(frame[None], "luma-ffmpeg")[0, ..., 0], made)
