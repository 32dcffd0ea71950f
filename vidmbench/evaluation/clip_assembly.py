"""Clips put together from the frames of a video as these come, each frame resized at once.

So a clip takes the memory of what the network is fed, whatever its frames took; less where a GPU resizes.
"""

from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.detectors.preparation import is_by_frame, preparation, preparation_in_uint8
from vidmbench.detectors.sequences import follower, is_sequence
from vidmbench.detectors.types import Prepared, Unresized
from vidmbench.evaluation.clips import Clip
from vidmbench.evaluation.feature_cache import CacheEntry
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.shared_frames import ChangedClip, PreparedFrame
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.pair_stages import LpipsStage, PairStage, VmafStage
from vidmbench.videos.source import Source, needs_whole_clips
from vidmbench.videos.transformed import Remade, Reordered, Transformed

_NOTHING = np.empty(0)
# Blocks of an entry: enough for dozens of processes, and not so many that opening files takes longer than the network.
_BLOCKS, _LEAST_ROWS, _MOST_ROWS = 128, 8, 64
_SAMPLES = 16


@dataclass(kw_only=True)
class JobEntry(CacheEntry):
    """A cache entry together with the job that it answers.

    Attributes:
        job: What its rows are the features of.
        number: Which of its entry's blocks it is.
        is_resized_on_device: Whether its network is given clips as they were read.
    """

    job: FeatureJob
    number: int = 0
    is_resized_on_device: bool = False

    def clip(self, row: int) -> Clip:
        """The clip whose features a row holds."""
        return self.job.plan.clips[self.first + row]

    @property
    def whole_key(self) -> str:
        """The key of the entry that it is, or that it is a block of."""
        return self.key if self.part_of is None else self.part_of.key

    def blocks(self) -> list["JobEntry"]:
        """The units of work that processes share: some rows each, with a file and a lock of their own.

        How an entry is cut depends on the entry alone, so that all processes cut it alike, however many there are.
        """
        rows = self._rows_of_a_block()
        if self.num_rows <= rows:
            return [self]
        return [
            JobEntry(
                self.folder, f"{self.key}.{first}-{end}", end - first, self.width, part_of=self, first=first,
                job=self.job, number=first // rows, is_resized_on_device=self.is_resized_on_device,
            )
            for first, end in ((first, min(first + rows, self.num_rows)) for first in range(0, self.num_rows, rows))
        ]  # fmt: skip

    def _rows_of_a_block(self) -> int:
        if base_of(self.job.source).is_sampled:  # a model draws that many videos at once
            return _SAMPLES * self.job.plan.clips_a_video
        return min(_MOST_ROWS, max(_LEAST_ROWS, self.num_rows // _BLOCKS))


@dataclass(frozen=True)
class PreparedClip:
    """One clip on its way to the network, or the reason why it is missing.

    Attributes:
        entry: The entry that its feature goes to.
        row: The row in it.
        pixels: What the network's engine is given; None if the video cannot be read.
        problem: Why not; None if it was read.
    """

    entry: JobEntry
    row: int
    pixels: Prepared | Unresized | None
    problem: DataError | None

    @property
    def num_bytes(self) -> int:
        """Memory that its pixels take."""
        return 0 if self.pixels is None else self.pixels.nbytes


def bytes_of_frame(job: FeatureJob) -> int:
    """Memory that a prepared frame takes, at most."""
    if is_sequence(job.stage):  # frames are kept where a control gives them in another order
        return job.source.size[0] * job.source.size[1] * 3
    if not isinstance(job.stage, PairStage):
        return prod(job.stage.size_fed(load_detector(job.stage.detector).input_size)) * 3 * 4
    if not isinstance(job.stage, LpipsStage | VmafStage):
        return 3 * 4  # numbers already
    height, width = (job.stage.frame_size, 2 * job.stage.frame_size) if job.stage.frame_size else job.source.size
    return height * width * 3


def base_of(source: Source) -> Source:
    """The source that is really read: a control or a static baseline changes another source's clips."""
    return source.base if isinstance(source, Transformed) else source


def clips_of_video(video: int, requests: Sequence[tuple[JobEntry, int]]) -> Generator[PreparedClip]:
    """All clips asked for of one video, whose frames are decoded once, but where each clip must be read as a whole.

    Args:
        video: The video's number in the base of all sources.
        requests: The clips: the entry of each, and the row in it.

    Yields:
        Each clip when its last frame has come. Where the video cannot be read to its end, those that are not whole
        come last, with the reason.
    """
    if not needs_whole_clips(base_of(requests[0][0].job.source)):
        yield from _clips_together(video, requests)
        return
    alike: dict[range, list[tuple[JobEntry, int]]] = {}
    for entry, row in requests:
        alike.setdefault(entry.clip(row).indices, []).append((entry, row))
    for together in alike.values():
        yield from _clips_together(video, together)


def _clips_together(video: int, requests: Sequence[tuple[JobEntry, int]]) -> Iterator[PreparedClip]:
    many = Counter(entry.key for entry, _ in requests)
    changed: dict[tuple[str, range], ChangedClip] = {}
    clips = sorted(
        (_Clip(entry, row, changed, are_shared=many[entry.key] > 1) for entry, row in requests),
        key=lambda clip: clip.first,
    )
    coming, begun = deque(clips), list[_Clip]()
    indices = sorted({number for clip in clips for number in clip.indices})
    base = base_of(requests[0][0].job.source)
    try:
        for number, frame in zip(indices, base.stream(video, indices), strict=True):
            if any(clip.last < number for clip in begun):
                base.check_unchanged(video)  # before their features can be kept
            for clip in _whole_before(begun, number):
                yield PreparedClip(clip.entry, clip.row, clip.pixels(), None)
            while coming and coming[0].first <= number:
                begun.append(coming.popleft())
            prepared = PreparedFrame(frame)
            for clip in begun:
                clip.put(number, prepared)
        # Only now: a source may find at the end of its stream that the file was changed meanwhile.
        for clip in _whole_before(begun, indices[-1] + 1):
            yield PreparedClip(clip.entry, clip.row, clip.pixels(), None)
    except DataError as problem:
        located = _located(problem, f"{base.label}: {base.name(video)}")
        for clip in (*begun, *coming):
            yield PreparedClip(clip.entry, clip.row, None, located)


def _located(problem: DataError, where: str) -> DataError:
    """A problem of a video's frames, which what computes numbers of them cannot name."""
    if problem.where is not None:
        return problem
    parts = {"expected": problem.expected, "found": problem.found, "fix": problem.fix}
    return type(problem)(problem.problem, where=where, **parts)


def _whole_before(begun: "list[_Clip]", number: int) -> "list[_Clip]":
    """Takes out of the clips begun those whose last frame comes before a frame."""
    whole = [clip for clip in begun if clip.last < number]
    for clip in whole:
        begun.remove(clip)
    return whole


class _Clip:
    """One clip whose frames come one by one.

    Args:
        entry: The entry it is for; its job says how clips are changed and prepared.
        row: The row in it.
        changed: Clips that are made anew, by the source and the frames that they are made of.
        are_shared: Whether other clips may show the same frames; such frames are kept once until a clip is whole.

    Attributes:
        entry: See above.
        row: See above.
        indices: The frames of the video that it is made from.
        first: The first of them.
        last: The last one.
    """

    def __init__(
        self, entry: JobEntry, row: int, changed: dict[tuple[str, range], ChangedClip], *, are_shared: bool
    ) -> None:
        self.entry, self.row = entry, row
        source, stage, clip = entry.job.source, entry.job.stage, entry.clip(row)
        name = source.name(clip.video)
        order = source.order(name, clip.frames) if isinstance(source, Reordered) else range(clip.frames)
        self.indices = clip.indices
        self.first, self.last = clip.indices[0], clip.indices[-1]
        self._places: dict[int, list[int]] = {}
        for place, number in enumerate(order):
            self._places.setdefault(clip.indices[number], []).append(place)
        self._length, self._is_mirrored = clip.frames, clip.is_mirrored
        self._stage, self._by_frame = stage, is_by_frame(stage)
        self._prepare = preparation_in_uint8(stage) if entry.is_resized_on_device else preparation(stage)
        self._change: ChangedClip | None = None
        if isinstance(source, Remade):
            key = source.digest(), clip.indices
            if key not in changed:
                changed[key] = ChangedClip(source.change(name, clip.frames))
            self._change = changed[key]
        self._num_changed = 0
        self._follow = follower(stage) if is_sequence(stage) else None
        # What follows frames keeps no clip where they come in the clip's order.
        self._waits = self._follow is not None and list(order) != list(range(clip.frames))
        self._listed: list[Any] | None = [_NOTHING] * clip.frames if are_shared or self._waits else None
        self._pixels = _NOTHING

    def put(self, number: int, frame: PreparedFrame) -> None:
        """Takes a frame of the video; all of the clip come, in increasing order, and others between them."""
        places = self._places.get(number)
        if places is None:
            return
        if self._change is None:
            self._store(places, self._kept(frame))
        else:
            self._append(self._change.put(number, frame))

    def _append(self, changed: list[PreparedFrame]) -> None:
        for frame in changed:
            self._store([self._num_changed], self._kept(frame))
            self._num_changed += 1

    def _kept(self, frame: PreparedFrame) -> Any:
        """What is kept of a frame: its numbers, or what follows it takes of it, or prepared pixels, or the frame."""
        if self._follow is not None:
            seen = frame.of(self._stage, self._is_mirrored, self._follow.look)
            return seen if self._waits else self._follow.follow(seen)
        prepare = (lambda image: self._prepare(image[None])[0]) if self._by_frame else np.asarray
        return frame.of(self._stage, self._is_mirrored, prepare)

    def pixels(self) -> Prepared | Unresized:
        """What the network's engine is given, once the last frame has come."""
        if self._change is not None:
            self._append(self._change.end())
        listed = self._listed
        if self._waits and self._follow is not None and listed is not None:
            listed = [self._follow.follow(seen) for seen in listed]
        pixels = self._pixels if listed is None else np.stack(listed)
        if self.entry.is_resized_on_device:
            return Unresized(pixels, self._stage)
        if self._follow is not None:
            return self._follow.ended(pixels)
        return pixels if self._by_frame else self._prepare(pixels)

    def _store(self, places: list[int], pixels: Any) -> None:
        if self._listed is not None:
            for place in places:
                self._listed[place] = pixels
            return
        if self._pixels is _NOTHING:
            self._pixels = np.empty((self._length, *pixels.shape), pixels.dtype)
        self._pixels[places] = pixels
