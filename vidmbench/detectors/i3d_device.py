"""I3D for accelerators: the graph of i3d.py on (clip, time, height, width, channel) memory, with few passes over it.

What differs from i3d_torch.py is the order of sums alone:

* the first layer, 7x7x7 with stride 2 over three channels, reads 2x2x2 blocks of pixels as 24 channels and becomes
  4x4x4 with stride 1: matrix units want channels in multiples of eight;
* a 1x1x1 convolution is one matrix product, which adds the bias and cuts at zero on its way out;
* bias and ReLU are part of the other convolutions where cuDNN computes them, and rounded to bf16 once;
* a pool is one pass where Triton is installed: maxima are exact either way.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from vidmbench.core.torch_settings import without_tf32
from vidmbench.core.vocabulary import Precision
from vidmbench.detectors import max_pool_kernel
from vidmbench.detectors.device_stream import Clip, DeviceStream
from vidmbench.detectors.i3d import (
    FP32_LAYER,
    PUBLISHED_HEAD,
    Convolution,
    Head,
    Triple,
    body,
    fp32_layer,
    same_padding,
    stem,
)
from vidmbench.detectors.types import Feature

# Frames of a batch: 32 clips of 16, or 4 of 128. On an H100 8 clips took 5 to 40 % longer a clip, 128 as long.
_FRAMES = 512
_INPUT_SIZE = 224


class _Layer:
    """A convolution's tensors as its kind wants them."""

    def __init__(self, layer: Convolution, device: torch.device, dtype: torch.dtype) -> None:
        weight = torch.from_numpy(layer.weight)
        self.bias = torch.from_numpy(layer.bias).to(device, dtype)
        self.kernel = tuple(weight.shape[2:])
        if self.kernel == (1, 1, 1):
            self.weights = [weight.flatten(1).to(device, dtype).contiguous()]
            return
        # Of the first layer one for each frame of a block at which a clip may begin.
        blocks = [_weight_of_blocks(weight, shift) for shift in (0, 1)] if self.kernel == (7, 7, 7) else [weight]
        self.weights = [one.to(device, dtype).contiguous(memory_format=torch.channels_last_3d) for one in blocks]


class DeviceOps:
    """The operations of the graph; a node is (clip, time, height, width, channel).

    Args:
        layers: Folded convolutions.
        device: Where.
        dtype: float32 or bfloat16; one layer stays in float32, see :func:`vidmbench.detectors.i3d.fp32_layer`.
    """

    def __init__(self, layers: dict[str, Convolution], device: torch.device, dtype: torch.dtype) -> None:
        self._layers = {
            id(layer): _Layer(layer, device, torch.float32 if name == FP32_LAYER else dtype)
            for name, layer in layers.items()
        }
        # AMD's cards are called CUDA too; their library has no such function.
        self._is_pooled_at_once = max_pool_kernel.is_usable(device)
        self._is_fused = device.type == "cuda" and torch.version.hip is None and torch.backends.cudnn.enabled

    def conv(self, x: Tensor, layer: Convolution, *, stride: int = 1, relu: bool = True) -> Tensor:
        """Convolution, bias and, unless told otherwise, ReLU; stride 2 in the first layer alone."""
        own = self._layers[id(layer)]
        dtype = own.bias.dtype
        if own.kernel == (1, 1, 1):
            return _product(x.to(dtype), own.weights[0], own.bias, relu=relu)
        if stride == 2:
            blocks, shift = in_blocks(x, dtype)
            return self._convolved(blocks, own.weights[shift], own.bias, 0)
        return self._convolved(x.to(dtype), own.weights[0], own.bias, own.kernel[0] // 2)

    def max_pool(self, x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
        """Maximum over windows; every pool reads what a ReLU wrote, so zeros outside never win."""
        if self._is_pooled_at_once:
            return max_pool_kernel.max_pool(x, kernel, stride)
        flat = x.flatten(0, 1).permute(0, 3, 1, 2)
        pads = [same_padding(size, k, s) for size, k, s in zip(flat.shape[2:], kernel[1:], stride[1:], strict=True)]
        if any(before != after for before, after in pads):
            flat = F.pad(flat, [side for pad in reversed(pads) for side in pad])
            pads = [(0, 0), (0, 0)]
        flat = F.max_pool2d(flat, kernel[1:], stride[1:], [before for before, _ in pads])
        pooled = flat.permute(0, 2, 3, 1)
        x = pooled.reshape(*x.shape[:2], *pooled.shape[1:]).contiguous()
        return x if kernel[0] == stride[0] == 1 else _max_over_time(x, kernel[0], stride[0])

    def mean_pool(self, x: Tensor, kernel: Triple) -> Tensor:
        """Mean over windows, stride 1, no padding; in float32."""
        return F.avg_pool3d(x.float().permute(0, 4, 1, 2, 3), kernel, 1).permute(0, 2, 3, 4, 1)

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """Channels one after the other."""
        return torch.cat(list(parts), dim=-1)

    def _convolved(self, x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
        """Stride 1, bias and ReLU; channels come last in what is returned."""
        volumes = x.permute(0, 4, 1, 2, 3).contiguous(memory_format=torch.channels_last_3d)
        if self._is_fused:
            ones, pads = [1, 1, 1], [padding] * 3
            return torch.cudnn_convolution_relu(volumes, weight, bias, ones, pads, ones, 1).permute(0, 2, 3, 4, 1)
        y = F.conv3d(volumes, weight, None, 1, padding).permute(0, 2, 3, 4, 1).contiguous()
        return y.add_(bias).relu_()


def _weight_of_blocks(weight: Tensor, shift: int) -> Tensor:
    """A 7x7x7 kernel over 3 channels as 4x4x4 over 24: an eighth tap of zeros stands before or after it in time."""
    padded = F.pad(weight, (0, 1, 0, 1, shift, 1 - shift))
    out, channels = weight.shape[:2]
    split = padded.reshape(out, channels, 4, 2, 4, 2, 4, 2).permute(0, 3, 5, 7, 1, 2, 4, 6)
    return split.reshape(out, 8 * channels, 4, 4, 4)


def in_blocks(x: Tensor, dtype: torch.dtype) -> tuple[Tensor, int]:
    """2x2x2 blocks of pixels as channels, with the first layer's SAME padding around them.

    Args:
        x: (clip, time, height, width, 3), of even height and width.
        dtype: Of the result.

    Returns:
        (clip, block, block, block, 24), and how far the first tap stands behind the first frame of its block: 0 or 1.
    """
    count, time, height, width, channels = x.shape
    before = [same_padding(size, 7, 2)[0] for size in (time, height, width)]
    shift = before[0] % 2
    t, h, w = before[0] + shift, before[1], before[2]
    blocks = [-(-size // 2) + 3 for size in (time, height, width)]  # as many as outputs, and three for the kernel
    padded = x.new_zeros((count, *(2 * number for number in blocks), channels), dtype=dtype)
    padded[:, t : t + time, h : h + height, w : w + width] = x
    split = padded.reshape(count, blocks[0], 2, blocks[1], 2, blocks[2], 2, channels)
    return split.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(count, *blocks, 8 * channels), shift


def _product(x: Tensor, weight: Tensor, bias: Tensor, *, relu: bool) -> Tensor:
    rows = x.reshape(-1, x.shape[-1])
    # With ReLU it is one pass on a GPU: cuBLASLt multiplies, adds the bias and cuts at zero.
    y = torch._addmm_activation(bias, rows, weight.t()) if relu else F.linear(rows, weight, bias)
    return y.reshape(*x.shape[:-1], -1)


def _max_over_time(x: Tensor, kernel: int, stride: int) -> Tensor:
    """The maximum over windows of 2 or 3 frames, SAME padding."""
    padded = F.pad(x, (0, 0, 0, 0, 0, 0, *same_padding(x.shape[1], kernel, stride)))
    count = (padded.shape[1] - kernel) // stride + 1
    taps = [padded[:, tap : tap + stride * (count - 1) + 1 : stride] for tap in range(kernel)]
    found = torch.maximum(taps[0], taps[1])
    return found if kernel == 2 else torch.maximum(found, taps[2])


@contextmanager
def full_sums() -> Iterator[None]:
    """float32 is float32, and products of bf16 are summed in float32 throughout."""
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_bf16_reduced_precision_reduction
    matmul.allow_bf16_reduced_precision_reduction = False
    try:
        with without_tf32():
            yield
    finally:
        matmul.allow_bf16_reduced_precision_reduction = before


class DeviceI3d:
    """The network on an accelerator; clips may be :class:`vidmbench.detectors.types.Unresized`.

    Args:
        layers: Folded convolutions.
        precision: ``fp32`` (TF32 off) or ``bf16``.
        device: ``cuda``, or ``cpu`` in tests.
        name: What the record says.
        head: The last layers.
        frames: Of a batch, at most.
    """

    def __init__(
        self,
        layers: dict[str, Convolution],
        *,
        precision: Precision,
        device: str,
        name: str,
        head: Head = PUBLISHED_HEAD,
        frames: int = _FRAMES,
    ) -> None:
        self.name = name
        self._layers, self._head = layers, head
        place = torch.device(device)
        self._ops = DeviceOps(layers, place, torch.float32 if precision == "fp32" else torch.bfloat16)
        self._stream = DeviceStream(
            "i3d-kinetics400", self.compute, input_size=_INPUT_SIZE, device=place, frames=frames
        )

    def features(self, clips: Iterable[Clip]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`."""
        return self._stream.features(clips)

    def compute(self, x: Tensor) -> Tensor:
        """The features of clips that are on the device.

        Args:
            x: (clip, time, height, width, 3) in the protocol's range.

        Returns:
            float32 (clip, feature), on the device; they may still be on their way.
        """
        with full_sums():
            x = fp32_layer(stem(x, self._ops, self._layers), self._ops, self._layers)
            logits = body(x, self._ops, self._layers, self._head).float()
        means = logits.mean(dim=1 if self._head.keeps_columns else (1, 2, 3), keepdim=True)
        return means.permute(0, 4, 1, 2, 3).flatten(1)
