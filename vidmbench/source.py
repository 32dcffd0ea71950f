"""What a source is: anything that yields clips, with a length, names and ``read(index, frames)``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vidmbench.arrays import Frames


@dataclass(frozen=True)
class Skipped:
    """One video that was left out under ``--on-bad skip``.

    Attributes:
        name: The video, as its source names it.
        reason: Why it could not be scored, in one line.
    """

    name: str
    reason: str


@runtime_checkable
class Source(Protocol):
    """Videos by index. Evaluation does not care whether they lie on disk, in memory or in a sampler.

    ``read`` and ``num_frames`` are called from several threads at once.

    Attributes:
        label: How signatures and messages name the source, such as ``clevrer-mini@test``.
        skipped: Videos already left out because they could not be used (empty unless skipping was asked for).
    """

    label: str
    skipped: tuple[Skipped, ...]

    def __len__(self) -> int:
        """The number of videos."""
        ...

    def name(self, index: int) -> str:
        """The video's name, unique within the source."""
        ...

    def num_frames(self, index: int) -> int:
        """The number of frames that can really be read."""
        ...

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

        Raises:
            DataError: The video cannot be decoded or has fewer frames.
        """
        ...

    def digest(self) -> str:
        """64 hex digits that change whenever any pixel of any video may have changed.

        Files are digested by content; procedural sources by name, version and seed.
        """
        ...
