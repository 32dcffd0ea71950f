"""What is computed: the features of the clips of one plan; everything that can move one is hashed into a key."""

import json
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vidmbench.core.files import sha256_of_parts
from vidmbench.core.vocabulary import Precision
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.fields import field_names
from vidmbench.protocols.stages import ArrayStage
from vidmbench.videos.source import Skipped, Source

# Raised on any change to reading, preparing or networks that can move a feature.
VERSION = 3
# The same of GPUs alone.
_VERSION_ON_GPUS = 2


@dataclass(frozen=True)
class FeatureJob:
    """What is wanted: the features of one plan's clips.

    Attributes:
        source: The videos.
        plan: The clips.
        stage: From uint8 clips to features.
        precision: ``fp32`` or ``bf16``.
        protocol: What it is for, for people who wait.
    """

    source: Source
    plan: ClipPlan
    stage: ArrayStage
    precision: Precision
    protocol: str = ""

    @property
    def width(self) -> int:
        """Numbers a clip."""
        detector = load_detector(self.stage.detector)
        frames = self.plan.clips[0].frames if self.plan.clips and detector.reads != "clips" else 1
        return self.stage.num_features(detector.num_features) * frames

    def key(self, engine: str) -> str:
        """Everything that can move a feature, hashed: 64 hex digits."""
        stage, detector = self.stage, load_detector(self.stage.detector)
        height, width = self.source.size
        if stage.first_resize is not None:
            height, width = stage.first_resize.shape
        if stage.resize == "detector" or height == width:
            stage = stage.model_copy(update={"crop": "none"})  # of a square there is nothing to crop: one reading
        clips = [
            (self.source.name(clip.video), clip.start, clip.frames, clip.stride, *(["mirrored"] * clip.is_mirrored))
            for clip in self.plan.clips
        ]
        parts = [str(VERSION), self.source.digest(), json.dumps(clips), identity(detector), engine]
        decisive = set(field_names(type(stage), "detector", "array")) - {"detector"}  # which identity() stands for
        parts.append(stage.model_dump_json(include=decisive, exclude_none=True))
        if detector.network is not None:  # several networks share a file of weights
            parts.append(f"{detector.name} {detector.network} {json.dumps(detector.options)} {detector.prepare}")
        if engine.endswith("/cuda"):
            parts.append(f"GPU {_VERSION_ON_GPUS}")
        if detector.folder is not None:  # of a user's, what is declared may be corrected
            parts.append(f"{detector.reads} {detector.num_features}")
        return sha256_of_parts(*parts, self.precision)


@dataclass(frozen=True)
class FeatureSet:
    """Features of the clips that could be read.

    Attributes:
        features: float32 (clip, feature), in the plan's order; (clip, frame, feature) of a network that reads frames.
        skipped: Clips skipped because their video could not be read.
        engine: What ran the network.
        is_cached: Whether all of them were in the cache.
        moments: Given without features; None where there are features.
        num_known: Clips behind the moments.
        skipped_rows: The places of the clips in ``skipped`` among those of the plan.
    """

    features: Float32[np.ndarray, "clip *frame feature"]
    skipped: tuple[Skipped, ...]
    engine: str
    is_cached: bool = False
    moments: Moments | None = None
    num_known: int = 0
    skipped_rows: tuple[int, ...] = ()

    @property
    def num_clips(self) -> int:
        """Clips that could be read."""
        return len(self.features) if self.moments is None else self.num_known


def by_video(features: np.ndarray, plan: ClipPlan) -> np.ndarray:
    """Several clips of each video together: they are not independent samples, and an interval must know.

    Args:
        features: (clip, feature) or (clip, frame, feature), in the plan's order.
        plan: The clips.

    Returns:
        (video, clip or frame, feature) where every video gives as many clips, more than one or each in a place of its
        own, and none was skipped; else the features as they are.
    """
    each = plan.together or plan.clips_a_video
    if (each == 1 and not plan.together) or len(features) != len(plan.clips):
        return features
    together: np.ndarray = features.reshape(len(features) // each, -1, features.shape[-1])
    return together
