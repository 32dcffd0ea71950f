"""The local sums of SSIM: a window slides over a frame along both axes.

Equal weights are sums of shifted copies, exact in integers. Other windows are the product of one along each axis, and
so a product with two band matrices. The bands are cut into tiles of a fixed size: wide enough for BLAS to multiply
fast, narrow enough that few zeros are multiplied, and a pixel costs the same in frames of every size.
"""

from functools import cache
from typing import Literal

import numpy as np

Window = Literal["gaussian-11", "uniform-7"]
Padding = Literal["valid", "zero", "reflect"]

_TILE = 16


@cache
def weights(window: Window) -> np.ndarray:
    """The window along one axis: float64.

    ``gaussian-11`` has a standard deviation of 1.5 pixels and 11 taps of sum 1 (Wang et al. 2004), ``uniform-7`` 7 taps
    of 1.
    """
    if window == "uniform-7":
        return np.ones(7)
    bell = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    return np.asarray(bell / bell.sum())


def padded(image: np.ndarray, window: Window, padding: Padding) -> np.ndarray:
    """An image with a border of half a window, unless windows stay inside: ``valid``.

    Args:
        image: (channel, height, width).
        window: Which window.
        padding: ``zero``, or ``reflect`` without repeating the border's pixels.
    """
    if padding == "valid":
        return image
    half = len(weights(window)) // 2
    borders = [(0, 0), (half, half), (half, half)]
    return np.pad(image, borders, mode="constant" if padding == "zero" else "reflect")


def local_sums(images: np.ndarray, window: Window) -> np.ndarray:
    """Weighted sums under the window wherever it lies inside.

    Args:
        images: float64, or for ``uniform-7`` integers wide enough for the sums: (image, channel, height, width).
        window: Which window.

    Returns:
        The same type (image, channel, height - taps + 1, width - taps + 1).
    """
    more = len(weights(window)) - 1
    number, channels, height, width = images.shape
    found = np.empty((number, channels, height - more, width - more), images.dtype)
    for image, sums in zip(images, found, strict=True):  # one by one: they stay in the cache
        if window == "uniform-7":
            down = _sums_of_seven(image.reshape(channels, -1), width).reshape(channels, -1, width)
            sums[...] = _sums_of_seven(down, 1)
        else:
            _along_rows(_along_columns(image, window), window, sums)
    return found


def _sums_of_seven(numbers: np.ndarray, apart: int) -> np.ndarray:
    """Sums of seven numbers of the last axis that are so far apart."""
    length = numbers.shape[-1] - 6 * apart
    two = numbers[..., :-apart] + numbers[..., apart:]
    seven: np.ndarray = two[..., :length] + two[..., 2 * apart : 2 * apart + length]
    seven += two[..., 4 * apart : 4 * apart + length]
    seven += numbers[..., 6 * apart :]
    return seven


def _along_columns(image: np.ndarray, window: Window) -> np.ndarray:
    more = len(weights(window)) - 1
    channels, height, width = image.shape
    found = np.empty((channels, height - more, width))
    for start in range(0, height - more, _TILE):
        stop = min(start + _TILE, height - more)
        np.matmul(_band(window, stop - start).T, image[:, start : stop + more], out=found[:, start:stop])
    return found


def _along_rows(image: np.ndarray, window: Window, found: np.ndarray) -> None:
    more = len(weights(window)) - 1
    length = image.shape[-1] - more
    rows, sums = image.reshape(-1, image.shape[-1]), found.reshape(-1, length)
    for start in range(0, length, _TILE):
        stop = min(start + _TILE, length)
        np.matmul(rows[:, start : stop + more], _band(window, stop - start), out=sums[:, start:stop])


@cache
def _band(window: Window, length: int) -> np.ndarray:
    """The matrix that gives ``length`` neighbouring sums: float64 (length + taps - 1, length)."""
    row = weights(window)
    band = np.zeros((length + len(row) - 1, length))
    for column in range(length):
        band[column : column + len(row), column] = row
    return band
