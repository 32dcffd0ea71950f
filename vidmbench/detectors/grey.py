"""Frames as OpenCV's motion estimators take them: grey, squashed to a square of one size for all videos."""

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.detectors.opencv_import import import_opencv


def grey_of(frame: Image, size: int) -> np.ndarray:
    """OpenCV's grey of a frame, uint8 (size, size): by area where the frame is larger, else bilinear."""
    opencv = import_opencv()
    grey = opencv.cvtColor(np.ascontiguousarray(frame), opencv.COLOR_RGB2GRAY)
    if grey.shape == (size, size):
        return np.asarray(grey)
    kernel = opencv.INTER_AREA if max(grey.shape) > size else opencv.INTER_LINEAR
    return np.asarray(opencv.resize(grey, (size, size), interpolation=kernel))
