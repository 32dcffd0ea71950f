"""Temporal flickering of VBench: how little frames differ from the one before."""

from typing import TYPE_CHECKING

from vidmbench.protocols.sequence_kind import SequenceKind, SequenceStatistics
from vidmbench.protocols.sequence_stages import SequenceStage

if TYPE_CHECKING:
    import numpy as np


class Flicker(SequenceKind[SequenceStatistics]):
    """1 - mean |difference| / 255; see :mod:`vidmbench.metrics.temporal.changes`."""

    name = "flicker"
    numbers = ("flicker",)
    array = SequenceStage
    statistics = SequenceStatistics
    limits = ("a frozen video has the best value there is, 1, and motion lowers it: no value is better than another",)

    def of_frames(self, numbers: "np.ndarray") -> "np.ndarray":
        """Of mean absolute differences, 0..255."""
        return 1 - numbers / 255


KIND = Flicker()
