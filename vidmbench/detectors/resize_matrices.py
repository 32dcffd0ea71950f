"""The rules of resize.py on any device: what is linear in the pixels is a matrix for rows and one for columns.

The matrices are what the rule itself, on the CPU, makes of the unit vectors; the device only multiplies. So a clip can
travel as the uint8 frames it was read as, of 128 pixels a twelfth of what the network is fed. What rounds to uint8 on
the way (a first resizing, Pillow's bicubic on images) is done on the CPU before: see resize.in_uint8.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.torch_settings import without_tf32
from vidmbench.detectors.preparation import lengthened
from vidmbench.detectors.resize import COLOURS, centre, resized, resized_to
from vidmbench.protocols.array_values import Resize
from vidmbench.protocols.stages import ArrayStage

# Factor and offset of each range.
_RANGES = {"-1..1": (2 / 255, -1.0), "0..1": (1 / 255, 0.0), "0..255": (1.0, 0.0), "inception": (1 / 128, -1.0)}


class MatrixResize:
    """Clips of one shape to what a network is fed, on a device.

    Args:
        shape: Frames, height and width of the clips, as :func:`vidmbench.detectors.resize.in_uint8` gives them.
        stage: The protocol's array stage.
        size: Height and width that the network is fed, pixels.
        device: Where.
    """

    def __init__(
        self, shape: tuple[int, int, int], stage: ArrayStage, *, size: tuple[int, int], device: torch.device
    ) -> None:
        time, height, width = shape
        rows, columns = resize_matrices((height, width), stage, size=size)
        self._time, self._rows, self._columns = (
            None if _is_identity(matrix) else matrix.to(device) for matrix in (_time_matrix(time, stage), rows, columns)
        )
        self._factor, self._offset = (numbers.to(device) for numbers in _range(stage.range))

    def __call__(self, frames: Tensor) -> Tensor:
        """Scales, resizes, crops and lengthens.

        Args:
            frames: uint8 (clip, time, height, width, 3), on the device.

        Returns:
            float32 (clip, time, height, width, 3) in the protocol's range; a view, channel by channel in memory.
        """
        with without_tf32():
            x = frames.movedim(-1, 2).to(torch.float32, memory_format=torch.contiguous_format)
            x = x.mul_(self._factor).add_(self._offset)
            if self._columns is not None:
                x = torch.matmul(x, self._columns.T)
            if self._rows is not None:
                x = torch.matmul(self._rows, x)
            if self._time is not None:
                x = torch.matmul(self._time, x.flatten(2)).reshape(len(x), -1, *x.shape[2:])
        return x.movedim(2, -1)


def resize_matrices(old: tuple[int, int], stage: ArrayStage, *, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """What a protocol does to rows and to columns, a crop behind the resizing included.

    Args:
        old: Height and width of the frames.
        stage: The protocol's array stage.
        size: Height and width that the network is fed, pixels.

    Returns:
        float32 (new height, old height) and (new width, old width); a frame becomes rows @ frame @ columns.T, channel
        by channel.

    Raises:
        ValueError: The rule rounds to uint8, and these frames were not resized by it yet.
    """
    new = resized_to(old, stage, size=size)
    if stage.resize == "bicubic-pil-uint8" and new != old:
        raise ValueError(f"{stage.resize} rounds in between: frames of {old} must be resized to {new} before")
    rows, columns = (_matrix(before, after, stage.resize) for before, after in zip(old, new, strict=True))
    if stage.crop == "short-side-centre":
        rows, columns = centre(rows, size[0], dim=0), centre(columns, size[0], dim=0)
    return rows, columns


@lru_cache(maxsize=64)
def _matrix(old: int, new: int, kernel: Resize) -> Tensor:
    """One axis, from the rule's answer to the identity, whose columns are the unit vectors."""
    with torch.inference_mode():
        found = resized(torch.eye(old)[None, None], (new, old), kernel)[0, 0]
    return torch.from_numpy(np.array(found.numpy()))  # a plain tensor: those of inference mode cannot be kept about


def _time_matrix(frames: int, stage: ArrayStage) -> Tensor:
    """How a clip gets longer: (new time, time); the identity where it stays as it is."""
    unit_vectors = np.repeat(np.eye(frames, dtype=np.float32)[:, :, None, None], 3, axis=3)  # as frames of a column
    return torch.from_numpy(np.ascontiguousarray(lengthened(unit_vectors, stage)[:, :, 0, 0]))


def _range(name: str) -> tuple[Tensor, Tensor]:
    """Factor and offset that bring 0..255 to a range, each float32 (3, 1, 1)."""
    if name in COLOURS:
        mean, deviation = (np.array(values) for values in COLOURS[name])
        pair = 1 / (255 * deviation), -mean / deviation
    else:
        factor, offset = _RANGES[name]
        pair = np.full(3, factor), np.full(3, offset)
    factors, offsets = (torch.from_numpy(values.astype(np.float32)).reshape(3, 1, 1) for values in pair)
    return factors, offsets


def _is_identity(matrix: Tensor) -> bool:
    return matrix.shape[0] == matrix.shape[1] and torch.equal(matrix, torch.eye(len(matrix)))
