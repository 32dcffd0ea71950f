"""A full-reference metric against the frame number: the mean over videos at each frame, and its interval.

A mean that one video makes infinite, as equal frames do in conventions without a cap, has no interval.
"""

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
        num_videos: How many videos it is over.
    """

    value: float
    half_width: float | None
    kind: str | None
    num_videos: int


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
        values: float64 (video, frame), what each video counts at each frame; NaN for frames that it lacks. Frames at
            the end that every video lacks are omitted.
        first_frame: See :class:`Curve`.
        scenes: The scene of each video; empty where every video is one of its own.
    """
    there = ~np.isnan(values)
    last = int(np.flatnonzero(there.any(0))[-1])
    values, there = values[:, : last + 1], there[:, : last + 1]
    with np.errstate(invalid="ignore"):  # infinity minus infinity, and means of no frame
        means = np.where(there, values, 0.0).sum(1) / there.sum(1)
        return Curve(
            first_frame,
            tuple(_estimate(column, has, scenes) for column, has in zip(values.T, there.T, strict=True)),
            _estimate(means, there.any(1), scenes),
            _estimate(values[:, last] - values[:, 0], there[:, last], scenes),
        )


def _estimate(values: np.ndarray, has_it: np.ndarray, scenes: Sequence[str]) -> Estimate:
    """The mean over the videos that have a number."""
    values = values[has_it]
    interval = interval_over_videos(values, list(compress(scenes, has_it)))
    if interval is None:
        return Estimate(float(values.mean()), None, None, len(values))
    return Estimate(float(values.mean()), (interval.high - interval.low) / 2, interval.kind, len(values))
