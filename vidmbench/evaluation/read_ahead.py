"""Videos read and prepared in threads, a few ahead of the network, in order."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.torch_settings import use_one_torch_thread
from vidmbench.detectors.plugins import imported
from vidmbench.detectors.types import Prepared
from vidmbench.evaluation.clips import Clip
from vidmbench.evaluation.feature_cache import CacheEntry
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.protocols.detector import load_detector
from vidmbench.videos.source import Source, Transformed

#: Threads that read and prepare.
_READERS = 2


@dataclass(kw_only=True)
class JobEntry(CacheEntry):
    """A cache entry together with the job that it answers."""

    job: FeatureJob

    def clip(self, row: int) -> Clip:
        """The clip whose features a row holds."""
        return self.job.plan.clips[row]


@dataclass(frozen=True)
class PreparedClip:
    """One clip on its way to the network, or the reason why it is missing.

    Attributes:
        entry: The entry that its feature goes to.
        row: The row in it.
        pixels: What the network is fed; None if the video cannot be read.
        problem: Why not; None if it was read.
    """

    entry: JobEntry
    row: int
    pixels: Prepared | None
    problem: DataError | None


def base_of(source: Source) -> Source:
    """The source that is really read: a control or a static baseline changes another source's clips."""
    return source.base if isinstance(source, Transformed) else source


def read_ahead(entries: list[JobEntry]) -> Iterator[PreparedClip]:
    """Reads and prepares the missing clips of one source's entries, a few videos ahead of the network.

    Args:
        entries: Entries whose jobs read the same source; rows that an entry has, or has skipped, are not read again.

    Yields:
        The clips, video by video, each video's clips in the order of the entries.
    """
    requests: dict[int, list[tuple[JobEntry, int]]] = {}
    for entry in entries:
        for row in entry.missing:
            if row not in entry.skipped:
                requests.setdefault(entry.clip(row).video, []).append((entry, row))
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="vidmbench-read", initializer=use_one_torch_thread)
    futures: deque[Future[list[PreparedClip]]] = deque()
    try:
        for video in sorted(requests):
            futures.append(pool.submit(_read_video, video, requests[video]))
            if len(futures) > 2 * _READERS:
                yield from futures.popleft().result()
        while futures:
            yield from futures.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_video(video: int, requests: list[tuple[JobEntry, int]]) -> list[PreparedClip]:
    """All clips of one video; its frames are decoded once."""
    indices = sorted({frame for entry, row in requests for frame in entry.clip(row).indices})
    try:
        frames = base_of(requests[0][0].job.source).read(video, indices)
    except DataError as problem:
        return [PreparedClip(entry, row, None, problem) for entry, row in requests]
    clips = []
    for entry, row in requests:
        source, clip = entry.job.source, entry.clip(row)
        pixels: Frames = frames if len(indices) == clip.frames else frames[np.searchsorted(indices, clip.indices)]
        if isinstance(source, Transformed):
            pixels = source.change(pixels, source.name(video))
        clips.append(PreparedClip(entry, row, _prepared(pixels, entry.job), None))
    return clips


def _prepared(frames: Frames, job: FeatureJob) -> Prepared:
    """Cropped, resized and scaled as the protocol says, or as the detector's own function does."""
    from vidmbench.detectors.resize import prepared  # torch is slow to import

    detector = load_detector(job.stage.detector)
    if job.stage.resize == "detector" and detector.prepare is not None:
        pixels: Prepared = imported(detector.prepare, detector.folder)(frames)
        return pixels
    return prepared(frames, job.stage, size=detector.input_size)
