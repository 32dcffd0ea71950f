"""Source x clip plan x detector to features: read once, computed in a stream, kept in the cache.

A cache entry grows row by row while clips are scored, so a killed run resumes after the last row; a whole entry is a
safetensors file. Each entry has a lock: two runs that want the same features compute them once.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import numpy as np

from vidmbench.core import resources
from vidmbench.core.errors import DataError
from vidmbench.core.files import unwritable
from vidmbench.core.progress import Progress
from vidmbench.core.vocabulary import Device, OnBad
from vidmbench.detectors.engine import engine_name, load_engine
from vidmbench.detectors.types import Engine, Prepared
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.read_ahead import JobEntry, PreparedClip, base_of, read_ahead
from vidmbench.protocols.detector import load_detector
from vidmbench.videos.source import Skipped


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
        on_bad: ``stop`` raises on the first video that cannot be read; ``skip`` skips its clip.
        progress: Called with clips done, clips in all, and what is being scored.

    Returns:
        One set a job, in order.

    Raises:
        DataError: A video cannot be read (what was done stays in the cache).
        WeightsError: The network's weights are not available.
    """
    folder = resources.cache_dir() / "features"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    engines = [engine_name(device, job.stage.detector) for job in jobs]
    keys = [job.key(engine) for job, engine in zip(jobs, engines, strict=True)]
    entries = {
        key: JobEntry(folder, key, len(job.plan.clips), job.width, job=job) for key, job in zip(keys, jobs, strict=True)
    }
    by_videos: dict[str, list[JobEntry]] = {}
    for entry in entries.values():  # by content, so that a control made from the same folder shares its reading
        by_videos.setdefault(base_of(entry.job.source).digest(), []).append(entry)
    for source_entries in by_videos.values():
        _complete_entries(source_entries, device, on_bad, progress)
    return [
        _feature_set(job, *entries[key].read(), engine) for job, key, engine in zip(jobs, keys, engines, strict=True)
    ]


def _feature_set(job: FeatureJob, features: np.ndarray, skipped: tuple[Skipped, ...], engine: str) -> FeatureSet:
    detector = load_detector(job.stage.detector)
    if detector.reads == "frames":
        features = features.reshape(len(features), -1, detector.num_features)
    return FeatureSet(features, skipped, engine)


def _complete_entries(entries: list[JobEntry], device: Device, on_bad: OnBad, progress: Progress | None) -> None:
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
                _stream_features(
                    [entry for entry in missing if _network(entry.job) == network], device, on_bad, progress
                )
            for entry in missing:
                entry.finish()
        finally:
            for entry in missing:
                entry.close()


def _refuse_skipped(entries: list[JobEntry]) -> None:
    """With on_bad="stop", an entry of an earlier run that skipped videos is not reused."""
    for entry in entries:
        for video in entry.skipped():
            raise DataError(
                f"{video.name} could not be read: {video.reason}",
                where=entry.job.source.label,
                fix="fix that video, or skip it with --on-bad skip",
            )


def _network(job: FeatureJob) -> tuple[str, float, str]:
    return job.stage.detector, job.stage.batch_norm_eps or 0.0, job.precision


def _stream_features(entries: list[JobEntry], device: Device, on_bad: OnBad, progress: Progress | None) -> None:
    """Streams the clips of one network's entries: readers ahead of the network, few clips in memory."""
    total = sum(len(entry.job.plan.clips) for entry in entries)
    if all(entry.rows == len(entry.job.plan.clips) for entry in entries):
        return
    engine: Engine = load_engine(entries[0].job.stage, precision=entries[0].job.precision, device=device)
    waiting: deque[PreparedClip] = deque()  # in the order of the stream; skipped clips wait for their turn too

    def record_skips() -> None:
        while waiting and (problem := waiting[0].problem) is not None:
            entry = waiting.popleft().entry
            clip = entry.job.plan.clips[entry.rows]
            entry.skip(Skipped(entry.job.source.name(clip.video), problem.problem))

    def prepared_clips() -> Iterator[Prepared]:
        for clip in read_ahead(entries):
            if clip.problem is not None and on_bad == "stop":
                raise clip.problem
            waiting.append(clip)
            if clip.pixels is not None:
                yield clip.pixels
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
