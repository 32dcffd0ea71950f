"""From a job to its measurements and its record."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vidmbench.core.progress import Progress
from vidmbench.core.workers import Share
from vidmbench.evaluation.evaluate import Evaluation, Pair, compute_share_of_pairs, evaluate_pairs
from vidmbench.evaluation.features import ShareDone
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.optional import Refused, with_weights
from vidmbench.evaluation.plan import Planned
from vidmbench.records.environment import environment
from vidmbench.records.record import Measurement, RunRecord

# A record's file is named after both sides; file systems take names of 255 bytes.
_NAME_LENGTH = 80


def carry_out(job: Job, progress: Progress | None = None) -> Evaluation:
    """Scores a job; see :func:`vidmbench.evaluation.evaluate.evaluate`."""
    return carry_out_all([job], progress)[0]


def carry_out_all(jobs: Sequence[Job], progress: Progress | None = None) -> list[Evaluation]:
    """Scores jobs that have their choices in common; videos that several of them take are read once.

    Args:
        jobs: At least one.
        progress: See :func:`vidmbench.evaluation.features.features_of`; its total is that of all jobs.

    Returns:
        One evaluation a job; members of a group whose networks can get no weights are skipped.
    """
    choices = jobs[0].choices
    found = _scorable(jobs)
    evaluations = evaluate_pairs(
        _pairs(jobs, found),
        precision=choices.precision,
        device=choices.device,
        on_bad=choices.on_bad,
        progress=progress,
    )
    return [
        replace(evaluation, refused=(*job.refused, *refused))
        for job, evaluation, (_, refused) in zip(jobs, evaluations, found, strict=True)
    ]


def compute_share(
    jobs: Sequence[Job], share: Share, progress: Progress | None = None, *, is_in_group: bool = False
) -> ShareDone:
    """Computes one share of the features that :func:`carry_out_all` needs, into the cache; scores nothing.

    Args:
        jobs: See :func:`carry_out_all`.
        share: Which blocks of clips this process may take.
        progress: See :func:`carry_out_all`; its total is that of the share.
        is_in_group: See :func:`vidmbench.evaluation.features.compute_share`.
    """
    choices = jobs[0].choices
    return compute_share_of_pairs(
        _pairs(jobs, _scorable(jobs)),
        share,
        is_in_group=is_in_group,
        precision=choices.precision,
        device=choices.device,
        on_bad=choices.on_bad,
        progress=progress,
    )


def _scorable(jobs: Sequence[Job]) -> list[tuple[list[Planned], list[Refused]]]:
    """Of each job, the plans whose networks have weights, and those members of a group that have none."""
    return [with_weights(job.plans, jobs[0].choices.optional) for job in jobs]


def _pairs(jobs: Sequence[Job], found: Sequence[tuple[Sequence[Planned], object]]) -> list[Pair]:
    scenes = jobs[0].choices.scenes
    return [Pair(job.real, job.fake, tuple(plans), scenes) for job, (plans, _) in zip(jobs, found, strict=True)]


def record_of(job: Job, measurements: Sequence[Measurement], *, command: Sequence[str]) -> RunRecord:
    """The record of a job that was carried out."""
    now = datetime.now(UTC)
    lengths = "+".join(str(length) for length in sorted({item.frames for item in measurements}))
    model, dataset = job.model[:_NAME_LENGTH], Path(job.dataset).name[:_NAME_LENGTH]
    words = f"{now:%Y%m%dT%H%M%S%fZ}_{model}_{dataset}_t{lengths}_{measurements[0].signature_id}"
    return RunRecord(
        run_id=re.sub(r"[^A-Za-z0-9_.+-]+", "-", words),
        created=now.isoformat(timespec="seconds"),
        model=job.model,
        dataset=job.dataset,
        split=job.split,
        command=tuple(command),
        measurements=tuple(measurements),
        environment=environment(),
        request=job.request,
    )
