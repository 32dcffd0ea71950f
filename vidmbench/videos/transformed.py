"""Sources whose clips are another source's clips, changed: their frames in another order, or made anew."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.files import sha256_of_parts
from vidmbench.videos.source import Source, WrappedSource


class Transformed(WrappedSource, ABC):
    """A source whose clips are another source's clips, changed as a whole.

    What reads several clips of one video streams the base once, and changes each clip as its frames come.

    Args:
        base: The source underneath.
        label: See :class:`vidmbench.videos.source.Source`.
        digest: See :meth:`vidmbench.videos.source.Source.digest`.
        is_paired: Whether ``base`` is the very source this one is scored against.
    """

    def __init__(self, base: Source, *, label: str, digest: str, is_paired: bool) -> None:
        super().__init__(base)
        self.label = label
        self.is_paired = is_paired
        self.needs_whole_clips = True
        self._digest = digest

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """One clip, changed."""
        changed = list(self.stream(index, frames))
        return np.stack(changed) if changed else self.base.read(index, frames)

    @abstractmethod
    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """One clip, changed, frame by frame."""

    def digest(self) -> str:
        """See :class:`vidmbench.videos.source.Source`."""
        return self._digest


class Reordered(Transformed):
    """The frames of each clip in another order; some may be repeated, others missing.

    Args:
        base: See :class:`Transformed`.
        order: Takes the video's name and the number of frames of the clip; gives, for each frame of the changed clip,
            which frame of the clip it is.
        label: See :class:`Transformed`.
        digest: See :class:`Transformed`.
        is_paired: See :class:`Transformed`.
    """

    def __init__(
        self, base: Source, order: Callable[[str, int], Sequence[int]], *, label: str, digest: str, is_paired: bool
    ) -> None:
        super().__init__(base, label=label, digest=digest, is_paired=is_paired)
        self.order = order

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """One clip, changed."""
        return self.base.read(index, self._ordered(index, frames))

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`Transformed`."""
        return self.base.stream(index, self._ordered(index, frames))

    def _ordered(self, index: int, frames: Sequence[int]) -> list[int]:
        return [frames[number] for number in self.order(self.name(index), len(frames))]


class ClipChange:
    """What makes the frames of one clip anew, as they come: here each by a function of itself.

    Args:
        function: uint8 (height, width, 3) to the same.
    """

    def __init__(self, function: Callable[[Image], Image]) -> None:
        self._function = function

    def put(self, frame: Image) -> Iterable[Image]:
        """Takes the clip's next frame; gives the changed frames that are ready."""
        return (self._function(frame),)

    def end(self) -> Iterable[Image]:
        """Takes the end of the clip; gives the changed frames that are left."""
        return ()


class Remade(Transformed):
    """The frames of each clip, made anew.

    Args:
        base: See :class:`Transformed`.
        change: Takes the video's name and the number of frames of the clip; gives what changes that one clip.
        label: See :class:`Transformed`.
        digest: See :class:`Transformed`.
        is_paired: See :class:`Transformed`.
    """

    def __init__(
        self, base: Source, change: Callable[[str, int], ClipChange], *, label: str, digest: str, is_paired: bool
    ) -> None:
        super().__init__(base, label=label, digest=digest, is_paired=is_paired)
        self.change = change

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`Transformed`."""
        change = self.change(self.name(index), len(frames))
        for frame in self.base.stream(index, frames):
            yield from change.put(frame)
        yield from change.end()


class OneClip(WrappedSource):
    """Videos that are each one changed clip, of which any frames can be asked for.

    A change depends on the clip that it is asked for: a static control of the frames from 112 on repeats frame 112.
    Here it is the whole video that is changed, whatever part of it is read.

    Args:
        base: The changed clips.
        length: Frames of each video.
    """

    def __init__(self, base: Transformed, length: int) -> None:
        super().__init__(base)
        self.length = length
        self.needs_whole_clips = False
        if base.is_paired:
            self.notes = (*self.notes, "paired: this control is made from the very videos it is scored against")

    def num_frames(self, index: int) -> int:  # noqa: ARG002 - all are equally long
        """See :class:`vidmbench.videos.source.Source`."""
        return self.length

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """See :class:`vidmbench.videos.source.Source`."""
        found = dict(zip(sorted(set(frames)), self.stream(index, sorted(set(frames))), strict=True))
        return np.stack([found[number] for number in frames])

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`; ``frames`` in increasing order."""
        wanted = iter(frames)
        next_one = next(wanted, None)
        for number, frame in enumerate(self.base.stream(index, range(self.length))):
            if number == next_one:
                yield frame
                next_one = next(wanted, None)
                if next_one is None:
                    return

    def digest(self) -> str:
        """See :class:`vidmbench.videos.source.Source`."""
        return sha256_of_parts("one clip", str(self.length), self.base.digest())
