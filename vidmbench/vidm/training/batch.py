"""What one step of training is given."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Samples of one step.

    Attributes:
        x_0: The frame to learn, float32 (batch, 3, height, width) in [-1, 1].
        eps: Noise, as ``x_0``.
        t: Timesteps, int64 (batch,).
        first: x(0)_0, as ``x_0``; motion generator only.
        previous: x(n-1)_0, as ``x_0``; motion generator only.
        n: Frame numbers, int64 (batch,); motion generator only.
        label: Classes, int64 (batch,); class-conditional content generator only.
    """

    x_0: Tensor
    eps: Tensor
    t: Tensor
    first: Tensor | None = None
    previous: Tensor | None = None
    n: Tensor | None = None
    label: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same samples on another device; out of pinned memory without waiting for it."""
        return self._each(lambda value: value.to(device, non_blocking=value.is_pinned()))

    def pinned(self) -> "Batch":
        """The same samples in memory that a GPU reads by itself."""
        return self._each(Tensor.pin_memory)

    def rows(self, begin: int, end: int) -> "Batch":
        """Some of the samples."""
        return self._each(lambda value: value[begin:end])

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return Batch(**{name: change(value) for name, value in vars(self).items() if value is not None})
