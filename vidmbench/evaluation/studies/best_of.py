"""The best of 1, 2, ... predictions of each video: how a number improves with how many were made."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import UsageError
from vidmbench.evaluation.evaluate import Evaluation
from vidmbench.evaluation.job import Job
from vidmbench.metrics import Interval
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.paired_kind import PairedKind
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import metric_names
from vidmbench.records.record import Measurement


@dataclass(frozen=True)
class BestOf:
    """One metric of one model against the number of predictions.

    Attributes:
        model: The model's label.
        dataset: The targets' label.
        measurement: The number of all predictions, as its protocol has it.
        points: Value and interval of the best of 1, 2, ... predictions, the mean over all choices of so many.
    """

    model: str
    dataset: str
    measurement: Measurement
    points: tuple[tuple[float, Interval | None], ...]


def check_several(jobs: Sequence[Job]) -> None:
    """Refuses jobs without several predictions of a video.

    Raises:
        UsageError: There is one prediction of each video, or no protocol compares videos with predictions.
    """
    numbers = [plan.pairing.samples for job in jobs for plan in job.plans if plan.pairing is not None]
    if max(numbers, default=0) > 1:
        return
    raise UsageError(
        "--best-of needs several predictions of each video",
        expected="predictions named NAME_0, NAME_1, ... (NAME/0, 0/NAME), or an array (N, S, T, H, W, C)",
        found="one prediction of each video"
        if numbers
        else "no full-reference protocol: psnr-..., ssim-..., lpips-...",
        where="--best-of",
        fix="omit --best-of" if numbers else "choose such a protocol, as lpips-srvp",
    )


def best_of_numbers(job: Job, evaluation: Evaluation) -> list[BestOf]:
    """The curves of all full-reference metrics with several predictions.

    Args:
        job: What was asked for.
        evaluation: What came out.
    """
    curves, rest = [], iter(evaluation.measurements)
    for repeats in evaluation.repeats:
        measurement = next(rest)
        spec = ProtocolSpec.model_validate(measurement.protocol_spec)
        for _ in metric_names(spec)[1:]:
            next(rest)
        kind, pairs = spec.kind, repeats[0].pairs
        if (
            pairs is None
            or pairs.pairing.samples < 2
            or not pairs.num_pairs
            or not isinstance(kind, PairedKind)
            or kind.better is None
        ):
            continue
        points = kind.best_of_each_number(spec.statistics, Features(repeats[0].features()))
        curves.append(BestOf(job.model, job.dataset, measurement, tuple(points)))
    return curves
