"""The local means of SSIM: a window slides over a frame along both axes.

A window that is the product of one along each axis is a product with two band matrices. The bands are cut into tiles
of a fixed size, which BLAS multiplies at its full rate: a pixel costs the same in frames of every size.
"""

from functools import cache
from typing import Literal

import numpy as np

Window = Literal["gaussian-11", "uniform-7"]
Padding = Literal["valid", "zero", "reflect"]

_TILE = 64


def weights(window: Window) -> np.ndarray:
    """The window along one axis: float64, of sum 1.

    ``gaussian-11`` has a standard deviation of 1.5 pixels and 11 taps (Wang et al. 2004), ``uniform-7`` 7 equal taps.
    """
    if window == "uniform-7":
        return np.full(7, 1 / 7)
    bell = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    return np.asarray(bell / bell.sum())


def padded(images: np.ndarray, window: Window, padding: Padding) -> np.ndarray:
    """Images with a border of half a window, unless windows stay inside: ``valid``.

    Args:
        images: (..., height, width).
        window: Which window.
        padding: ``zero``, or ``reflect`` without repeating the border's pixels.
    """
    if padding == "valid":
        return images
    half = len(weights(window)) // 2
    borders = [(0, 0)] * (images.ndim - 2) + [(half, half)] * 2
    return np.pad(images, borders, mode="constant" if padding == "zero" else "reflect")


def local_means(images: np.ndarray, window: Window) -> np.ndarray:
    """Means under the window wherever it lies inside.

    Args:
        images: float64 (..., height, width), neither side smaller than the window.
        window: Which window.

    Returns:
        float64 (..., height - taps + 1, width - taps + 1).
    """
    return _along_last(_along_last(images, window).swapaxes(-1, -2), window).swapaxes(-1, -2)


def _along_last(images: np.ndarray, window: Window) -> np.ndarray:
    taps = len(weights(window))
    length = images.shape[-1] - taps + 1
    found = np.empty((*images.shape[:-1], length))
    for start in range(0, length, _TILE):
        stop = min(start + _TILE, length)
        found[..., start:stop] = images[..., start : stop + taps - 1] @ _band(window, stop - start)
    return found


@cache
def _band(window: Window, length: int) -> np.ndarray:
    """The matrix that gives ``length`` neighbouring means: float64 (length + taps - 1, length)."""
    row = weights(window)
    band = np.zeros((length + len(row) - 1, length))
    for column in range(length):
        band[column : column + len(row), column] = row
    return band
