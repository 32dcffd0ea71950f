"""Cropping and resizing once more: Pillow's filters from their formulas, the rest by plain arithmetic; slow on purpose.

Pillow resizes 8-bit pictures along rows first and columns then, rounds to 8 bits in between, and multiplies with
coefficients of 22 binary places. All of it is integer arithmetic, so that results must be equal, not near.
"""

import math
from functools import cache

import numpy as np
from reference.resizing import resize_image

PLACES = 22


def lanczos(x: float) -> float:
    if not -3 <= x < 3:
        return 0.0
    return math.sin(math.pi * x) * math.sin(math.pi * x / 3) * 3 / (math.pi * x) ** 2 if x else 1.0


def bicubic(x: float) -> float:
    """Keys' kernel with a = -0.5."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


FILTERS = {"lanczos": (lanczos, 3), "bicubic": (bicubic, 2)}


@cache
def pillow_coefficients(old: int, new: int, kernel: str) -> np.ndarray:
    """(new, old) integers: what each input pixel gives to each output pixel, widened when shrinking (antialias)."""
    function, support = FILTERS[kernel]
    stretch = max(old / new, 1.0)
    weights = np.zeros((new, old), dtype=np.int64)
    for out in range(new):
        centre = (out + 0.5) * old / new
        first = max(int(centre - support * stretch + 0.5), 0)
        last = min(int(centre + support * stretch + 0.5), old)
        raw = [function((x - centre + 0.5) / stretch) for x in range(first, last)]
        exact = np.array(raw) / sum(raw) * 2**PLACES
        weights[out, first:last] = np.trunc(exact + np.copysign(0.5, exact)).astype(np.int64)
    return weights


def pillow_resize(picture: np.ndarray, size: tuple[int, int], kernel: str) -> np.ndarray:
    """uint8 (height, width, 3) to another height and width."""

    def along_columns(grey: np.ndarray, new: int) -> np.ndarray:
        if grey.shape[1] == new:
            return grey
        total = grey.astype(np.int64) @ pillow_coefficients(grey.shape[1], new, kernel).T
        return np.clip((total + 2 ** (PLACES - 1)) >> PLACES, 0, 255).astype(np.uint8)

    return np.stack([along_columns(along_columns(picture[..., k], size[1]).T, size[0]).T for k in range(3)], axis=-1)


def middle_square(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    if height > width:
        return picture[(height - width) // 2 : (height - width) // 2 + width]
    return picture[:, (width - height) // 2 : (width - height) // 2 + height]


def short_side_lanczos(picture: np.ndarray, pixels: int) -> np.ndarray:
    """torchvision's resize and center_crop: the long side's fraction dropped, half corners to the even pixel."""
    height, width = picture.shape[:2]
    new = (
        (pixels, math.floor(pixels * width / height))
        if height <= width
        else (math.floor(pixels * height / width), pixels)
    )
    resized = pillow_resize(picture, new, "lanczos")
    corner = []
    for length in new:
        whole, odd = divmod(length - pixels, 2)
        corner.append(whole + (1 if odd and whole % 2 else 0))
    return resized[corner[0] : corner[0] + pixels, corner[1] : corner[1] + pixels]


def short_side_bilinear(picture: np.ndarray, pixels: int) -> np.ndarray:
    """VideoGPT's, as exact numbers of 0..255 in float64."""
    height, width = picture.shape[:2]
    scale = pixels / min(height, width)
    new = (pixels, math.ceil(width * scale)) if height < width else (math.ceil(height * scale), pixels)
    resized = resize_image(picture, new, "bilinear-half-pixel")
    top, left = (new[0] - pixels) // 2, (new[1] - pixels) // 2
    return resized[top : top + pixels, left : left + pixels]


def centre_bilinear(picture: np.ndarray, pixels: int) -> np.ndarray:
    """DIGAN's, as exact numbers of 0..255 in float64."""
    return resize_image(middle_square(picture), (pixels, pixels), "bilinear-half-pixel")


def short_side_antialias(picture: np.ndarray, pixels: int) -> np.ndarray:
    """cd-fvd's loader in float64: a triangle as wide as the shrinking, the middle, and 0..255 before truncation."""
    height, width = picture.shape[:2]
    long = math.floor(pixels * max(height, width) / min(height, width))
    new = (pixels, long) if height <= width else (long, pixels)

    def weights(old: int, size: int) -> np.ndarray:
        stretch = max(old / size, 1.0)
        centres = (np.arange(size) + 0.5) * old / size
        raw = np.maximum(0.0, 1 - np.abs(np.arange(old) + 0.5 - centres[:, None]) / stretch)
        return raw / raw.sum(axis=1, keepdims=True)

    factors = weights(height, new[0]), weights(width, new[1]), picture.astype(np.float64)
    resized = np.einsum("yh,xw,hwc->yxc", *factors, optimize=True)
    top, left = (round((length - pixels) / 2) for length in new)
    return resized[top : top + pixels, left : left + pixels]
