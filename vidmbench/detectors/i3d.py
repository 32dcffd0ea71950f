"""The I3D network of TF-Hub (deepmind/i3d-kinetics-400/1) as one graph that any engine can build.

Layer names and widths are those of the published graph; every convolution but the last is followed by a batch
norm without gamma and a ReLU. Padding is TensorFlow's SAME. The output is the 400 logits averaged over time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float32

from vidmbench.detectors.types import Tensors
from vidmbench.protocols.stages import ArrayStage

Triple = tuple[int, int, int]
Node = TypeVar("Node")

_BLOCKS = ("Mixed_3b", "Mixed_3c", "Mixed_4b", "Mixed_4c", "Mixed_4d", "Mixed_4e", "Mixed_4f", "Mixed_5b", "Mixed_5c")


# The layer that bf16 leaves in fp32 (see fp32_layer).
FP32_LAYER = "Conv3d_2b_1x1"


@dataclass(frozen=True)
class Convolution:
    """A convolution with its batch norm folded in.

    Attributes:
        weight: Shape (out, in, time, height, width).
        bias: Shape (out,).
    """

    weight: Float32[np.ndarray, "out in time height width"]
    bias: Float32[np.ndarray, " out"]


@runtime_checkable
class Ops(Protocol[Node]):
    """What an engine must be able to do. Padding is TensorFlow's SAME except in ``mean_pool``."""

    def conv(self, x: Node, layer: Convolution, *, stride: int = 1, relu: bool = True) -> Node:
        """Convolution, bias and, unless told otherwise, ReLU."""
        ...

    def max_pool(self, x: Node, kernel: Triple, stride: Triple) -> Node:
        """Maximum over windows."""
        ...

    def mean_pool(self, x: Node, kernel: Triple) -> Node:
        """Mean over windows, stride 1, no padding."""
        ...

    def join(self, parts: Sequence[Node]) -> Node:
        """Channels one after the other."""
        ...


def folded(tensors: Tensors, *, eps: float) -> dict[str, Convolution]:
    """Folds each batch norm into its convolution, in float64.

    Args:
        tensors: The published weights under their flat names (kernels time, height, width, in, out).
        eps: Epsilon of the batch norms.

    Returns:
        Layer name to convolution; ``Logits`` is the last.
    """
    layers = {}
    ending = "/Conv_0/kernel"
    for key in (key for key in tensors if key.endswith(ending)):
        name = key.removeprefix("params/").removesuffix(ending)
        kernel = tensors[key].astype(np.float64)
        norm = f"{name}/BatchNorm_0"
        if f"params/{norm}/bias" in tensors:
            scale = 1 / np.sqrt(tensors[f"batch_stats/{norm}/var"].astype(np.float64).reshape(-1) + eps)
            mean = tensors[f"batch_stats/{norm}/mean"].astype(np.float64).reshape(-1)
            kernel = kernel * scale
            bias = tensors[f"params/{norm}/bias"].astype(np.float64) - mean * scale
        else:
            bias = tensors[f"params/{name}/Conv_0/bias"].astype(np.float64)
        weight = np.ascontiguousarray(kernel.transpose(4, 3, 0, 1, 2), dtype=np.float32)
        layers[name] = Convolution(weight, bias.astype(np.float32))
    return layers


def rounded_to_bf16(layers: dict[str, Convolution]) -> dict[str, Convolution]:
    """Weights that bfloat16 holds exactly, each rounding error carried on to the next weight.

    Activations behind a ReLU are positive and alike from tap to tap, so errors that sum to nothing over an output
    channel nearly cancel in its output, where errors of plain rounding add up to a bias: on the sky clips of the
    parity tests plain rounding moves the FVD by -1.0 %, this by -0.3 %.

    Args:
        layers: From :func:`folded`.

    Returns:
        The same layers; biases, and the layer that stays in fp32, as they were.
    """
    return {
        name: layer if name == FP32_LAYER else Convolution(_round_bf16_error_feedback(layer.weight), layer.bias)
        for name, layer in layers.items()
    }


def _round_bf16_error_feedback(weight: np.ndarray) -> np.ndarray:
    rows = weight.reshape(len(weight), -1)
    rounded, carry = np.empty_like(rows.T), np.zeros(len(rows), dtype=np.float32)
    for index, column in enumerate(rows.T):
        target = column + carry
        # bfloat16 is the upper half of a float32; this rounds to nearest, ties to even.
        bits = target.view(np.uint32)
        bits = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
        rounded[index] = bits.view(np.float32)
        carry = target - rounded[index]
    return np.ascontiguousarray(rounded.T).reshape(weight.shape)


def stem(x: Node, ops: Ops[Node], layers: dict[str, Convolution]) -> Node:
    """The first layer: clips (clip, 3, time, 224, 224) to 64 channels at half the size."""
    return ops.conv(x, layers["Conv3d_1a_7x7"], stride=2)


def fp32_layer(x: Node, ops: Ops[Node], layers: dict[str, Convolution]) -> Node:
    """The first pool and the 1x1 layer behind it, the one part that bf16 leaves in fp32.

    It is 0.4 % of the work, and bf16 moves the FVD less with it in fp32 (sky clips of the parity tests: -0.12 %
    instead of -0.29 %; clevrer-mini against its shuffled control, 128 + 128 clips: -0.57 % either way).
    """
    x = ops.max_pool(x, (1, 3, 3), (1, 2, 2))
    return ops.conv(x, layers[FP32_LAYER])


@dataclass(frozen=True)
class Head:
    """What is made of the last layers' places in time and space.

    Attributes:
        pool: Window of the last pool: time, height, width.
        keeps_columns: Whether logits are averaged over time alone, and columns become features of their own.
    """

    pool: Triple = (2, 7, 7)
    keeps_columns: bool = False


PUBLISHED_HEAD = Head()


def head_of(stage: ArrayStage) -> Head:
    """The last layers as a protocol wants them; the published graph's where it says nothing."""
    height_width = (7, 13) if stage.wide_input == "pool-7x13" else (7, 7)
    return Head((stage.time_pool or 2, *height_width), stage.wide_input == "flattened")


def body(x: Node, ops: Ops[Node], layers: dict[str, Convolution], head: Head = PUBLISHED_HEAD) -> Node:
    """Everything else, up to the logits (clip, 400, time', 1, columns); their mean over time' is the feature."""
    x = ops.conv(x, layers["Conv3d_2c_3x3"])
    x = ops.max_pool(x, (1, 3, 3), (1, 2, 2))
    for name in _BLOCKS:
        if name == "Mixed_4b":
            x = ops.max_pool(x, (3, 3, 3), (2, 2, 2))
        elif name == "Mixed_5b":
            x = ops.max_pool(x, (2, 2, 2), (2, 2, 2))
        x = _inception(x, ops, layers, name)
    x = ops.mean_pool(x, head.pool)
    return ops.conv(x, layers["Logits/Conv3d_0c_1x1"], relu=False)


def _inception(x: Node, ops: Ops[Node], layers: dict[str, Convolution], name: str) -> Node:
    """Four branches side by side."""
    first = [ops.conv(x, layers[f"{name}/Branch_{branch}/Conv3d_0a_1x1"]) for branch in (0, 1, 2)]
    branch_1 = ops.conv(first[1], layers[f"{name}/Branch_1/Conv3d_0b_3x3"])
    branch_2 = ops.conv(first[2], layers[f"{name}/Branch_2/Conv3d_0b_3x3"])
    branch_3 = ops.conv(ops.max_pool(x, (3, 3, 3), (1, 1, 1)), layers[f"{name}/Branch_3/Conv3d_0b_1x1"])
    return ops.join([first[0], branch_1, branch_2, branch_3])


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME: zeros before and after one axis; the odd one goes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
