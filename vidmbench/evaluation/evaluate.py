"""Protocol + real source + fake source -> measurements: the only place that joins everything."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from vidmbench.core.errors import DataError
from vidmbench.core.vocabulary import Device, OnBad, Precision
from vidmbench.detectors.engine import engine_name
from vidmbench.detectors.weights_local import identity, short_identity
from vidmbench.evaluation.clips import ClipPlan, plan_clips
from vidmbench.evaluation.features import FeatureJob, FeatureSet, Progress, by_video, features_of
from vidmbench.evaluation.notes import all_remarks, constant
from vidmbench.evaluation.statistics import scores
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import Signature, signature_of
from vidmbench.protocols.stages import MANY_A_VIDEO
from vidmbench.records.record import Measurement, SideRecord
from vidmbench.videos.source import Source

Short = Literal["drop", "error"]


@dataclass(frozen=True)
class Planned:
    """One measurement, planned but not yet made: everything that can be wrong with the request is known here.

    Attributes:
        spec: The protocol with frames, stride, counts and seed bound.
        real: Clips of the real side.
        fake: Clips of the scored side.
        again: Both sides of every further repeat, where the protocol draws more than once.
    """

    spec: ProtocolSpec
    real: ClipPlan
    fake: ClipPlan
    again: tuple[tuple[ClipPlan, ClipPlan], ...] = ()

    @property
    def draws(self) -> tuple[tuple[ClipPlan, ClipPlan], ...]:
        """Both sides of every repeat."""
        return (self.real, self.fake), *self.again


def plan(
    real: Source,
    fake: Source,
    specs: Sequence[ProtocolSpec],
    *,
    short_real: Short | None = "error",
    short_fake: Short | None = "error",
) -> list[Planned]:
    """Chooses the clips of both sides for each protocol.

    Args:
        real: The real videos.
        fake: The videos to score.
        specs: Bound protocols.
        short_real: What becomes of real videos shorter than a clip; None leaves it to the protocol.
        short_fake: The same for the scored side.

    Returns:
        One plan a protocol.

    Raises:
        DataError: Too few videos, or videos shorter than a clip.
    """
    sides = {"real": real, "fake": fake}
    specs = [_with_what_real_there_is(spec, real) for spec in specs]
    names = {side: [source.name(index) for index in range(len(source))] for side, source in sides.items()}
    lengths = {side: [source.num_frames(index) for index in range(len(source))] for side, source in sides.items()}

    def clips(spec: ProtocolSpec, side: Literal["real", "fake"], short: Short | None, repeat: int) -> ClipPlan:
        return plan_clips(
            names[side],
            lengths[side],
            spec.clips,
            side,
            seed=spec.statistics.seed,
            short=short or spec.dataset.short_videos,
            label=sides[side].label,
            repeat=repeat,
        )

    planned = []
    for spec in specs:
        draws = [
            (clips(spec, "real", short_real, repeat), clips(spec, "fake", short_fake, repeat))
            for repeat in range(spec.statistics.repeats)
        ]
        planned.append(Planned(spec, *draws[0], again=tuple(draws[1:])))
    return planned


def _with_what_real_there_is(spec: ProtocolSpec, real: Source) -> ProtocolSpec:
    """An inception score looks at no real videos: it asks for no more of them than there are."""
    if spec.metric != "inception-score" or spec.clips.real.start in MANY_A_VIDEO:
        return spec
    side = spec.clips.real.model_copy(update={"videos": min(spec.clips.real.videos or len(real), len(real))})
    return spec.model_copy(update={"clips": spec.clips.model_copy(update={"real": side})})


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
        plans: From :func:`plan`.
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


def checked_counts(real: Source, fake: Source) -> None:
    """Refuses sources that cannot give a covariance at all.

    Raises:
        DataError: A source has fewer than 2 videos.
    """
    for source in (real, fake):
        if len(source) < 2:
            raise DataError(
                f"{source.label} has {len(source)} video{'' if len(source) == 1 else 's'}",
                expected="at least 2 videos a side: a covariance needs them",
                found=str(len(source)),
                where=source.label,
            )
