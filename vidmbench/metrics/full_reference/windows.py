"""The local sums of SSIM: a window slides over a frame along both axes.

Equal weights are sums of shifted copies, exact in integers; a whole frame is one row of numbers then, which is faster
than many short rows. Other windows are the product of one along each axis, and so a product with two band matrices.
The bands are cut into tiles of a fixed size: wide enough for BLAS to multiply fast, narrow enough that few zeros are
multiplied, and a pixel costs the same in frames of every size.
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
        image: (height, width, channel).
        window: Which window.
        padding: ``zero``, or ``reflect`` without repeating the border's pixels.

    Returns:
        The same type, in the order of axes that :func:`local_sums` is fast in: (height, width, channel) for
        ``uniform-7``, (channel, height, width) for ``gaussian-11``.
    """
    if padding != "valid":
        half = len(weights(window)) // 2
        borders = [(half, half), (half, half), (0, 0)]
        image = np.pad(image, borders, mode="constant" if padding == "zero" else "reflect")
    return image if window == "uniform-7" else np.ascontiguousarray(image.transpose(2, 0, 1))


def local_sums(image: np.ndarray, window: Window) -> np.ndarray:
    """Weighted sums under the window wherever it lies inside.

    Args:
        image: What :func:`padded` gives, as float64, or for ``uniform-7`` as integers wide enough for the sums.
        window: Which window.

    Returns:
        The same type and order of axes; height and width are smaller by the window's taps but one.
    """
    if window == "uniform-7":
        return _sums_of_seven(image)
    more = len(weights(window)) - 1
    channels, height, width = image.shape
    found = np.empty((channels, height - more, width - more), image.dtype)
    _along_rows(_along_columns(image, window), window, found)
    return found


def _sums_of_seven(image: np.ndarray) -> np.ndarray:
    height, width, channels = image.shape
    found = np.empty((height - 6, width, channels), image.dtype)
    down = np.empty(found.size, image.dtype)
    _add_seven(image.reshape(-1), width * channels, down)
    _add_seven(down, channels, found.reshape(-1)[: -6 * channels])
    return found[:, :-6]  # the last six of a row would have gone on in the next one


def _add_seven(numbers: np.ndarray, apart: int, found: np.ndarray) -> None:
    """Sums of seven numbers that are so far apart."""
    length = len(found)
    two = numbers[:-apart] + numbers[apart:]
    np.add(two[:length], two[2 * apart : 2 * apart + length], out=found)
    found += two[4 * apart : 4 * apart + length]
    found += numbers[6 * apart :]


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
