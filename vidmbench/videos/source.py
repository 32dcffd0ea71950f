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
    """What a source of the user's own has to offer; :func:`completed` adds the rest.

    ``read`` and ``num_frames`` are called from several threads at once.

    Attributes:
        label: How signatures and messages name the source, such as ``clevrer-mini@test``.
        size: Height and width of every frame, pixels.
        skipped: Videos already skipped because they could not be used (empty unless skipping was asked for).
        notes: What a reader of the score should know about how the videos were read.
    """

    label: str
    size: tuple[int, int]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

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
        compression: What the frames went through before they were read, such as ``h264 yuv420p``; empty if lossless.
        labels: The class of each video, None where it is unknown; None for a source without classes.
        is_sampled: Whether reading a video runs a model, so that a video costs seconds to minutes.
    """

    compression: str
    labels: tuple[int | None, ...] | None
    is_sampled: bool

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
    """

    checkpoint: str = ""

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


def checkpoint_of(source: Source) -> str:
    """The network that generates a source's videos, see :class:`SourceDefaults`; empty of other videos."""
    return getattr(source, "checkpoint", "")


class _Completed(SourceDefaults):
    def __init__(self, source: MinimalSource) -> None:
        self._source = source
        self.label, self.size = source.label, source.size
        self.skipped, self.notes = source.skipped, source.notes
        self.compression = getattr(source, "compression", self.compression)
        self.labels = getattr(source, "labels", self.labels)
        self.is_sampled = getattr(source, "is_sampled", self.is_sampled)

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        return self._source.name(index)

    def num_frames(self, index: int) -> int:
        return self._source.num_frames(index)

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        return self._source.read(index, frames)

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        # All at once: what the user wrote may draw or decode a whole clip for a single frame of it.
        yield from self._source.read(index, frames)

    def digest(self) -> str:
        return self._source.digest()


def completed(source: MinimalSource) -> Source:
    """The source itself, or one with the defaults of :class:`SourceDefaults` for what it does not say."""
    return source if isinstance(source, Source) else _Completed(source)
