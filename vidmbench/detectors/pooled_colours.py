"""Mean colours of 8 x 8 cells of a frame, projected to 64 numbers: stream-t's embedding, which needs no network."""

from functools import cache

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.core.errors import DataError

#: Cells along each side, and numbers of a frame.
_CELLS, NUM_FEATURES = 8, 64


def pooled_colours(frame: Image) -> np.ndarray:
    """The embedding of one frame.

    Args:
        frame: uint8 (height, width, 3), at least 8 x 8 pixels.

    Returns:
        float32 (64,): the 192 mean colours in 0..1, times a fixed Gaussian matrix (192, 64) / sqrt(192).

    Raises:
        DataError: The frame is smaller.
    """
    if min(frame.shape[:2]) < _CELLS:
        raise DataError(
            "frames are smaller than the cells whose colours are taken",
            expected=f"{_CELLS} x {_CELLS} pixels or more",
            found=f"{frame.shape[0]} x {frame.shape[1]}",
            fix="score larger frames",
        )
    sums, areas = np.asarray(frame), np.ones((1, 1))
    for axis in (0, 1):
        begins = np.arange(_CELLS) * frame.shape[axis] // _CELLS
        sums = np.add.reduceat(sums, begins, axis=axis, dtype=np.int64)
        lengths = np.diff(begins, append=frame.shape[axis])
        areas = areas * np.expand_dims(lengths, 1 - axis)
    colours = (sums / areas[..., None] / 255).ravel()
    return np.asarray(colours @ _projection(), np.float32)


@cache
def _projection() -> np.ndarray:
    """Of a seed that stays: another matrix gives other numbers."""
    inputs = 3 * _CELLS**2
    return np.asarray(np.random.default_rng(0).standard_normal((inputs, NUM_FEATURES)) / np.sqrt(inputs))
