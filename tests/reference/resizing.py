"""Resizing pixel by pixel with Python numbers; slow on purpose.

Positions are rounded to float32 as both codes round them (on 300 pixels of noise it shows); the rest is exact.
"""

import math
from fractions import Fraction

import numpy as np


def scale(old: int, new: int) -> Fraction:
    """Input pixels an output pixel."""
    return rounded(Fraction(old, new))


def rounded(exact: Fraction) -> Fraction:
    """The nearest float32."""
    return Fraction(float(np.float32(float(exact))))


def half_pixel_position(out: int, old: int, new: int) -> Fraction:
    """Centre of output pixel ``out`` on the input's grid; not before the first pixel's centre."""
    position = scale(old, new) * Fraction(2 * out + 1, 2) - Fraction(1, 2)
    return max(Fraction(0), rounded(position))


def tf1_position(out: int, old: int, new: int) -> Fraction:
    """TensorFlow 1 without align_corners: corner on corner, no shift by half a pixel."""
    return rounded(out * scale(old, new))


POSITIONS = {"bilinear-half-pixel": half_pixel_position, "bilinear-tf1": tf1_position}


def line_weights(kernel: str, old: int, new: int) -> np.ndarray:
    """(new, old): what each input pixel gives to each output pixel along one axis."""
    weights = np.zeros((new, old))
    for out in range(new):
        position = POSITIONS[kernel](out, old, new)
        low = min(math.floor(position), old - 1)
        high = min(low + 1, old - 1)
        share = float(position - low)
        weights[out, low] += 1 - share
        weights[out, high] += share
    return weights


def resize_scalar(image: np.ndarray, size: tuple[int, int], kernel: str) -> np.ndarray:
    """One image (height, width, 3) to another size, in float64, four neighbours a pixel."""
    old_height, old_width = image.shape[:2]
    result = np.zeros((*size, 3))
    for row in range(size[0]):
        y = POSITIONS[kernel](row, old_height, size[0])
        top = min(math.floor(y), old_height - 1)
        bottom = min(top + 1, old_height - 1)
        down = float(y - top)
        for column in range(size[1]):
            x = POSITIONS[kernel](column, old_width, size[1])
            left = min(math.floor(x), old_width - 1)
            right = min(left + 1, old_width - 1)
            along = float(x - left)
            for channel in range(3):
                above = (1 - along) * image[top, left, channel] + along * image[top, right, channel]
                below = (1 - along) * image[bottom, left, channel] + along * image[bottom, right, channel]
                result[row, column, channel] = (1 - down) * above + down * below
    return result


def resize_image(image: np.ndarray, size: tuple[int, int], kernel: str) -> np.ndarray:
    """The same as :func:`resize_scalar` by two matrix products, for large images."""
    rows = line_weights(kernel, image.shape[0], size[0])
    columns = line_weights(kernel, image.shape[1], size[1])
    squeezed = np.tensordot(rows, image.astype(np.float64), axes=(1, 0))
    return np.moveaxis(np.tensordot(columns, squeezed, axes=(1, 1)), 0, 1)


def short_side_size(height: int, width: int, size: int) -> tuple[int, int]:
    """The shorter side becomes ``size``, the longer follows, rounded up."""
    if height < width:
        return size, math.ceil(Fraction(width * size, height))
    return math.ceil(Fraction(height * size, width)), size


def short_side_crop(image: np.ndarray, size: int, kernel: str) -> np.ndarray:
    """Resizes the short side, then cuts the middle; an odd pixel more is left at the end."""
    image = resize_image(image, short_side_size(*image.shape[:2], size), kernel)
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    return image[top : top + size, left : left + size]
