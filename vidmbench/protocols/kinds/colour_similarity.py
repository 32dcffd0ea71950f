"""How far the colours of a video stay those of its first frame (long-video-gan)."""

from typing import TYPE_CHECKING

from vidmbench.protocols.sequence_kind import SequenceKind, SequenceStatistics
from vidmbench.protocols.sequence_stages import SequenceStage

if TYPE_CHECKING:
    import numpy as np


class ColourSimilarity(SequenceKind[SequenceStatistics]):
    """The intersection of colour histograms; see :mod:`vidmbench.metrics.temporal.changes`."""

    name = "colour-similarity"
    numbers = ("colour-similarity",)
    array = SequenceStage
    statistics = SequenceStatistics
    limits = ("a frozen video has 1, and the colours of real videos change too: no value is better than another",)

    def of_frames(self, numbers: "np.ndarray") -> "np.ndarray":
        """What the detector gives."""
        return numbers


KIND = ColourSimilarity()
