"""Spatial and temporal information of ITU-T P.910."""

from typing import TYPE_CHECKING

from vidmbench.protocols.sequence_kind import SequenceKind, SequenceStatistics
from vidmbench.protocols.sequence_stages import SitiStage

if TYPE_CHECKING:
    import numpy as np


class Siti(SequenceKind[SequenceStatistics]):
    """SI and TI; see :mod:`vidmbench.metrics.temporal.siti`."""

    name = "siti"
    numbers = ("si", "ti")
    array = SitiStage
    statistics = SequenceStatistics
    limits = (
        "SI and TI describe a video: a frozen one has TI 0, noise raises it, and no value is better than another",
    )

    def of_frames(self, numbers: "np.ndarray") -> "np.ndarray":
        """What the detector gives."""
        return numbers


KIND = Siti()
