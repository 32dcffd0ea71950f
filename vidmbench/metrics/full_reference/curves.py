"""A full-reference metric against the frame number: the mean over videos at each frame, and its interval.

A mean that one video makes infinite, as equal frames do in conventions without a cap, has no interval.
"""

import math
from dataclasses import dataclass

import numpy as np

from vidmbench.metrics.full_reference.intervals import interval_over_videos


@dataclass(frozen=True)
class Estimate:
    """A mean over videos.

    Attributes:
        value: The mean; infinite or NaN where a video's is.
        half_width: Half the width of its interval; None where there is none.
        kind: How the interval was made and at which level; None where there is none.
    """

    value: float
    half_width: float | None
    kind: str | None


@dataclass(frozen=True)
class Curve:
    """A metric frame by frame.

    Attributes:
        first_frame: The number of the first scored frame in its clip, counted from 1.
        frames: The mean over videos at each scored frame.
        mean: The mean of the curve over its frames: the area under it per frame.
        change: The last frame's minus the first one's. Frames of one video are alike, so its interval is not that of
            two independent means.
    """

    first_frame: int
    frames: tuple[Estimate, ...]
    mean: Estimate
    change: Estimate


def curve_over_videos(values: np.ndarray, first_frame: int) -> Curve:
    """The curve of a metric, with intervals over videos.

    Args:
        values: float64 (video, frame), what each video counts at each frame; NaN for frames that it lacks.
        first_frame: See :class:`Curve`.
    """
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return Curve(
            first_frame,
            tuple(_estimate(column[~np.isnan(column)]) for column in values.T),
            _estimate(np.nanmean(values, 1)),
            _estimate(values[:, -1] - values[:, 0]),
        )


def _estimate(values: np.ndarray) -> Estimate:
    if not len(values):  # a frame that every video lacks
        return Estimate(math.nan, None, None)
    interval = interval_over_videos(values)
    if interval is None:
        return Estimate(float(values.mean()), None, None)
    return Estimate(float(values.mean()), (interval.high - interval.low) / 2, interval.kind)
