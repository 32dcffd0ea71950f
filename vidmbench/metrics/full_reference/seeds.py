"""Uncertainty of a model's mean where it was run with several seeds: videos in seeds.

A number of one run says how well that run predicts. What is claimed of a model should hold for other seeds, too, so the
spread between runs counts, and no number of videos makes it smaller. With S seeds that predict the same N videos, the
mean of all varies because other seeds would have other means, and because other videos would be harder or easier for
every seed:

    variance of the mean = variance of the seeds' means / S + variance of the videos' means over seeds / N

Both hold what neither seed nor video explains, which therefore counts twice; what it adds is subtracted, but never more
than leaves the larger of the two. The half width of the interval is the root of the two variances, each times the
square of its own quantile of Student's t (with S - 1 degrees of freedom for the seeds, N - 1 for the videos), as Howe
(1974) adds such errors: one number of degrees of freedom for the sum makes intervals of three seeds too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS, error_of_mean
from vidmbench.metrics.uncertainty import Interval

_LEVEL = 95


@dataclass(frozen=True)
class MeanOverSeeds:
    """The mean of several runs of one model.

    Attributes:
        value: The mean over seeds and videos.
        interval: For the mean over all seeds and videos that might have been drawn; None for fewer than MIN_VIDEOS
            videos, or scenes.
        by_seed: The mean over videos of each run.
        sd_seeds: Standard deviation of these.
        sd_videos: Standard deviation between videos of one run, averaged over the runs in the square.
    """

    value: float
    interval: Interval | None
    by_seed: tuple[float, ...]
    sd_seeds: float
    sd_videos: float


def mean_over_seeds(values: np.ndarray, scenes: Sequence[str] = ()) -> MeanOverSeeds:
    """The mean of several runs, and an interval that holds for other seeds and other videos.

    Args:
        values: (seed, video), what each video counts in each run, finite; at least 2 runs.
        scenes: The scene of each video; empty where every video is one of its own.

    Raises:
        ValueError: There are fewer than 2 runs, or videos.
    """
    seeds, videos = values.shape
    if min(seeds, videos) < 2:
        raise ValueError("a spread needs 2 runs and 2 videos")
    by_seed, by_video = values.mean(1), values.mean(0)
    of_seeds = float(by_seed.var(ddof=1)) / seeds
    of_videos = error_of_mean(by_video, scenes)
    rest = values - by_seed[:, None] - by_video + values.mean()
    twice = float((rest**2).sum()) / ((seeds - 1) * (videos - 1)) / (seeds * videos)
    shares = of_seeds, of_videos.standard_error**2
    error = sqrt(max(sum(shares) - twice, *shares))
    value = float(values.mean())
    interval = None
    if of_videos.count >= MIN_VIDEOS:
        widths = [share * _quantile(count) ** 2 for share, count in zip(shares, (seeds, of_videos.count), strict=True)]
        half = sqrt(max(sum(widths) - twice * _quantile(of_videos.count) ** 2, *widths))
        kind = f"t-{of_videos.count}-{of_videos.unit}s-in-{seeds}-seeds-{_LEVEL}"
        interval = Interval(value - half, value + half, error, kind)
    return MeanOverSeeds(
        value, interval, tuple(map(float, by_seed)), float(by_seed.std(ddof=1)),
        float(np.sqrt(values.var(axis=1, ddof=1).mean())),
    )  # fmt: skip


def _quantile(count: int) -> float:
    from scipy.stats import t as student  # slow to import

    return float(student.ppf(0.5 + _LEVEL / 200, count - 1))
