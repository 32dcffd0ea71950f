"""Building blocks of Inception-v3: convolution with batch norm, and blocks of parallel branches.

A block is declared as a table: its branches, the order in which their channels are concatenated, and the layers of
each. Layer names are those of torch-fidelity's checkpoint, so that its weights load by name.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Epsilon of every batch norm in the TensorFlow graph.
EPS = 1e-3

KernelSize = int | tuple[int, int]
Pool = Literal["none", "mean", "max", "max-stride-2"]


@dataclass(frozen=True)
class Layer:
    """One convolution of a branch.

    Attributes:
        name: Its name in the checkpoint, within the block.
        channels: Output channels.
        kernel: Height and width of its kernel, or one number for both.
        is_reduction: Stride 2 without padding; otherwise stride 1, and zeros keep the image's size.
    """

    name: str
    channels: int
    kernel: KernelSize = 1
    is_reduction: bool = False


@dataclass(frozen=True)
class Branch:
    """A sequence of layers.

    Attributes:
        layers: Applied one after the other.
        split: Layers that each read the output of the last of ``layers`` and whose outputs are concatenated; empty
            where the branch ends with ``layers``.
        pool: Pooling before the layers, over 3 x 3 positions. ``mean``: stride 1, positions outside the image do not
            count; ``max``: stride 1; ``max-stride-2``: stride 2 without padding.
    """

    layers: tuple[Layer, ...] = ()
    split: tuple[Layer, ...] = ()
    pool: Pool = "none"


class ConvBatchNorm(nn.Module):
    """Convolution without a bias, batch norm, ReLU.

    Args:
        in_channels: Input channels.
        out_channels: Output channels.
        kernel: Height and width of its kernel, or one number for both.
        stride: Stride along both axes.
        is_padded: Whether zeros around the image keep its size (TensorFlow's SAME at stride 1).
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: KernelSize = 1, *, stride: int = 1, is_padded: bool = True
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if is_padded else (0, 0)
        self.conv = nn.Conv2d(in_channels, out_channels, (height, width), stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (frame, in_channels, height, width) to (frame, out_channels, height', width')."""
        return F.relu_(self.bn(self.conv(x)))


class Block(nn.Module):
    """Parallel branches whose output channels are concatenated in the order of the table.

    Args:
        in_channels: Input channels.
        branches: The table.

    Attributes:
        branches: The table.
    """

    def __init__(self, in_channels: int, branches: tuple[Branch, ...]) -> None:
        super().__init__()
        self.branches = branches
        for branch in branches:
            channels = in_channels
            for layer in branch.layers:
                self._add(layer, channels)
                channels = layer.channels
            for layer in branch.split:
                self._add(layer, channels)

    def _add(self, layer: Layer, in_channels: int) -> None:
        stride = 2 if layer.is_reduction else 1
        conv = ConvBatchNorm(in_channels, layer.channels, layer.kernel, stride=stride, is_padded=not layer.is_reduction)
        self.add_module(layer.name, conv)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (frame, in_channels, height, width) to (frame, channels of all branches, height', width')."""
        outputs: list[Tensor] = []
        for branch in self.branches:
            y = _pooled(x, branch.pool)
            for layer in branch.layers:
                y = self.get_submodule(layer.name)(y)
            outputs += [self.get_submodule(layer.name)(y) for layer in branch.split] if branch.split else [y]
        return torch.cat(outputs, dim=1)


def _pooled(x: Tensor, pool: Pool) -> Tensor:
    if pool == "mean":
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    if pool == "max":
        return F.max_pool2d(x, 3, stride=1, padding=1)
    return F.max_pool2d(x, 3, stride=2) if pool == "max-stride-2" else x


def block_35(in_channels: int, *, pool_channels: int) -> Block:
    """At 35 x 35: 1x1, 5x5, two 3x3, and mean pooling followed by ``pool_channels`` channels."""
    double = Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, 3), Layer("branch3x3dbl_3", 96, 3)
    return Block(
        in_channels,
        (
            Branch((Layer("branch1x1", 64),)),
            Branch((Layer("branch5x5_1", 48), Layer("branch5x5_2", 64, 5))),
            Branch(double),
            Branch((Layer("branch_pool", pool_channels),), pool="mean"),
        ),
    )


def block_35_to_17(in_channels: int) -> Block:
    """From 35 x 35 to 17 x 17."""
    single = Layer("branch3x3", 384, 3, is_reduction=True)
    double = (
        Layer("branch3x3dbl_1", 64),
        Layer("branch3x3dbl_2", 96, 3),
        Layer("branch3x3dbl_3", 96, 3, is_reduction=True),
    )
    return Block(in_channels, (Branch((single,)), Branch(double), Branch(pool="max-stride-2")))


def block_17(in_channels: int, *, inner_channels: int) -> Block:
    """At 17 x 17: 7x7 factorised into 1x7 and 7x1, once and twice, with ``inner_channels`` channels between them."""
    row, column = (1, 7), (7, 1)
    single = (
        Layer("branch7x7_1", inner_channels),
        Layer("branch7x7_2", inner_channels, row),
        Layer("branch7x7_3", 192, column),
    )
    kernels: tuple[KernelSize, ...] = 1, column, row, column, row
    double = (
        Layer(f"branch7x7dbl_{step}", 192 if step == 5 else inner_channels, kernel)
        for step, kernel in enumerate(kernels, start=1)
    )
    return Block(
        in_channels,
        (
            Branch((Layer("branch1x1", 192),)),
            Branch(single),
            Branch(tuple(double)),
            Branch((Layer("branch_pool", 192),), pool="mean"),
        ),
    )


def block_17_to_8(in_channels: int) -> Block:
    """From 17 x 17 to 8 x 8."""
    small = Layer("branch3x3_1", 192), Layer("branch3x3_2", 320, 3, is_reduction=True)
    large = (
        Layer("branch7x7x3_1", 192),
        Layer("branch7x7x3_2", 192, (1, 7)),
        Layer("branch7x7x3_3", 192, (7, 1)),
        Layer("branch7x7x3_4", 192, 3, is_reduction=True),
    )
    return Block(in_channels, (Branch(small), Branch(large), Branch(pool="max-stride-2")))


def block_8(in_channels: int, *, pool: Pool) -> Block:
    """At 8 x 8: branches that end in a 1x3 and a 3x1 convolution side by side.

    The graph of 2015 pools the mean in the first of these blocks and the maximum in the second; FID means that graph.
    """
    double = Layer("branch3x3dbl_1", 448), Layer("branch3x3dbl_2", 384, 3)
    return Block(
        in_channels,
        (
            Branch((Layer("branch1x1", 320),)),
            Branch((Layer("branch3x3_1", 384),), split=_row_and_column("branch3x3_2")),
            Branch(double, split=_row_and_column("branch3x3dbl_3")),
            Branch((Layer("branch_pool", 192),), pool=pool),
        ),
    )


def _row_and_column(name: str) -> tuple[Layer, Layer]:
    return Layer(f"{name}a", 384, (1, 3)), Layer(f"{name}b", 384, (3, 1))
