"""Optical flow by OpenCV's DIS (Kroeger et al. 2016), averaged in cells and kept where a frame really changes.

Frames are squashed to 64 x 64 grey pixels and smoothed by a Gaussian of 3 pixels, so that noise of 8 levels of 255 and
a blur of one pixel hardly count. In each of 16 x 16 cells, the mean flow is multiplied by max(0, 1 - (4 / d)²), with d
the root mean square change of the smoothed cell in levels: flow without a change is a guess. Motion that changes
smoothed frames by less than 4 levels is not seen. OpenCV runs on one thread: DIS gives other bits on several.
"""

from collections.abc import Callable

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.detectors.grey import grey_of
from vidmbench.detectors.opencv_import import import_opencv
from vidmbench.metrics.temporal.flow_features import CELLS

_SIZE, _SIGMA, _LEAST_CHANGE = 64, 3.0, 4.0


def cell_flows() -> Callable[[np.ndarray], np.ndarray]:
    """What follows one clip.

    Returns:
        A function of what :func:`smoothed` makes of the clip's frames, in their order, to the flow to each frame from
        the one before, float32 (512,): 16 x 16 cells, right and down, pixels of a frame of 64 x 64; zeros for the
        first.
    """
    opencv = import_opencv()
    estimator = opencv.DISOpticalFlow_create(opencv.DISOPTICAL_FLOW_PRESET_FAST)
    before: np.ndarray | None = None

    def follow(now: np.ndarray) -> np.ndarray:
        nonlocal before
        cells = np.zeros((CELLS, CELLS, 2), np.float32)
        if before is not None and now is not before:  # a frame that is repeated shows no change
            change = np.sqrt(_in_cells((now - before) ** 2))
            weight = np.maximum(0, 1 - (_LEAST_CHANGE / np.maximum(change, 1e-6)) ** 2)
            if weight.any():  # elsewhere all flow counts 0, whatever it is
                flow = estimator.calc(*(np.rint(image).astype(np.uint8) for image in (before, now)), None)
                cells = (_in_cells(flow) * weight[..., None]).astype(np.float32)
        before = now
        return cells.ravel()

    return follow


def smoothed(frame: Image) -> np.ndarray:
    """What :func:`cell_flows` takes of a frame, uint8 (height, width, 3): its grey, float32 (64, 64)."""
    grey = grey_of(frame, _SIZE).astype(np.float32)
    return np.asarray(import_opencv().GaussianBlur(grey, (0, 0), _SIGMA))


def _in_cells(image: np.ndarray) -> np.ndarray:
    """Means over cells, (16, 16) or (16, 16, 2), of (64, 64) or (64, 64, 2)."""
    side = _SIZE // CELLS
    return np.asarray(image.reshape(CELLS, side, CELLS, side, *image.shape[2:]).mean((1, 3)))
