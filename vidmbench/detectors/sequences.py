"""Numbers of frames that depend on the frames before: what is kept of a clip is a frame or two, whatever its length."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.detectors.pair_pixels import cut, halves
from vidmbench.metrics.temporal.changes import colour_histogram, histogram_intersection, mean_absolute_difference
from vidmbench.metrics.temporal.flow_features import CELLS, flow_features
from vidmbench.metrics.temporal.siti import brightness, luma, spatial_information, temporal_information
from vidmbench.metrics.temporal.tracks import NUM_FEATURES, fvmd_features
from vidmbench.protocols.pair_stages import FlowStage, MotionMaskStage
from vidmbench.protocols.sequence_stages import SitiStage, is_followed
from vidmbench.protocols.stages import ArrayStage


def _as_it_is(frame: Image) -> Image:
    return frame


@dataclass(frozen=True)
class Follower:
    """What follows one clip: takes its frames one after the other, and gives the numbers of each.

    Attributes:
        follow: Takes what ``look`` gives of each frame, in the clip's order; gives float32 (number,).
        look: What is taken of a frame alone, uint8 (height, width, 3); the same for every clip that shows the frame.
        end: Gives the numbers of all frames, float32 (frame, number), where they are known at the end alone.
    """

    follow: Callable[[Any], np.ndarray]
    look: Callable[[Image], Any] = _as_it_is
    end: Callable[[], np.ndarray] | None = None

    def __call__(self, frame: Image) -> np.ndarray:
        """Takes the next frame."""
        return self.follow(self.look(frame))

    def ended(self, numbers: np.ndarray) -> np.ndarray:
        """The numbers of a clip that has come to its end, float32 (frame, number), of those that frames gave."""
        return numbers if self.end is None else self.end()


def is_sequence(stage: ArrayStage) -> bool:
    """Whether what is measured of a frame depends on those before it."""
    return isinstance(stage, FlowStage) or is_followed(stage)


def follower(stage: ArrayStage) -> Follower:
    """What follows one clip; each clip needs its own.

    Args:
        stage: What is measured.

    Returns:
        What takes the clip's frames in their order; it gives NaN for what a frame has not, as the first has no change.
    """
    if isinstance(stage, SitiStage):
        return _siti(stage)
    if isinstance(stage, MotionMaskStage):
        from vidmbench.detectors.motion_masks import MaskFollower

        masks = MaskFollower(stage)
        return Follower(masks, end=masks.end)
    if isinstance(stage, FlowStage):
        return _flows(stage)
    return _FOLLOWERS[stage.detector]()


def followed(frames: np.ndarray, stage: ArrayStage) -> np.ndarray:
    """The numbers of a whole clip, float32 (frame, number), of uint8 (frame, height, width, 3)."""
    follow = follower(stage)
    return follow.ended(np.stack([follow(frame) for frame in frames]))


def feature_of(stage: ArrayStage) -> Callable[[np.ndarray], np.ndarray]:
    """What makes a clip's feature, float32 (feature,), of the numbers of its frames, float32 (frame, number)."""
    return _FEATURES.get(stage.detector, np.ravel)


def _siti(stage: SitiStage) -> Follower:
    before: np.ndarray | None = None

    def look(frame: Image) -> tuple[np.ndarray, float]:
        levels = luma(frame)
        return levels, spatial_information(brightness(levels, stage.mode))

    def follow(seen: tuple[np.ndarray, float]) -> np.ndarray:
        nonlocal before
        now = brightness(seen[0], stage.mode)
        change = np.nan if before is None else temporal_information(now, before)
        before = now
        return np.array([seen[1], change], np.float32)

    return Follower(follow, look)


def _differences() -> Follower:
    before: Image | None = None

    def follow(frame: Image) -> np.ndarray:
        nonlocal before
        change = np.nan if before is None else mean_absolute_difference(frame, before)
        before = frame
        return np.array([change], np.float32)

    return Follower(follow)


def _colours() -> Follower:
    first: np.ndarray | None = None

    def follow(counts: np.ndarray) -> np.ndarray:
        nonlocal first
        if first is None:
            first = counts
        return np.array([histogram_intersection(counts, first)], np.float32)

    return Follower(follow, colour_histogram)


def _flows(stage: FlowStage) -> Follower:
    from vidmbench.detectors.flow import flow_difference, flow_of

    before: Image | None = None
    was_equal = False

    def follow(frame: Image) -> np.ndarray:
        nonlocal before, was_equal
        is_equal = np.array_equal(*halves(frame[None]))
        change = (
            0.0  # of the first frame, which no protocol scores, and of equal pairs of frames, whose flows are equal
        )
        if before is not None and not (is_equal and was_equal):
            sides = zip(halves(before[None]), halves(frame[None]), strict=True)
            flows = [cut(flow_of(earlier[0], later[0])[None], stage)[0] for earlier, later in sides]
            change = flow_difference(*flows)
        before, was_equal = frame, is_equal
        return np.array([change], np.float32)

    return Follower(follow)


def _pooled() -> Follower:
    from vidmbench.detectors.pooled_colours import pooled_colours

    return Follower(np.asarray, pooled_colours)


def _cell_flows() -> Follower:
    from vidmbench.detectors.dis_flow import cell_flows, smoothed

    return Follower(cell_flows(), smoothed)


def _tracks() -> Follower:
    from vidmbench.detectors.klt import squashed, tracker

    return Follower(tracker(), squashed)


def _histograms_of_tracks(places: np.ndarray) -> np.ndarray:
    if np.isnan(places).any():  # all points have left the frame
        return np.full(NUM_FEATURES, np.nan, np.float32)
    return fvmd_features(places.reshape(len(places), -1, 2))


def _shares_of_flow(cells: np.ndarray) -> np.ndarray:
    return flow_features(cells.reshape(len(cells), CELLS, CELLS, 2)[1:])


#: By the detector's name.
_FOLLOWERS: dict[str, Callable[[], Follower]] = {
    "frame-differences": _differences,
    "colour-histograms": _colours,
    "pooled-colours": _pooled,
    "klt-histograms": _tracks,
    "dis-flow": _cell_flows,
}
_FEATURES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "klt-histograms": _histograms_of_tracks,
    "dis-flow": _shares_of_flow,
}
