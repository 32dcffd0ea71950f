"""Is one model better than another? Both Fréchet distances to the same real videos, and a paired test of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import DataError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.studies.single_distance import check_values, one_job, scored
from vidmbench.metrics import paired
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.records.record import Measurement


@dataclass(frozen=True)
class ModelComparison:
    """Two models measured against the same real videos.

    Attributes:
        measurements: Both distances, first model A, then B.
        difference: The paired test.
        same_seeds: Whether video i of A and video i of B were sampled with the same seed.
        repeats: Repeats that the protocol averages; the test is of the first alone.
    """

    measurements: tuple[Measurement, Measurement]
    difference: paired.PairedDifference
    same_seeds: bool
    repeats: int

    @property
    def has_equal_videos(self) -> bool:
        """Whether A and B hold the same videos."""
        first, second = self.measurements
        return first.fake.digest == second.fake.digest


def compare_models(
    real: str, first: str, second: str, choices: Choices, *, same_seeds: bool = False
) -> ModelComparison:
    """Measures both models, and tests the difference.

    Args:
        real: A path, ``dataset:NAME[@SPLIT]``.
        first: Videos of model A; or ``control:NAME``.
        second: As many videos of model B.
        choices: The options, with one protocol of a Fréchet distance and one clip length.
        same_seeds: Whether video i of A and video i of B were sampled with the same seed.

    Raises:
        UsageError: The protocol measures something else, or there are several clip lengths.
        DataError: Too few videos, unequal counts, a distance without a value, or videos that cannot be paired.
    """
    jobs = [one_job(real, model, choices) for model in (first, second)]
    counts = [len(job.plans[0].fake.clips) for job in jobs]
    paired.check_counts(len(jobs[0].plans[0].real.clips), *counts)
    measurements, features = scored(jobs)
    check_values(measurements)
    if same_seeds:
        _check_pairs(jobs, measurements)
    statistics = jobs[0].plans[0].spec.statistics
    assert isinstance(statistics, FrechetStatistics)  # single_distance refuses others
    difference = paired.paired_difference(
        *features, normalisation=statistics.covariance, same_seeds=same_seeds, seed=statistics.seed
    )
    return ModelComparison((measurements[0], measurements[1]), difference, same_seeds, statistics.repeats)


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
