"""What Inception-v3 is made of: a normed convolution, and blocks of branches side by side.

A block is a table: which branches, in which order their channels are joined, and which layers each has. Layer names
are those of torch-fidelity's checkpoint, so that its weights load by name.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Epsilon of every batch norm in the TensorFlow graph.
EPS = 1e-3

Side = int | tuple[int, int]
Pool = Literal["none", "mean", "max", "max-halved"]


@dataclass(frozen=True)
class Layer:
    """One convolution of a branch.

    Attributes:
        name: Its name in the checkpoint, within the block.
        width: Channels it gives.
        kernel: Height and width of its kernel, or one number for both.
        halves: Whether it takes every second place and pads nothing; otherwise the size stays as it is.
    """

    name: str
    width: int
    kernel: Side = 1
    halves: bool = False


@dataclass(frozen=True)
class Branch:
    """Layers one after the other.

    Attributes:
        chain: The layers.
        fork: Layers that all read what the chain gives, joined; empty where the branch ends with the chain.
        pool: What comes before the chain. ``mean``: over 3 x 3 places, those outside the image left out of the count;
            ``max``: the largest of 3 x 3 places; ``max-halved``: the same at every second place, without padding.
    """

    chain: tuple[Layer, ...] = ()
    fork: tuple[Layer, ...] = ()
    pool: Pool = "none"


class NormedConv(nn.Module):
    """Convolution without a bias, batch norm, ReLU.

    Args:
        num_in: Channels it reads.
        width: Channels it gives.
        kernel: Height and width of its kernel, or one number for both.
        stride: Distance between the places it is taken at.
        is_padded: Whether zeros around the image keep its size (TensorFlow's SAME at stride 1).
    """

    def __init__(self, num_in: int, width: int, kernel: Side = 1, *, stride: int = 1, is_padded: bool = True) -> None:
        super().__init__()
        height, breadth = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, breadth // 2) if is_padded else (0, 0)
        self.conv = nn.Conv2d(num_in, width, (height, breadth), stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(width, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(frame, num_in, height, width) to (frame, width, height', width')."""
        return F.relu_(self.bn(self.conv(x)))


class Block(nn.Module):
    """Branches side by side, their channels joined in the order of the table.

    Args:
        num_in: Channels it reads.
        branches: The table.
    """

    def __init__(self, num_in: int, branches: tuple[Branch, ...]) -> None:
        super().__init__()
        self.branches = branches
        self.width = 0
        for branch in branches:
            width = num_in
            for layer in branch.chain:
                self._add(layer, width)
                width = layer.width
            for layer in branch.fork:
                self._add(layer, width)
            self.width += sum(layer.width for layer in branch.fork) if branch.fork else width

    def _add(self, layer: Layer, num_in: int) -> None:
        stride = 2 if layer.halves else 1
        conv = NormedConv(num_in, layer.width, layer.kernel, stride=stride, is_padded=not layer.halves)
        self.add_module(layer.name, conv)

    def forward(self, x: Tensor) -> Tensor:
        """(frame, num_in, height, width) to (frame, self.width, height', width')."""
        parts: list[Tensor] = []
        for branch in self.branches:
            y = _pooled(x, branch.pool)
            for layer in branch.chain:
                y = self.get_submodule(layer.name)(y)
            parts += [self.get_submodule(layer.name)(y) for layer in branch.fork] if branch.fork else [y]
        return torch.cat(parts, dim=1)


def _pooled(x: Tensor, pool: Pool) -> Tensor:
    if pool == "mean":
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    if pool == "max":
        return F.max_pool2d(x, 3, stride=1, padding=1)
    return F.max_pool2d(x, 3, stride=2) if pool == "max-halved" else x


def block_35(num_in: int, *, pool_width: int) -> Block:
    """At 35 x 35: 1x1, 5x5, two 3x3, and a mean pool that gives ``pool_width`` channels."""
    return Block(
        num_in,
        (
            Branch((Layer("branch1x1", 64),)),
            Branch((Layer("branch5x5_1", 48), Layer("branch5x5_2", 64, 5))),
            Branch((Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, 3), Layer("branch3x3dbl_3", 96, 3))),
            Branch((Layer("branch_pool", pool_width),), pool="mean"),
        ),
    )


def block_35_to_17(num_in: int) -> Block:
    """From 35 x 35 to 17 x 17."""
    double = Layer("branch3x3dbl_1", 64), Layer("branch3x3dbl_2", 96, 3), Layer("branch3x3dbl_3", 96, 3, halves=True)
    return Block(
        num_in, (Branch((Layer("branch3x3", 384, 3, halves=True),)), Branch(double), Branch(pool="max-halved"))
    )


def block_17(num_in: int, *, width: int) -> Block:
    """At 17 x 17: 7x7 as a row and a column, once and twice; ``width`` channels between them."""
    row, column = (1, 7), (7, 1)
    single = Layer("branch7x7_1", width), Layer("branch7x7_2", width, row), Layer("branch7x7_3", 192, column)
    kernels: tuple[Side, ...] = 1, column, row, column, row
    double = (
        Layer(f"branch7x7dbl_{step}", 192 if step == 5 else width, kernel)
        for step, kernel in enumerate(kernels, start=1)
    )
    return Block(
        num_in,
        (
            Branch((Layer("branch1x1", 192),)),
            Branch(single),
            Branch(tuple(double)),
            Branch((Layer("branch_pool", 192),), pool="mean"),
        ),
    )


def block_17_to_8(num_in: int) -> Block:
    """From 17 x 17 to 8 x 8."""
    large = (
        Layer("branch7x7x3_1", 192),
        Layer("branch7x7x3_2", 192, (1, 7)),
        Layer("branch7x7x3_3", 192, (7, 1)),
        Layer("branch7x7x3_4", 192, 3, halves=True),
    )
    small = Layer("branch3x3_1", 192), Layer("branch3x3_2", 320, 3, halves=True)
    return Block(num_in, (Branch(small), Branch(large), Branch(pool="max-halved")))


def block_8(num_in: int, *, pool: Pool) -> Block:
    """At 8 x 8: branches that fork into a row and a column of three.

    The graph of 2015 pools the mean in the first of these blocks and the maximum in the second; FID means that graph.
    """
    return Block(
        num_in,
        (
            Branch((Layer("branch1x1", 320),)),
            Branch((Layer("branch3x3_1", 384),), fork=_row_and_column("branch3x3_2")),
            Branch(
                (Layer("branch3x3dbl_1", 448), Layer("branch3x3dbl_2", 384, 3)),
                fork=_row_and_column("branch3x3dbl_3"),
            ),
            Branch((Layer("branch_pool", 192),), pool=pool),
        ),
    )


def _row_and_column(name: str) -> tuple[Layer, Layer]:
    return Layer(f"{name}a", 384, (1, 3)), Layer(f"{name}b", 384, (3, 1))
