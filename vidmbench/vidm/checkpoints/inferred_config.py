"""What the coordinate buffers in a published VIDM checkpoint tell about how it was trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from vidmbench.core.errors import WeightsError
from vidmbench.vidm.checkpoints.known import OFFICIAL_FILE

FIX = f"take the published file {OFFICIAL_FILE}, or one that the published training script wrote"
# Six levels: a frame is halved five times, so its size is a multiple of this.
HALVED = 32
_FACTORS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Evidence:
    """What the coordinate buffers of a checkpoint tell; None where it has none.

    The published code makes them on the first forward pass, in every PosGN: ``new_coords`` [T, N, 1, 1, 2] and
    ``coords`` [batch, height, width, 2]. They are not weights, but nothing else in the file knows N or the resolution.

    Attributes:
        num_timesteps: T.
        num_frames: N, ``video_timesteps`` in the code.
        resolution: Height and width of the frames, pixels.
        batches: Samples of a forward pass on one device; several where weights and moving average were run apart.
    """

    num_timesteps: int | None
    num_frames: int | None
    resolution: int | None
    batches: tuple[int, ...]


def is_coordinates(name: str) -> bool:
    """Whether a tensor of this name holds coordinates, not weights."""
    return name.endswith((".coords", ".new_coords"))


def read_evidence(states: Mapping[str, Mapping[str, Tensor]], path: Path) -> Evidence:
    """Reads the coordinate buffers of weights and moving average, whichever has them.

    Args:
        states: Weights by name, by the key of the file they stood under.
        path: The file.

    Raises:
        WeightsError: The buffers contradict each other, or cannot come from the published code.
    """
    times: dict[int, str] = {}
    frames: dict[int, str] = {}
    sizes: dict[int, str] = {}
    batches: set[int] = set()
    for label, state in states.items():
        largest: dict[int, str] = {}
        for name, value in state.items():
            if not is_coordinates(name):
                continue
            shape, location = tuple(value.shape), f"{label}: {name}"
            if name.endswith(".new_coords"):
                right = len(shape) == 5 and shape[2:] == (1, 1, 2) and min(shape[:2]) > 1
                _expect(right, "(T, N, 1, 1, 2)", shape, location, path)
                times.setdefault(shape[0], location)
                frames.setdefault(shape[1], location)
            else:
                right = len(shape) == 4 and shape[1] == shape[2] and shape[3] == 2
                _expect(right, "(batch, size, size, 2)", shape, location, path)
                largest.setdefault(shape[1], location)
                batches.add(shape[0])
        if largest:
            size = max(largest)
            sizes.setdefault(size, largest[size])
            for other, location in largest.items():
                _expect(
                    any(other * factor == size for factor in _FACTORS) and size % HALVED == 0,
                    f"feature maps of {size} pixels, a multiple of {HALVED}, halved up to five times",
                    f"{other} pixels",
                    location,
                    path,
                )
    return Evidence(
        num_timesteps=_agreed("timesteps T", times, path),
        num_frames=_agreed("video frames N", frames, path),
        resolution=_agreed("pixels", sizes, path),
        batches=tuple(sorted(batches)),
    )


def _expect(holds: bool, expected: str, found: object, location: str, path: Path) -> None:
    if not holds:
        raise WeightsError(
            "a coordinate buffer has a shape that the published code cannot have made",
            expected=expected,
            found=str(found),
            where=f"{path}, {location}",
            fix=FIX,
        )


def _agreed(what: str, locations: Mapping[int, str], path: Path) -> int | None:
    if len(locations) > 1:
        raise WeightsError(
            f"the coordinate buffers of this checkpoint contradict each other about the number of {what}",
            expected="the same number in all of them",
            found=", ".join(f"{number} ({location})" for number, location in sorted(locations.items())),
            where=str(path),
            fix=FIX,
        )
    return next(iter(locations), None)
