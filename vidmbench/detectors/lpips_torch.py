"""LPIPS on PyTorch: every device."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vidmbench.core.arrays import Frames
from vidmbench.core.torch_settings import use_one_torch_thread, without_tf32
from vidmbench.core.workers import cores
from vidmbench.detectors.lpips import EPSILON, SCALE, SHIFT, Layer, averages, in_batches, pairs_at_once


class TorchLpips:
    """The network on a PyTorch device.

    Args:
        layers: The network.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, layers: Sequence[Layer], *, device: str) -> None:
        self._layers, self._device = layers, torch.device(device)
        # One thread of PyTorch in each of ours: on a busy machine its own mostly wait for each other.
        self._workers = cores() if self._device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(self._workers, "vidmbench-score", use_one_torch_thread)
        self._kernels = [self._tensor(layer.kernel).contiguous(memory_format=torch.channels_last) for layer in layers]
        self._biases = [self._tensor(layer.bias) for layer in layers]
        self._heads = [
            None if layer.head is None else self._tensor(layer.head.reshape(1, -1, 1, 1)) for layer in layers
        ]
        self._shift, self._scale = (
            torch.tensor(constant, device=self._device).view(1, 3, 1, 1) for constant in (SHIFT, SCALE)
        )

    def distances(self, pairs: Frames) -> np.ndarray:
        """See :class:`vidmbench.detectors.pair_engine.LpipsNetwork`."""
        at_once = pairs_at_once(pairs, self._workers)
        return in_batches(pairs, at_once, [self._batch] * self._workers, self._pool)

    def _batch(self, pairs: Frames) -> np.ndarray:
        with torch.inference_mode(), without_tf32():
            means: np.ndarray = self._means(torch.from_numpy(pairs).to(self._device)).cpu().numpy()
        return means

    def _means(self, pixels: Tensor) -> Tensor:
        x = torch.cat(pixels.permute(0, 3, 1, 2).chunk(2, 3)).float()
        size = x.shape[2], x.shape[3]
        x = (x.div_(255).mul_(2).sub_(1) - self._shift) / self._scale
        x = x.contiguous(memory_format=torch.channels_last)
        total = torch.zeros(len(pixels), 2, device=self._device)
        for layer, kernel, bias, head in zip(self._layers, self._kernels, self._biases, self._heads, strict=True):
            if layer.pool:
                x = functional.max_pool2d(x, layer.pool, 2)
            x = functional.conv2d(x, kernel, bias, layer.stride, layer.padding).relu_()
            if head is not None:
                unit = x / (x.square().sum(1, keepdim=True).sqrt() + EPSILON)
                one, other = unit.chunk(2)
                maps = ((one - other).square_() * head).sum(1)
                total += maps.flatten(1) @ self._tensor(averages(size, (maps.shape[1], maps.shape[2])))
        return total

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)
