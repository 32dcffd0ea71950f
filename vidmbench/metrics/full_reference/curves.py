"""A full-reference metric against the frame number: the mean over videos at each frame, and its interval.

A mean that one video makes infinite, as equal frames do in conventions without a cap, has no interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

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


def curve_over_videos(values: np.ndarray, first_frame: int, scenes: Sequence[str] = ()) -> Curve:
    """The curve of a metric, with intervals over videos.

    Args:
        values: float64 (video, frame), what each video counts at each frame; NaN for frames that it lacks.
        first_frame: See :class:`Curve`.
        scenes: The scene of each video; empty where every video is one of its own.
    """
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return Curve(
            first_frame,
            tuple(_of_those_that_have_it(column, scenes) for column in values.T),
            _estimate(np.nanmean(values, 1), scenes),
            _estimate(values[:, -1] - values[:, 0], scenes),
        )


def _of_those_that_have_it(values: np.ndarray, scenes: Sequence[str]) -> Estimate:
    has_it = ~np.isnan(values)
    if not has_it.any():
        return Estimate(math.nan, None, None)
    return _estimate(values[has_it], list(compress(scenes, has_it)))


def _estimate(values: np.ndarray, scenes: Sequence[str]) -> Estimate:
    interval = interval_over_videos(values, scenes)
    if interval is None:
        return Estimate(float(values.mean()), None, None)
    return Estimate(float(values.mean()), (interval.high - interval.low) / 2, interval.kind)
