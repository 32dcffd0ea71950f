"""What a pack holds: the videos as they were listed, and what a network saw in their clips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, Int64
from pydantic import Field, PositiveInt

from vidmbench.core.arrays import Covariance, Frames, Image, Mean
from vidmbench.core.declarations import Frozen
from vidmbench.core.errors import DataError
from vidmbench.videos.source import Skipped, SourceDefaults

_Sha256 = Field(pattern=r"^[0-9a-f]{64}$")
Holds = Literal["features", "moments"]


class OriginSpec(Frozen):
    """The videos that a pack was made from.

    Attributes:
        label: How signatures name them.
        digest: Of all of them.
        size: Height and width, pixels.
        dataset: The data set that they are; empty for files.
        split: Its split; None for its default.
        resolution: Pixels that its name gave; None where it gave none.
        compression: What the frames went through before they were read.
        notes: What a reader of a score should know of them.
        frame_rates: Lowest and highest, frames per second; None where not known.
        skipped: Name and reason of videos that could not be used.
    """

    label: str
    digest: str = _Sha256
    size: tuple[PositiveInt, PositiveInt]
    dataset: str = ""
    split: str | None = None
    resolution: PositiveInt | None = None
    compression: str = ""
    notes: tuple[str, ...] = ()
    frame_rates: tuple[float, float] | None = None
    skipped: tuple[tuple[str, str], ...] = ()


class DrawSpec(Frozen):
    """One choice of clips, and where in the file they and their numbers are.

    Attributes:
        clips: Tensor of the clips.
        numbers: Tensor of their features, or the first word of those of their moments.
        num_clips: Clips that have features.
        short: Name and reason of videos that are shorter than a clip.
        unread: Name and reason of videos that could not be read.
    """

    clips: str
    numbers: str
    num_clips: PositiveInt
    short: tuple[tuple[str, str], ...] = ()
    unread: tuple[tuple[str, str], ...] = ()


class PartSpec(Frozen):
    """What one protocol takes at one clip length.

    Attributes:
        protocol: The protocol as it was bound.
        detector: What else decides what the network sees: its declaration.
        weights: Digest of the network's weights; ``?`` where a file of another program does not say.
        engine: What ran it.
        draws: One for each of the protocol's repeats.
    """

    protocol: dict[str, Any]
    detector: dict[str, Any]
    weights: str
    engine: str
    draws: tuple[DrawSpec, ...]


class PackHeader(Frozen):
    """All of a pack but names and numbers.

    Attributes:
        holds: ``features``, or ``moments`` alone.
        origin: The videos.
        parts: One for each protocol and clip length.
        precision: In which number format the network ran.
        feature_code: Version of the code that read and prepared the clips.
        package: Version of vidmbench that wrote the file.
    """

    holds: Holds
    origin: OriginSpec
    parts: tuple[PartSpec, ...] = Field(min_length=1)
    precision: str
    feature_code: PositiveInt
    package: str


@dataclass(frozen=True, eq=False)
class StoredMoments:
    """Moments as a pack stores them.

    Attributes:
        count: Feature vectors.
        mean: Their mean.
        scatter: Their scatter about it.
    """

    count: int
    mean: Mean
    scatter: Covariance


@dataclass(frozen=True, eq=False)
class Videos:
    """The list of all videos.

    Attributes:
        names: Of each.
        lengths: Frames of each.
        labels: Classes; None for videos without.
    """

    names: tuple[str, ...]
    lengths: tuple[int, ...]
    labels: tuple[int | None, ...] | None = None


@dataclass(frozen=True, eq=False)
class Pack:
    """A pack, whole.

    Attributes:
        header: What it is.
        videos: All videos of the real side, whether a clip was taken of them or not.
        clips: Of each tensor of clips: video, first frame, frames, stride of every clip.
        features: Of each tensor of features: float32, in the order of the clips that could be read.
        moments: The same for moments.
        path: The file; None of a pack that was not written yet.
        digest: The checksum in it.
    """

    header: PackHeader
    videos: Videos
    clips: dict[str, Int64[np.ndarray, "clip 4"]]
    features: dict[str, Float32[np.ndarray, "clip *frame feature"]]
    moments: dict[str, StoredMoments]
    path: Path | None = None
    digest: str = ""

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return "the pack" if self.path is None else self.path.name

    def draws(self) -> Iterator[tuple[PartSpec, DrawSpec]]:
        """Every choice of clips with the protocol that it is of."""
        return ((part, draw) for part in self.header.parts for draw in part.draws)


NO_PIXELS = "a pack holds features, and no pixels"


class PackSource(SourceDefaults):
    """The videos of a pack: all that is known of them but their frames.

    Args:
        pack: The pack.
    """

    def __init__(self, pack: Pack) -> None:
        origin = pack.header.origin
        self.pack = pack
        self.label, self.size, self.compression = origin.label, origin.size, origin.compression
        written = f"real side: the pack {pack.name}, sha256 {pack.digest[:8]}"
        self.notes = (*origin.notes, written)
        self.frame_rates = origin.frame_rates
        self.labels = pack.videos.labels
        self.skipped = tuple(Skipped(*each) for each in origin.skipped)

    def __len__(self) -> int:
        return len(self.pack.videos.names)

    def name(self, index: int) -> str:
        """See :class:`vidmbench.videos.source.Source`."""
        return self.pack.videos.names[index]

    def num_frames(self, index: int) -> int:
        """See :class:`vidmbench.videos.source.Source`."""
        return self.pack.videos.lengths[index]

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """Refuses: there is nothing to read.

        Raises:
            DataError: Always.
        """
        del frames
        raise self._without_pixels(index)

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """Refuses, see :meth:`read`."""
        del frames
        raise self._without_pixels(index)

    def digest(self) -> str:
        """See :class:`vidmbench.videos.source.Source`; that of the videos."""
        return self.pack.header.origin.digest

    @cached_property
    def holds_moments(self) -> bool:
        """Whether it holds no feature of any single clip."""
        return self.pack.header.holds == "moments"

    def _without_pixels(self, index: int) -> DataError:
        return DataError(
            NO_PIXELS,
            expected="the videos themselves",
            found=f"{self.name(index)} of {self.pack.name}",
            where=str(self.pack.path or self.label),
            fix="give the videos in place of the pack",
        )
