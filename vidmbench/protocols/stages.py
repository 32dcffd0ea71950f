"""The four stages of a protocol: data set, clips, array, statistics."""

from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vidmbench.core.declarations import Frozen
from vidmbench.protocols.fields import GoesWith, NoEffect, ProtocolField

Start = Literal["zero", "random", "spread", "every-window", "every-chunk", "every-phase"]

#: Starts that make several clips of one video, from which the protocol then picks.
MANY_A_VIDEO: tuple[Start, ...] = ("every-window", "every-chunk", "every-phase")

# Values as signatures abbreviate them.
_PICK = {"sorted-first": "sorted", "random": "rand", "all": "all"}
_START = {
    "zero": "zero",
    "random": "rand",
    "spread": "spread",
    "every-window": "windows",
    "every-chunk": "chunks",
    "every-phase": "phases",
}
_CROP = {"none": "none", "short-side-centre": "short-centre"}
_RESIZE = {
    "bilinear-half-pixel": "bilinear-hp",
    "bilinear-tf1": "bilinear-tf1",
    "bilinear-antialias": "bilinear-aa",
    "bicubic-pil": "bicubic-pil",
    "detector": "own",
}
# The same as people say them, where conventions are compared.
_PICK_WORDS = {"sorted-first": "first in order", "random": "random choice", "all": "all videos"}
_START_WORDS = {
    "zero": "from frame 0",
    "random": "random start",
    "spread": "frames spread over the video",
    "every-window": "all windows",
    "every-chunk": "consecutive clips",
    "every-phase": "all phases",
}
_CROP_WORDS = {"none": "squashed", "short-side-centre": "short side, centre crop"}
_RESIZE_WORDS = {
    "bilinear-half-pixel": "bilinear",
    "bilinear-tf1": "TF1 bilinear",
    "bilinear-antialias": "antialiased bilinear",
    "bicubic-pil": "Pillow bicubic",
    "detector": "the detector's own resizing",
}
_RANGE = {"-1..1": "pm1", "0..1": "01", "0..255": "0255", "inception": "m128d128"}


class SideSpec(Frozen):
    """How one side's clips are chosen.

    Attributes:
        videos: Number of videos, or of clips where a video gives several; None with ``pick = "all"``.
        pick: ``sorted-first``: the first in natural order; ``random``: a seeded permutation; ``all``.
        start: Which frames of its video a clip takes. ``zero``: from frame 0 on; ``random``: from a start sampled
            uniformly from all valid ones; ``spread``: from frame 0 on, as far apart as the video allows (VIDM's script
            on MP4 files). Three make several clips of one video: ``every-window``: all that overlap (torchvision's
            VideoClips); ``every-chunk``: one after the other; ``every-phase``: one after the other, and of each
            such window all of its interleaved clips (DIGAN's TaiChi reader).
        stride: This side's own stride; None takes that of both.
    """

    videos: Annotated[PositiveInt | None, ProtocolField("clips", "videos")] = None
    pick: Annotated[
        Literal["sorted-first", "random", "all"],
        ProtocolField("clips", "pick", _PICK.__getitem__, words=_PICK_WORDS.__getitem__),
    ]
    start: Annotated[Start, ProtocolField("clips", "start", _START.__getitem__, words=_START_WORDS.__getitem__)]
    stride: Annotated[PositiveInt | None, ProtocolField("clips", "stride", "s{}".format, words="stride {}".format)] = (
        None
    )

    @model_validator(mode="after")
    def _count_goes_with_pick(self) -> Self:
        if (self.videos is None) != (self.pick == "all"):
            raise ValueError("videos must be given unless pick = 'all', and must be omitted then")
        return self

    def with_videos(self, videos: int) -> "SideSpec":
        """The same side with another number of videos; ``all`` becomes the first ``videos`` in order."""
        pick = "sorted-first" if self.pick == "all" else self.pick
        return SideSpec(videos=videos, pick=pick, start=self.start, stride=self.stride)


class ClipsSpec(Frozen):
    """Which frames of which videos are scored.

    Attributes:
        frames: Frames of a clip.
        frames_allowed: Smallest and largest number of frames that may be requested.
        stride: Distance between neighbouring frames of a clip, in frames of the video.
        real: The real side.
        fake: The scored side.
        context: Frames at the start of a scored clip that are taken from the real clip of the same name, as the model
            was given them; None where the convention has no rule for them.
    """

    frames: Annotated[PositiveInt, ProtocolField("clips", "t")]
    frames_allowed: Annotated[
        tuple[PositiveInt, PositiveInt], Field(strict=False), NoEffect("a limit on the frames that can be requested")
    ]
    stride: Annotated[PositiveInt, ProtocolField("clips", "s", words="stride {}".format)] = 1
    real: Annotated[SideSpec, ProtocolField("clips", "real")]
    fake: Annotated[SideSpec, ProtocolField("clips", "fake")]
    context: Annotated[
        NonNegativeInt | None,
        ProtocolField(
            "clips",
            "context",
            lambda count: str(count) if count else None,
            words=lambda count: f"the first {count} frames are the real ones" if count else None,
        ),
    ] = None

    @model_validator(mode="after")
    def _frames_are_allowed(self) -> Self:
        lowest, highest = self.frames_allowed
        if not lowest <= self.frames <= highest:
            raise ValueError(f"frames_allowed must run from few to many and hold frames = {self.frames}")
        return self

    @model_validator(mode="after")
    def _context_is_that_of_the_same_frames(self) -> Self:
        sides = (self.real, self.fake)
        if self.context is not None and any(side.start != "zero" or side.stride for side in sides):
            raise ValueError("context goes with start = 'zero' and one stride on both sides")
        return self

    def stride_of(self, side: SideSpec) -> int:
        """The stride of one side."""
        return side.stride or self.stride

    def span_of(self, side: SideSpec) -> int:
        """Frames a video of one side must have."""
        return (self.frames - 1) * self.stride_of(side) + 1


PreResizeRule = Literal[
    "none",
    "centre-bilinear",
    "centre-bilinear-rounded",
    "centre-lanczos",
    "short-side-bilinear-centre",
    "short-side-bilinear-antialias-centre",
    "short-side-lanczos-centre",
    "short-side-lanczos-centre-jpeg75",
    "squash-bicubic-pil",
    "squash-lanczos",
    "squash-lanczos-jpeg75",
]


class WindowRule(Frozen):
    """How the clips of one named data set are cut where a code treats it separately.

    Attributes:
        start: As in :class:`SideSpec`.
        stride: The real side's stride; None leaves it.
    """

    start: Start
    stride: PositiveInt | None = None


class DatasetStage(Frozen):
    """How a *named* data set is brought to uint8 clips; never applied to bare files and arrays.

    Attributes:
        pre_resize: Cropping and resizing before anything else, see :func:`vidmbench.videos.pre_resize.pre_resized`.
        resolution: Height and width that it gives, unless the data set's name is followed by another; with ``none``
            there is none.
        splits: The real side's split, by data set; others take their own default.
        windows: The real side's windows, by data set; others, and all where there is none, take those of
            ``clips.real``.
        short_videos: Whether videos shorter than a clip are skipped or are an error.
    """

    pre_resize: Annotated[
        PreResizeRule,
        ProtocolField(
            "framing",
            "pre",
            lambda rule, pixels: None if rule == "none" else f"{rule}.{pixels}",
            golden=lambda rule, pixels: f"{rule}.{pixels or '-'}",
        ),
    ] = "none"
    resolution: Annotated[PositiveInt | None, GoesWith("pre_resize")] = None
    splits: Annotated[dict[str, str], NoEffect("the split is part of the real side's digest")] = Field(
        default_factory=dict
    )
    windows: Annotated[dict[str, WindowRule] | None, NoEffect("with_options puts them into clips.real")] = None
    short_videos: Annotated[Literal["drop", "error"], NoEffect("where a number exists, both rules give the same clips")]

    @model_validator(mode="after")
    def _resolution_goes_with_resizing(self) -> Self:
        if (self.pre_resize == "none") != (self.resolution is None):
            raise ValueError("resolution goes with every pre_resize but none")
        return self

    def with_options(self, *, is_on_disk: bool, resolution: int | None = None) -> "DatasetStage":
        """What is really done to a real side.

        Args:
            is_on_disk: Whether it is a named data set on the user's disk: nothing else is resized.
            resolution: The requested one; None takes the protocol's.
        """
        if not is_on_disk or self.pre_resize == "none":
            return self.model_copy(update={"pre_resize": "none", "resolution": None})
        return self.model_copy(update={"resolution": resolution or self.resolution})


Resize = Literal["bilinear-half-pixel", "bilinear-tf1", "bilinear-antialias", "bicubic-pil", "detector"]


class FirstResize(Frozen):
    """A first resizing of the frames inside a scoring script, before the network's own.

    Attributes:
        size: Height and width, pixels; the aspect is ignored.
        resize: The interpolation kernel.
    """

    size: PositiveInt
    resize: Resize


#: Fields of protocol files that have one value only, so that people need not see them among the choices.
CONSTANT_FIELDS = ("truncate_uint8",)


class ArrayStage(Frozen):
    """From uint8 clips to features.

    Attributes:
        detector: A name in protocols/detectors.toml, or the path of your own detector's TOML file.
        batch_norm_eps: Epsilon of the detector's batch norms (1e-3 in the TensorFlow graph); None for a detector that
            fixes it itself.
        truncate_uint8: Always false: no code truncates clips once more here, for u / 255 * 255 in float32 gives every
            intensity level back. Kept because protocol files and records have it. Where codes do truncate is in
            reading data sets, see :mod:`vidmbench.videos.pre_resize`.
        first_resize: A resizing that the script does before the network's own.
        crop: ``short-side-centre`` resizes the short side and cuts the middle; ``none`` squashes.
        resize: The interpolation kernel, named after the code it matches (see :mod:`vidmbench.detectors.resize`);
            ``detector`` leaves crop, resizing and range to the detector's own ``prepare``.
        range: The interval that 0..255 is mapped to; ``inception`` is (u - 128) / 128.
    """

    detector: Annotated[
        str, ProtocolField("detector", "det", words=lambda name: PurePath(name).name.removesuffix(".toml"))
    ]
    batch_norm_eps: Annotated[
        float | None,
        Field(gt=0, lt=0.1),
        ProtocolField(
            "detector",
            "eps",
            lambda eps: f"{Decimal(str(eps)):e}",
            golden="eps{:g}".format,
            words=lambda eps: f"eps {Decimal(str(eps)):e}",
        ),
    ] = None
    truncate_uint8: Annotated[Literal[False], NoEffect("it has one value only")] = False
    first_resize: Annotated[
        FirstResize | None,
        ProtocolField(
            "array",
            "first",
            lambda first: f"{_RESIZE[first.resize]}.{first.size}",
            golden=lambda first: f"{first.resize}.{first.size}",
            words=lambda first: f"resized to {first['size']} before",
        ),
    ] = None
    crop: Annotated[
        Literal["none", "short-side-centre"],
        ProtocolField("array", "crop", _CROP.__getitem__, words=_CROP_WORDS.__getitem__),
    ] = "none"
    resize: Annotated[Resize, ProtocolField("array", "rs", _RESIZE.__getitem__, words=_RESIZE_WORDS.__getitem__)]
    range: Annotated[
        Literal["-1..1", "0..1", "0..255", "inception"],
        ProtocolField("array", "range", _RANGE.__getitem__, words="range {}".format),
    ] = "-1..1"


# What `--json` has under `statistics` for every metric; a new kind adds its keys for its own protocols alone.
_STATISTICS_KEYS = (
    "covariance",
    "degree",
    "subsets",
    "subset_size",
    "neighbours",
    "splits",
    "log_eps",
    "shuffle_seed",
)


class StatisticsStage(Frozen):
    """From features to the number: what all metric kinds have; each adds fields of its own in a subclass.

    Attributes:
        repeats: Number of times that clips are chosen and scored; the number is then their mean.
        seed: Seed of every random choice, unless ``--seed`` rebinds it. Signatures have it behind the data's digest.
    """

    repeats: Annotated[
        PositiveInt,
        ProtocolField(
            "statistics",
            "repeats",
            lambda count: str(count) if count > 1 else None,
            words=lambda count: f"mean of {count} draws" if count > 1 else None,
        ),
    ] = 1
    seed: Annotated[int, Field(ge=0), ProtocolField("statistics", None)] = 0

    @model_serializer(mode="wrap")
    def _as_json_has_it(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """The kind's own fields first; null for the fields of other kinds, unless nulls are excluded."""
        content: dict[str, Any] = handler(self)
        for name in StatisticsStage.model_fields:
            if name in content:
                content[name] = content.pop(name)
        return content if info.exclude_none else {**dict.fromkeys(_STATISTICS_KEYS), **content}

    @model_validator(mode="before")
    @classmethod
    def _nulls_of_other_kinds_are_dropped(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        foreign = [key for key in _STATISTICS_KEYS if key not in cls.model_fields and content.get(key, ...) is None]
        return {key: value for key, value in content.items() if key not in foreign}
