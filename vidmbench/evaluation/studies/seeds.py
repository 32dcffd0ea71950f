"""Several runs of one model that differ by their seed: one number, whose interval holds for other seeds, too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import sha256_of_parts
from vidmbench.evaluation.carry_out import record_of
from vidmbench.evaluation.evaluate import Evaluation
from vidmbench.evaluation.job import Job
from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS
from vidmbench.metrics.full_reference.seeds import MeanOverSeeds, mean_over_seeds
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.paired_kind import PairedKind
from vidmbench.records.record import Measurement, RunRecord


@dataclass(frozen=True)
class RunsOfModel:
    """The runs of one model by one protocol.

    Attributes:
        measurements: One a run.
        mean: Their mean, and how well it is known.
    """

    measurements: tuple[Measurement, ...]
    mean: MeanOverSeeds


def check_runs(model: str, jobs: Sequence[Job]) -> None:
    """Refuses sources that cannot be runs of one model on the same videos, before any work.

    Args:
        model: The model's name.
        jobs: One a run.

    Raises:
        UsageError: The name cannot be printed, there is one run, or a protocol that does not compare videos one by one.
        DataError: Two runs hold the same videos.
    """
    if not model.strip() or not model.isprintable():
        raise UsageError(
            "the model has no name that can be printed", expected="a label on one line", found=ascii(model),
            where="--repeat-of",
        )  # fmt: skip
    if len(jobs) < 2:
        raise UsageError(
            "--repeat-of takes several runs of one model",
            expected="at least 2, each with a seed of its own",
            found=str(len(jobs)),
            where="--repeat-of",
            fix="vidmbench score REAL SEED-0 SEED-1 SEED-2 --repeat-of MODEL",
        )
    kinds = {item.spec.name: item.spec.kind for item in jobs[0].plans}
    others = [name for name, kind in kinds.items() if not isinstance(kind, PairedKind) or kind.better is None]
    if others:
        raise UsageError(
            "--repeat-of is for full-reference protocols",
            expected="psnr-..., ssim-... or lpips-...",
            found=", ".join(others),
            where="--repeat-of",
            fix="name one with --protocol, or omit --repeat-of",
        )
    labels: dict[str, str] = {}
    for job in jobs:
        digest = job.fake.digest()
        if digest in labels:
            raise DataError(
                "two runs hold the same videos",
                expected="runs that differ by their seed",
                found=f"{labels[digest]} and {job.model}",
                where="--repeat-of",
                fix="give each run once",
            )
        labels[digest] = job.model


def runs_of_model(evaluations: Sequence[Evaluation]) -> list[RunsOfModel]:
    """The mean over runs by each protocol; a protocol by which a run has no value is omitted.

    Args:
        evaluations: One a run.

    Raises:
        DataError: The runs were scored on different videos, or on fewer than 2.
    """
    by_protocol = [
        {(item.protocol, item.frames): (item, repeats[0].pairs) for item, repeats in zip(
            evaluation.measurements, evaluation.repeats, strict=True)}
        for evaluation in evaluations
    ]  # fmt: skip
    found = []
    for key in by_protocol[0]:
        if not all(key in each for each in by_protocol):  # a member of a group that could not score a run
            continue
        measurements = [each[key][0] for each in by_protocol]
        pairs = [each[key][1] for each in by_protocol]
        if any(item.status != "ok" for item in measurements):
            continue
        targets = [each.targets() for each in pairs if each is not None]
        if any(each != targets[0] for each in targets) or len({item.signature_id for item in measurements}) > 1:
            raise DataError(
                "the runs were not scored alike",
                expected="the same videos, and as many predictions of each, in every run",
                found=", ".join(f"{item.fake.label}: {item.num_fake} predictions" for item in measurements),
                where="--repeat-of",
                fix="replace predictions that could not be read, or remove these videos from REAL and every run",
            )
        values = np.stack([_shares(measurements[0], each.by_target()) for each in pairs if each is not None])
        scenes = () if pairs[0] is None else pairs[0].scenes()
        if min(len(targets[0]), len(set(scenes)) if scenes else 2) < 2:
            raise DataError(
                "one video, or one scene, has no spread",
                expected="at least 2",
                found="1",
                where="--repeat-of",
                fix="score more videos",
            )
        found.append(RunsOfModel(tuple(measurements), mean_over_seeds(values, scenes)))
    return found


def record_of_runs(
    model: str, jobs: Sequence[Job], runs: Sequence[RunsOfModel], *, command: Sequence[str]
) -> RunRecord:
    """The record of a model: the mean of its runs by each protocol, with the interval for other seeds and videos.

    Args:
        model: Its name.
        jobs: One a run.
        runs: What came out; at least one protocol.
        command: The command line that made it.
    """
    job = replace(jobs[0], model=model, request=None)  # a request has one scored side
    return record_of(job, [_of_all(model, each) for each in runs], command=command)


def _of_all(model: str, runs: RunsOfModel) -> Measurement:
    first, mean, count = runs.measurements[0], runs.mean, len(runs.measurements)
    fakes = sha256_of_parts("runs", *sorted(item.fake.digest for item in runs.measurements))
    labels = ", ".join(item.fake.label for item in runs.measurements)
    notes = (note for item in runs.measurements for note in item.warnings)
    interval = mean.interval
    said = f"mean of {count} runs with different seeds ({labels})"
    if interval is not None:
        said += "; its interval holds for other seeds and other videos"
    return first.model_copy(
        update={
            "value": mean.value,
            "interval": None if interval is None else (interval.low, interval.high),
            "interval_kind": None if interval is None else interval.kind,
            "interval_reason": None if interval else f"one needs at least {MIN_VIDEOS} videos, or scenes",
            "spread": mean.sd_seeds,
            "spread_kind": f"sd over {count} seeds",
            "signature": first.signature.replace(f" | fakes:{first.fake.digest[:8]} | ", f" | fakes:{fakes[:8]} | "),
            "seconds": round(sum(item.seconds for item in runs.measurements), 3),
            "fake": first.fake.model_copy(update={"label": model, "digest": fakes}),
            "warnings": tuple(dict.fromkeys([said, *notes])),
            "by_frame": None,  # its bands would be those of one run
        }
    )


def _shares(measurement: Measurement, numbers: np.ndarray) -> np.ndarray:
    """What each video counts."""
    from vidmbench.protocols.protocol import ProtocolSpec

    spec = ProtocolSpec.model_validate(measurement.protocol_spec)
    assert isinstance(spec.kind, PairedKind)  # check_runs refuses others
    return spec.kind.shares(spec.statistics, Features({"pair": numbers}))
