"""The [array] stages of full-reference metrics: what of a frame is compared, and how."""

from typing import Annotated, Literal

from pydantic import PositiveInt

from vidmbench.protocols.fields import NoEffect, ProtocolField
from vidmbench.protocols.stages import ArrayStage


class PairStage(ArrayStage):
    """What of a target and its prediction is compared, frame by frame; the fields of other stages have one value.

    Attributes:
        levels: ``exact``: the frames as they are; ``truncated``: 63 of the 256 levels one lower, as frames are that
            went to -1..1 and back in float32 and were cast to uint8.
        cut: ``none``; ``multiples-of-32``: the middle, of the largest sides that are multiples of 32 and at least 16
            pixels below the frame's (TecoGAN).
        frame_size: Height and width that frames are resized to first, by Pillow's bilinear filter; None for none.
    """

    batch_norm_eps: Annotated[None, NoEffect("it has one value only")] = None
    first_resize: Annotated[None, NoEffect("it has one value only")] = None
    crop: Annotated[Literal["none"], NoEffect("it has one value only")] = "none"
    resize: Annotated[Literal["detector"], NoEffect("it has one value only")] = "detector"
    range: Annotated[Literal["0..255"], NoEffect("it has one value only")] = "0..255"
    levels: Annotated[
        Literal["exact", "truncated"],
        ProtocolField("array", "levels", words=lambda levels: None if levels == "exact" else "levels truncated"),
    ] = "exact"
    cut: Annotated[
        Literal["none", "multiples-of-32"],
        ProtocolField("array", "cut", words=lambda cut: None if cut == "none" else "middle, multiples of 32"),
    ] = "none"
    frame_size: Annotated[
        PositiveInt | None, ProtocolField("array", "to", words=lambda size: f"frames to {size} (PIL bilinear)")
    ] = None


class PixelStage(PairStage):
    """What PSNR and SSIM compare.

    Attributes:
        colour: ``rgb``; ``grey-opencv``, ``grey-pillow``: grey by the integer rules of OpenCV and Pillow;
            ``luma-16-235``: BT.601 luma.
    """

    detector: Annotated[str, ProtocolField("detector", "det")]  # the metric's name says it
    colour: Annotated[
        Literal["rgb", "grey-opencv", "grey-pillow", "luma-16-235"], ProtocolField("array", "colour", words=str)
    ]


class SsimStage(PixelStage):
    """How local statistics are taken.

    Attributes:
        window: ``gaussian-11``: 11 x 11 with a standard deviation of 1.5; ``uniform-7``: 7 x 7.
        padding: ``valid``: windows inside the frame; ``zero``, ``reflect``: all pixels, and what is beyond the border.
        covariance: ``n`` or ``n-1``: what the window's variances are divided by.
        data_range: ``255``, or ``prediction``: the highest minus the lowest value of the scored frame.
    """

    window: Annotated[Literal["gaussian-11", "uniform-7"], ProtocolField("array", "window", words=str)]
    padding: Annotated[
        Literal["valid", "zero", "reflect"], ProtocolField("array", "pad", words=lambda padding: f"{padding} padding")
    ]
    covariance: Annotated[
        Literal["n", "n-1"], ProtocolField("array", "wcov", words=lambda kind: f"window cov {kind.upper()}")
    ]
    data_range: Annotated[
        Literal["255", "prediction"], ProtocolField("array", "R", words=lambda kind: f"range {kind}")
    ] = "255"


class LpipsStage(PairStage):
    """How distances are averaged.

    Attributes:
        spatial: Whether each layer's map is resized to the frame's size before the mean over pixels.
    """

    spatial: Annotated[
        bool,
        ProtocolField(
            "array", "spatial", lambda flag: "yes" if flag else "no", words=lambda flag: "spatial" if flag else None
        ),
    ] = False


class FlowStage(PairStage):
    """What optical flow is compared in: grey frames as they are, flows cut afterwards; the detector says which flow."""

    detector: Annotated[str, ProtocolField("detector", "det")]  # the metric's name says it


class MotionMaskStage(FlowStage):
    """What motion masks are compared in.

    Attributes:
        masks: ``mp4v``: they go through an MPEG-4 file first, as the published code has them; ``none``: as they are.
    """

    levels: Annotated[Literal["exact"], NoEffect("it has one value only")] = "exact"
    cut: Annotated[Literal["none"], NoEffect("it has one value only")] = "none"
    frame_size: Annotated[None, NoEffect("it has one value only")] = None
    masks: Annotated[
        Literal["mp4v", "none"],
        ProtocolField(
            "array", "masks", words=lambda way: "masks through MPEG-4" if way == "mp4v" else "masks as they are"
        ),
    ]


class TemporalLpipsStage(LpipsStage):
    """How distances of successive frames are averaged."""


class VmafStage(PairStage):
    """What VMAF compares: one grey of whole frames, in 8 bits; the detector says which model.

    Attributes:
        colour: ``luma-ffmpeg``: BT.601 luma from 16 to 235, as FFmpeg makes it; ``grey-opencv``: from 0 to 255.
        motion: ``least``: how much the target changes from the frame before or to the next one, whichever is less, and
            0 for the first frame: libvmaf's motion2; ``none``: 0 for all, as of images: ``motion_force_zero``.
    """

    detector: Annotated[str, ProtocolField("detector", "det")]  # the metric's name says it
    colour: Annotated[Literal["luma-ffmpeg", "grey-opencv"], ProtocolField("array", "colour", words=str)]
    motion: Annotated[Literal["least", "none"], ProtocolField("array", "motion", words=lambda rule: f"motion {rule}")]
