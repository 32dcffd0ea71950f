"""The [array] stages of metrics that follow one video from frame to frame."""

from typing import Annotated, Literal

from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.fields import NoEffect, ProtocolField
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.stages import ArrayStage


def is_followed(stage: ArrayStage) -> bool:
    """Whether its detector follows each clip from frame to frame and needs no network."""
    return not isinstance(stage, PairStage) and load_detector(stage.detector).is_followed


class SequenceStage(ArrayStage):
    """What is measured of each frame and those before it; frames are taken as they are."""

    batch_norm_eps: Annotated[None, NoEffect("it has one value only")] = None
    first_resize: Annotated[None, NoEffect("it has one value only")] = None
    crop: Annotated[Literal["none"], NoEffect("it has one value only")] = "none"
    resize: Annotated[Literal["detector"], NoEffect("it has one value only")] = "detector"
    range: Annotated[Literal["0..255"], NoEffect("it has one value only")] = "0..255"
    detector: Annotated[str, ProtocolField("detector", "det")]  # the metric's name says it


class SitiStage(SequenceStage):
    """What SI and TI are taken of.

    Attributes:
        mode: ``legacy``: luma as it is coded; ``pq``: through a display and the perceptual quantizer; see
            :mod:`vidmbench.metrics.temporal.siti`.
    """

    mode: Annotated[Literal["legacy", "pq"], ProtocolField("array", "mode", words="{} mode".format)]
