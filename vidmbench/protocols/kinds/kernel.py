"""Kernel distance, the squared maximum mean discrepancy with a polynomial kernel: KVD, KID."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.protocols.fields import GoesWith, ProtocolField
from vidmbench.protocols.metric_kind import (
    DEPENDENT,
    Counts,
    Features,
    MetricKind,
    Value,
    jackknife_notes,
    spread_note,
)
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval


class KernelStatistics(StatisticsStage):
    """The [statistics] of a kernel distance.

    Attributes:
        degree: Degree of the polynomial kernel (x.y / features + 1)^degree.
        subsets: Number of random subsets that are averaged; None takes all samples once.
        subset_size: Samples of a subset.
    """

    degree: Annotated[
        PositiveInt,
        Field(le=1000),  # HIGHEST_DEGREE of vidmbench.metrics.kernel, which is slow to import
        ProtocolField(
            "statistics", "kernel", lambda degree: f"poly{degree}.unbiased", words=lambda degree: f"poly {degree}"
        ),
    ]
    subsets: Annotated[
        PositiveInt | None,
        ProtocolField(
            "statistics", "subsets", lambda count, size: f"{count}x{size}", words=lambda _, size: f"subsets of {size}"
        ),
    ] = None
    subset_size: Annotated[PositiveInt | None, GoesWith("subsets")] = None

    @model_validator(mode="after")
    def _subsets_have_a_size(self) -> Self:
        if (self.subsets is None) != (self.subset_size is None):
            raise ValueError("statistics.subsets and statistics.subset_size go together")
        return self


class Kernel(MetricKind[KernelStatistics]):
    """Kernel distance; see :mod:`vidmbench.metrics.kernel`."""

    name = "kernel"
    better = "lower"
    statistics = KernelStatistics
    truncation_tolerance = 5e-2  # of four golden clips one intensity level moves it by 1e-2

    def compute(self, statistics: KernelStatistics, features: Features) -> tuple[Value, ...]:
        """The distance, or its mean over subsets with their standard deviation."""
        from vidmbench.metrics import kernel_distance, kernel_distance_subsets  # numpy and scipy are slow to import

        real, fake = features.rows("real"), features.rows("fake")
        if statistics.subsets is None or statistics.subset_size is None:
            return (Value(kernel_distance(real, fake, degree=statistics.degree)),)
        mean, spread = kernel_distance_subsets(
            real,
            fake,
            subsets=statistics.subsets,
            subset_size=statistics.subset_size,
            degree=statistics.degree,
            seed=statistics.seed,
        )
        return (Value(mean, spread, f"sd over {statistics.subsets} subsets"),)

    def interval(self, statistics: KernelStatistics, features: Features) -> "Interval | None":
        """A jackknife of the distance between all samples, if every clip is one."""
        from vidmbench.metrics import kernel_interval

        if statistics.subsets is not None or not features.is_flat:
            return None
        return kernel_interval(features["real"], features["fake"], degree=statistics.degree)

    def notes(self, statistics: KernelStatistics, counts: Counts) -> list[str]:
        """Limits of the interval, or why there is none."""
        if statistics.subsets is not None:
            return [spread_note("subsets")]
        return [DEPENDENT] if counts.are_grouped else jackknife_notes(counts)

    def fit_to(self, statistics: KernelStatistics, num_clips: int) -> KernelStatistics:
        """Subsets of half of the clips, if they were larger."""
        if statistics.subset_size is None or statistics.subset_size <= num_clips // 2:
            return statistics
        return statistics.model_copy(update={"subset_size": max(2, num_clips // 2)})


KIND = Kernel()
