"""The score of Physics-IQ: what a model's numbers are worth beside those of a second take of the same scenes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.evaluation.evaluate import Evaluation
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.repeats import Pairs
from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS
from vidmbench.metrics.full_reference.physics_iq import physics_iq_interval, physics_iq_score
from vidmbench.protocols.kinds.physics_iq import PhysicsIq
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.paired_kind import PairedStatistics
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import Signature, metric_names
from vidmbench.records.record import Measurement

_NAME = "physics-iq-score"


def check_second_take(jobs: Sequence[Job]) -> None:
    """Refuses a second take that no protocol looks at, or that is the first one, before any work.

    Args:
        jobs: Those of the models, and that of the second take.

    Raises:
        UsageError: No protocol is physics-iq's.
        DataError: Both takes are the same videos.
    """
    *models, take = jobs
    if not any(isinstance(item.spec.kind, PhysicsIq) for item in models[0].plans):
        raise UsageError(
            "--second-take is for the score of Physics-IQ",
            expected="--protocol physics-iq or physics-iq-lossless",
            found=", ".join(dict.fromkeys(item.spec.name for item in models[0].plans)),
            where="--second-take",
            fix="name one of them with --protocol, or omit --second-take",
        )
    if take.fake.digest() == take.real.digest():
        raise DataError(
            "the second take holds the same videos as the first",
            expected="the same scenes, filmed again",
            found=f"{take.fake.label} on both sides",
            where="--second-take",
            fix="give the other take",
        )


def with_scores(evaluation: Evaluation, take: Evaluation) -> Evaluation:
    """The evaluation of a model with the score behind the four numbers of each Physics-IQ protocol.

    Args:
        evaluation: Of the model.
        take: Of the second take, by the same protocols.

    Raises:
        DataError: They were scored on different videos.
    """
    measurements: list[Measurement] = []
    place = 0
    for repeats, of_take in zip(evaluation.repeats, take.repeats, strict=True):
        spec = ProtocolSpec.model_validate(evaluation.measurements[place].protocol_spec)
        count = len(metric_names(spec))
        first, other = evaluation.measurements[place], take.measurements[place]
        measurements += evaluation.measurements[place : place + count]
        place += count
        if isinstance(spec.kind, PhysicsIq) and first.status == other.status == "ok":
            measurements.append(_score(spec, first, other, repeats[0].pairs, of_take[0].pairs))
    return replace(evaluation, measurements=tuple(measurements))


def _score(
    spec: ProtocolSpec, first: Measurement, take: Measurement, ours: Pairs | None, theirs: Pairs | None
) -> Measurement:
    assert ours is not None
    assert theirs is not None
    if ours.targets() != theirs.targets():
        raise DataError(
            "the model and the second take were not scored on the same videos",
            expected="a prediction and a second take of each video of REAL",
            found=f"{len(ours.targets())} and {len(theirs.targets())} videos",
            where="--second-take",
            fix="give both for the same videos",
        )
    assert isinstance(spec.kind, PhysicsIq)
    assert isinstance(spec.statistics, PairedStatistics)
    numbers, variance = (
        spec.kind.of_each(spec.statistics, Features({"pair": each.by_target()})) for each in (ours, theirs)
    )
    value, interval = physics_iq_score(numbers, variance), physics_iq_interval(numbers, variance)
    is_number = bool(np.isfinite(value))
    _, *fields = first.signature.split(" | ")
    pairs = [(key, text) for key, _, text in (field.partition(":") for field in fields)]
    at = next(place for place, (key, _) in enumerate(pairs) if key == "seed")
    signature = Signature(_NAME, (*pairs[:at], ("take2", take.fake.digest[:8]), *pairs[at:]))
    return first.model_copy(
        update={
            "metric": _NAME,
            "status": "ok" if is_number else "failed",
            "reason": None if is_number else "the two takes agree nowhere, and the score divides by that",
            "value": value if is_number else None,
            "interval": None if interval is None else (interval.low, interval.high),
            "interval_kind": None if interval is None else interval.kind,
            "interval_reason": None if interval else f"an honest one needs at least {MIN_VIDEOS} videos",
            "spread": None,
            "spread_kind": None,
            "signature": signature.long,
            "signature_short": signature.short,
            "signature_id": signature.id,
            "warnings": (f"beside a second take: {take.fake.label}; neither rounded nor clipped", *first.warnings),
        }
    )
