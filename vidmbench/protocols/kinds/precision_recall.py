"""Precision, recall, density and coverage by nearest neighbours."""

from typing import TYPE_CHECKING, Annotated

from pydantic import PositiveInt

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import Counts, Features, MetricKind, Value
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval


class PrecisionRecallStatistics(StatisticsStage):
    """The [statistics] of precision and recall.

    Attributes:
        neighbours: Which nearest neighbour's distance is a sample's radius.
    """

    neighbours: Annotated[PositiveInt, ProtocolField("statistics", "k", words=lambda count: f"k = {count}")]


class PrecisionRecall(MetricKind[PrecisionRecallStatistics]):
    """Precision, recall, density, coverage; see :mod:`vidmbench.metrics.precision_recall`."""

    name = "precision-recall"
    numbers = ("precision", "recall", "density", "coverage")
    statistics = PrecisionRecallStatistics
    has_common_scale = True  # 0 to 1, or nearly: density may be larger

    def compute(self, statistics: PrecisionRecallStatistics, features: Features) -> tuple[Value, ...]:
        """The four shares."""
        from vidmbench.metrics import prdc  # numpy and scipy are slow to import

        shares = prdc(features.rows("real"), features.rows("fake"), k=statistics.neighbours)
        return tuple(Value(share) for share in (shares.precision, shares.recall, shares.density, shares.coverage))

    def interval(self, statistics: PrecisionRecallStatistics, features: Features) -> "Interval | None":
        """None, see :meth:`notes`."""
        del statistics, features
        return None

    def notes(self, statistics: PrecisionRecallStatistics, counts: Counts) -> list[str]:
        """Why there is no interval."""
        del statistics, counts
        return [
            "no interval: nearest neighbours are no smooth function of the sample, so resampling gives no honest one"
        ]

    def fit_to(self, statistics: PrecisionRecallStatistics, num_clips: int) -> PrecisionRecallStatistics:
        """The neighbour halfway, if there are not as many clips."""
        if statistics.neighbours < num_clips:
            return statistics
        return statistics.model_copy(update={"neighbours": max(1, num_clips // 2)})


KIND = PrecisionRecall()
