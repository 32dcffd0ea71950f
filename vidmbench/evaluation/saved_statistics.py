"""What files of statistics by other programs have in common: what must be said of them, and what is checked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.metrics.moments import Moments

_ASYMMETRY = 1e-6  # of a covariance: rounding of its sums in float32


@dataclass(frozen=True)
class ImportRequest:
    """What ``vidmbench pack import`` was asked for.

    Attributes:
        file: The statistics.
        protocol: The protocol that they were made for.
        frames: Frames of a clip; empty where the protocol allows one number.
        stride: Distance of a clip's frames; None for the protocol's.
        num_real: Clips, or frames, behind the statistics, where the file does not say.
        resizing: clean-fid's mode, where the file's name does not say.
        label: What the videos are called; None for the file's name.
        resolution: Height and width of the videos, pixels; None for the protocol's.
    """

    file: Path
    protocol: str
    frames: tuple[int, ...] = ()
    stride: int | None = None
    num_real: int | None = None
    resizing: str | None = None
    label: str | None = None
    resolution: int | None = None


@dataclass(frozen=True, eq=False)
class SavedStatistics:
    """What a file holds.

    Attributes:
        program: Whose it is.
        moments: Mean and scatter.
        features: float32 (clip or frame, feature); None where it holds none.
    """

    program: str
    moments: Moments
    features: np.ndarray | None = None


def wrong_file(path: Path, found: str) -> DataError:
    """The error for a file that is not what these programs save."""
    return DataError(
        f"{path.name} holds no statistics that can be imported",
        expected="a pickle of FeatureStats, as StyleGAN-V and cd-fvd save it, or an .npz with mu and sigma, as "
        "clean-fid saves it; nothing in it was run",
        found=found,
        where=str(path),
        fix="give the file that these programs wrote",
    )


def count_of(found: object, said: int | None, path: Path) -> int:
    """The number of items, which the file or the user says."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 2:
        raise UsageError(
            "statistics of at least 2 clips are needed",
            expected="a whole number of 2 or more",
            found=repr(found)[:40],
            where=str(path),
        )
    if said is not None and said != found:
        raise UsageError(
            f"{path.name} says how many clips it was made from",
            expected=f"--num-real {found}, or none",
            found=f"--num-real {said}",
            where=str(path),
            fix="omit --num-real",
        )
    return found


def finite_array(value: object, name: str, path: Path) -> np.ndarray:
    """An array of finite floats of any shape, as float64; refuses anything else by its name."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not np.isfinite(value).all():
        kind = f"{value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise wrong_file(path, f"{name}: {kind}, where finite floats were expected")
    return value.astype(np.float64)


def checked_moments(count: int, mean: np.ndarray, scatter: np.ndarray, path: Path) -> Moments:
    """Moments, unless the scatter is that of no features at all."""
    largest = float(np.abs(scatter).max())
    if not np.isfinite(largest) or largest == 0.0:
        raise wrong_file(path, "a covariance that is 0 or not finite")
    if np.abs(scatter - scatter.T).max() > _ASYMMETRY * largest or scatter.diagonal().min() < -_ASYMMETRY * largest:
        raise wrong_file(path, "a matrix that is not a covariance: it is not symmetric, or has negative variances")
    return Moments(count, mean, np.ascontiguousarray((scatter + scatter.T) / 2))
