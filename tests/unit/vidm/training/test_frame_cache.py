"""The cache of frames for training: what was written is read, or nothing."""

import numpy as np

from vidmbench.vidm.training.frame_cache import FrameCache

_SHAPE = (2, 3, 8, 8, 3)
_VIDEOS = np.random.default_rng(0).integers(0, 255, _SHAPE, np.uint8)


def test_frames_come_back(tmp_path):
    cache = FrameCache(tmp_path / "a.frames", _SHAPE)
    cache.write(_VIDEOS)
    assert cache.is_there()
    np.testing.assert_array_equal(cache.read(1, [2, 0]), _VIDEOS[1, [2, 0]])


def test_the_frames_of_other_videos_are_not_taken_for_these(tmp_path):
    FrameCache(tmp_path / "a.frames", _SHAPE).write(_VIDEOS)
    (tmp_path / "a.frames").rename(tmp_path / "b.frames")

    other = FrameCache(tmp_path / "b.frames", _SHAPE)

    assert other.is_there()
    assert other.read(0, [0]) is None
