"""Training samples: sample k of a part depends on (seed, part, k) alone, so any process can draw any of them."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from vidmbench.core import resources
from vidmbench.core.arrays import Clips, Frames, Resized
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.progress import Progress, note
from vidmbench.core.seeding import generator
from vidmbench.videos.source import Source
from vidmbench.vidm.config import Part, VidmSpec
from vidmbench.vidm.frames import square, to_tensor
from vidmbench.vidm.recipes import DataSpec, FlowStartSpec
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.frame_cache import FrameCache

# Videos that take less are decoded once and kept in the cache as one file; the others are read anew.
_LARGEST_ARRAY = 4 * 2**30
_VERSION = 2


@runtime_checkable
class Labelled(Protocol):
    """A source whose videos have classes."""

    def class_of(self, index: int) -> int:
        """The video's class, counted from 0."""
        ...


class TrainingVideos:
    """Frames of a source at the model's resolution: the centre square, resized bilinearly without antialias.

    (The VIDM code's preprocessing.) Small sets are kept in the user's cache, decoded.

    Args:
        source: The videos.
        resolution: Pixels.
        shortest: Videos with fewer frames are skipped.
        num_videos: The first so many are taken; None takes all.

    Raises:
        DataError: No video is long enough.
    """

    def __init__(self, source: Source, resolution: int, shortest: int, num_videos: int | None = None) -> None:
        self.source = source
        self.resolution = resolution
        self.videos = [index for index in range(len(source)) if source.num_frames(index) >= shortest][:num_videos]
        if not self.videos:
            longest = max((source.num_frames(index) for index in range(len(source))), default=0)
            raise DataError(
                f"{source.label} has no video that is long enough to train on",
                expected=f"videos of at least {shortest} frames, the num_frames of the recipe",
                found=f"{len(source)} videos, the longest of {longest} frames",
                fix="lower num_frames in the recipe, or take longer videos",
            )
        self._is_part = len(self.videos) == num_videos
        lengths = {source.num_frames(index) for index in self.videos}
        self._cache: FrameCache | None = None
        self._shape = (len(self.videos), min(lengths), resolution, resolution, 3)
        self._is_small = len(lengths) == 1 and int(np.prod(self._shape)) <= _LARGEST_ARRAY

    def __len__(self) -> int:
        """The number of videos that are long enough."""
        return len(self.videos)

    def num_frames(self, index: int) -> int:
        """Frames of the index-th video that is long enough."""
        return self.source.num_frames(self.videos[index])

    def label(self, index: int) -> int:
        """Class of the index-th video that is long enough.

        Raises:
            DataError: The source knows no classes.
        """
        if not isinstance(self.source, Labelled):
            raise DataError(
                f"{self.source.label} has no class labels",
                expected="a data set with classes, for a recipe with num_classes > 0",
                found="videos without labels",
                fix="set num_classes = 0 in the recipe, or train on a data set with classes",
            )
        return self.source.class_of(self.videos[index])

    def digest(self) -> str:
        """Digest of the source, the resolution and what is done to the frames."""
        facts = [_VERSION, self.resolution, *([len(self)] if self._is_part else [])]
        if self._is_part and self.videos != list(range(len(self))):  # short ones were passed over
            facts += self.videos
        return sha256_of_parts("training", *map(str, facts), self.source.digest())

    def read(self, index: int, frames: list[int]) -> Frames:
        """Frames of one video, uint8 (frame, resolution, resolution, 3)."""
        if self._cache is not None:
            cached = self._cache.read(index, frames)
            return self._mended(self._cache, index, frames) if cached is None else cached
        return self._decoded(index, frames)

    def all_frames(self) -> Clips | None:
        """All frames of all videos, uint8 (video, frame, resolution, resolution, 3); None of sets that are not small.

        Videos of a small set are equally long, and in the cache once :meth:`prepare` was called.
        """
        if not self._is_small:
            return None
        every = list(range(self._shape[1]))
        frames = np.empty(self._shape, np.uint8)
        for index in range(len(self)):
            frames[index] = self.read(index, every)
        return frames

    @property
    def num_bytes(self) -> int | None:
        """Bytes of :meth:`all_frames`; None of sets that are not small."""
        return int(np.prod(self._shape)) if self._is_small else None

    def prepare(self, progress: Progress | None = None) -> None:
        """Decodes a small set once, or finds it in the cache.

        Args:
            progress: Called with videos done, videos in all, and the source's name.

        Raises:
            ResultError: The cache cannot be written to.
        """
        if not self._is_small or self._cache is not None:
            return
        cache = FrameCache(resources.cache_dir() / "frames" / f"{self.digest()}.frames", self._shape)
        if not cache.is_there():
            with cache.locked():
                if not cache.is_there():  # another process may have written it meanwhile
                    if cache.path.exists():
                        self._note_damage(cache)
                    cache.write(self._all_decoded(progress))
        self._cache = cache

    def _mended(self, cache: FrameCache, index: int, frames: list[int]) -> Frames:
        """Frames of a damaged cache, which is written anew."""
        with cache.locked():
            if cache.read(index, frames) is None:  # another process may have written it meanwhile
                self._note_damage(cache)
                cache.write(self._all_decoded(None))
        return self._decoded(index, frames)

    def _note_damage(self, cache: FrameCache) -> None:
        note(f"the cached frames {cache.path} are damaged; they are decoded again from {self.source.label}")

    def _all_decoded(self, progress: Progress | None) -> Iterator[Resized]:
        every = list(range(self._shape[1]))
        with ThreadPoolExecutor(2) as pool:
            for index, frames in enumerate(pool.map(lambda i: self._decoded(i, every), range(len(self)))):
                yield frames
                if progress is not None:
                    progress(index + 1, len(self), f"frames of {self.source.label}")

    def _decoded(self, index: int, frames: list[int]) -> Resized:
        read = self.source.stream(self.videos[index], frames)
        return np.concatenate([square(frame[None], self.resolution) for frame in read])


def draw(part: Part, videos: TrainingVideos, spec: VidmSpec, data: DataSpec, seed: int, indices: range) -> Batch:
    """The samples with these numbers.

    Motion: x(0), x(n-1) and x(n) of one video, n from 1 to N - 1; the official variant leaves the last frame out, as
    its code does (reference: randint(1, N - 1)).

    Args:
        part: Which generator.
        videos: The frames.
        spec: The model.
        data: Which frames.
        seed: The run's seed.
        indices: Sample numbers.
    """
    shape = (len(indices), spec.resolution, spec.resolution, 3)
    frames = {name: np.empty(shape, dtype=np.uint8) for name in ("first", "previous", "x_0")}
    eps = np.empty((len(indices), 3, spec.resolution, spec.resolution), dtype=np.float32)
    t = np.empty(len(indices), dtype=np.int64)
    n = np.zeros(len(indices), dtype=np.int64)
    label = np.zeros(len(indices), dtype=np.int64)
    grain = np.zeros_like(eps)
    for row, index in enumerate(indices):
        random = generator(seed, "train", part, index)
        video = int(random.integers(len(videos)))
        if part == "motion":
            n[row] = _frame_number(random, data, spec.num_frames - (1 if spec.variant == "official" else 0))
        first = int(random.integers(videos.num_frames(video) - n[row])) if data.start == "any" else 0
        read = videos.read(video, [first, first + max(int(n[row]) - 1, 0), first + int(n[row])])
        if data.flip and random.integers(2):
            read = read[:, :, ::-1]
        frames["first"][row], frames["previous"][row], frames["x_0"][row] = read
        if part == "content" and spec.num_classes:
            label[row] = videos.label(video)
        t[row] = random.integers(spec.num_timesteps)
        eps[row] = random.standard_normal(eps.shape[1:], dtype=np.float32)
        if part == "motion" and data.previous_noise:
            deviation = np.float32(data.previous_noise * random.random())
            grain[row] = deviation * random.standard_normal(eps.shape[1:], dtype=np.float32)
    x_0, noise, steps = to_tensor(frames["x_0"]), torch.from_numpy(eps), torch.from_numpy(t)
    if part == "content":
        return Batch(x_0, noise, steps, label=torch.from_numpy(label) if spec.num_classes else None)
    previous = to_tensor(frames["previous"])
    if data.previous_noise:
        previous = previous + torch.from_numpy(grain)
    return Batch(x_0, noise, steps, to_tensor(frames["first"]), previous, torch.from_numpy(n))


def _frame_number(random: np.random.Generator, data: DataSpec, end: int) -> int:
    """Draws n, from 1 to ``end`` - 1."""
    if data.numbers == "near" or (data.numbers == "mixed" and random.integers(2)):
        return min(int(end ** random.random()), end - 1)  # P(n) is proportional to log((n + 1) / n)
    return int(random.integers(1, end))


def batches(
    part: Part,
    videos: TrainingVideos,
    spec: VidmSpec,
    data: DataSpec,
    seed: int,
    *,
    steps: range,
    batch_size: int,
    rank: int = 0,
    world: int = 1,
    ahead: int = 1,
    pinned_for: torch.device | None = None,
) -> Iterator[Batch]:
    """One batch a step, drawn ahead in threads; each process gets its share of the global batch.

    Args:
        part: Which generator.
        videos: The frames.
        spec: The model.
        data: Which frames.
        seed: The run's seed.
        steps: Step numbers; step s takes the samples s * batch_size and following.
        batch_size: Over all processes.
        rank: Number of this process.
        world: Number of processes.
        ahead: Batches that are drawn ahead, each by a thread.
        pinned_for: The GPU whose pinned memory they are put in; None for ordinary memory.
    """
    share = batch_size // world

    def of(step: int) -> Batch:
        begin = step * batch_size + rank * share
        batch = draw(part, videos, spec, data, seed, range(begin, begin + share))
        return batch if pinned_for is None else batch.pinned()

    def begin_thread() -> None:
        if pinned_for is not None:  # of several GPUs, a thread starts with the first
            torch.cuda.set_device(pinned_for)

    pool = ThreadPoolExecutor(ahead, initializer=begin_thread)
    try:
        following = iter(steps)
        coming = deque(pool.submit(of, step) for step in islice(following, ahead))
        while coming:
            batch = coming.popleft().result()
            coming.extend(pool.submit(of, step) for step in islice(following, 1))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)


def flow_pairs(videos: TrainingVideos, flow: FlowStartSpec, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """Two frames of each of some videos, up to ``largest_gap`` frames apart, for photometric training of SpyNet.

    Returns:
        (reference, support), float32 (batch, 3, height, width) in [-1, 1].
    """
    pairs = np.empty((2, flow.batch_size, videos.resolution, videos.resolution, 3), dtype=np.uint8)
    for row in range(flow.batch_size):
        random = generator(seed, "flow", step, row)
        video = int(random.integers(len(videos)))
        gap = int(random.integers(1, min(flow.largest_gap, videos.num_frames(video) - 1) + 1))
        first = int(random.integers(videos.num_frames(video) - gap))
        pairs[:, row] = videos.read(video, [first, first + gap])
    return to_tensor(pairs[0]), to_tensor(pairs[1])
