"""Full-reference metrics of change: a frame of a pair is compared together with the one before."""

from typing import Annotated

from pydantic import PositiveInt

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.paired_kind import PairedKind, PairedStatistics, scored, words_of_first


class TemporalStatistics(PairedStatistics):
    """The [statistics] of a metric of change.

    Attributes:
        drop_first: Frames at the start that are not scored; the first has no frame before it.
    """

    drop_first: Annotated[PositiveInt, ProtocolField("statistics", "first", words=words_of_first)]


class TemporalKind(PairedKind[TemporalStatistics]):
    """A full-reference metric of change: 0 where both change alike, as two videos do that both stand still."""

    statistics = TemporalStatistics
    better = "lower"

    def notes_of_frames(self, statistics: TemporalStatistics, features: Features) -> list[str]:
        """That some scored frames change exactly as their targets do."""
        numbers = scored(statistics, features)
        count, total = int((numbers == 0).all(-1).sum()), int((numbers == numbers).all(-1).sum())  # all but NaN
        return [f"{count} of {total} scored frames change exactly as their targets do"] if count else []

    @property
    def in_group(self) -> bool:
        """They are asked for by name: flow takes seconds where the others take milliseconds, and a package more."""
        return False
