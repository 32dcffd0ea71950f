"""Uncertainty of a mean over videos.

The unit is the video: frames of one video are alike, so an interval over all frames is too narrow by up to the root of
their number. Several predictions of one target are one unit as well.
"""

import math

import numpy as np
from scipy.stats import t as student

from vidmbench.metrics.uncertainty import Interval

#: Fewer videos give no interval.
MIN_VIDEOS = 4

_LEVEL = 95


def interval_over_videos(values: np.ndarray) -> Interval | None:
    """Student's t interval of a mean.

    Args:
        values: (video,), what each video counts.

    Returns:
        The interval; None for fewer than :data:`MIN_VIDEOS` videos, or where a value is not finite.
    """
    if len(values) < MIN_VIDEOS or not np.isfinite(values).all():
        return None
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return _around(float(values.mean()), error, len(values))


def interval_of_ratio(errors: np.ndarray) -> Interval | None:
    """The interval of 10 log10(255² / mean error): that of the mean error, through the logarithm's slope.

    Args:
        errors: (video,), each video's mean squared error.
    """
    if len(errors) < MIN_VIDEOS or not errors.mean() > 0:
        return None
    mean = float(errors.mean())
    error = float(errors.std(ddof=1)) / math.sqrt(len(errors))
    return _around(-10 * math.log10(mean / 255**2), 10 / math.log(10) * error / mean, len(errors))


def _around(value: float, error: float, num_videos: int) -> Interval:
    half = float(student.ppf(0.5 + _LEVEL / 200, num_videos - 1)) * error
    return Interval(value - half, value + half, error, f"t-{num_videos}-videos-{_LEVEL}")
