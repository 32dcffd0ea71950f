"""tOF of TecoGAN: how far the motion of a prediction is from its target's."""

from typing import TYPE_CHECKING

from vidmbench.protocols.pair_stages import FlowStage
from vidmbench.protocols.temporal_kind import TemporalKind

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.protocols.temporal_kind import TemporalStatistics


class Tof(TemporalKind):
    """tOF; see :mod:`vidmbench.detectors.flow`."""

    name = "tof"
    array = FlowStage

    def of_frames(self, statistics: "TemporalStatistics", numbers: "np.ndarray") -> "np.ndarray":
        """What the detector gives, in pixels."""
        del statistics
        return numbers[..., 0]


KIND = Tof()
