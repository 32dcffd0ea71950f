"""Engines of detectors that read pairs: one passes on numbers that are there already, one runs LPIPS."""

from collections.abc import Iterable, Iterator

import numpy as np

from vidmbench.detectors.lpips import Lpips, Trunk
from vidmbench.detectors.pair_pixels import halves
from vidmbench.detectors.types import Feature, Prepared
from vidmbench.protocols.pair_stages import LpipsStage


class ReadyNumbers:
    """Numbers that were computed while frames were read: squared errors, SSIM.

    Args:
        name: What the record says.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """The numbers of each clip, frame after frame."""
        for clip in clips:
            yield clip.reshape(-1)


class LpipsEngine:
    """LPIPS of pairs of frames.

    Args:
        network: The network.
        stage: How distances are averaged.
        name: What the record says.
    """

    def __init__(self, network: Lpips, stage: LpipsStage, *, name: str) -> None:
        self.name = name
        self._network, self._stage = network, stage

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """The distance of each frame of each clip, float32 (frame,)."""
        for clip in clips:
            real, fake = halves(clip)
            yield self._network.distances(real, fake, is_spatial=self._stage.spatial).astype(np.float32)


TRUNKS: dict[str, Trunk] = {"lpips-alexnet": "alexnet", "lpips-vgg16": "vgg16"}
