"""Structural similarity of predictions."""

from typing import TYPE_CHECKING

from vidmbench.protocols.pair_stages import SsimStage
from vidmbench.protocols.paired_kind import PairedKind, PairedStatistics

if TYPE_CHECKING:
    import numpy as np


class Ssim(PairedKind[PairedStatistics]):
    """SSIM; see :mod:`vidmbench.metrics.full_reference.ssim`."""

    name = "ssim"
    array = SsimStage
    statistics = PairedStatistics
    better = "higher"
    equal = 1.0

    def of_frames(self, statistics: PairedStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """What the detector gives."""
        del statistics
        return numbers[..., 0]


KIND = Ssim()
