"""The declaration of a metric kind: one class says all that the rest of vidmbench must know of it.

The kinds that come with vidmbench are the modules of :mod:`vidmbench.protocols.kinds`; another one is added by
:func:`vidmbench.protocols.kind_registry.register`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from vidmbench.protocols.detector import FeatureMeaning
from vidmbench.protocols.stages import ArrayStage, StatisticsStage

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.metrics import Interval, Moments
    from vidmbench.metrics.full_reference.curves import Curve

#: How a note begins that says why a number has no interval.
NO_INTERVAL = "no interval: "
DEPENDENT = f"{NO_INTERVAL}several clips or frames of one video are not independent samples"

#: ``pair``: a target and its prediction, read together.
SideName = Literal["real", "fake", "pair"]
StatisticsT = TypeVar("StatisticsT", bound=StatisticsStage)


@dataclass(frozen=True, eq=False)
class Features:
    """The features that one number is computed from.

    Attributes:
        by_side: float32 (clip, feature) of every side that the kind reads; (clip, frame, feature) of a network that
            reads frames, (video, clip, feature) where videos give several clips; of pairs (video, sample, frame,
            number).
        meaning: What the detector's features are.
        scenes: The scene of each target, for intervals of pairs; empty where every one is of its own.
        moments: The sides of which nothing but the moments is known, for kinds with ``takes_moments``.
    """

    by_side: "Mapping[SideName, np.ndarray]"
    meaning: FeatureMeaning = "features"
    scenes: tuple[str, ...] = ()
    moments: "Mapping[SideName, Moments]" = field(default_factory=dict)

    def __getitem__(self, side: SideName) -> "np.ndarray":
        return self.by_side[side]

    def rows(self, side: SideName) -> "np.ndarray":
        """All features of a side, one after the other: float32 (row, feature)."""
        features = self[side]
        rows: np.ndarray = features.reshape(-1, features.shape[-1])
        return rows

    def moments_of(self, side: SideName) -> "Moments":
        """The moments of all features of a side."""
        from vidmbench.metrics import Moments  # numpy is slow to import

        return self.moments[side] if side in self.moments else Moments.of(self.rows(side))

    def num_rows(self, side: SideName) -> int:
        """How many feature vectors a side has."""
        return self.moments[side].count if side in self.moments else len(self.rows(side))

    def equals(self, other: "Features") -> bool:
        """Whether both hold the same numbers."""
        import numpy as np

        are_same = all(moments is other.moments.get(side) for side, moments in self.moments.items())
        return are_same and all(np.array_equal(of_side, other[side]) for side, of_side in self.by_side.items())

    @property
    def is_flat(self) -> bool:
        """Whether every clip has one feature vector, so that rows are independent samples."""
        return all(features.ndim == 2 for features in self.by_side.values())


@dataclass(frozen=True)
class Value:
    """One number computed from one choice of clips.

    Attributes:
        value: The number.
        spread: What the number's own code prints behind ±.
        spread_kind: What that spread is over, such as ``sd over 10 splits``.
    """

    value: float
    spread: float | None = None
    spread_kind: str | None = None


@dataclass(frozen=True)
class Counts:
    """How much a number is made from.

    Attributes:
        real: Real clips; 0 where the kind reads none.
        fake: Scored clips.
        features: Numbers that the detector gives per clip or frame.
        several_per_video: Whether a video of any side gives several clips, which are taken as independent.
        are_grouped: Whether several clips or frames of a video are kept together, as they are not independent.
    """

    real: int
    fake: int
    features: int
    several_per_video: bool = False
    are_grouped: bool = False


class MetricKind(ABC, Generic[StatisticsT]):
    """A way to make numbers from features.

    Attributes:
        name: Its name in protocol files.
        numbers: Names of its numbers; None for one number that the detector names (``fvd``, ``fid``).
        sides: The sides it reads; ``fake`` is always among them, unless it reads pairs.
        accepts: What the detector's features may be.
        statistics: The model of its [statistics] stage.
        better: Which of two numbers is better; None where that cannot be said: then tables rank none.
        array: The model of its [array] stage.
        has_common_scale: Whether its numbers can be drawn along one axis.
        takes_moments: Whether the moments of a side are enough for its number.
        least_clips: The fewest clips of a side that give a number.
        reads_frames: Whether it needs the features of each frame, and so a detector that reads frames.
        has_gaps: Whether frames may lack a number, which is NaN then.
        truncation_tolerance: How far, relative, the golden score may move under a ``pre_resize`` that truncates
            floats, see :mod:`vidmbench.check.comparison`.
    """

    name: str
    numbers: tuple[str, ...] | None = None
    sides: tuple[SideName, ...] = ("real", "fake")
    accepts: tuple[FeatureMeaning, ...] = ("features", "logits", "probabilities")
    statistics: type[StatisticsT]
    better: Literal["lower", "higher"] | None = None
    array: type[ArrayStage] = ArrayStage
    has_common_scale: bool = False
    takes_moments: bool = False
    least_clips: int = 2
    reads_frames: bool = False
    has_gaps: bool = False
    truncation_tolerance: float = 1e-3

    @property
    def has_own_array(self) -> bool:
        """Whether its [array] stage is another than that of networks that read clips: the two do not compare."""
        return self.array is not ArrayStage

    @property
    def in_group(self) -> bool:
        """Whether its protocols are among those that ``paired-all`` stands for: frames are compared one by one."""
        return self.reads_pairs

    @property
    def reads_real(self) -> bool:
        """Whether the real side is looked at."""
        return self.reads_pairs or "real" in self.sides

    @property
    def reads_pairs(self) -> bool:
        """Whether each scored video is compared with the very one it should have been."""
        return "pair" in self.sides

    @abstractmethod
    def compute(self, statistics: StatisticsT, features: Features) -> tuple[Value, ...]:
        """The numbers.

        Args:
            statistics: The [statistics] stage.
            features: Finite, at least two clips per side.

        Returns:
            One value for each of :attr:`numbers`.

        Raises:
            DataError: There are too few clips for these statistics.
        """

    @abstractmethod
    def interval(self, statistics: StatisticsT, features: Features) -> "Interval | None":
        """An interval for the first number's expected value at these counts; None where no honest one exists."""

    def interval_of(self, values: tuple[Value, ...], statistics: StatisticsT, features: Features) -> "Interval | None":
        """The same where the numbers are known, for kinds that would compute them again."""
        del values
        return self.interval(statistics, features)

    @abstractmethod
    def notes(self, statistics: StatisticsT, counts: Counts) -> list[str]:
        """What a careful reader should know: why there is no interval, and other limits; one sentence each."""

    def curve(self, statistics: StatisticsT, features: Features) -> "Curve | None":
        """The number frame by frame; None for a kind that has no value per frame."""
        del statistics, features
        return None

    def fit_to(self, statistics: StatisticsT, num_clips: int) -> StatisticsT:
        """The statistics changed so that a few golden clips suffice; unchanged where they do already.

        Args:
            statistics: The [statistics] stage.
            num_clips: Clips of each side, at least 2.
        """
        del num_clips
        return statistics

    def clips_divisor(self, statistics: StatisticsT) -> int:
        """What the number of seeded golden clips must divide by."""
        del statistics
        return 1


AnyMetricKind = MetricKind[Any]


def jackknife_notes(counts: Counts) -> list[str]:
    """What a jackknife interval over both sides does not know, or why there is none."""
    from vidmbench.metrics.jackknife import MIN_SAMPLES  # numpy and scipy are slow to import

    notes = []
    if counts.several_per_video:
        notes.append("several clips of one video are taken as independent: the interval is too narrow")
    if min(counts.real, counts.fake) < MIN_SAMPLES:
        notes.append(f"{NO_INTERVAL}one needs at least {MIN_SAMPLES} clips per side")
    return notes


def spread_note(parts: str) -> str:
    """Why a mean over parts has no interval."""
    return f"{NO_INTERVAL}the number is a mean over {parts}, whose standard deviation (sd) is printed"
