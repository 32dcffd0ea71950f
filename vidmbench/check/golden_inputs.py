"""What the checks start from: golden clips, and features that are the same bits on every machine.

The clips are in protocols/golden/clips.npz. Features and probabilities without a network are made of integers alone,
hashed from words, so neither a processor nor a version of numpy can move them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.arrays import Clips, Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.videos.source import SourceDefaults

#: Clips a side of the seeded features (a few more where they must divide into splits); frames of a clip where a network
#: looks at each; and the most numbers a clip, for no formula depends on how many there are, but the time does.
SEEDED_CLIPS, SEEDED_FRAMES, SEEDED_WIDTH = 60, 4, 400
_LATENT = 6

#: Where the golden clips are, in protocols/golden.
CLIPS_FILE = "clips.npz"
#: What to do where values are missing.
HOW = "in a checkout: python -m vidmbench.check.make_golden --write"


@dataclass(frozen=True, eq=False)
class GoldenClips:
    """Small procedural clips, made once by ``python -m vidmbench.check.make_golden --write``.

    Attributes:
        real: uint8 (clip, frame, height, width, 3), wider than high: there is something to crop.
        fake: The same, square, of other scenes.
        images: uint8 (frame, height, width, 3), larger than networks are fed: there is something to shrink.
    """

    real: Clips
    fake: UInt8[np.ndarray, "clip frame size size 3"]
    images: UInt8[np.ndarray, "image image_height image_width 3"]

    @classmethod
    def load(cls, path: Path) -> "GoldenClips":
        """Reads the file.

        Raises:
            DataError: It is missing or damaged.
        """
        try:
            with np.load(path) as file:
                return cls(file["real"], file["fake"], file["pictures"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(
                "no golden clips",
                found=str(error),
                where=str(path),
                fix=HOW,
            ) from error


class GoldenVideos(SourceDefaults):
    """Golden clips of one side as a source; a longer clip than they are runs through them again.

    Args:
        clips: One video each.
        label: See :class:`vidmbench.videos.source.Source`.
        frames: Frames every video is said to have.
    """

    def __init__(self, clips: Clips, label: str, frames: int) -> None:
        self._clips = clips
        self._frames = frames
        self.label = label
        self.size: tuple[int, int] = (clips.shape[2], clips.shape[3])

    def __len__(self) -> int:
        return len(self._clips)

    def name(self, index: int) -> str:
        """See :class:`vidmbench.videos.source.Source`."""
        return f"golden_{index}"

    def num_frames(self, index: int) -> int:
        """See :class:`vidmbench.videos.source.Source`."""
        del index
        return self._frames

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """See :class:`vidmbench.videos.source.Source`."""
        selected: Frames = self._clips[index][np.asarray(frames) % self._clips.shape[1]]
        return selected

    def digest(self) -> str:
        """See :class:`vidmbench.videos.source.Source`."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return sha256_of_parts("golden", str(self._frames), self._clips.tobytes())


def seeded_features(side: str, clips: int, features: int, frames: int | None = None) -> np.ndarray:
    """Correlated features without a network; the scored side's are shifted a little and vary in other directions.

    Args:
        side: ``real`` or ``fake``.
        clips: Number of clips.
        features: Numbers a clip, or a frame.
        frames: Frames of a clip, for a network that looks at each; None for one that looks at clips.

    Returns:
        float32 (clip, feature), or (clip, frame, feature): multiples of 2^-16, so that nothing is rounded.
    """
    rows = clips * (frames or 1)
    noise = (_integers(f"{side} noise", rows, features, 4).sum(axis=2) - 2 * 0xFFFF) >> 2
    latent = (_integers(f"{side} latent", rows, _LATENT) >> 8) - 128
    halves = [_integers(f"{words} mix", _LATENT // 2, features) for words in ("common", side)]
    mix = (np.concatenate(halves) >> 8) - 128
    shift = _integers("shift", features) >> (3 if side == "fake" else 16)
    values: np.ndarray = ((noise + 4 * latent @ mix + shift) * 2.0**-16).astype(np.float32)
    return values if frames is None else values.reshape(clips, frames, features)


def seeded_probabilities(side: str, clips: int, classes: int) -> np.ndarray:
    """Class probabilities without a network, a few of them exactly 0: float32 (clip, class)."""
    weights = (_integers(f"{side} classes", clips, classes) >> 4) ** 4
    probabilities: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def _integers(words: str, *shape: int) -> np.ndarray:
    """0 to 65535 from a hash of words, int64."""
    count = int(np.prod(shape))
    data = hashlib.shake_256(f"vidmbench golden {words}".encode()).digest(2 * count)
    return np.frombuffer(data, dtype="<u2").astype(np.int64).reshape(shape)


def sampled(array: np.ndarray, count: int) -> np.ndarray:
    """A few values from all over an array, always at the same indices: (count,), or all where there are fewer."""
    flat = array.reshape(-1)
    return flat if flat.size <= count else flat[sampled_indices(flat.size, count)]


def sampled_indices(size: int, count: int) -> np.ndarray:
    """The indices that :func:`sampled` takes of an array of ``size`` values."""
    return np.arange(min(size, count)) if size <= count else np.arange(count) * 1_000_003 % size
