"""Two sides whose videos belong together, as one source: each frame shows the target left and the prediction right."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.files import sha256_of_parts
from vidmbench.videos.source import Source, SourceDefaults, WrappedSource, needs_whole_clips


@dataclass(frozen=True)
class Pair:
    """A target and one prediction of it.

    Attributes:
        real: The target's number in its source.
        fake: The prediction's number in its source.
    """

    real: int
    fake: int


class PairedVideos(SourceDefaults):
    """Pairs of videos, side by side.

    Args:
        real: The targets.
        fake: The predictions, of the same size.
        pairs: Which belong together: one pair a video of this source.

    Attributes:
        real: See above.
        fake: See above.
        pairs: See above.
        label: Both labels.
        size: Height and twice the width, pixels.
    """

    def __init__(self, real: Source, fake: Source, pairs: Sequence[Pair]) -> None:
        self.real, self.fake, self.pairs = real, fake, tuple(pairs)
        self.label = fake.label
        self.needs_whole_clips = needs_whole_clips(real) or needs_whole_clips(fake)
        height, width = real.size
        self.size: tuple[int, int] = (height, 2 * width)

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.pairs)

    def name(self, index: int) -> str:
        """The prediction's name."""
        return self.fake.name(self.pairs[index].fake)

    def num_frames(self, index: int) -> int:
        """Frames that both have; beyond them the last pair of frames is repeated."""
        pair = self.pairs[index]
        return min(self.real.num_frames(pair.real), self.fake.num_frames(pair.fake))

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """uint8 (frame, height, 2 width, 3), RGB, 0..255."""
        height, width = self.size
        found = np.empty((len(frames), height, width, 3), np.uint8)
        for place, frame in enumerate(self.stream(index, frames)):
            found[place] = frame
        return found

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`."""
        pair, both = self.pairs[index], self.num_frames(index)
        last = np.empty(0, np.uint8)
        there = [frame for frame in frames if frame < both]
        sides = self.real.stream(pair.real, there), self.fake.stream(pair.fake, there)
        for target, prediction in zip(*sides, strict=True):
            last = np.concatenate([target, prediction], axis=1)
            yield last
        for _ in range(len(frames) - len(there)):
            yield last

    def digest(self) -> str:
        """Of both sides, and of what belongs together."""
        with ThreadPoolExecutor(1) as pool:  # both sides at once: hashing takes a tenth of the time of PSNR and SSIM
            fake = pool.submit(self.fake.digest)
            real = self.real.digest()
        return sha256_of_parts(real, fake.result(), repr([(p.real, p.fake) for p in self.pairs]))

    def check_unchanged(self, index: int) -> None:
        """See :class:`vidmbench.videos.source.Source`."""
        self.real.check_unchanged(self.pairs[index].real)
        self.fake.check_unchanged(self.pairs[index].fake)


class ContextInFront(WrappedSource):
    """Predictions whose first frames are those of their targets: what a model was given.

    Args:
        real: The targets.
        fake: The predictions, of the same size, from the first given frame on.
        pairs: Which belong together.
        given: Frames at the start of the videos that are the targets' own.
    """

    def __init__(self, real: Source, fake: Source, pairs: Sequence[Pair], given: int) -> None:
        super().__init__(fake)
        self.real, self.given = real, given
        self._targets = {pair.fake: pair.real for pair in pairs}

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """uint8 (frame, height, width, 3), RGB, 0..255."""
        found = np.empty((len(frames), *self.size, 3), np.uint8)
        for place, frame in enumerate(self.stream(index, frames)):
            found[place] = frame
        return found

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`."""
        given = self.real.stream(self._targets[index], [number for number in frames if number < self.given])
        for number, frame in zip(frames, self.base.stream(index, frames), strict=True):
            yield next(given) if number < self.given else frame

    def digest(self) -> str:
        """Of both sides, of what belongs together, and of how much is given."""
        pairs = repr(sorted(self._targets.items()))
        return sha256_of_parts("context", str(self.given), self.real.digest(), self.base.digest(), pairs)

    def check_unchanged(self, index: int) -> None:
        """See :class:`vidmbench.videos.source.Source`."""
        self.real.check_unchanged(self._targets[index])
        self.base.check_unchanged(index)
