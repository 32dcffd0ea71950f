"""Frames between uint8 and what the networks take."""

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


def to_uint8(frames: Tensor, *, truncated: bool = False) -> Frames:
    """float32 (batch, 3, height, width) in [-1, 1] to uint8 (batch, height, width, 3).

    Args:
        frames: The frames.
        truncated: Whether fractions of an intensity level are cut off, as in the published code, instead of rounded.

    Raises:
        DataError: A value is NaN or infinite; it would become black.
    """
    is_finite = frames.isfinite().flatten(1).all(dim=1)
    if not is_finite.all():
        raise DataError(
            "the model generated frames with NaN or infinity",
            expected="finite values",
            found=f"NaN or infinity in {int((~is_finite).sum())} of {len(frames)} frames",
            fix="take another sampler, more steps or an earlier checkpoint",
        )
    values = (frames + 1) * 127.5
    levels = (values if truncated else values.round()).clamp(0, 255).byte()
    converted: Frames = levels.permute(0, 2, 3, 1).cpu().numpy()
    return converted
