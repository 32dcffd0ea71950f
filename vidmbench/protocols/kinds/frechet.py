"""Fréchet distance between Gaussians fitted to the features of both sides: FVD, FID."""

from typing import TYPE_CHECKING, Annotated, Literal

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import Counts, Features, MetricKind, Value, jackknife_notes
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval


class FrechetStatistics(StatisticsStage):
    """The [statistics] of a Fréchet distance.

    Attributes:
        covariance: Divide scatters by n or by n - 1.
    """

    covariance: Annotated[
        Literal["n", "n-1"], ProtocolField("statistics", "cov", words=lambda divisor: f"cov {divisor.upper()}")
    ]


class Frechet(MetricKind[FrechetStatistics]):
    """Fréchet distance; see :mod:`vidmbench.metrics.frechet`."""

    name = "frechet"
    better = "lower"
    statistics = FrechetStatistics
    takes_moments = True

    def compute(self, statistics: FrechetStatistics, features: Features) -> tuple[Value, ...]:
        """The squared distance."""
        from vidmbench.metrics import frechet_distance  # numpy and scipy are slow to import

        real, fake = features.moments_of("real"), features.moments_of("fake")
        return (Value(frechet_distance(real, fake, normalisation=statistics.covariance)),)

    def interval(self, statistics: FrechetStatistics, features: Features) -> "Interval | None":
        """A jackknife; frames or clips of one video stay together, for they are not independent. None for moments."""
        if features.moments:
            return None
        from vidmbench.metrics import frechet_interval

        return frechet_interval(features["real"], features["fake"], normalisation=statistics.covariance)

    def notes(self, statistics: FrechetStatistics, counts: Counts) -> list[str]:
        """Limits of the interval, and the bias of few clips."""
        del statistics
        notes, fewest = jackknife_notes(counts), min(counts.real, counts.fake)
        if fewest <= counts.features:
            notes.insert(0, f"strongly biased at N = {fewest}; compare only at equal N")
        return notes


KIND = Frechet()
