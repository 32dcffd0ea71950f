"""How the C3D lineages bring frames to 112x112: two kernels that :mod:`vidmbench.detectors.resize` has no need of.

Both lineages squash: the aspect is ignored. Neither kernel blurs what it shrinks.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Num, UInt8

Pixels = Num[np.ndarray, "time height width channel"]
Resized = Float32[np.ndarray, "time new_height new_width channel"]
Bytes = UInt8[np.ndarray, "time height width channel"]

_CUBIC_SIZE, _CROP = 128, slice(8, 120)  # TGAN's square and the middle 112 of it


def resized_for_c3d(frames: Pixels, lineage: Literal["tgan", "tganv2", "stylegan-v"]) -> Resized:
    """Frames as the C3D of a lineage takes them, see :func:`vidmbench.detectors.c3d.load`.

    Args:
        frames: uint8 or float32 (time, height, width, 3), 0..255.
        lineage: ``tgan``: OpenCV's cubic to 128x128, of which the middle 112x112 is cut. ``tganv2``: bilinear with
            aligned corners straight to 112x112. ``stylegan-v``: assumed to be as ``tganv2``, whose network its
            detector file says it reproduces; that file resizes inside and could not be read.

    Returns:
        float32 (time, 112, 112, 3). Cubic overshoots: ``tgan`` reaches some 60 beyond 0..255 at hard edges, and that
        code does not clip.
    """
    if lineage == "tgan":
        return cubic_opencv(frames, (_CUBIC_SIZE, _CUBIC_SIZE))[:, _CROP, _CROP]
    return bilinear_align_corners(frames, (112, 112))


def bilinear_align_corners(frames: Pixels, size: tuple[int, int]) -> Resized:
    """Bilinear with the corner pixels of input and output on each other: Chainer's ``resize_images``.

    Positions are float64, blended in float32, as there. PyTorch's ``align_corners=True`` has them in float32.

    Args:
        frames: uint8 or float32 (time, height, width, channel).
        size: New height and width.

    Returns:
        float32 (time, new height, new width, channel), in the range of the input.
    """
    x = frames.astype(np.float32, copy=False)
    for axis, new in ((1, size[0]), (2, size[1])):
        old = x.shape[axis]
        if old == new:
            continue
        position = np.linspace(0, old - 1, num=new)
        low = position.astype(np.intp)
        weight = _along(axis, (position - low).astype(np.float32))
        high = np.minimum(low + 1, old - 1)
        x = x.take(low, axis) * (1 - weight) + x.take(high, axis) * weight
    return x


def cubic_opencv(frames: Pixels, size: tuple[int, int]) -> Resized:
    """OpenCV's ``INTER_CUBIC`` on float32 images (a = -0.75, edges repeat): neither rounded nor clipped.

    TGAN's script hands it floats, so this holds for its score also where the frames were uint8 before.

    Args:
        frames: uint8 or float32 (time, height, width, channel).
        size: New height and width.

    Returns:
        float32 (time, new height, new width, channel); noise of 0..255 overshoots by some 60.
    """
    x = frames.astype(np.float32, copy=False)
    for axis, new in ((2, size[1]), (1, size[0])):
        if x.shape[axis] != new:
            taps, weights = _cubic_taps(x.shape[axis], new)
            x = np.add.reduce([x.take(taps[k], axis) * _along(axis, weights[k]) for k in range(4)])
    return x


def _cubic_taps(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """The four input pixels of each output pixel along one axis and their weights, both (4, new)."""
    # OpenCV has the scale in float64, positions and weights in float32.
    position = ((np.arange(new) + 0.5) * (1 / (new / old)) - 0.5).astype(np.float32)
    first = np.floor(position)
    past = position - first
    near, far = 1 + past, 1 - past
    a = np.float32(-0.75)
    outer = ((a * near - 5 * a) * near + 8 * a) * near - 4 * a
    left = ((a + 2) * past - (a + 3)) * past * past + 1
    right = ((a + 2) * far - (a + 3)) * far * far + 1
    taps = np.clip(first.astype(np.intp) + np.arange(-1, 3)[:, None], 0, old - 1)
    return taps, np.stack([outer, left, right, 1 - outer - left - right])


def _along(axis: int, values: np.ndarray) -> np.ndarray:
    """Numbers laid along one of four axes."""
    return values.reshape([-1 if dim == axis else 1 for dim in range(4)])


def for_tgan(frames: Pixels) -> Resized:
    """:func:`resized_for_c3d` for the lineage ``tgan``: a detector's ``prepare``."""
    return resized_for_c3d(frames, "tgan")


def for_tganv2(frames: Pixels) -> Resized:
    """:func:`resized_for_c3d` for the lineages ``tganv2`` and ``stylegan-v``: a detector's ``prepare``."""
    return resized_for_c3d(frames, "tganv2")
