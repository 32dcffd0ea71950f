"""The four numbers of Physics-IQ: where, when and how much a prediction moves, beside its target."""

from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError
from vidmbench.protocols.metric_kind import Counts, Features, Value
from vidmbench.protocols.pair_stages import MotionMaskStage
from vidmbench.protocols.paired_kind import PairedKind, PairedStatistics, scored

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.metrics.full_reference.curves import Curve


class PhysicsIq(PairedKind[PairedStatistics]):
    """Agreement of motion masks, and squared errors; see :mod:`vidmbench.detectors.motion_masks`.

    The first three are better higher and the last one lower, so that the kind does not say which is better.
    """

    name = "physics-iq"
    numbers = ("spatiotemporal-iou", "spatial-iou", "weighted-spatial-iou", "mse")
    statistics = PairedStatistics
    array = MotionMaskStage

    def of_frames(self, statistics: PairedStatistics, numbers: "np.ndarray") -> "np.ndarray":
        """The agreement of each frame's masks."""
        del statistics
        return numbers[..., 0]

    def compute(self, statistics: PairedStatistics, features: Features) -> tuple[Value, ...]:
        """Means over frames, predictions and videos.

        Raises:
            DataError: Frames were given, or the best of several predictions was asked for.
        """
        if statistics.context or statistics.samples == "best":
            raise DataError(
                "Physics-IQ looks at whole videos, and at all predictions",
                expected="no --context, and --predictions mean",
                found=f"--context {statistics.context}" if statistics.context else "--predictions best",
                fix="cut given frames off both sides first" if statistics.context else "omit --predictions",
            )
        return tuple(Value(float(value)) for value in self.of_each(statistics, features).mean(0))

    def of_each(self, statistics: PairedStatistics, features: Features) -> "np.ndarray":
        """The four numbers of each video, float64 (video, 4)."""
        import numpy as np

        return np.asarray(scored(statistics, features)[..., :4].mean((1, 2)))

    def curve(self, statistics: PairedStatistics, features: Features) -> "Curve | None":
        """None: two of the numbers are of whole videos."""
        del statistics, features
        return None

    def notes(self, statistics: PairedStatistics, counts: Counts) -> list[str]:
        """That this is not a score yet."""
        means = "the score is relative to a second take of the same scenes: --second-take (docs/motion.md)"
        return [means, *super().notes(statistics, counts)]

    def notes_of_frames(self, statistics: PairedStatistics, features: Features) -> list[str]:
        """In how many frames nothing moves: they count as agreement."""
        empty = scored(statistics, features)[..., 4]
        count = int(empty.sum())
        return (
            [f"in {count} of {empty.size} frames neither side moves, which counts as full agreement"] if count else []
        )

    @property
    def in_group(self) -> bool:
        """They are asked for by name: OpenCV is a package more."""
        return False


KIND = PhysicsIq()
