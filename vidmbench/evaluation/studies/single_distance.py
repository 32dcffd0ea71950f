"""One Fréchet distance between two sources, and the features behind it: what infinity and compare-models start from."""

from collections.abc import Sequence

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.progress import progress_bar
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.features import FeatureJob, by_video, features_of
from vidmbench.evaluation.job import Job, carry_out
from vidmbench.evaluation.studies.compare import prepare_compare
from vidmbench.protocols.protocol import load_protocol
from vidmbench.records.record import Measurement


def one_job(real: str, fake: str, choices: Choices) -> Job:
    """The sources and the one plan, resolved as ``vidmbench compare`` does it."""
    spec = load_protocol(choices.protocols[0])
    if spec.metric != "frechet":
        raise UsageError(
            f"{spec.name} measures no Fréchet distance",
            expected="a protocol with metric frechet",
            found=spec.metric,
            where="--protocol",
            fix="see all metrics: vidmbench list protocols",
        )
    if len(choices.frames) > 1:
        raise UsageError(
            "one clip length at a time",
            expected="such as --frames 16",
            found=f"--frames {','.join(map(str, choices.frames))}",
        )
    return prepare_compare(real, fake, choices).job


def scored(jobs: Sequence[Job]) -> tuple[list[Measurement], list[np.ndarray]]:
    """The plain measurement of every job, and the features behind them: real first, then each job's scored side."""
    choices, real = jobs[0].choices, jobs[0].plans[0].real
    with progress_bar() as progress:
        measurements = [one for job in jobs for one in carry_out(job, progress)]
        sides = [(jobs[0].real, real), *((job.fake, job.plans[0].fake) for job in jobs)]
        stage = jobs[0].plans[0].spec.array
        wanted = [FeatureJob(source, clips, stage, choices.precision) for source, clips in sides]
        found = features_of(wanted, device=choices.device, on_bad=choices.on_bad, progress=progress)
    return measurements, [by_video(one.features, clips) for one, (_, clips) in zip(found, sides, strict=True)]


def check_values(measurements: Sequence[Measurement]) -> None:
    """Refuses measurements without a value.

    Raises:
        DataError: One has none; the message says why.
    """
    failed = [item for item in measurements if item.status != "ok"]
    if failed:
        reasons = "; ".join(dict.fromkeys(str(item.reason) for item in failed))
        raise DataError(f"{failed[0].protocol} has no value: {reasons}")
