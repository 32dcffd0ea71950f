"""Long videos, window by window: how far the numbers of a model drift from its first frames on."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.progress import Progress
from vidmbench.evaluation.carry_out import record_of
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.features import features_of
from vidmbench.evaluation.measurements import measured
from vidmbench.evaluation.plan import Planned
from vidmbench.evaluation.repeats import Repeat, Side
from vidmbench.evaluation.statistics import no_features
from vidmbench.evaluation.studies.rollout_plan import RolloutJob
from vidmbench.metrics.temporal.drift import (
    Distance,
    WindowNumbers,
    distance_of_ends,
    distances_by_window,
    means_by_window,
    similarity_to_first,
)
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.sequence_kind import SequenceKind
from vidmbench.records.curve import recorded
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.records.rollout import Kind, Rollout, RolloutCurve
from vidmbench.videos.source import Skipped, Source


@dataclass(frozen=True)
class _Side:
    """The videos of one side that could be read to their end.

    Attributes:
        source: The videos.
        first: What a measurement of their first windows is made from.
        windows: float32 (video, window, ...), their features.
    """

    source: Source
    first: Side
    windows: np.ndarray


@dataclass(frozen=True)
class _Measured:
    """One plan of a job.

    Attributes:
        plan: The protocol.
        real: The real videos, which are looked at whether the metric reads them or not.
        fake: The scored videos.
    """

    plan: Planned
    real: _Side
    fake: _Side


def carry_out_rollouts(
    jobs: Sequence[RolloutJob], command: Sequence[str], progress: Progress | None = None
) -> list[RunRecord]:
    """Reads every video once, and measures its windows.

    Args:
        jobs: From :func:`vidmbench.evaluation.studies.rollout_plan.prepare_rollouts`.
        command: The command line, for the records.
        progress: See :func:`vidmbench.evaluation.features.features_of`.

    Returns:
        The record of each job: the numbers of the first windows, and all curves.

    Raises:
        DataError: A video cannot be read, or too few could be.
    """
    started = time.perf_counter()
    wanted = [each for job in jobs for each in _feature_jobs(job)]
    choices = jobs[0].job.choices
    sets = iter(features_of(wanted, device=choices.device, on_bad=choices.on_bad, progress=progress))
    reading = (time.perf_counter() - started) / sum(len(job.clips) + 1 for job in jobs)
    found = [(job, [next(sets) for _ in _feature_jobs(job)]) for job in jobs]
    records = []
    for number, (job, features) in enumerate(found):
        if progress is not None:
            progress(number, len(jobs), f"statistics of {job.job.model}")
        records.append(_record(job, features, reading, command))
    return records


def _feature_jobs(job: RolloutJob) -> list[FeatureJob]:
    """For each plan, the colours last, what is computed of the real and of the scored side."""
    precision = job.job.choices.precision
    plans = [*zip(job.job.plans, job.clips, strict=True), (job.colours, (job.colours.real, job.colours.fake))]
    return [
        FeatureJob(source, clips, plan.spec.array, precision, plan.spec.name)
        for plan, both in plans
        for source, clips in zip((job.job.real, job.job.fake), both, strict=True)
    ]


def _record(job: RolloutJob, sets: Sequence[FeatureSet], reading: float, command: Sequence[str]) -> RunRecord:
    """All numbers of one job."""
    jobs = _feature_jobs(job)
    lost = [_lost(jobs[side::2], sets[side::2]) for side in (0, 1)]
    sides = [
        _side(each, features, lost[place % 2], len(job.windows.starts) if place < 2 * len(job.clips) else 1)
        for place, (each, features) in enumerate(zip(jobs, sets, strict=True))
    ]
    plans = [
        _Measured(plan, *sides[2 * place : 2 * place + 2]) for place, plan in enumerate([*job.job.plans, job.colours])
    ]
    measurements: list[Measurement] = []
    curves: list[RolloutCurve] = []
    for each in plans:
        scored = list(_first_numbers(each, job, reading))
        measurements += scored
        if each.plan is not job.colours and all(item.status == "ok" for item in scored):
            curves += _of_numbers(each, scored, job)
    curves += [*_of_features(plans[:-1], job), *_of_colours(plans[-1], job)]
    windows = job.windows
    rollout = Rollout(frames=windows.frames, window=windows.span, step=windows.step, curves=tuple(curves))
    return record_of(job.job, measurements, command=command).model_copy(update={"rollout": rollout})


def _lost(jobs: Sequence[FeatureJob], sets: Sequence[FeatureSet]) -> dict[int, Skipped]:
    """The videos of a side that could not be read to their end, and why: they count nowhere."""
    return {
        job.plan.clips[row].video: skipped
        for job, features in zip(jobs, sets, strict=True)
        for row, skipped in zip(features.skipped_rows, features.skipped, strict=True)
    }


def _side(job: FeatureJob, features: FeatureSet, lost: dict[int, Skipped], num_windows: int) -> _Side:
    """The features of the videos that are left, window by window."""
    clips = job.plan.clips
    missing = set(features.skipped_rows)
    there = [clip.video for row, clip in enumerate(clips) if row not in missing]
    kept = features.features[np.array([video not in lost for video in there], bool)]
    windows = kept.reshape(len(kept) // num_windows, num_windows, *kept.shape[1:])
    skipped = tuple(lost[video] for video in dict.fromkeys(clip.video for clip in clips) if video in lost)
    first = FeatureSet(windows[:, 0], skipped, features.engine, features.is_cached)
    plan = ClipPlan(clips[::num_windows], job.plan.skipped)
    return _Side(job.source, Side(job.source, plan, first), windows)


def _first_numbers(each: _Measured, job: RolloutJob, reading: float) -> Iterator[Measurement]:
    """The measurements of the first windows, or of the colours of whole videos."""
    spec, real = each.plan.spec, each.real.first
    unread = Side(real.source, real.plan, None)
    repeat = Repeat(real if "real" in spec.kind.sides else unread, each.fake.first)
    for item in measured(spec, [repeat], job.job.choices.precision, reading):
        yield item.model_copy(update={"warnings": (*job.notes, *item.warnings)})


def _of_numbers(each: _Measured, first: Sequence[Measurement], job: RolloutJob) -> Iterator[RolloutCurve]:
    """The numbers of one protocol, window by window."""
    spec = each.plan.spec
    kind = spec.kind
    curve = partial(_curve, job, kind="number", protocol=spec.name, better=kind.better)
    for side in (each.real, each.fake):
        usable = np.isfinite(side.windows).reshape(len(side.windows), -1).all(axis=1)
        if not (kind.has_gaps or usable.all()):
            names = side.first.clip_names()
            problem = no_features(spec, [names[row] for row in np.flatnonzero(~usable)])
            raise DataError(problem, where=side.source.label, fix=f"omit these videos, or the protocol {spec.name}")
    if isinstance(kind, SequenceKind):
        real, fake = (_of_videos(spec, kind, side.windows) for side in (each.real, each.fake))
        for place, item in enumerate(first):
            yield from _beside_real(curve, real[..., place], fake[..., place], metric=item.metric)
        return
    for place, item in enumerate(first):
        # A number without an interval is no smooth function of its videos, and has none without some of them either.
        has_interval = item.interval is not None
        distance = _distance(spec, place)
        measure = partial(distances_by_window, distance=distance, has_interval=has_interval)
        numbers = measure(each.real.windows, each.fake.windows)
        drifts: dict[str, Any] = {}
        if kind.reads_real:
            ends = partial(distance_of_ends, distance=distance, has_interval=has_interval)
            drifts = {"drift": ends(each.fake.windows), "real_drift": ends(each.real.windows)}
        departure, num_videos = numbers.departure(), len(each.fake.windows)
        yield curve(numbers, side="fake", num_videos=num_videos, metric=item.metric, departure=departure, **drifts)


def _beside_real(
    curve: Callable[..., RolloutCurve], real: np.ndarray, fake: np.ndarray, **more: Any
) -> Iterator[RolloutCurve]:
    """Means over videos of both sides; of the scored one, where it departs from the real one.

    Args:
        curve: Makes a curve of numbers.
        real: float64 (video, window).
        fake: The same.
        more: What both have in common.
    """
    reference, numbers = means_by_window(real), means_by_window(fake)
    departure = numbers.less(reference).departure()
    yield curve(numbers, side="fake", num_videos=len(fake), departure=departure, **more)
    yield curve(reference, side="real", num_videos=len(real), **more)


def _distance(spec: ProtocolSpec, place: int) -> Distance:
    """The nth number of a protocol, of the features of two sets of videos."""
    meaning = load_detector(spec.array.detector).gives

    def distance(real: np.ndarray, fake: np.ndarray) -> float:
        sides = {"real": real, "fake": fake}
        features = Features({side: sides[side] for side in spec.kind.sides}, meaning)
        return float(spec.kind.compute(spec.statistics, features)[place].value)

    return distance


def _of_videos(spec: ProtocolSpec, kind: SequenceKind, windows: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The numbers of each window of single videos, float64 (video, window, number)."""
    rows = windows.reshape(-1, *windows.shape[2:])
    found = kind.of_videos(spec.statistics, Features({"fake": rows}))
    return np.asarray(found).reshape(*windows.shape[:2], -1)


def _of_features(plans: Sequence[_Measured], job: RolloutJob) -> Iterator[RolloutCurve]:
    """How like the features of windows are to those of the first, for each network once."""
    seen = set()
    for each in plans:
        spec = each.plan.spec
        if isinstance(spec.kind, SequenceKind) or spec.array in seen:
            continue
        seen.add(spec.array)
        real, fake = (similarity_to_first(side.windows) for side in (each.real, each.fake))
        curve = partial(_curve, job, kind="features", protocol=spec.name, metric="feature-similarity")
        yield from _beside_real(curve, real, fake)


def _of_colours(each: _Measured, job: RolloutJob) -> Iterator[RolloutCurve]:
    """The colours that frames have in common with the first."""
    real, fake = (side.windows[:, 0, :, 0].astype(np.float64) for side in (each.real, each.fake))
    curve = partial(_curve, job, kind="colours", protocol=each.plan.spec.name, metric="colour-similarity", step=1)
    yield from _beside_real(curve, real, fake)


def _curve(
    job: RolloutJob,
    numbers: WindowNumbers,
    *,
    kind: Kind,
    side: str,
    num_videos: int,
    metric: str,
    protocol: str,
    better: str | None = None,
    step: int | None = None,
    departure: int | None = None,
    **drifts: tuple[float, float | None],
) -> RolloutCurve:
    """Numbers as a record holds them."""
    step = job.windows.step if step is None else step
    none = [None] * len(numbers.values)
    halves = none if numbers.half_widths is None else numbers.half_widths.tolist()
    changes = none if numbers.change_half_widths is None else numbers.change_half_widths.tolist()
    return RolloutCurve.model_validate(
        {
            "kind": kind,
            "side": side,
            "metric": metric,
            "protocol": protocol,
            "num_videos": num_videos,
            "better": better,
            "step": step,
            "values": tuple(recorded(value) for value in numbers.values.tolist()),
            "half_widths": tuple(map(recorded, halves)),
            "change": (recorded(float(numbers.changes[-1])), recorded(changes[-1])),
            "departs_at": None if departure is None else departure * step + 1,
            "interval_kind": numbers.kind,
            **{name: tuple(map(recorded, each)) for name, each in drifts.items()},
        }
    )
