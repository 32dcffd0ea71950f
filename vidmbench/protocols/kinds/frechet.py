"""Fréchet distance between Gaussians fitted to the features of both sides: FVD, FID."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from vidmbench.core.errors import DataError
from vidmbench.protocols.fields import GoesWith, ProtocolField
from vidmbench.protocols.metric_kind import NO_INTERVAL, Counts, Features, MetricKind, SideName, Value, jackknife_notes
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval
    from vidmbench.metrics.frechet_means import FrechetRule


#: Fewer batches give no interval; as :data:`vidmbench.metrics.full_reference.intervals.MIN_VIDEOS`.
MIN_BATCHES = 4


class FrechetStatistics(StatisticsStage):
    """The [statistics] of a Fréchet distance.

    Attributes:
        covariance: Divide scatters by n or by n - 1.
        ridge: What is added to the diagonal of both covariances; None adds nothing.
        ridge_in: ``distance``: the ridge counts in all of the distance; ``root``: in the root of the product alone, as
            FVMD's code has it, whose distance of a side from itself is then -2 x features x ridge.
        mean_over: The number is the mean of the distances of each prefix, or of each trajectory (see
            :mod:`vidmbench.metrics.frechet_means`); None for one distance of all clips.
        batch: The number is a mean over distances between so many videos of each side; None takes all at once.
    """

    added_later: ClassVar[tuple[str, ...]] = ("ridge_in",)

    covariance: Annotated[
        Literal["n", "n-1"], ProtocolField("statistics", "cov", words=lambda divisor: f"cov {divisor.upper()}")
    ]
    ridge: Annotated[
        float | None,
        Field(gt=0, lt=1),
        ProtocolField(
            "statistics",
            "ridge",
            lambda ridge, where: f"{Decimal(str(ridge)):e}{'.root' if where == 'root' else ''}",
            words=lambda ridge, where: (
                f"{Decimal(str(ridge)):e} on both diagonals" + (" in the root" if where == "root" else "")
            ),
        ),
    ] = None
    ridge_in: Annotated[Literal["distance", "root"], GoesWith("ridge")] = "distance"
    mean_over: Annotated[
        Literal["prefixes", "trajectories"] | None, ProtocolField("statistics", "mean", words="mean over {}".format)
    ] = None
    batch: Annotated[
        int | None, Field(ge=2), ProtocolField("statistics", "batch", words="mean over batches of {}".format)
    ] = None

    def rule(self) -> "FrechetRule":
        """The same for :mod:`vidmbench.metrics`."""
        from vidmbench.metrics.frechet_means import FrechetRule

        return FrechetRule(self.covariance, self.ridge or 0.0, self.mean_over, self.batch)

    @model_validator(mode="after")
    def _what_goes_together(self) -> Self:
        if self.batch is not None and self.ridge is not None:
            raise ValueError("no code adds a ridge to covariances of batches: give batch or ridge")
        if self.ridge_in == "root" and (self.ridge is None or self.is_mean):
            raise ValueError('ridge_in = "root" goes with a ridge and one distance of all clips')
        if self.mean_over == "trajectories" and self.repeats > 1:
            raise ValueError("a mean over trajectories goes with repeats = 1")
        return self

    def in_traces(self, features: int) -> float:
        """What a ridge that counts in the root alone adds to the traces of a distance between so many features."""
        return 2 * features * self.ridge if self.ridge_in == "root" and self.ridge is not None else 0.0

    @property
    def parts(self) -> str | None:
        """What the number is a mean of distances over; None for one distance."""
        return self.mean_over or (None if self.batch is None else f"batches of {self.batch}")

    @property
    def is_mean(self) -> bool:
        """Whether the number is a mean of several distances."""
        return self.parts is not None


class Frechet(MetricKind[FrechetStatistics]):
    """Fréchet distance; see :mod:`vidmbench.metrics.frechet`."""

    name = "frechet"
    better = "lower"
    statistics = FrechetStatistics
    takes_moments = True

    def compute(self, statistics: FrechetStatistics, features: Features) -> tuple[Value, ...]:
        """The squared distance, or the mean of several; behind ± the codes' own deviation over trajectories."""
        from vidmbench.metrics import frechet_distance  # numpy and scipy are slow to import

        if statistics.is_mean:
            from vidmbench.metrics.frechet_means import frechet_values

            _check_whole(statistics, features)
            values = frechet_values(features["real"], features["fake"], statistics.rule())
            if statistics.mean_over != "trajectories" or len(values) == 1:
                return (Value(float(values.mean())),)
            return (Value(float(values.mean()), float(values.std()), f"sd over {len(values)} trajectories"),)
        real, fake, ridge = features.moments_of("real"), features.moments_of("fake"), statistics.ridge or 0.0
        distance = frechet_distance(real, fake, normalisation=statistics.covariance, ridge=ridge)
        return (Value(distance - statistics.in_traces(real.mean.size)),)

    def interval(self, statistics: FrechetStatistics, features: Features) -> "Interval | None":
        """A jackknife; frames or clips of one video stay together, for they are not independent. None for moments."""
        if features.moments:
            return None
        from vidmbench.metrics import frechet_interval

        real, fake = features["real"], features["fake"]
        if statistics.is_mean:
            from vidmbench.metrics.frechet_means import frechet_mean_interval

            return frechet_mean_interval(real, fake, statistics.rule())
        if statistics.ridge_in == "root":
            return self.interval_of(self.compute(statistics, features), statistics, features)
        return frechet_interval(real, fake, normalisation=statistics.covariance, ridge=statistics.ridge or 0.0)

    def interval_of(
        self, values: tuple[Value, ...], statistics: FrechetStatistics, features: Features
    ) -> "Interval | None":
        """A ridge in the root moves no width but gives all covariances full rank, minutes of work: as without it."""
        if statistics.ridge_in != "root" or features.moments:
            return self.interval(statistics, features)
        from vidmbench.metrics import frechet_distance, frechet_interval

        interval = frechet_interval(features["real"], features["fake"], normalisation=statistics.covariance)
        if interval is None:
            return None
        real, fake = features.moments_of("real"), features.moments_of("fake")
        half_width = interval.high - frechet_distance(real, fake, normalisation=statistics.covariance)
        (number,) = values
        low = max(-statistics.in_traces(real.mean.size), number.value - half_width)
        return replace(interval, low=low, high=number.value + half_width)

    def notes(self, statistics: FrechetStatistics, counts: Counts) -> list[str]:
        """Limits of the interval, and the bias of few clips."""
        notes, fewest = jackknife_notes(counts), min(counts.real, counts.fake)
        if statistics.batch is not None:
            biased = (
                f"strongly biased: each distance is between {statistics.batch} videos and {statistics.batch} others"
            )
            notes = [note for note in notes if not note.startswith(NO_INTERVAL)]
            few = f"{NO_INTERVAL}one needs at least {MIN_BATCHES} batches"
            return [biased, *notes, *([few] if -(-fewest // statistics.batch) < MIN_BATCHES else [])]
        if fewest <= counts.features:
            notes.insert(0, f"strongly biased at N = {fewest} for {counts.features} features; compare only at equal N")
        return notes


def _check_whole(statistics: FrechetStatistics, features: Features) -> None:
    """Refuses sides of which clips could not be read: what is left does not tell which trajectory, or prefix, it is."""
    if features.moments:
        raise DataError(
            "a mean of several distances needs features",
            expected="videos, or a pack with features",
            found="moments",
            fix="make the pack without --moments",
        )
    told_apart: dict[str | None, tuple[SideName, ...]] = {"prefixes": ("real", "fake"), "trajectories": ("fake",)}
    if any(features[side].ndim == 2 for side in told_apart.get(statistics.mean_over, ())):
        raise DataError(
            f"a mean over {statistics.mean_over} needs all clips of every video",
            found="some could not be read and were skipped",
            fix="remove their videos, and what belongs to them, from both sides",
        )


KIND = Frechet()
