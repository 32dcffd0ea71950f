"""Source x clip plan x detector to features: read once, computed in a stream, kept in the cache.

A cache entry grows row by row while clips are scored, so a killed run goes on where it stopped; a whole entry is a
safetensors file. Each entry has a lock: two runs that want the same features compute them once.
"""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vidmbench.core import resources
from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts, unwritable
from vidmbench.core.progress import Progress
from vidmbench.core.torch_settings import use_one_torch_thread
from vidmbench.core.vocabulary import Device, OnBad, Precision
from vidmbench.detectors.engine import engine_name, load_engine
from vidmbench.detectors.plugins import imported
from vidmbench.detectors.types import Engine, Prepared
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_cache import CacheEntry
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.fields import field_names
from vidmbench.protocols.stages import ArrayStage
from vidmbench.videos.source import Skipped, Source, Transformed

# Raised on any change to reading, preparing or networks that can move a feature.
VERSION = 2
_READERS = 2


@dataclass(frozen=True)
class FeatureJob:
    """What is wanted: the features of one plan's clips.

    Attributes:
        source: The videos.
        plan: The clips.
        stage: From uint8 clips to features.
        precision: ``fp32`` or ``bf16``.
    """

    source: Source
    plan: ClipPlan
    stage: ArrayStage
    precision: Precision

    @property
    def width(self) -> int:
        """Numbers a clip."""
        detector = load_detector(self.stage.detector)
        frames = self.plan.clips[0].frames if self.plan.clips and detector.reads == "frames" else 1
        return detector.num_features * frames

    def key(self, engine: str) -> str:
        """Everything that can move a feature, hashed: 64 hex digits."""
        stage, detector = self.stage, load_detector(self.stage.detector)
        height, width = self.source.size
        if stage.resize == "detector" or height == width or stage.first_resize is not None:
            stage = stage.model_copy(update={"crop": "none"})  # of a square there is nothing to crop: one reading
        clips = [(self.source.name(clip.video), clip.start, clip.frames, clip.stride) for clip in self.plan.clips]
        parts = [str(VERSION), self.source.digest(), json.dumps(clips), identity(detector), engine]
        decisive = set(field_names(ArrayStage, "detector", "array")) - {"detector"}  # which identity() stands for
        parts.append(stage.model_dump_json(include=decisive, exclude_none=True))
        if detector.network is not None:  # several networks share a file of weights
            parts.append(f"{detector.name} {detector.network} {json.dumps(detector.options)} {detector.prepare}")
        return sha256_of_parts(*parts, self.precision)


@dataclass(frozen=True)
class FeatureSet:
    """Features of the clips that could be read.

    Attributes:
        features: float32 (clip, feature), in the plan's order; (clip, frame, feature) of a network that reads frames.
        skipped: Clips left out because their video could not be read.
        engine: What ran the network.
    """

    features: Float32[np.ndarray, "clip *frame feature"]
    skipped: tuple[Skipped, ...]
    engine: str


def by_video(features: np.ndarray, plan: ClipPlan) -> np.ndarray:
    """Several clips of each video together: they are no independent samples, and an interval must know.

    Args:
        features: (clip, feature) or (clip, frame, feature), in the plan's order.
        plan: The clips.

    Returns:
        (video, clip or frame, feature) where every video gives as many clips, more than one, and none was left out;
        else the features as they are.
    """
    each = plan.clips_a_video
    if each == 1 or len(features) != len(plan.clips):
        return features
    together: np.ndarray = features.reshape(len(features) // each, -1, features.shape[-1])
    return together


def features_of(
    jobs: Sequence[FeatureJob],
    *,
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> list[FeatureSet]:
    """Features for every job, from the cache where they are there.

    Jobs on one source are read together: each video once, the frames all of them want.

    Args:
        jobs: What is wanted.
        device: Where the networks run.
        on_bad: ``stop`` raises on the first video that cannot be read; ``skip`` leaves its clip out.
        progress: Told clips done, clips in all, and what is being scored.

    Returns:
        One set a job, in order.

    Raises:
        DataError: A video cannot be read (what was done stays in the cache).
        WeightsError: The network's weights cannot be had.
    """
    folder = resources.cache_dir() / "features"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    engines = [engine_name(device, job.stage.detector) for job in jobs]
    keys = [job.key(engine) for job, engine in zip(jobs, engines, strict=True)]
    entries = {
        key: _Entry(folder, key, len(job.plan.clips), job.width, job=job) for key, job in zip(keys, jobs, strict=True)
    }
    by_videos: dict[str, list[_Entry]] = {}
    for entry in entries.values():  # by content, so that a control made from the same folder shares its reading
        by_videos.setdefault(_base(entry.job.source).digest(), []).append(entry)
    for own in by_videos.values():
        _fill(own, device, on_bad, progress)
    return [_set(job, *entries[key].read(), engine) for job, key, engine in zip(jobs, keys, engines, strict=True)]


def _set(job: FeatureJob, features: np.ndarray, skipped: tuple[Skipped, ...], engine: str) -> FeatureSet:
    detector = load_detector(job.stage.detector)
    if detector.reads == "frames":
        features = features.reshape(len(features), -1, detector.num_features)
    return FeatureSet(features, skipped, engine)


@dataclass(kw_only=True)
class _Entry(CacheEntry):
    """A cache entry together with the job that it answers."""

    job: FeatureJob


def _base(source: Source) -> Source:
    return source.base if isinstance(source, Transformed) else source


def _fill(entries: list[_Entry], device: Device, on_bad: OnBad, progress: Progress | None) -> None:
    """Computes what is missing of the entries of one source."""
    with ExitStack() as locks:
        for entry in sorted(entries, key=lambda entry: entry.key):  # one order for all processes: no deadlock
            locks.enter_context(entry.lock())
            entry.drop_if_damaged()
        missing = [entry for entry in entries if not entry.is_whole]
        try:
            for entry in missing:
                entry.start()
            if on_bad == "stop":
                _refuse_skipped(entries)
            for network in sorted({_network(entry.job) for entry in missing}):
                _score([entry for entry in missing if _network(entry.job) == network], device, on_bad, progress)
            for entry in missing:
                entry.finish()
        finally:
            for entry in missing:
                entry.close()


def _refuse_skipped(entries: list[_Entry]) -> None:
    """An earlier run may have left videos out; one that is to stop on them must not take its features unasked."""
    for entry in entries:
        for video in entry.skipped():
            raise DataError(
                f"{video.name} could not be read: {video.reason}",
                where=entry.job.source.label,
                fix="mend that video, or leave it out with --on-bad skip",
            )


def _network(job: FeatureJob) -> tuple[str, float, str]:
    return job.stage.detector, job.stage.batch_norm_eps or 0.0, job.precision


@dataclass(frozen=True)
class _Read:
    """One clip on its way to the network, or the reason it is not."""

    entry: _Entry
    clip: Prepared | None
    problem: DataError | None


def _score(entries: list[_Entry], device: Device, on_bad: OnBad, progress: Progress | None) -> None:
    """Streams the clips of one network's entries: readers ahead of the network, few clips in memory."""
    total = sum(len(entry.job.plan.clips) for entry in entries)
    if all(entry.rows == len(entry.job.plan.clips) for entry in entries):
        return
    engine: Engine = load_engine(entries[0].job.stage, precision=entries[0].job.precision, device=device)
    waiting: deque[_Read] = deque()  # in the order of the stream; skipped clips wait for their turn too

    def record_skips() -> None:
        while waiting and (problem := waiting[0].problem) is not None:
            entry = waiting.popleft().entry
            clip = entry.job.plan.clips[entry.rows]
            entry.skip(Skipped(entry.job.source.name(clip.video), problem.problem))

    def prepared_clips() -> Iterator[Prepared]:
        for read in _ahead(entries):
            if read.problem is not None and on_bad == "stop":
                raise read.problem
            waiting.append(read)
            if read.clip is not None:
                yield read.clip
            elif len(waiting) == 1:
                record_skips()

    for feature in engine.features(prepared_clips()):
        record_skips()
        entry = waiting.popleft().entry
        entry.append(feature)
        record_skips()
        if progress is not None:
            progress(sum(entry.rows for entry in entries), total, entry.job.source.label)
    record_skips()


def _ahead(entries: list[_Entry]) -> Iterator[_Read]:
    """Reads and prepares videos in threads, at most a few ahead of the network, in order."""
    wanted: dict[int, list[tuple[_Entry, Clip]]] = {}
    for entry in entries:
        for clip in entry.job.plan.clips[entry.rows :]:
            wanted.setdefault(clip.video, []).append((entry, clip))
    pool = ThreadPoolExecutor(_READERS, thread_name_prefix="vidmbench-read", initializer=use_one_torch_thread)
    futures: deque[Future[list[_Read]]] = deque()
    try:
        for video in sorted(wanted):
            futures.append(pool.submit(_read_video, video, wanted[video]))
            if len(futures) > 2 * _READERS:
                yield from futures.popleft().result()
        while futures:
            yield from futures.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_video(video: int, wanted: list[tuple[_Entry, Clip]]) -> list[_Read]:
    """All clips of one video, its frames decoded once."""
    from vidmbench.detectors.resize import prepared

    frames = sorted({frame for _, clip in wanted for frame in clip.indices})
    try:
        decoded = _base(wanted[0][0].job.source).read(video, frames)
    except DataError as problem:
        return [_Read(entry, None, problem) for entry, _ in wanted]
    reads = []
    for entry, clip in wanted:
        source, stage = entry.job.source, entry.job.stage
        own: Frames = decoded if len(frames) == clip.frames else decoded[np.searchsorted(frames, clip.indices)]
        if isinstance(source, Transformed):
            own = source.change(own, source.name(video))
        detector = load_detector(stage.detector)
        if stage.resize == "detector" and detector.prepare is not None:
            fed: Prepared = imported(detector.prepare, detector.folder)(own)
        else:
            fed = prepared(own, stage, size=detector.input_size)
        reads.append(_Read(entry, fed, None))
    return reads
