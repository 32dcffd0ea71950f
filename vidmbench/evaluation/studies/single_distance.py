"""One number of two sources, and the features behind it: what infinity and compare-models start from."""

from collections.abc import Sequence

import numpy as np

from vidmbench.core.arguments import wrong_argument
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.progress import progress_bar
from vidmbench.evaluation.carry_out import carry_out
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.given import given
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.packs import spec_of
from vidmbench.evaluation.studies.compare import prepare_compare
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.kinds.kernel import KernelStatistics
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.records.record import Measurement
from vidmbench.sources.packs.contents import Pack, PackSource


def one_job(real: str, fake: str, choices: Choices, *, compares: bool = False) -> Job:
    """The sources and the one plan, resolved as ``vidmbench compare`` does it.

    Args:
        real: The real videos.
        fake: The videos to score.
        choices: The options, with one protocol and one clip length.
        compares: Whether the protocol may be of a kernel distance or a full-reference metric, too.

    Raises:
        UsageError: The protocol measures something else, or there are several clip lengths.
    """
    spec = _protocol_of_pack(real, choices) if not choices.protocols else load_protocol(choices.protocols[0])
    _check_metric(spec, compares=compares)
    if len(choices.frames) > 1:
        raise UsageError(
            "one clip length at a time",
            expected="such as --frames 16",
            found=f"--frames {','.join(map(str, choices.frames))}",
        )
    job = prepare_compare(real, fake, choices, protocols=[spec]).job
    if isinstance(job.real, PackSource):
        _check_pack(job.real.pack, job)
    return job


def _check_metric(spec: ProtocolSpec, *, compares: bool) -> None:
    """Refuses what has no distance, or no single one.

    Raises:
        UsageError: The protocol measures something else.
    """
    is_paired = spec.kind.reads_pairs and spec.kind.better is not None
    if spec.metric != "frechet" and not (compares and (spec.metric == "kernel" or is_paired)):
        raise UsageError(
            f"{spec.name} measures no {'distance that models can be compared by' if compares else 'Fréchet distance'}",
            expected=f"a protocol with metric frechet{', kernel, psnr, ssim or lpips' if compares else ''}",
            found=spec.metric,
            where="--protocol",
            fix="see all metrics: vidmbench list protocols",
        )
    statistics = spec.statistics
    parts = statistics.parts if isinstance(statistics, FrechetStatistics | KernelStatistics) else None
    if parts is not None:
        raise UsageError(
            f"{spec.name} is a mean of several distances, and this is computed from one",
            expected="a protocol of one distance between all clips",
            found=f"a mean over {parts}",
            where="--protocol",
            fix="choose such a protocol: vidmbench list protocols; score and run take this one",
        )


def _protocol_of_pack(real: str, choices: Choices) -> ProtocolSpec:
    """The protocol that a pack was made by, where none was named.

    Raises:
        UsageError: It was made by several.
    """
    pack = given(real, takes_pack=True).pack
    if pack is None:
        raise wrong_argument("protocols", "one name", choices.protocols)
    specs = {spec.name: spec for spec in map(spec_of, pack.header.parts)}
    if len(specs) > 1:
        raise UsageError(
            f"{pack.name} holds several protocols",
            expected="one of them",
            found=", ".join(specs),
            where="--protocol",
            fix=f"--protocol {next(iter(specs))}",
        )
    return next(iter(specs.values()))


def _check_pack(pack: Pack, job: Job) -> None:
    """Refuses a pack without single clips, and one that leaves the clip length open.

    Raises:
        UsageError: It is one of them.
    """
    if pack.header.holds == "moments":
        raise UsageError(
            f"{pack.name} holds moments alone, and this takes subsets of the real clips",
            expected="a pack of features, or the videos",
            found="a pack made with --moments, or imported",
            where=str(pack.path or pack.name),
            fix="make the pack without --moments; score and run take this one",
        )
    lengths = [item.spec.clips.frames for item in job.plans]
    if len(lengths) > 1:
        raise UsageError(
            f"{pack.name} holds several clip lengths",
            expected="one of them",
            found=", ".join(map(str, lengths)),
            where="--frames",
            fix=f"--frames {lengths[0]}",
        )


def scored(jobs: Sequence[Job], *, progress: bool | None = None) -> tuple[list[Measurement], list[np.ndarray]]:
    """Scores jobs that share their real side.

    Args:
        jobs: The jobs.
        progress: Whether progress is shown, see :func:`vidmbench.core.progress.progress_bar`.

    Returns:
        The measurement of every job; and the features behind them, of the real side and then of each job's scored side,
        see :func:`vidmbench.evaluation.feature_job.by_video`.
    """
    with progress_bar(is_shown=progress) as tick:
        evaluations = [carry_out(job, tick) for job in jobs]
    firsts = [evaluation.repeats[0][0] for evaluation in evaluations]
    measurements = [measurement for evaluation in evaluations for measurement in evaluation.measurements]
    return measurements, [firsts[0].real.by_video(), *(repeat.fake.by_video() for repeat in firsts)]


def check_values(measurements: Sequence[Measurement]) -> None:
    """Refuses measurements without a value.

    Raises:
        DataError: One has none; the message says why.
    """
    failed = [item for item in measurements if item.status != "ok"]
    if failed:
        reasons = "; ".join(dict.fromkeys(str(item.reason) for item in failed))
        raise DataError(f"{failed[0].protocol} has no value: {reasons}", where=failed[0].fake.label)
