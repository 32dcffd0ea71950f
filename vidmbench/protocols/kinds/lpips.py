"""Learned perceptual distance of predictions."""

from typing import TYPE_CHECKING

from vidmbench.protocols.pair_stages import LpipsStage
from vidmbench.protocols.paired_kind import PairedKind, PairedStatistics

if TYPE_CHECKING:
    import numpy as np


class Lpips(PairedKind[PairedStatistics]):
    """LPIPS; see :mod:`vidmbench.detectors.lpips`."""

    name = "lpips"
    array = LpipsStage
    statistics = PairedStatistics
    better = "lower"

    def of_frames(self, statistics: PairedStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """What the detector gives."""
        del statistics
        return numbers[..., 0]


KIND = Lpips()
