"""Protocol + real source + fake source -> measurements: the only place that joins everything."""

import time
from collections.abc import Sequence
from importlib.metadata import version

from vidmbench.core.progress import Progress
from vidmbench.core.vocabulary import Device, OnBad, Precision
from vidmbench.detectors.engine import engine_name
from vidmbench.detectors.weights_local import identity, short_identity
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.features import FeatureJob, FeatureSet, by_video, features_of
from vidmbench.evaluation.notes import all_remarks, constant
from vidmbench.evaluation.plan import Planned
from vidmbench.evaluation.statistics import scores
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import Signature, signature_of
from vidmbench.records.record import Measurement, SideRecord
from vidmbench.videos.source import Source


def evaluate(
    real: Source,
    fake: Source,
    plans: Sequence[Planned],
    *,
    precision: Precision = "fp32",
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> list[Measurement]:
    """Scores one source against another by every plan; each side is read once.

    Args:
        real: The real videos.
        fake: The videos to score.
        plans: From :func:`vidmbench.evaluation.plan.plan`.
        precision: ``fp32`` or ``bf16``.
        device: Where networks run.
        on_bad: Whether a video that cannot be read stops the work or is left out and listed.
        progress: See :func:`vidmbench.evaluation.features.features_of`.

    Returns:
        One measurement a plan; one that has no value says why.

    Raises:
        DataError: A video cannot be read.
        WeightsError: A network's weights cannot be had.
    """
    started = time.perf_counter()
    jobs, places = _jobs(real, fake, plans, precision)
    sets = features_of(jobs, device=device, on_bad=on_bad, progress=progress)
    reading = (time.perf_counter() - started) / len(plans)
    measurements = []
    for item, own in zip(plans, places, strict=True):
        draws = [(sets[first], sets[second]) for first, second in own]
        measurements += _measured(item, real, fake, draws, precision, reading)
    return measurements


def _jobs(
    real: Source, fake: Source, plans: Sequence[Planned], precision: Precision
) -> tuple[list[FeatureJob], list[list[tuple[int, int]]]]:
    """The features wanted, real ones first, and for each plan where both sides of its draws stand among them."""
    sides: list[list[FeatureJob]] = [[], []]
    for item in plans:
        for clips in item.draws:
            if item.spec.metric == "inception-score":  # looks at the scored side alone
                job = FeatureJob(fake, clips[1], item.spec.array, precision)
                for own in sides:
                    own.append(job)
                continue
            for own, source, plan_of_side in zip(sides, (real, fake), clips, strict=True):
                own.append(FeatureJob(source, plan_of_side, item.spec.array, precision))
    places, taken = [], 0
    for item in plans:
        numbers = range(taken, taken + len(item.draws))
        places.append([(number, len(sides[0]) + number) for number in numbers])
        taken += len(item.draws)
    return sides[0] + sides[1], places


def planned_signature(item: Planned, real: Source, fake: Source, precision: Precision) -> Signature:
    """The signature the measurement will have if every clip can be read."""
    return _signature(item.spec, real, fake, len(item.real.clips), len(item.fake.clips), precision)


def planned_notes(item: Planned, real: Source, fake: Source) -> list[str]:
    """The notes the measurement will have if every clip can be read; some more depend on what the network sees."""
    num_real = 0 if item.spec.metric == "inception-score" else len(item.real.clips)
    return all_remarks(item.spec, (real, fake), (item.real, item.fake), (num_real, len(item.fake.clips)))


def planned_engine(device: Device, detector: str | None = None) -> str:
    """The engine the measurement will run on."""
    return engine_name(device, detector)


def _signature(
    spec: ProtocolSpec,
    real: Source,
    fake: Source,
    num_real: int,
    num_fake: int,
    precision: Precision,
    metric: str | None = None,
) -> Signature:
    return signature_of(
        spec,
        num_real=num_real,
        num_fake=num_fake,
        real_label=real.label,
        real_digest=real.digest(),
        fake_digest=fake.digest(),
        precision=precision,
        version=version("vidmbench"),
        metric=metric,
        weights=short_identity(load_detector(spec.array.detector)),
    )


def _measured(
    item: Planned,
    real: Source,
    fake: Source,
    draws: Sequence[tuple[FeatureSet, FeatureSet]],
    precision: Precision,
    reading: float,
) -> list[Measurement]:
    started = time.perf_counter()
    spec, detector = item.spec, load_detector(item.spec.array.detector)
    of_real, of_fake = draws[0]
    num_real = 0 if spec.metric == "inception-score" else len(of_real.features)
    num_fake = len(of_fake.features)
    names = [
        (_names(real, clips[0], sets[0]), _names(fake, clips[1], sets[1]))
        for clips, sets in zip(item.draws, draws, strict=True)
    ]
    pairs = [
        (by_video(sets[0].features, clips[0]), by_video(sets[1].features, clips[1]))
        for clips, sets in zip(item.draws, draws, strict=True)
    ]
    found = scores(spec, pairs, names)
    sides = {"real": (real, item.real, of_real), "fake": (fake, item.fake, of_fake)}
    records = {
        side: SideRecord(
            label=source.label,
            digest=source.digest(),
            num_videos=len(source),
            num_scored=len(features.features),
            size=source.size,
            skipped=tuple((left.name, left.reason) for left in (*source.skipped, *clips.skipped, *features.skipped)),
        )
        for side, (source, clips, features) in sides.items()
    }
    warnings = (
        *all_remarks(spec, (real, fake), (item.real, item.fake), (num_real, num_fake)),
        *constant(real, fake, (of_real.features[:num_real], of_fake.features)),
    )
    seconds = round(reading + time.perf_counter() - started, 3)
    measurements = []
    for score in found:
        signature = _signature(spec, real, fake, num_real, num_fake, precision, score.metric)
        measurements.append(
            Measurement(
                metric=signature.metric,
                status="failed" if score.reason else "ok",
                reason=score.reason,
                value=score.value,
                interval=None if score.interval is None else (score.interval.low, score.interval.high),
                interval_kind=None if score.interval is None else score.interval.kind,
                spread=score.spread,
                spread_kind=score.spread_kind,
                num_real=num_real,
                num_fake=num_fake,
                frames=spec.clips.frames,
                stride=spec.clips.stride,
                precision=precision,
                engine=of_fake.engine,
                signature=signature.long,
                signature_short=signature.short,
                signature_id=signature.id,
                protocol=spec.name,
                protocol_spec=spec.model_dump(mode="json", exclude_none=True),
                weights={detector.name: identity(detector)},
                seconds=seconds,
                seed=spec.statistics.seed,
                real=records["real"],
                fake=records["fake"],
                warnings=warnings,
            )
        )
    return measurements


def _names(source: Source, clips: ClipPlan, features: FeatureSet) -> list[str]:
    """What the clips that have features are called."""
    left_out = {video.name for video in features.skipped}
    return [name for clip in clips.clips if (name := source.name(clip.video)) not in left_out]
