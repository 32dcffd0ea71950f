"""Optical flow by OpenCV: TecoGAN's tOF.

    tOF = mean over pixels of |flow(x[t-1], x[t]) - flow(y[t-1], y[t])|

Flow is Farneback's with the constants of TecoGAN's metrics.py, on OpenCV's grey of whole frames; both flows are cut
afterwards. OpenCV runs on one thread in each of those that read, and its result does not depend on their number.
"""

import numpy as np

from vidmbench.detectors.opencv_import import import_opencv
from vidmbench.metrics.full_reference.colours import coloured

#: Scale of the pyramid, levels, window, iterations, neighbourhood, its deviation, flags.
_FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)


def flow_of(before: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The flow from one frame to the next.

    Args:
        before: uint8 (height, width, 3), RGB.
        frame: The same.

    Returns:
        float32 (height, width, 2), pixels to the right and down.
    """
    grey = coloured(np.stack([before, frame]), "grey-opencv")
    found = import_opencv().calcOpticalFlowFarneback(grey[0], grey[1], None, *_FARNEBACK)
    return np.asarray(found)


def flow_difference(first: np.ndarray, second: np.ndarray) -> float:
    """The mean over pixels of the length of the difference, of two flows (height, width, 2)."""
    return float(np.linalg.norm((first - second).astype(np.float64), axis=-1).mean())
