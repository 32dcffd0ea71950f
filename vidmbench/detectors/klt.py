"""Tracks of points by OpenCV's pyramidal Lucas-Kanade, from a fixed grid (Bouguet 2001): the tracker of fvmd-klt.

FVMD follows the same 20 x 20 points with a network, PIPs++, whose weights are on no package registry. Frames are
squashed to 128 x 128 grey pixels, and coordinates are those of a canvas of 256 x 256, as FVMD's are. A point that is
lost where the frame is flat stays where it is for that step; one that leaves the frame stays where it was
last seen. OpenCV runs on one thread, and its result does not depend on their number.
"""

from collections.abc import Callable

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.detectors.grey import grey_of
from vidmbench.detectors.opencv_import import import_opencv
from vidmbench.metrics.temporal.tracks import CANVAS, grid

#: Height and width of the frames in which points are followed, pixels.
_SIZE = 128
#: Window of a point, levels of the pyramid above the frame, and when its search ends: OpenCV's COUNT + EPS.
_SEARCH = {"winSize": (11, 11), "maxLevel": 3, "criteria": (3, 10, 0.03)}


def tracker() -> Callable[[np.ndarray], np.ndarray]:
    """What follows the points of one clip.

    Returns:
        A function of what :func:`squashed` makes of the clip's frames, in their order, to the place of each point,
        float32 (800,): x and y of 400 points on a canvas of 256 x 256. NaN once no point is in the frame.
    """
    opencv, scale = import_opencv(), CANVAS / _SIZE
    points = grid() / np.float32(scale)
    is_inside = np.ones(len(points), bool)
    before: np.ndarray | None = None
    is_at_rest = False

    def follow(now: np.ndarray) -> np.ndarray:
        nonlocal before, is_at_rest
        is_at_rest = is_at_rest and now is before  # the same points in the same two frames: nothing new can come
        if before is not None and is_inside.any() and not is_at_rest:
            followed = np.flatnonzero(is_inside)
            start = np.ascontiguousarray(points[followed, None])
            found, is_found, _ = opencv.calcOpticalFlowPyrLK(before, now, start, None, **_SEARCH)
            places = found[:, 0]
            stays = ((places >= 0) & (places <= _SIZE - 1)).all(-1)
            is_inside[followed[~stays]] = False
            moves = stays & (is_found[:, 0] == 1)
            is_at_rest = bool(stays.all()) and np.array_equal(points[followed[moves]], places[moves]) and now is before
            points[followed[moves]] = places[moves]
        before = now
        if not is_inside.any():
            return np.full(points.size, np.nan, np.float32)
        return (points * np.float32(scale)).ravel()

    return follow


def squashed(frame: Image) -> np.ndarray:
    """What :func:`tracker` takes of a frame, uint8 (height, width, 3): its grey, uint8 (128, 128)."""
    return grey_of(frame, _SIZE)
