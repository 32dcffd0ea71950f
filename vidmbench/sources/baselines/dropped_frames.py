"""Videos without some of their frames: those that a layout declares to be no samples."""

from collections.abc import Collection, Sequence

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.text import counted
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.grids.tile_states import in_ranges
from vidmbench.videos.source import Source, WrappedSource


class WithoutFrames(WrappedSource):
    """Another source's videos without some of their frames; the others move together.

    Args:
        base: The source underneath.
        dropped: Numbers of the frames that are omitted, from 0; none keeps all of them.

    Raises:
        DataError: Nothing would be left of a video.
    """

    def __init__(self, base: Source, dropped: Collection[int]) -> None:
        super().__init__(base)
        self._dropped = np.array(sorted(dropped), np.intp)
        for index in range(len(base)):
            if not self.num_frames(index):
                raise DataError(
                    f"drop_frames leaves nothing of {base.name(index)}",
                    expected="at least one frame that is kept",
                    found=counted(base.num_frames(index), "frame"),
                    where=base.label,
                    fix="correct drop_frames of the layout",
                )
        if len(self._dropped):
            words = in_ranges([int(number) for number in self._dropped])
            self.notes = (*base.notes, f"omitted as declared: frames {words} of every video")

    def num_frames(self, index: int) -> int:
        """The number of frames that are left."""
        total = self.base.num_frames(index)
        return total - int((self._dropped < total).sum())

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, of those that are left; see :class:`vidmbench.videos.source.Source`.

        Raises:
            DataError: The video has fewer frames, or cannot be decoded.
        """
        check_frames(self.name(index), frames, self.num_frames(index))
        kept = np.setdiff1d(np.arange(self.base.num_frames(index)), self._dropped)
        return self.base.read(index, kept[np.asarray(frames, dtype=np.intp)].tolist())

    def digest(self) -> str:
        """The base's, or one over it and the omitted frames."""
        if not len(self._dropped):
            return self.base.digest()
        return sha256_of_parts(self.base.digest(), "without frames", *map(str, self._dropped))
