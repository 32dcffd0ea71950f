"""Frames between uint8 and what the networks take."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn import functional

from vidmbench.core.arrays import Frames, Resized
from vidmbench.core.errors import DataError


def square(frames: Frames, resolution: int) -> Resized:
    """The centre square at a resolution: bilinear, half-pixel, no antialias, as the VIDM code prepares its data.

    Args:
        frames: uint8 (frame, height, width, 3).
        resolution: Pixels.
    """
    height, width = frames.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    cut = frames[:, top : top + side, left : left + side]
    if side == resolution:
        return cut
    resized = functional.interpolate(
        torch.from_numpy(np.array(cut, order="C")).permute(0, 3, 1, 2).float(),
        size=(resolution, resolution),
        mode="bilinear",
        align_corners=False,
    )
    rounded: Resized = resized.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return rounded


def to_tensor(frames: UInt8[np.ndarray, "*batch height width 3"]) -> Tensor:
    """uint8 (..., height, width, 3) to float32 (..., 3, height, width) in [-1, 1]."""
    # A picture that was read may not be writable, which PyTorch warns of: hence the copy.
    return torch.from_numpy(np.array(np.moveaxis(frames, -1, -3), order="C")).float() / 127.5 - 1


@dataclass(frozen=True)
class Levels:
    """Frames in intensity levels, still on the device that made them, which may not have done so yet.

    Attributes:
        levels: uint8 (batch, height, width, 3).
        is_finite: Whether all values of a frame were, bool (batch,).
    """

    levels: Tensor
    is_finite: Tensor

    @classmethod
    def of(cls, frames: Tensor, *, truncated: bool = False) -> "Levels":
        """Of float32 (batch, 3, height, width) in [-1, 1]; arguments as for :func:`to_uint8`."""
        values = (frames + 1) * 127.5
        levels = (values if truncated else values.round()).clamp(0, 255).byte()
        return cls(levels.permute(0, 2, 3, 1), frames.isfinite().flatten(1).all(dim=1))

    def read(self) -> Frames:
        """The frames, uint8 (batch, height, width, 3); waits for the device.

        Raises:
            DataError: A value was NaN or infinite; it would have become black.
        """
        if not self.is_finite.all():
            raise DataError(
                "the model generated frames with NaN or infinity",
                expected="finite values",
                found=f"NaN or infinity in {int((~self.is_finite).sum())} of {len(self.levels)} frames",
                fix="take another sampler, more steps or an earlier checkpoint",
            )
        converted: Frames = self.levels.cpu().numpy()
        return converted


def to_uint8(frames: Tensor, *, truncated: bool = False) -> Frames:
    """float32 (batch, 3, height, width) in [-1, 1] to uint8 (batch, height, width, 3).

    Args:
        frames: The frames.
        truncated: Whether fractions of an intensity level are cut off, as in the published code, instead of rounded.

    Raises:
        DataError: A value is NaN or infinite; it would become black.
    """
    return Levels.of(frames, truncated=truncated).read()
