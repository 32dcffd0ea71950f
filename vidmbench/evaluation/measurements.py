"""From the features of a plan to its measurements, each with its signature and its notes."""

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version

import numpy as np

from vidmbench.core.vocabulary import Device, Precision
from vidmbench.detectors.engine import engine_name
from vidmbench.detectors.weights_local import identity, short_identity
from vidmbench.evaluation.feature_job import FeatureSet
from vidmbench.evaluation.notes import all_remarks, constant
from vidmbench.evaluation.plan import Planned
from vidmbench.evaluation.repeats import Repeat
from vidmbench.evaluation.scenes import notes_of_scenes
from vidmbench.evaluation.statistics import Score, scores
from vidmbench.metrics.full_reference.curves import Curve
from vidmbench.metrics.jackknife import MIN_SAMPLES
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.metric_kind import NO_INTERVAL, Features
from vidmbench.protocols.paired_kind import PairedKind
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import Signature, signature_of
from vidmbench.records.curve import FrameCurve, recorded
from vidmbench.records.record import Measurement, SideRecord
from vidmbench.videos.source import Source, checkpoint_of


def planned_signature(item: Planned, real: Source, fake: Source, precision: Precision) -> Signature:
    """The signature the measurement will have if every clip can be read."""
    return _signature(item.spec, real, item.scored or fake, (item.real.num_scored, item.fake.num_scored), precision)


def planned_notes(item: Planned, real: Source, fake: Source) -> list[str]:
    """The notes the measurement will have if every clip can be read; some more depend on what the network sees."""
    num_real = item.real.num_scored if item.spec.kind.reads_real else 0
    plans = item.real, item.fake
    reads_frames = load_detector(item.spec.array.detector).reads == "frames"
    are_grouped = reads_frames or any(clips.clips_a_video > 1 for clips in plans)
    return all_remarks(item.spec, (real, fake), plans, (num_real, item.fake.num_scored), are_grouped=are_grouped)


def planned_engine(device: Device, detector: str | None = None, precision: Precision = "fp32") -> str:
    """The engine the measurement will run on; both, where that is found out on the way."""
    return engine_name(device, detector, precision, is_tried=False)


def _signature(
    spec: ProtocolSpec,
    real: Source,
    fake: Source,
    counts: tuple[int, int],
    precision: Precision,
    metric: str | None = None,
) -> Signature:
    return signature_of(
        spec,
        num_real=counts[0],
        num_fake=counts[1],
        real_label=real.label,
        real_digest=real.digest(),
        fake_digest=fake.digest(),
        checkpoint=checkpoint_of(fake),
        precision=precision,
        version=version("vidmbench"),
        metric=metric,
        weights=short_identity(load_detector(spec.array.detector)),
    )


def measured(
    spec: ProtocolSpec, repeats: Sequence[Repeat], precision: Precision, reading: float
) -> Iterator[Measurement]:
    """The measurements of one plan.

    Args:
        spec: Its protocol.
        repeats: The plan's repeats, at least one, with their features.
        precision: That of the network.
        reading: This plan's share of the seconds that features took.
    """
    started = time.perf_counter()
    scores_of_plan = scores(
        spec,
        [repeat.features() for repeat in repeats],
        [repeat.clip_names() for repeat in repeats],
        moments=[repeat.moments() for repeat in repeats],
        scenes=() if repeats[0].pairs is None else repeats[0].pairs.scenes(),
    )
    first = repeats[0]
    warnings = _warnings(spec, first)
    records = first.real.record(), first.fake.record()
    seconds = round(reading + time.perf_counter() - started, 3)
    for score in scores_of_plan:
        yield _measurement(spec, first, score, records, warnings, precision, seconds)


def _warnings(spec: ProtocolSpec, repeat: Repeat) -> tuple[str, ...]:
    real, fake = repeat.real, repeat.fake
    features = [
        np.empty((0, 0), np.float32) if side.features is None else side.features.features for side in (real, fake)
    ]
    sources, plans = (real.source, fake.source), (real.plan, fake.plan)
    are_grouped = any(side.by_video().ndim > 2 for side in (real, fake))
    return (
        *_notes_of_pairs(spec, repeat),
        *constant(real.source, fake.source, (features[0], features[1])),
        *_notes_of_engines(real.features, fake.features),
        *all_remarks(spec, sources, plans, (real.num_clips, fake.num_clips), are_grouped=are_grouped),
    )


def _notes_of_engines(real: FeatureSet | None, fake: FeatureSet | None) -> list[str]:
    """What to know where a pack's features were computed by another engine than those of the scored side."""
    if real is None or fake is None or real.engine == fake.engine:
        return []
    return [f"{real.engine} computed the real features and {fake.engine} the scored ones"]


def _notes_of_pairs(spec: ProtocolSpec, repeat: Repeat) -> list[str]:
    """How pairs were found, and what their frames show."""
    if repeat.pairs is None:
        return []
    pairing, kind = repeat.pairs.pairing, spec.kind
    assert isinstance(kind, PairedKind)
    of_frames = kind.notes_of_frames(spec.statistics, Features(repeat.features())) if repeat.pairs.num_pairs else []
    return [pairing.note, *pairing.notes, *of_frames, *notes_of_scenes(repeat.pairs.scenes())]


def _why_no_interval(repeat: Repeat, notes: Sequence[str]) -> str:
    """What the notes say, or what they cannot know: videos were skipped, or give many clips and are few."""
    reasons = (note.removeprefix(NO_INTERVAL) for note in notes if note.startswith(NO_INTERVAL))
    sides = [side for side in (repeat.real, repeat.fake) if side.features is not None]
    is_few = bool(sides) and min(len(side.by_video()) for side in sides) < MIN_SAMPLES
    return next(
        reasons, f"one needs at least {MIN_SAMPLES} videos per side" if is_few else "this metric gives none here"
    )


def _measurement(
    spec: ProtocolSpec,
    repeat: Repeat,
    score: Score,
    records: tuple[SideRecord, SideRecord],
    warnings: tuple[str, ...],
    precision: Precision,
    seconds: float,
) -> Measurement:
    detector = load_detector(spec.array.detector)
    real, fake = repeat.real, repeat.fake
    signature = _signature(spec, real.source, fake.source, (real.num_clips, fake.num_clips), precision, score.metric)
    return Measurement(
        metric=signature.metric,
        status="failed" if score.reason else "ok",
        reason=score.reason,
        value=score.value,
        interval=None if score.interval is None else (score.interval.low, score.interval.high),
        interval_kind=None if score.interval is None else score.interval.kind,
        interval_reason=None if score.interval or score.reason else _why_no_interval(repeat, warnings),
        spread=score.spread,
        spread_kind=score.spread_kind,
        num_real=real.num_clips,
        num_fake=fake.num_clips,
        frames=spec.clips.frames,
        stride=spec.clips.stride,
        precision=precision,
        engine=repeat.engine,
        signature=signature.long,
        signature_short=signature.short,
        signature_id=signature.id,
        protocol=spec.name,
        protocol_spec=spec.model_dump(mode="json", exclude_none=True),
        weights={detector.name: identity(detector)},
        seconds=seconds,
        seed=spec.statistics.seed,
        real=records[0],
        fake=records[1],
        warnings=warnings,
        by_frame=_by_frame(spec, score.curve),
    )


def _by_frame(spec: ProtocolSpec, curve: Curve | None) -> FrameCurve | None:
    """What the record keeps of a curve."""
    if curve is None or spec.kind.better is None:
        return None
    counts = tuple(frame.num_videos for frame in curve.frames)
    return FrameCurve(
        better=spec.kind.better,
        first_frame=curve.first_frame,
        values=tuple(recorded(frame.value) for frame in curve.frames),
        half_widths=tuple(recorded(frame.half_width) for frame in curve.frames),
        mean=(recorded(curve.mean.value), recorded(curve.mean.half_width)),
        change=(recorded(curve.change.value), recorded(curve.change.half_width)),
        num_videos=counts if len(set(counts)) > 1 else None,
        interval_kind=curve.mean.kind or next((frame.kind for frame in curve.frames if frame.kind), None),
    )
