"""Is one model better than another? Both scored against the same real videos, and a paired test of the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.progress import progress_bar
from vidmbench.evaluation.carry_out import carry_out_all
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.repeats import Pairs
from vidmbench.evaluation.studies.single_distance import check_values, one_job, scored
from vidmbench.metrics import paired
from vidmbench.metrics.full_reference.two_models import difference_by_video
from vidmbench.metrics.kernel import kernel_statistic
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.kinds.kernel import KernelStatistics
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.paired_kind import PairedKind
from vidmbench.protocols.protocol import load_protocol
from vidmbench.protocols.stages import StatisticsStage
from vidmbench.records.record import Measurement


@dataclass(frozen=True)
class ModelComparison:
    """Two models measured against the same real videos.

    Attributes:
        measurements: Both numbers, first model A, then B.
        difference: The paired test; a :class:`~vidmbench.metrics.full_reference.two_models.DifferenceByVideo` of a
            full-reference metric.
        same_seeds: Whether video i of A and video i of B were sampled with the same seed.
        repeats: Repeats that the protocol averages; the test is of the first alone.
        better: Which of two numbers is better.
        wins: Videos in which A is better, and those in which B is; None of a distance between
            distributions.
    """

    measurements: tuple[Measurement, Measurement]
    difference: paired.PairedDifference
    same_seeds: bool
    repeats: int
    better: Literal["lower", "higher"] = "lower"
    wins: tuple[int, int] | None = None

    @property
    def has_equal_videos(self) -> bool:
        """Whether A and B hold the same videos."""
        first, second = self.measurements
        return first.fake.digest == second.fake.digest


def compare_models(
    real: str,
    first: str,
    second: str,
    choices: Choices,
    *,
    same_seeds: bool = False,
    progress: bool | None = None,
) -> ModelComparison:
    """Measures both models, and tests the difference.

    Args:
        real: A path, ``dataset:NAME[@SPLIT]``.
        first: Videos of model A; or ``control:NAME``.
        second: As many videos of model B.
        choices: The options, with one protocol of a Fréchet or kernel distance or a full-reference metric, and
            one clip length.
        same_seeds: Whether video i of A and video i of B were sampled with the same seed; for
            distances between distributions.
        progress: Whether progress is shown, see :func:`vidmbench.core.progress.progress_bar`.

    Raises:
        UsageError: The protocol measures something else, or there are several clip lengths.
        DataError: Too few videos, unequal counts, a number without a value, or videos that cannot be paired.
    """
    if same_seeds and choices.protocols and load_protocol(choices.protocols[0]).kind.reads_pairs:
        raise UsageError(
            "--same-seeds is for Fréchet and kernel distances",
            expected="a protocol of a Fréchet or kernel distance, such as fvd-stylegan-v",
            found=choices.protocols[0],
            where="--same-seeds",
            fix="omit it: full-reference metrics compare A and B video by video anyway",
        )
    jobs = [one_job(real, model, choices, compares=True) for model in (first, second)]
    kind = jobs[0].plans[0].spec.kind
    if isinstance(kind, PairedKind):
        return _by_video(jobs, kind, progress)
    counts = [len(job.plans[0].fake.clips) for job in jobs]
    paired.check_counts(len(jobs[0].plans[0].real.clips), *counts)
    measurements, features = scored(jobs, progress=progress)
    check_values(measurements)
    if same_seeds:
        _check_pairs(jobs, measurements)
    statistics = jobs[0].plans[0].spec.statistics
    difference = _tested(statistics, features, same_seeds=same_seeds)
    return ModelComparison((measurements[0], measurements[1]), difference, same_seeds, statistics.repeats)


def _tested(
    statistics: StatisticsStage, features: Sequence[np.ndarray], *, same_seeds: bool
) -> paired.PairedDifference:
    """The test of two Fréchet or kernel distances."""
    seed, (real, first, second) = statistics.seed, features
    if isinstance(statistics, FrechetStatistics):
        return paired.paired_difference(
            real, first, second, normalisation=statistics.covariance, ridge=statistics.ridge or 0.0,
            same_seeds=same_seeds, seed=seed,
        )  # fmt: skip
    assert isinstance(statistics, KernelStatistics)  # single_distance refuses others
    real, first, second = (statistics.scaled(side) for side in features)
    distance = kernel_statistic(**statistics.options)
    test = paired.paired_test(real, first, second, distance, same_seeds=same_seeds, seed=seed)
    return test.times(statistics.scale)


def _by_video(
    jobs: Sequence[Job],
    kind: PairedKind,  # type: ignore[type-arg]
    progress: bool | None,
) -> ModelComparison:
    """Both models by a full-reference metric, video by video."""
    _check_predictions(jobs)
    with progress_bar(is_shown=progress) as tick:
        evaluations = carry_out_all(jobs, tick)
    measurements = [evaluation.measurements[0] for evaluation in evaluations]
    check_values(measurements)
    pairs = [evaluation.repeats[0][0].pairs for evaluation in evaluations]
    first, second = (each for each in pairs if each is not None)
    _check_same_targets(first, second)
    statistics = jobs[0].plans[0].spec.statistics
    features = [Features({"pair": each.by_target()}) for each in (first, second)]
    shares = [kind.shares(statistics, each) for each in features]
    test = difference_by_video(shares[0], shares[1], first.scenes())
    values = [kind.of_videos(statistics, each) for each in features]
    higher, lower = int((values[0] > values[1]).sum()), int((values[0] < values[1]).sum())
    assert kind.better is not None  # as of all full-reference metrics
    wins = (higher, lower) if kind.better == "higher" else (lower, higher)
    return ModelComparison((measurements[0], measurements[1]), test, False, 1, better=kind.better, wins=wins)


def _check_predictions(jobs: Sequence[Job]) -> None:
    """Refuses models with different numbers of predictions of a video, before any work."""
    samples = [0 if job.plans[0].pairing is None else job.plans[0].pairing.samples for job in jobs]
    if samples[0] != samples[1]:
        raise DataError(
            "A and B have different numbers of predictions of each video",
            expected="as many of A as of B",
            found=f"{samples[0]} of A, {samples[1]} of B",
            where=jobs[1].fake.label,
            fix=f"give {min(samples)} of each: the best of several improves with their number",
        )


def _check_same_targets(first: Pairs, second: Pairs) -> None:
    """Refuses to compare models over different videos: one may have got the easier ones."""
    targets = first.targets(), second.targets()
    if targets[0] == targets[1]:
        return
    lacking = [set(targets[1]) - set(targets[0]), set(targets[0]) - set(targets[1])]
    real = first.pairing.videos.real
    found = [
        f"{name} lacks {', '.join(real.name(target) for target in sorted(missing)[:3])}"
        + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        for name, missing in zip("AB", lacking, strict=True)
        if missing
    ]
    raise DataError(
        "A and B were not scored on the same videos",
        expected="a prediction that can be read of the same videos from both",
        found="; ".join(found) or "the same videos in another order",
        fix="replace the predictions that could not be read, or remove these videos from REAL, A and B",
    )


def _check_pairs(jobs: Sequence[Job], measurements: Sequence[Measurement]) -> None:
    """Refuses to pair clips by index where these are not of the same videos."""
    indices = [[clip.video for clip in job.plans[0].fake.clips] for job in jobs]
    skipped = [len(measurement.fake.skipped) for measurement in measurements]
    if indices[0] != indices[1] or any(skipped):
        raise DataError(
            "the videos of A and B cannot be paired",
            expected="videos of the same indices in both, none of them skipped",
            found=f"{skipped[0]} and {skipped[1]} skipped" if any(skipped) else "videos of different indices",
            where="--same-seeds",
            fix="fix the skipped videos and give equally many of both, or omit --same-seeds",
        )
