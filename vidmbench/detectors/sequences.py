"""Numbers of frames that depend on the frames before: what is kept of a clip is a frame or two, whatever its length."""

from collections.abc import Callable

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.metrics.temporal.changes import colour_histogram, histogram_intersection, mean_absolute_difference
from vidmbench.metrics.temporal.siti import brightness, luma, spatial_information, temporal_information
from vidmbench.protocols.sequence_stages import SequenceStage, SitiStage
from vidmbench.protocols.stages import ArrayStage

#: Takes the frames of one clip one after the other, uint8 (height, width, 3), and gives float32 (number,) of each.
Follower = Callable[[Image], np.ndarray]


def is_sequence(stage: ArrayStage) -> bool:
    """Whether what is measured of a frame depends on those before it."""
    return isinstance(stage, SequenceStage)


def follower(stage: ArrayStage) -> Follower:
    """What follows one clip; each clip needs its own.

    Args:
        stage: What is measured.

    Returns:
        A function of the clip's frames in their order; NaN for what a frame has not, as the first has no change.
    """
    if isinstance(stage, SitiStage):
        return _siti(stage)
    return {"frame-differences": _differences, "colour-histograms": _colours}[stage.detector]()


def followed(frames: np.ndarray, stage: ArrayStage) -> np.ndarray:
    """The numbers of a whole clip, float32 (frame, number), of uint8 (frame, height, width, 3)."""
    follow = follower(stage)
    return np.stack([follow(frame) for frame in frames])


def _siti(stage: SitiStage) -> Follower:
    before: np.ndarray | None = None

    def follow(frame: Image) -> np.ndarray:
        nonlocal before
        now = brightness(luma(frame), stage.mode)
        change = np.nan if before is None else temporal_information(now, before)
        before = now
        return np.array([spatial_information(now), change], np.float32)

    return follow


def _differences() -> Follower:
    before: Image | None = None

    def follow(frame: Image) -> np.ndarray:
        nonlocal before
        change = np.nan if before is None else mean_absolute_difference(frame, before)
        before = frame
        return np.array([change], np.float32)

    return follow


def _colours() -> Follower:
    first: np.ndarray | None = None

    def follow(frame: Image) -> np.ndarray:
        nonlocal first
        counts = colour_histogram(frame)
        if first is None:
            first = counts
        return np.array([histogram_intersection(counts, first)], np.float32)

    return follow
