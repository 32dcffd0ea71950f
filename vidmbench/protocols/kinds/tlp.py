"""tLP of TecoGAN: how far the change from frame to frame, as LPIPS sees it, is from the target's."""

from typing import TYPE_CHECKING

from vidmbench.protocols.pair_stages import TemporalLpipsStage
from vidmbench.protocols.temporal_kind import TemporalKind

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.protocols.temporal_kind import TemporalStatistics


class Tlp(TemporalKind):
    """100 |LPIPS(x[t-1], x[t]) - LPIPS(y[t-1], y[t])|; see :mod:`vidmbench.detectors.pair_engine`."""

    name = "tlp"
    array = TemporalLpipsStage

    def of_frames(self, statistics: "TemporalStatistics", numbers: "np.ndarray") -> "np.ndarray":
        """A hundred times what the detector gives."""
        del statistics
        return 100 * numbers[..., 0]


KIND = Tlp()
