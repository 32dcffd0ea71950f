"""SpyNet, the optical flow network behind VIDM's implicit motion condition z = v(x_0, x_{n-1}).

Ranjan and Black, "Optical Flow Estimation using a Spatial Pyramid Network" (2017), in the layout that mmediting's
BasicVSR gave it and that VIDM's checkpoints hold: names and shapes of the parameters are theirs.
"""

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

Images = Float32[Tensor, "batch 3 height width"]
Flow = Float32[Tensor, "batch 2 height width"]
InputRange = Literal["unit", "signed"]

# Mean and standard deviation of ImageNet's pixels in [0, 1], which the public weights were trained behind.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


class SpyNet(nn.Module):
    """Flow from coarse to fine: at each level a small network corrects the flow of the level below.

    Args:
        widths: Channels of the four hidden convolutions of each level. The default has 60 parameter tensors with
            1,440,300 values in all.
        levels: Levels of the pyramid. Motions up to some 2^levels pixels can be seen; images are brought to a
            multiple of 2^(levels - 1) pixels.
        input_range: What the ImageNet normalisation is given. ``unit``: images brought from [-1, 1] to [0, 1], as
            the normalisation means it. ``signed``: images in [-1, 1] as they are; VIDM's official code does so, and
            the weights it released were trained that way.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        *,
        widths: tuple[int, int, int, int] = (32, 64, 32, 16),
        levels: int = 6,
        input_range: InputRange = "unit",
    ) -> None:
        super().__init__()
        self.input_range = input_range
        self.basic_module = nn.ModuleList(_Level(widths) for _ in range(levels))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, reference: Images, support: Images) -> Flow:
        """The flow that takes the reference's pixels to where the support shows them.

        Args:
            reference: float32 (batch, 3, height, width) in [-1, 1]; x_0 in VIDM.
            support: The same shape and range; x_{n-1} in VIDM.

        Returns:
            float32 (batch, 2, height, width), pixels, x (to the right) before y (down): ``warp(support, flow)``
            looks like the reference.
        """
        height, width = reference.shape[2:]
        step = 2 ** (len(self.basic_module) - 1)
        size = (-(-height // step) * step, -(-width // step) * step)
        flow = self._coarse_to_fine(_resized(reference, size), _resized(support, size))
        if size == (height, width):
            return flow
        # A pixel of the enlarged image is a smaller piece of the scene than one of the original.
        scales = (width / size[1], height / size[0])
        scale = torch.cat([flow.new_full((1, 1, 1, 1), factor) for factor in scales], dim=1)
        return _resized(flow, (height, width)) * scale

    def _coarse_to_fine(self, reference: Tensor, support: Tensor) -> Tensor:
        """The flow between images whose sides divide into the pyramid's levels."""
        references, supports = [self._normalised(reference)], [self._normalised(support)]
        for _ in self.basic_module[1:]:
            references.append(F.avg_pool2d(references[-1], 2))
            supports.append(F.avg_pool2d(supports[-1], 2))
        flow = torch.zeros_like(references[-1][:, :2])
        for number, (level, small, other) in enumerate(
            zip(self.basic_module, reversed(references), reversed(supports), strict=True)
        ):
            if number:
                flow = 2.0 * F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True)
            change = level(torch.cat([small, warp(other, flow), flow], dim=1))
            flow = flow + change.to(flow.dtype)  # under autocast the convolutions answer in half precision
        return flow

    def _normalised(self, images: Tensor) -> Tensor:
        if self.input_range == "unit":
            images = (images + 1.0) / 2.0
        return (images - self.mean) / self.std


class _Level(nn.Module):
    """Five 7x7 convolutions: reference, warped support and flow (8 channels) to a correction of the flow (2)."""

    def __init__(self, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        channels = (8, *widths, 2)
        self.basic_module = nn.ModuleList(
            _Convolution(*pair, relu=number < 4) for number, pair in enumerate(pairwise(channels))
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.basic_module:
            x = layer(x)
        return x


class _Convolution(nn.Module):
    """One convolution under the name ``conv``, which the layout of the checkpoints asks for."""

    def __init__(self, inputs: int, outputs: int, *, relu: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 7, padding=3)
        self._relu = relu

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y.relu() if self._relu else y


def warp(image: Float32[Tensor, "batch channel height width"], flow: Flow) -> Tensor:
    """Moves an image back along a flow: output pixel p is the image at p + flow(p).

    Args:
        image: float32 (batch, channel, height, width).
        flow: float32 (batch, 2, height, width), pixels, x before y.

    Returns:
        float32, as ``image``: bilinear between pixels; places outside the image take the nearest pixel of its edge.
    """
    height, width = flow.shape[2:]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype)
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None]
    # grid_sample wants -1 at the first pixel's centre and 1 at the last's. In an axis of one pixel every place is
    # that pixel, so any divisor but zero will do.
    x = (columns + flow[:, 0]) * (2.0 / max(width - 1, 1)) - 1.0
    y = (rows + flow[:, 1]) * (2.0 / max(height - 1, 1)) - 1.0
    grid = torch.stack([x, y], dim=-1)
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, half-pixel centres, no antialiasing; nothing where the size is right."""
    if tuple(x.shape[2:]) == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
