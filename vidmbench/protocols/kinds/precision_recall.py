"""Precision, recall, density and coverage by nearest neighbours."""

from typing import TYPE_CHECKING, Annotated

from pydantic import PositiveInt

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import NO_INTERVAL, Counts, Features, MetricKind, Value
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval

# With fewer, the ball around a clip holds more than 2 % of its side. In simulations (Gaussians of 8 and 16 dimensions,
# a set half as wide beside the real one) coverage fell from 0.77 at 24 clips to 0.40 at 250 and 0.27 at 2048.
CLIPS_PER_NEIGHBOUR = 50


class PrecisionRecallStatistics(StatisticsStage):
    """The [statistics] of precision and recall.

    Attributes:
        neighbours: Which nearest neighbour's distance is a sample's radius.
    """

    neighbours: Annotated[PositiveInt, ProtocolField("statistics", "k", words=lambda count: f"k = {count}")]


class PrecisionRecall(MetricKind[PrecisionRecallStatistics]):
    """Precision, recall, density, coverage; see :mod:`vidmbench.metrics.precision_recall`."""

    name = "precision-recall"
    better = "higher"
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
        """Whether each sample's neighbourhood is most of the sample, and why there is no interval."""
        notes, fewest = [], min(counts.real, counts.fake)
        if fewest < CLIPS_PER_NEIGHBOUR * statistics.neighbours:
            notes.append(
                f"N = {fewest} is few for {statistics.neighbours} neighbours: precision and coverage come out high; "
                f"take {CLIPS_PER_NEIGHBOUR * statistics.neighbours} videos or more, and compare only at equal N"
            )
        return [*notes, f"{NO_INTERVAL}nearest neighbours are not a smooth function of the sample"]

    def fit_to(self, statistics: PrecisionRecallStatistics, num_clips: int) -> PrecisionRecallStatistics:
        """The neighbour halfway, if there are not as many clips."""
        if statistics.neighbours < num_clips:
            return statistics
        return statistics.model_copy(update={"neighbours": max(1, num_clips // 2)})


KIND = PrecisionRecall()
