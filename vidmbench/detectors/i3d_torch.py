"""I3D on PyTorch, on a CPU, clip by clip."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidmbench.core.vocabulary import Precision
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
from vidmbench.detectors.types import Feature, Prepared


class _TorchOps:
    """The operations of the graph on channels-last tensors."""

    def __init__(self, layers: dict[str, Convolution], dtype: torch.dtype) -> None:
        self._tensors = {}
        for name, layer in layers.items():
            layer_dtype = torch.float32 if name == FP32_LAYER else dtype
            weight = torch.from_numpy(layer.weight).to(layer_dtype).contiguous(memory_format=torch.channels_last_3d)
            self._tensors[id(layer)] = weight, torch.from_numpy(layer.bias).to(layer_dtype)

    def conv(self, x: Tensor, layer: Convolution, *, stride: int = 1, relu: bool = True) -> Tensor:
        weight, bias = self._tensors[id(layer)]
        x = x.to(weight.dtype)
        if weight[0, 0].numel() == 1:
            # A 1x1x1 convolution is a matrix product over channels-last memory; PyTorch's own is slower on CPUs.
            y = F.linear(x.permute(0, 2, 3, 4, 1), weight.flatten(1), bias).permute(0, 4, 1, 2, 3)
        else:
            x, padding = _padded(x, weight.shape[2:], (stride,) * 3)
            y = _conv3d(x, weight, bias, stride, padding)
        return y.relu_() if relu else y

    def max_pool(self, x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
        # Every pool reads what a ReLU wrote, so padding with zeros equals TensorFlow's padding with -infinity.
        # The maximum over time and that over space can be taken apart, which is faster than max_pool3d on CPUs.
        flat = x.permute(0, 2, 1, 3, 4).flatten(0, 1)
        flat, padding = _padded(flat, kernel[1:], stride[1:])
        flat = F.max_pool2d(flat, kernel[1:], stride[1:], padding)
        x = flat.reshape(len(x), -1, *flat.shape[1:]).permute(0, 2, 1, 3, 4)
        return x if kernel[0] == stride[0] == 1 else _max_over_time(x, kernel[0], stride[0])

    def mean_pool(self, x: Tensor, kernel: Triple) -> Tensor:
        return F.avg_pool3d(x.float(), kernel, 1)  # PyTorch has no bf16 kernel for it on CPUs

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(parts), dim=1)


def _conv3d(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: tuple[int, ...]) -> Tensor:
    """PyTorch takes its slow CPU kernel for single clips with few channels; oneDNN is faster for every size here."""
    if torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return torch.mkldnn_convolution(x, weight, bias, padding, (stride,) * 3, (1, 1, 1), 1)
    return F.conv3d(x, weight, bias, stride=stride, padding=padding)


def _max_over_time(x: Tensor, kernel: int, stride: int) -> Tensor:
    """The maximum over windows of frames, SAME padding: frames outside the clip never win."""
    time = x.shape[2]
    before, after = same_padding(time, kernel, stride)
    windows = [range(start, start + kernel) for start in range(-before, time + after - kernel + 1, stride)]
    frames = [reduce(torch.maximum, [x[:, :, t] for t in window if 0 <= t < time]) for window in windows]
    return torch.stack(frames, dim=1).permute(0, 2, 1, 3, 4)


def _padded(x: Tensor, kernel: Sequence[int], stride: Sequence[int]) -> tuple[Tensor, tuple[int, ...]]:
    """SAME padding: left to the operation where it is the same on both sides, else put on by a copy."""
    pads = [same_padding(size, k, s) for size, k, s in zip(x.shape[2:], kernel, stride, strict=True)]
    if all(before == after for before, after in pads):
        return x, tuple(before for before, _ in pads)
    return F.pad(x, [side for pad in reversed(pads) for side in pad]), (0,) * len(pads)


class TorchEngine:
    """The network on a CPU.

    Args:
        layers: Folded convolutions.
        precision: ``fp32`` or ``bf16``.
        name: What the record says.
        head: The last layers.
    """

    def __init__(
        self,
        layers: dict[str, Convolution],
        *,
        precision: Precision,
        name: str,
        head: Head = PUBLISHED_HEAD,
    ) -> None:
        self.name = name
        self._layers, self._head = layers, head
        self._dtype = torch.float32 if precision == "fp32" else torch.bfloat16
        self._ops = _TorchOps(layers, self._dtype)

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`."""
        for clip in clips:
            yield self._feature(clip)

    def _feature(self, clip: Prepared) -> Feature:
        with torch.inference_mode():
            x = torch.from_numpy(clip[None]).to(self._dtype)
            x = stem(x.permute(0, 4, 1, 2, 3), self._ops, self._layers)
            logits = body(fp32_layer(x, self._ops, self._layers), self._ops, self._layers, self._head)
            means = logits.float().mean(dim=2 if self._head.keeps_columns else (2, 3, 4))
            feature: np.ndarray = means.flatten().numpy()
        return feature
