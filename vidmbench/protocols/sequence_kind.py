"""What metrics of single videos have in common: numbers of frames, taken over time and averaged over videos."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import NO_INTERVAL, Counts, Features, MetricKind, Value
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.metrics import Interval


class SequenceStatistics(StatisticsStage):
    """The [statistics] of a metric of single videos.

    Attributes:
        over_time: What the frames of a video are reduced to: their ``mean``, their ``max``, or the ``last`` one.
    """

    over_time: Annotated[
        Literal["mean", "max", "last"], ProtocolField("statistics", "over", words="{} over time".format)
    ]


SequenceT = TypeVar("SequenceT", bound=SequenceStatistics)


class SequenceKind(MetricKind[SequenceT]):
    """A metric of single videos; features are (video, frame, number), NaN where a frame has none, as the first may."""

    sides = ("fake",)
    least_clips = 1
    has_gaps = True

    @abstractmethod
    def of_frames(self, numbers: "np.ndarray") -> "np.ndarray":
        """The metrics of each frame, float64 (..., metric), of what the detector gives, float64 (..., number)."""

    def of_videos(self, statistics: SequenceT, features: Features) -> "np.ndarray":
        """The metrics of each video, float64 (video, metric)."""
        import numpy as np

        values = self.of_frames(features["fake"].astype(np.float64))
        if statistics.over_time == "last":
            return np.asarray(values[:, -1])
        over = np.nanmax if statistics.over_time == "max" else np.nanmean
        return np.asarray(over(values, axis=1))

    def compute(self, statistics: SequenceT, features: Features) -> tuple[Value, ...]:
        """Means over videos."""
        return tuple(Value(float(value)) for value in self.of_videos(statistics, features).mean(0))

    def interval(self, statistics: SequenceT, features: Features) -> "Interval | None":
        """Student's t over videos of the first metric."""
        from vidmbench.metrics.full_reference.intervals import interval_over_videos

        return interval_over_videos(self.of_videos(statistics, features)[:, 0])

    def notes(self, statistics: SequenceT, counts: Counts) -> list[str]:
        """What the number cannot tell, and why there is no interval."""
        from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS

        del statistics
        notes = ["of the scored videos alone; the real videos' own number, score REAL REAL, is what to compare it with"]
        if counts.fake < MIN_VIDEOS:
            notes.append(f"{NO_INTERVAL}an honest one needs at least {MIN_VIDEOS} videos")
        return [*notes, *self.limits]

    #: What a reader of any of its numbers must know, a sentence each.
    limits: tuple[str, ...] = ()
