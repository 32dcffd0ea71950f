"""What one repeat of a measurement is made from: both sides with their clips and features."""

from dataclasses import dataclass

import numpy as np

from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.feature_job import FeatureSet, by_video
from vidmbench.records.record import SideRecord
from vidmbench.videos.source import Source


@dataclass(frozen=True)
class Side:
    """One side of one repeat of a measurement.

    Attributes:
        source: The videos.
        plan: Which clips of them.
        features: Their features; None for a side that the metric does not read.
    """

    source: Source
    plan: ClipPlan
    features: FeatureSet | None

    @property
    def num_clips(self) -> int:
        """Clips that have features."""
        return 0 if self.features is None else len(self.features.features)

    def by_video(self) -> np.ndarray:
        """Features as the metrics take them, see :func:`vidmbench.evaluation.feature_job.by_video`; (0, 0) for none."""
        if self.features is None:
            return np.empty((0, 0), np.float32)
        return by_video(self.features.features, self.plan)

    def clip_names(self) -> list[str]:
        """The videos of the clips that have features, clip by clip."""
        if self.features is None:
            return []
        skipped = {video.name for video in self.features.skipped}
        names = (self.source.name(clip.video) for clip in self.plan.clips)
        return [name for name in names if name not in skipped]

    def record(self) -> SideRecord:
        """What a record says of it."""
        skipped = (*self.source.skipped, *self.plan.skipped, *(self.features.skipped if self.features else ()))
        return SideRecord(
            label=self.source.label,
            digest=self.source.digest(),
            num_videos=len(self.source),
            num_scored=self.num_clips,
            size=self.source.size,
            skipped=tuple((video.name, video.reason) for video in skipped),
        )


@dataclass(frozen=True)
class Repeat:
    """Both sides of one repeat."""

    real: Side
    fake: Side
