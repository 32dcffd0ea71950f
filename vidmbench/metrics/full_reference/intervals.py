"""Uncertainty of a mean over videos.

The unit is the video: frames of one video are alike, so an interval over all frames is too narrow by up to the root of
their number. Several predictions of one target are one unit as well.

Where several videos show one scene, the scene is the unit. Of N videos in G scenes, let u_s be the sum of a scene's
deviations from the mean and n_s its number of videos. The mean without the scene deviates by u_s / (N - n_s), and the
variance is the jackknife's: (G - 1) / G times the sum of the squares of these. Of scenes with one video each that is
the usual variance of a mean. MacKinnon, Nielsen and Webb (2023, "Fast and reliable jackknife and bootstrap methods for
cluster-robust inference") find it the best of its kind where scenes are few or of unequal size.

tests/simulations/paired_metrics.py shows how often the intervals hold the mean.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vidmbench.metrics.uncertainty import Interval

#: Fewer videos, or scenes, give no interval.
MIN_VIDEOS = 4

_LEVEL = 95


@dataclass(frozen=True)
class MeanError:
    """How well a mean over videos is known.

    Attributes:
        standard_error: Of the mean, in its units.
        count: Videos; where scenes are given, scenes.
        unit: Which of the two.
    """

    standard_error: float
    count: int
    unit: Literal["video", "scene"]

    def half_width(self) -> float:
        """Half the width of Student's t interval at 95 %; for a count of 2 or more."""
        from scipy.stats import t as student  # slow to import

        return float(student.ppf(0.5 + _LEVEL / 200, self.count - 1)) * self.standard_error

    def kind(self, method: str = "t") -> str:
        """How an interval was made, as records say it, such as ``t-48-videos-95``."""
        return f"{method}-{self.count}-{self.unit}s-{_LEVEL}"


def error_of_mean(values: np.ndarray, scenes: Sequence[str] = ()) -> MeanError:
    """The standard error of a mean over videos, clustered where several show one scene.

    Args:
        values: (video,), what each video counts, finite.
        scenes: The scene of each video; empty where every video is one of its own.

    Raises:
        ValueError: There are scenes, but not one for each video; or fewer than 2 videos or scenes.
    """
    if not len(scenes):
        if len(values) < 2:
            raise ValueError("a standard error needs 2 videos")
        return MeanError(float(values.std(ddof=1)) / math.sqrt(len(values)), len(values), "video")
    sums, sizes = by_scene(values - values.mean(), scenes)
    count = len(sizes)
    if count < 2:
        raise ValueError("a standard error needs 2 scenes")
    without = sums / (len(values) - sizes)
    return MeanError(math.sqrt((count - 1) / count * float(without @ without)), count, "scene")


def by_scene(values: np.ndarray, scenes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The sum of each scene's values, and its number of videos, both (scene,).

    Args:
        values: (video,).
        scenes: The scene of each video; empty where every video is one of its own.

    Raises:
        ValueError: There are scenes, but not one for each video.
    """
    if not len(scenes):
        return values, np.ones(len(values))
    if len(scenes) != len(values):
        raise ValueError(f"{len(values)} videos have {len(scenes)} scenes")
    _, places = np.unique(np.asarray(scenes), return_inverse=True)
    return np.bincount(places, weights=values), np.bincount(places).astype(np.float64)


def interval_over_videos(values: np.ndarray, scenes: Sequence[str] = ()) -> Interval | None:
    """Student's t interval of a mean.

    Args:
        values: (video,), what each video counts.
        scenes: The scene of each video; empty where every video is one of its own.

    Returns:
        The interval; None for fewer than :data:`MIN_VIDEOS` videos or scenes, or where a value is not finite.
    """
    count = len(set(scenes)) if len(scenes) else len(values)
    if count < MIN_VIDEOS or not np.isfinite(values).all():
        return None
    return _around(float(values.mean()), error_of_mean(values, scenes))


def shares_of_ratio(errors: np.ndarray) -> np.ndarray:
    """What each video counts in 10 log10(255² / mean error): the ratio is linear in each error, to first order.

    Args:
        errors: (video,), each video's mean squared error, not all 0.

    Returns:
        (video,); their mean is the ratio, and the standard error of that mean what the delta method gives.
    """
    mean = float(errors.mean())
    return np.asarray(-10 * math.log10(mean / 255**2) - 10 / math.log(10) * (errors / mean - 1))


def _around(value: float, error: MeanError) -> Interval:
    half = error.half_width()
    return Interval(value - half, value + half, error.standard_error, error.kind())
