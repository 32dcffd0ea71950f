"""What STREAM's two metrics have in common: they read every frame's embedding, whatever network it is of."""

from typing import TYPE_CHECKING, TypeVar

from vidmbench.protocols.metric_kind import NO_INTERVAL, Counts, Features, MetricKind
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval


class StreamStatistics(StatisticsStage):
    """The [statistics] of STREAM: v-stream has no choice."""


StreamT = TypeVar("StreamT", bound=StreamStatistics)


class StreamKind(MetricKind[StreamT]):
    """A metric of embeddings (clip, frame, number); see :mod:`vidmbench.metrics.temporal.spectra`."""

    better = "higher"
    has_common_scale = True
    reads_frames = True

    #: Why there is no interval.
    why_none: str

    def interval(self, statistics: StreamT, features: Features) -> "Interval | None":
        """None, see :meth:`notes`."""
        del statistics, features
        return None

    def notes(self, statistics: StreamT, counts: Counts) -> list[str]:
        """What to compare with, and why there is no interval."""
        del statistics, counts
        return [
            "the published STREAM embeds frames by DINOv2 or SwAV: numbers of other embeddings do not compare with it",
            "two sets of real videos do not reach 1 either: compare with control:real, at equal N",
            f"{NO_INTERVAL}{self.why_none}",
        ]
