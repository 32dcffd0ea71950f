"""Source x clip plan x detector to features: read once, computed in a stream, kept in the cache.

A cache entry grows row by row while clips are scored, so a killed run resumes after the last row; a whole entry is a
safetensors file, which is read without writing anything. Each entry that grows has a lock: two runs that want the same
features compute them once. Rows of files that changed while they were read are not kept.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from itertools import chain

import numpy as np

from vidmbench.core import resources
from vidmbench.core.errors import ChangedError, DataError
from vidmbench.core.progress import Progress, note
from vidmbench.core.vocabulary import Device, OnBad
from vidmbench.detectors.engine import engine_name, load_engine
from vidmbench.detectors.types import Engine, Feature, Prepared
from vidmbench.evaluation.clip_assembly import JobEntry, PreparedClip, base_of
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.read_ahead import read_ahead
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.stages import ArrayStage
from vidmbench.videos.source import Skipped, Source


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
        One set per job, in order.

    Raises:
        DataError: A video cannot be read (what was done stays in the cache).
        ChangedError: A file changed while it was scored.
        ResultError: Features are missing, and the cache cannot be written to.
        WeightsError: The network's weights are not available.
    """
    folder = resources.cache_dir() / "features"
    engines = [engine_name(device, job.stage.detector) for job in jobs]
    keys = [job.key(engine) for job, engine in zip(jobs, engines, strict=True)]
    entries: dict[str, JobEntry] = {}
    for key, job in zip(keys, jobs, strict=True):
        if key not in entries:  # the first that wants these features gives them its name
            entries[key] = JobEntry(folder, key, len(job.plan.clips), job.width, job=job)
    by_videos: dict[str, list[JobEntry]] = {}
    missing = [entry for entry in entries.values() if not entry.look()]
    for entry in missing:
        # By content, so that a control made from the same folder shares its reading.
        by_videos.setdefault(base_of(entry.job.source).digest(), []).append(entry)
    _report_damage(entries.values())
    protocols: dict[str, list[str]] = {key: [] for key in keys}
    for key, job in zip(keys, jobs, strict=True):
        protocols[key].append(job.protocol)
    tally = _Tally(progress, protocols, missing)
    for source_entries in by_videos.values():
        _complete_entries(source_entries, device, on_bad, tally)
    computed = {entry.key for entry in missing}
    return [
        _feature_set(job, *entries[key].read(), engine, is_cached=key not in computed)
        for job, key, engine in zip(jobs, keys, engines, strict=True)
    ]


class _Tally:
    """How much is done of all that is missing, over all sources, networks and protocols.

    Args:
        progress: Called with clips done, clips in all, and a label; None calls nothing.
        protocols: Of every key, the protocols that want these features, in the order in which they were asked for.
        entries: All entries that are not whole.
    """

    def __init__(
        self, progress: Progress | None, protocols: Mapping[str, Sequence[str]], entries: Sequence[JobEntry]
    ) -> None:
        self._progress, self._entries, self._of_key = progress, entries, protocols
        self._protocols = list(dict.fromkeys(name for names in protocols.values() for name in names))
        self._total = sum(entry.num_rows for entry in entries)

    def say(self, label: str) -> None:
        """Calls it with what is going on now."""
        if self._progress is not None:
            self._progress(sum(entry.num_done for entry in self._entries), self._total, label)

    def label(self, entries: Sequence[JobEntry]) -> str:
        """The videos and the protocols of some entries that are computed together."""
        sources = " and ".join(dict.fromkeys(entry.job.source.label for entry in entries))
        if len(self._protocols) < 2:
            return sources
        names = {name for entry in entries for name in self._of_key[entry.key]}
        numbers = sorted(self._protocols.index(name) + 1 for name in names)
        word = "protocol" if len(numbers) == 1 else "protocols"
        return f"{sources}, {word} {_spans(numbers)} of {len(self._protocols)}"


def _spans(numbers: Sequence[int]) -> str:
    """Numbers in increasing order: ``1-3, 5``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else f"{span[0]}" for span in spans)


def _feature_set(
    job: FeatureJob, features: np.ndarray, skipped: tuple[Skipped, ...], engine: str, *, is_cached: bool
) -> FeatureSet:
    detector = load_detector(job.stage.detector)
    if detector.reads != "clips":
        features = features.reshape(len(features), -1, job.stage.num_features(detector.num_features))
    return FeatureSet(features, skipped, engine, is_cached)


def _report_damage(entries: Iterable[JobEntry]) -> None:
    for damage in sorted({entry.damage for entry in entries if entry.damage}):
        names = [f"{entry.key}.safetensors" for entry in entries if entry.damage == damage]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        note(f"cached features {damage} and are computed again: {names[0]}{more}")


def _complete_entries(entries: list[JobEntry], device: Device, on_bad: OnBad, tally: _Tally) -> None:
    """Computes what is missing of the entries of one source."""
    with ExitStack() as locks:
        for entry in sorted(entries, key=lambda entry: entry.key):  # one order for all processes: no deadlock
            locks.enter_context(entry.growing())
        missing = [entry for entry in entries if not entry.is_whole]
        for network in sorted({_network(entry.job) for entry in missing}):
            own = [entry for entry in missing if _network(entry.job) == network]
            # SSIM multiplies small matrices in the threads that read.
            with one_blas_thread() if isinstance(own[0].job.stage, PairStage) else nullcontext():
                _stream_features(own, device, on_bad, tally)
        assert all(set(entry.missing) == set(entry.skipped) for entry in missing)  # no clip is lost in silence
        _check_weights(missing, device)
        _check_unchanged(missing)
        for entry in entries:  # one whose last row was kept may not have been finished
            entry.finish()


def _check_weights(entries: list[JobEntry], device: Device) -> None:
    """Makes sure that the network that ran is the one that the keys were made for; else drops its rows.

    Raises:
        ChangedError: Other weights, or other code of a user's detector, are there now.
    """
    for entry in entries:
        detector = entry.job.stage.detector
        if entry.computed() and entry.job.key(engine_name(device, detector)) != entry.key:
            for row in entry.computed():
                entry.drop(row)
            raise ChangedError(
                f"the weights or the code of {detector} changed while it ran",
                expected="a network that stays as it is until the command has ended",
                found="other weights or other code",
                where=detector,
                fix="give the same command again; what it computed is dropped",
            )


def _check_unchanged(entries: list[JobEntry]) -> None:
    """Compares every file that was read with what it was; rows of one that changed are dropped.

    Raises:
        ChangedError: One of them is another now.
    """
    problems: dict[tuple[int, int], DataError | None] = {}
    for entry in entries:
        source = base_of(entry.job.source)
        for row in entry.computed():
            video = entry.clip(row).video
            if (id(source), video) not in problems:
                problems[id(source), video] = _change(source, video)
            if problems[id(source), video] is not None:
                entry.drop(row)
    for problem in problems.values():
        if problem is not None:
            raise problem


def _change(source: Source, video: int) -> DataError | None:
    try:
        source.check_unchanged(video)
    except DataError as problem:
        return problem
    return None


def _network(job: FeatureJob) -> tuple[str, str]:
    """What is computed in one pass over the videos: all that is compared of pairs, else one network."""
    if isinstance(job.stage, PairStage):
        return "pairs", job.precision
    return job.stage.network, job.precision


def _stream_features(entries: list[JobEntry], device: Device, on_bad: OnBad, tally: _Tally) -> None:
    """Streams the clips of one network's entries: readers ahead of the network, few clips in memory."""
    label = tally.label(entries)
    tally.say(f"{label}: reading")
    clips = _readable(entries, on_bad)
    first = next(clips, None)
    if first is None:
        return  # all that is missing cannot be read: no network is needed
    tally.say(f"loading the network {entries[0].job.stage.detector}")
    if isinstance(entries[0].job.stage, PairStage):
        computed = _compare_pairs(chain([first], clips), device)
    else:
        engine = load_engine(entries[0].job.stage, precision=entries[0].job.precision, device=device)
        computed = _run_network(chain([first], clips), engine)
    for clip, feature in computed:
        clip.entry.put(clip.row, feature)
        tally.say(label)


def _compare_pairs(clips: Iterable[PreparedClip], device: Device) -> Iterator[tuple[PreparedClip, Feature]]:
    """Each clip's frames by the engine of its own stage."""
    engines: dict[ArrayStage, Engine] = {}
    for clip in clips:
        assert clip.pixels is not None
        stage = clip.entry.job.stage
        if stage not in engines:
            engines[stage] = load_engine(stage, precision=clip.entry.job.precision, device=device)
        yield clip, next(engines[stage].features([clip.pixels]))


def _run_network(clips: Iterable[PreparedClip], engine: Engine) -> Iterator[tuple[PreparedClip, Feature]]:
    """Each clip with its feature; the engine takes a few clips ahead."""
    waiting: deque[PreparedClip] = deque()

    def prepared_clips() -> Iterator[Prepared]:
        for clip in clips:
            assert clip.pixels is not None
            waiting.append(PreparedClip(clip.entry, clip.row, None, None))
            yield clip.pixels

    for feature in engine.features(prepared_clips()):
        yield waiting.popleft(), feature


def _readable(entries: list[JobEntry], on_bad: OnBad) -> Iterator[PreparedClip]:
    """The missing clips; those that cannot be read are noted in their entries instead, or raise."""
    for clip in read_ahead(entries):
        if clip.problem is None:
            yield clip
        elif on_bad == "stop" or isinstance(clip.problem, ChangedError):
            raise clip.problem
        else:
            name = clip.entry.job.source.name(clip.entry.clip(clip.row).video)
            clip.entry.skipped[clip.row] = Skipped(name, clip.problem.problem)
