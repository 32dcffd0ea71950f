"""Engines of detectors that read pairs: one passes on numbers that are there already, one runs LPIPS."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.detectors.lpips import Trunk, check_size
from vidmbench.detectors.types import Feature, Prepared
from vidmbench.protocols.pair_stages import LpipsStage, TemporalLpipsStage

TRUNKS: dict[str, Trunk] = {"lpips-alexnet": "alexnet", "lpips-vgg16": "vgg16"}
# Clips whose distances are remembered: the stages of several protocols may show a network the same frames in turn.
_REMEMBERED = 16


class ReadyNumbers:
    """Numbers that were computed while frames were read: squared errors, SSIM, what follows frames.

    Args:
        name: What the record says.
        feature: Makes a clip's feature of the numbers of its frames, (frame, number); as it is, frame after frame.
    """

    def __init__(self, name: str, feature: Callable[[np.ndarray], np.ndarray] = np.ravel) -> None:
        self.name = name
        self._feature = feature

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """The feature of each clip."""
        for clip in clips:
            yield self._feature(clip)


@runtime_checkable
class LpipsNetwork(Protocol):
    """A network that compares pairs of frames."""

    def distances(self, pairs: Frames) -> np.ndarray:
        """The distance of each pair.

        Args:
            pairs: uint8 (pair, height, 2 width, 3), RGB, 0..255: the target left, the prediction right.

        Returns:
            float64 (pair, 2): by the mean over each layer's map, and over each map resized to the frames' size.
        """
        ...


class SharedLpips:
    """One network for all protocols that have its trunk: what two of them compare goes through it once.

    Args:
        network: The network.
        trunk: Which one it is.
    """

    def __init__(self, network: LpipsNetwork, trunk: Trunk) -> None:
        self._network, self._trunk = network, trunk
        self._known: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def distances(self, pairs: Frames) -> np.ndarray:
        """See :class:`LpipsNetwork`.

        Raises:
            DataError: Frames are too small for the network.
        """
        check_size(pairs.shape[1], pairs.shape[2] // 2, self._trunk)
        key = hashlib.sha256(repr(pairs.shape).encode())
        key.update(np.ascontiguousarray(pairs).data)
        digest = key.digest()
        if digest not in self._known:
            self._known[digest] = self._network.distances(pairs)
        self._known.move_to_end(digest)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return self._known[digest]


class LpipsEngine:
    """LPIPS of pairs of frames.

    Args:
        network: The network.
        stage: How distances are averaged.
        name: What the record says.
    """

    def __init__(self, network: SharedLpips, stage: LpipsStage, *, name: str) -> None:
        self.name = name
        self._network, self._stage = network, stage

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """The distance of each frame of each clip, float32 (frame,)."""
        for clip in clips:
            of_frames = self._changes if isinstance(self._stage, TemporalLpipsStage) else self._distances
            yield of_frames(clip).astype(np.float32)

    def _distances(self, clip: Prepared) -> np.ndarray:
        """Of each frame's two sides, float64 (frame,)."""
        return self._network.distances(clip)[:, int(self._stage.spatial)]

    def _changes(self, clip: Prepared) -> np.ndarray:
        """How far the distances to the frame before are apart, float64 (frame,); 0 for the first, never scored."""
        width = clip.shape[2] // 2
        sides = clip[:, :, :width], clip[:, :, width:]
        real, fake = (self._distances(np.concatenate([side[:-1], side[1:]], axis=2)) for side in sides)
        return np.concatenate([[0.0], np.abs(real - fake)])
