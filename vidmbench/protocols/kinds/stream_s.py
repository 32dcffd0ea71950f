"""STREAM-F and STREAM-D: precision and recall of what both sides look like on average over time."""

from typing import Annotated

from pydantic import PositiveInt

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import Counts, Features, Value
from vidmbench.protocols.stream_kind import StreamKind, StreamStatistics


class StreamSpaceStatistics(StreamStatistics):
    """The [statistics] of STREAM-F and STREAM-D.

    Attributes:
        neighbours: Which nearest neighbour's distance is a sample's radius.
    """

    neighbours: Annotated[PositiveInt, ProtocolField("statistics", "k", words=lambda count: f"k = {count}")]


class FidelityAndDiversity(StreamKind[StreamSpaceStatistics]):
    """Precision (F, fidelity) and recall (D, diversity) of mean signals."""

    name = "stream-s"
    numbers = ("stream-f", "stream-d")
    statistics = StreamSpaceStatistics
    why_none = "nearest neighbours are not a smooth function of the sample"

    def compute(self, statistics: StreamSpaceStatistics, features: Features) -> tuple[Value, ...]:
        """STREAM-F and STREAM-D, of the real side first, as v-stream's README calls it."""
        from vidmbench.metrics import prdc  # numpy and scipy are slow to import
        from vidmbench.metrics.temporal.spectra import skewness_and_mean

        real, fake = (skewness_and_mean(features[side])[1] for side in ("real", "fake"))
        shares = prdc(real, fake, k=statistics.neighbours)
        return Value(shares.precision), Value(shares.recall)

    def notes(self, statistics: StreamSpaceStatistics, counts: Counts) -> list[str]:
        """Besides, that means over time do not see motion."""
        return [
            "means over time do not see motion: a frozen or shuffled video scores as a real one",
            *super().notes(statistics, counts),
        ]

    def fit_to(self, statistics: StreamSpaceStatistics, num_clips: int) -> StreamSpaceStatistics:
        """The neighbour halfway, if there are not as many clips."""
        if statistics.neighbours < num_clips:
            return statistics
        return statistics.model_copy(update={"neighbours": max(1, num_clips // 2)})


KIND = FidelityAndDiversity()
