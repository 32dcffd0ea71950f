"""What one measurement is made from: both sides with their clips and features, or their pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.feature_job import FeatureSet, by_video
from vidmbench.evaluation.pair_plan import frames_scored
from vidmbench.evaluation.pairing import Pairing
from vidmbench.evaluation.scenes import scenes_of
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.metric_kind import SideName
from vidmbench.records.record import SideRecord
from vidmbench.videos.source import Skipped, Source


@dataclass(frozen=True)
class Side:
    """One side of one repeat of a measurement.

    Attributes:
        source: The videos.
        plan: Which clips of them.
        features: Their features; None for a side that the metric does not read, or reads in pairs.
        num_paired: Clips that were scored in pairs.
        skipped: Clips of pairs that could not be read.
    """

    source: Source
    plan: ClipPlan
    features: FeatureSet | None
    num_paired: int = 0
    skipped: tuple[Skipped, ...] = ()

    @property
    def num_clips(self) -> int:
        """Clips that have features, by themselves or in pairs."""
        if self.features is None:
            return self.num_paired
        return self.features.num_clips * self.plan.num_scored // max(1, len(self.plan.clips))

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
        skipped = (
            *self.source.skipped,
            *self.plan.skipped,
            *(self.features.skipped if self.features else self.skipped),
        )
        return SideRecord(
            label=self.source.label,
            digest=self.source.digest(),
            num_videos=len(self.source),
            num_scored=self.num_clips,
            size=self.source.size,
            skipped=tuple((video.name, video.reason) for video in skipped),
        )


@dataclass(frozen=True)
class Pairs:
    """Pairs of videos and what was computed of them.

    Attributes:
        plan: Their clips.
        pairing: Which belong together.
        features: Numbers of each clip's frames, (pair, frame, number).
        scene_rule: Which targets show one scene, see :func:`vidmbench.evaluation.scenes.scenes_of`; None for none.
    """

    plan: ClipPlan
    pairing: Pairing
    features: FeatureSet
    scene_rule: str | None = None

    @cached_property
    def _whole(self) -> list[int]:
        """Pairs of targets all of whose predictions could be read, as rows among all planned."""
        skipped = {video.name for video in self.features.skipped}
        names, samples = [self.pairing.videos.name(clip.video) for clip in self.plan.clips], self.pairing.samples
        blocks = (range(start, start + samples) for start in range(0, len(names), samples))
        return [row for block in blocks if skipped.isdisjoint(names[row] for row in block) for row in block]

    @property
    def num_pairs(self) -> int:
        """Pairs that are scored."""
        return len(self._whole)

    def by_target(self) -> np.ndarray:
        """float32 (video, sample, frame, number) of targets all of whose predictions could be read.

        Frames that one of a pair lacks are NaN; a number that is none for another reason is infinite, so that the two
        stay apart.
        """
        skipped = {video.name for video in self.features.skipped}
        names = [self.pairing.videos.name(clip.video) for clip in self.plan.clips]
        place = {row: index for index, row in enumerate(row for row, name in enumerate(names) if name not in skipped)}
        rows = self.features.features[[place[row] for row in self._whole]]
        rows = np.where(np.isnan(rows), np.float32(np.inf), rows)
        lengths = frames_scored(self.pairing.videos, [self.plan.clips[row] for row in self._whole])
        rows[np.arange(rows.shape[1]) >= np.array(lengths, int)[:, None]] = np.nan
        return rows.reshape(-1, self.pairing.samples, *rows.shape[1:])

    def skipped(self) -> tuple[Skipped, ...]:
        """Predictions that could not be read, or whose target could not, and the others of their targets."""
        unread = {video.name for video in self.features.skipped}
        whole = set(self._whole)
        names = [self.pairing.videos.name(clip.video) for clip in self.plan.clips]
        others = [name for row, name in enumerate(names) if row not in whole and name not in unread]
        return (
            *self.features.skipped,
            *(Skipped(name, "another prediction of its target was skipped") for name in others),
        )

    def targets(self) -> list[int]:
        """The targets that are scored, by their number in the real source, in the order of :meth:`by_target`."""
        targets = [self.pairing.videos.pairs[self.plan.clips[row].video].real for row in self._whole]
        return targets[:: self.pairing.samples]

    def scenes(self) -> tuple[str, ...]:
        """The scene of each target, in the order of :meth:`by_target`; empty where each is of its own."""
        if self.scene_rule is None:
            return ()
        real = self.pairing.videos.real
        of_all = scenes_of(self.scene_rule, [real.name(index) for index in range(len(real))])
        return tuple(of_all[target] for target in self.targets())

    def clip_names(self) -> list[str]:
        """The predictions of each target, in one text a target."""
        names = [self.pairing.videos.name(self.plan.clips[row].video) for row in self._whole]
        return names[:: self.pairing.samples]


@dataclass(frozen=True)
class Repeat:
    """Both sides of one repeat, or their pairs."""

    real: Side
    fake: Side
    pairs: Pairs | None = None

    def features(self) -> dict[SideName, np.ndarray]:
        """What the metrics take, by side."""
        if self.pairs is not None:
            return {"pair": self.pairs.by_target()}
        return {"real": self.real.by_video(), "fake": self.fake.by_video()}

    def moments(self) -> dict[SideName, Moments]:
        """The moments of a side of which no features are known."""
        sides: tuple[tuple[SideName, Side], ...] = (("real", self.real), ("fake", self.fake))
        found = ((name, side.features.moments) for name, side in sides if side.features is not None)
        return {name: moments for name, moments in found if moments is not None}

    def clip_names(self) -> dict[SideName, Sequence[str]]:
        """The videos of the clips that have features, by side."""
        if self.pairs is not None:
            return {"pair": self.pairs.clip_names()}
        return {"real": self.real.clip_names(), "fake": self.fake.clip_names()}

    def feature_sets(self) -> list[tuple[str, FeatureSet]]:
        """What the numbers were computed from, each with the label of its videos."""
        if self.pairs is not None:
            return [(self.pairs.pairing.videos.label, self.pairs.features)]
        sides = (self.real, self.fake)
        return [(side.source.label, side.features) for side in sides if side.features is not None]

    @property
    def engine(self) -> str:
        """What ran the network."""
        features = self.fake.features if self.pairs is None else self.pairs.features
        assert features is not None  # every metric reads the scored side
        return features.engine
