"""What a source is: anything that yields clips, with a length, names and ``read(index, frames)``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vidmbench.core.arrays import Frames, Image

#: Bytes of frames that a source without a way of its own reads at once when it gives them one by one.
_READ_AT_ONCE = 16 * 2**20


@dataclass(frozen=True)
class Skipped:
    """One video that was skipped under ``--on-bad skip``.

    Attributes:
        name: The video, as its source names it.
        reason: Why it could not be scored, in one line.
    """

    name: str
    reason: str


@runtime_checkable
class MinimalSource(Protocol):
    """What a source of your own has to offer; ``name(index)`` and every attribute of :class:`Source` may be added.

    ``read`` and ``num_frames`` are called from several threads at once.

    Attributes:
        label: How signatures and messages name the source, such as ``clevrer-mini@test``.
        size: Height and width of every frame, pixels.

    Example:
        >>> import hashlib
        >>> import numpy as np
        >>> import vidmbench
        >>> class Sampler:
        ...     label, size = "my-sampler", (64, 64)
        ...     def __len__(self): return 32
        ...     def num_frames(self, index): return 16
        ...     def read(self, index, frames):  # uint8 (frame, height, width, 3)
        ...         rng = np.random.default_rng([7, index])
        ...         return rng.integers(0, 256, (16, 64, 64, 3), dtype=np.uint8)[list(frames)]
        ...     def digest(self): return hashlib.sha256(b"my-sampler, seed 7").hexdigest()
        >>> source = vidmbench.open_source(Sampler())
        >>> len(source), source.read(3, [0, 1]).shape
        (32, (2, 64, 64, 3))
    """

    label: str
    size: tuple[int, int]

    def __len__(self) -> int:
        """The number of videos."""
        ...

    def num_frames(self, index: int) -> int:
        """The number of frames that can really be read."""
        ...

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The requested frames, uint8 (frame, height, width, 3), RGB, 0..255, in the order of ``frames``.

        Raises:
            DataError: The video cannot be decoded or has fewer frames.
        """
        ...

    def digest(self) -> str:
        """64 hex digits that change whenever any pixel of any video may have changed.

        Files are digested by content; procedural sources by name, version and seed.
        """
        ...


@runtime_checkable
class Source(MinimalSource, Protocol):
    """Videos by index. Evaluation does not care whether they are on disk, in memory or come from a sampler.

    Attributes:
        skipped: Videos already skipped because they could not be used (empty unless skipping was asked for).
        notes: What a reader of the score should know about how the videos were read.
        compression: What the frames went through before they were read, such as ``h264 yuv420p``; empty if lossless.
        labels: The class of each video, None where it is unknown; None for a source without classes.
        is_sampled: Whether reading a video runs a model, so that a video costs seconds to minutes.
    """

    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    compression: str
    labels: tuple[int | None, ...] | None
    is_sampled: bool

    def name(self, index: int) -> str:
        """The video's name, unique within the source."""
        ...

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """The frames that :meth:`read` gives, one by one: however large and long a video is, few are in memory.

        Yields:
            uint8 (height, width, 3), RGB, 0..255, in the order of ``frames``; not to be written to.

        Raises:
            DataError: As :meth:`read`; frames before the first that cannot be read have been given then.
        """
        ...

    def check_unchanged(self, index: int) -> None:
        """Makes sure that the video's file still is what the digest was made from; a source's ``read`` does so too.

        Raises:
            ChangedError: It was changed, replaced or removed.
        """
        ...


class SourceDefaults:
    """What most sources say of themselves: nothing skipped, nothing to note, lossless, without classes, not sampled.

    Attributes:
        frame_rates: Lowest and highest rate that the videos declare, frames per second; None where one declares none.
        checkpoint: The network whose samples the videos are, NAME:SHA256, for signatures; empty of other videos.
        needs_whole_clips: Whether what a frame shows depends on which others are asked for with it.
    """

    checkpoint: str = ""
    needs_whole_clips: bool = False

    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    compression: str = ""
    labels: tuple[int | None, ...] | None = None
    is_sampled: bool = False

    def stream(self: MinimalSource, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`Source`; a few frames are read at a time, which suits what finds each without the others."""
        height, width = self.size
        step = max(1, _READ_AT_ONCE // (height * width * 3))
        for start in range(0, len(frames), step):
            yield from self.read(index, frames[start : start + step])

    def check_unchanged(self, index: int) -> None:
        """See :class:`Source`; what is in memory or made when it is read does not change."""


class WrappedSource(SourceDefaults):
    """Another source under another label or with other notes: base of all sources that change one.

    Args:
        base: The source underneath; whatever a subclass does not set is the base's.
    """

    def __init__(self, base: Source) -> None:
        self.base = base
        self.label = base.label
        self.size = base.size
        self.skipped = base.skipped
        self.notes = base.notes
        self.compression = base.compression
        self.labels = base.labels
        self.is_sampled = base.is_sampled
        self.frame_rates = frame_rates_of(base)
        self.checkpoint = checkpoint_of(base)
        self.needs_whole_clips = needs_whole_clips(base)

    def __len__(self) -> int:
        return len(self.base)

    def name(self, index: int) -> str:
        """See :class:`Source`."""
        return self.base.name(index)

    def num_frames(self, index: int) -> int:
        """See :class:`Source`."""
        return self.base.num_frames(index)

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """See :class:`Source`."""
        return self.base.read(index, frames)

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`Source`; the base's, unless a subclass reads in a way of its own."""
        is_plain = type(self).read is WrappedSource.read
        return self.base.stream(index, frames) if is_plain else super().stream(index, frames)

    def digest(self) -> str:
        """See :class:`Source`."""
        return self.base.digest()

    def check_unchanged(self, index: int) -> None:
        """See :class:`Source`."""
        self.base.check_unchanged(index)


def frame_rates_of(source: Source) -> tuple[float, float] | None:
    """The frame rates of a source, see :class:`SourceDefaults`; sources of the user's own need not know of them."""
    return getattr(source, "frame_rates", None)


def needs_whole_clips(source: Source) -> bool:
    """Whether clips must be read one by one, see :class:`SourceDefaults`."""
    return getattr(source, "needs_whole_clips", False)


def checkpoint_of(source: Source) -> str:
    """The network that generates a source's videos, see :class:`SourceDefaults`; empty of other videos."""
    return getattr(source, "checkpoint", "")
