"""Is model A better than model B by a full-reference metric? A test of the differences video by video.

Both models predict the same videos, and a video that is hard for one is hard for the other. The difference of each
video does not hold what both share, so its mean is known far better than either model's mean. Student's t test of that
mean is the paired t test. Where units are few, the normal distribution that it presumes matters, so a test that
presumes less is made as well: were both models alike, A and B could be exchanged in every video, which flips the sign
of its difference. Its p value is the share of all choices of signs whose mean difference is at least as far from 0
(Fisher 1935). Of 5 units no p value is below 2 / 2^5 = 0.06.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.metrics.full_reference.intervals import MeanError, by_scene, error_of_mean
from vidmbench.metrics.paired import POWER, SIGNIFICANCE, PairedDifference
from vidmbench.metrics.uncertainty import Interval

#: All choices of signs are tried for so many videos, or scenes, and fewer.
MAX_FLIPPED = 20
#: Fewer give no p value below 0.05 by flipping signs.
MIN_FLIPPED = 6

# Networks compute in float32: smaller differences, relative to the value, are the order of sums.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class DifferenceByVideo(PairedDifference):
    """How two models' means over the same videos differ; ``needed`` counts videos.

    Attributes:
        p_value_flips: By all choices of signs; None for more than MAX_FLIPPED videos or scenes.
        count: Videos; where scenes are given, scenes.
        unit: Which of the two.
    """

    p_value_flips: float | None
    count: int
    unit: Literal["video", "scene"]

    @property
    def is_significant(self) -> bool:
        """Whether every test that was made finds a difference."""
        return max(self.p_value, self.p_value_flips or 0.0) < SIGNIFICANCE


def difference_by_video(first: np.ndarray, second: np.ndarray, scenes: Sequence[str] = ()) -> DifferenceByVideo:
    """Tests whether two models' means over the same videos differ.

    Args:
        first: (video,), what each video counts for model A, finite.
        second: The same videos of model B.
        scenes: The scene of each video; empty where every video is one of its own.

    Returns:
        Difference, interval, p values, and how many videos it takes.

    Raises:
        DataError: There are fewer than 2 videos, or scenes.
        ValueError: The counts differ.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} videos are not pairs")
    count = len(set(scenes)) if len(scenes) else len(first)
    if count < 2:
        unit = "scene" if len(scenes) else "video"
        raise DataError(
            f"too few {unit}s to tell two models apart",
            expected=f"at least 2 {unit}s, and {MIN_FLIPPED} for a difference that can be significant",
            found=str(count),
            fix="score more videos",
        )
    differences = first - second
    if np.abs(differences).max() <= _ROUNDING * max(np.abs(first).max(), np.abs(second).max()):
        differences = np.zeros_like(differences)
    difference, error = float(differences.mean()), error_of_mean(differences, scenes)
    half = error.half_width()
    p_value = _p_value(difference, error)
    return DifferenceByVideo(
        first=float(first.mean()),
        second=float(second.mean()),
        difference=difference,
        interval=Interval(difference - half, difference + half, error.standard_error, error.kind("paired-t")),
        p_value=p_value,
        standard_error=error.standard_error,
        effect=_effect(difference, error),
        needed=_needed(difference, error, len(differences)),
        p_value_flips=_flipped(by_scene(differences, scenes)[0]) if error.count <= MAX_FLIPPED else None,
        count=error.count,
        unit=error.unit,
    )


def _p_value(difference: float, error: MeanError) -> float:
    from scipy import stats  # slow to import

    if error.standard_error == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    return float(2.0 * stats.t.sf(abs(difference) / error.standard_error, error.count - 1))


def _effect(difference: float, error: MeanError) -> float | None:
    """The mean difference over the spread that one unit has."""
    if error.standard_error == 0.0:
        return None
    return difference / (error.standard_error * float(np.sqrt(error.count)))


def _needed(difference: float, error: MeanError, num_videos: int) -> int | None:
    """Videos with which p falls below 0.05 in 80 % of repetitions, if each scene has as many as now.

    Normal quantiles with the correction of Guenther (1981) for Student's t, half the square of the first.
    """
    if difference == 0.0:
        return None
    from scipy import stats  # slow to import

    effect = _effect(difference, error)
    quantile = float(stats.norm.ppf(1.0 - SIGNIFICANCE / 2.0))
    reach = quantile + float(stats.norm.ppf(POWER))
    units = 0.0 if effect is None else (reach / effect) ** 2 + quantile**2 / 2
    return ceil(max(MIN_FLIPPED, ceil(units)) * num_videos / error.count)


def _flipped(differences: np.ndarray) -> float:
    """The share of all choices of signs whose sum is at least as far from 0."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return float((np.abs(sums) >= abs(differences.sum()) * (1 - 1e-9)).mean())
