"""Three stages of a protocol, data set, array and statistics; the clips have a module of their own."""

from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    PositiveInt,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vidmbench.core.declarations import Frozen
from vidmbench.protocols.array_values import (
    CROP,
    CROP_WORDS,
    LENGTHEN_WORDS,
    RANGE,
    RESIZE,
    RESIZE_WORDS,
    WIDE_COLUMNS,
    WIDE_PIXELS,
    WIDE_WORDS,
    FirstResize,
    Lengthen,
    Resize,
    WideInput,
)
from vidmbench.protocols.clips_stage import Start
from vidmbench.protocols.fields import GoesWith, NoEffect, ProtocolField, field_names

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
        start: As in :class:`vidmbench.protocols.clips_stage.SideSpec`.
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
        time_pool: Time steps that the network's last pool takes together; None takes the two of the published graph.
        wide_input: Frames are resized to 224 x 400 instead of a square, and this is made of the features' 7 columns;
            None feeds squares.
        lengthen: How clips get longer before the network; None leaves them as they are.
        first_resize: A resizing that the script does before the network's own.
        crop: ``short-side-centre`` resizes the short side and cuts the middle; ``centre-square`` cuts the middle square
            and resizes it; ``none`` squashes.
        resize: The interpolation kernel, named after the code it matches (see :mod:`vidmbench.detectors.resize`);
            ``detector`` leaves crop, resizing and range to the detector's own ``prepare``.
        range: The interval that 0..255 is mapped to; ``inception`` is (u - 128) / 128; ``imagenet`` and
            ``clip`` are 0..1 minus the mean colour of those images, divided by its deviation.
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
    time_pool: Annotated[
        Literal[1] | None,
        ProtocolField("detector", "tpool", golden="tpool{}".format, words=lambda _: "pool over one time step"),
    ] = None
    wide_input: Annotated[
        WideInput | None, ProtocolField("detector", "wide", golden="wide-{}".format, words=WIDE_WORDS.__getitem__)
    ] = None
    lengthen: Annotated[Lengthen | None, ProtocolField("detector", "longer", words=LENGTHEN_WORDS.__getitem__)] = None
    truncate_uint8: Annotated[Literal[False], NoEffect("it has one value only")] = False
    first_resize: Annotated[
        FirstResize | None,
        ProtocolField(
            "array",
            "first",
            lambda first: f"{RESIZE[first.resize]}.{first.text}",
            golden=lambda first: f"{first.resize}.{first.text}",
            words=lambda first: FirstResize.model_validate(first).words,
        ),
    ] = None
    crop: Annotated[
        Literal["none", "short-side-centre", "centre-square"],
        ProtocolField("array", "crop", CROP.__getitem__, words=CROP_WORDS.__getitem__),
    ] = "none"
    resize: Annotated[Resize, ProtocolField("array", "rs", RESIZE.__getitem__, words=RESIZE_WORDS.__getitem__)]
    range: Annotated[
        Literal["-1..1", "0..1", "0..255", "inception", "imagenet", "clip"],
        ProtocolField("array", "range", RANGE.__getitem__, words="range {}".format),
    ] = "-1..1"

    @property
    def network(self) -> str:
        """The network and all that decides what it makes of prepared clips, in a line."""
        return self.model_dump_json(include=set(field_names(type(self), "detector")), exclude_none=True)

    def frames_fed(self, frames: int) -> int:
        """How many frames the network is shown of a clip."""
        if self.lengthen == "each-twice":
            return 2 * frames
        return max(frames, 10 if self.lengthen == "hold-last-to-10" else 16 if self.lengthen else 0)

    def least_frames(self, of_detector: int) -> int:
        """Fewest frames of a clip that the network accepts.

        Args:
            of_detector: What it accepts as it is published.
        """
        if self.lengthen == "each-twice":
            return -(-of_detector // 2)
        return 1 if self.lengthen or self.time_pool == 1 else of_detector

    def size_fed(self, input_size: int) -> tuple[int, int]:
        """Height and width that the network is fed, pixels.

        Args:
            input_size: The detector's.
        """
        return (input_size, WIDE_PIXELS) if self.wide_input else (input_size, input_size)

    def num_features(self, of_detector: int) -> int:
        """Numbers a clip, or a frame, of which the detector gives as many for a square."""
        return of_detector * WIDE_COLUMNS if self.wide_input == "flattened" else of_detector


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
        added_later: Fields that records lack where they have their defaults, as they did before there was a choice.
    """

    added_later: ClassVar[tuple[str, ...]] = ()

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
        for name in self.added_later:
            if content.get(name) == type(self).model_fields[name].default:
                content.pop(name, None)
        return content if info.exclude_none else {**dict.fromkeys(_STATISTICS_KEYS), **content}

    @model_validator(mode="before")
    @classmethod
    def _nulls_of_other_kinds_are_dropped(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        foreign = [key for key in _STATISTICS_KEYS if key not in cls.model_fields and content.get(key, ...) is None]
        return {key: value for key, value in content.items() if key not in foreign}
