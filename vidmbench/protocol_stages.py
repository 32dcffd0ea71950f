"""The four stages of a protocol: data set, clips, array, statistics."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.declarations import Frozen


class SideSpec(Frozen):
    """How one side's clips are chosen.

    Attributes:
        videos: Number of videos; None with ``pick = "all"``.
        pick: ``sorted-first``: the first in natural order; ``random``: a seeded permutation; ``all``.
        start: Where in its video a clip starts: at frame 0, or uniformly over all valid starts.
    """

    videos: PositiveInt | None = None
    pick: Literal["sorted-first", "random", "all"]
    start: Literal["zero", "random"]

    @model_validator(mode="after")
    def _count_goes_with_pick(self) -> Self:
        if (self.videos is None) != (self.pick == "all"):
            raise ValueError("videos must be given unless pick = 'all', and must be left out then")
        return self

    def with_videos(self, videos: int) -> "SideSpec":
        """The same side with another number of videos; ``all`` becomes the first ``videos`` in order."""
        return SideSpec(videos=videos, pick="sorted-first" if self.pick == "all" else self.pick, start=self.start)


class ClipsSpec(Frozen):
    """Which frames of which videos are scored.

    Attributes:
        frames: Frames of a clip.
        frames_allowed: Smallest and largest number of frames that may be asked for.
        stride: Distance between neighbouring frames of a clip, in frames of the video.
        real: The real side.
        fake: The scored side.
    """

    frames: PositiveInt
    frames_allowed: tuple[PositiveInt, PositiveInt] = Field(strict=False)
    stride: PositiveInt = 1
    real: SideSpec
    fake: SideSpec

    @model_validator(mode="after")
    def _frames_are_allowed(self) -> Self:
        lowest, highest = self.frames_allowed
        if not lowest <= self.frames <= highest:
            raise ValueError(f"frames_allowed must run from few to many and hold frames = {self.frames}")
        return self


FramingRule = Literal[
    "none",
    "centre-bilinear",
    "centre-bilinear-rounded",
    "centre-lanczos",
    "short-side-bilinear-centre",
    "short-side-lanczos-centre",
    "short-side-lanczos-centre-jpeg75",
    "squash-bicubic-pil",
    "squash-lanczos",
    "squash-lanczos-jpeg75",
]


class DatasetStage(Frozen):
    """How a *named* data set is brought to uint8 clips; never applied to bare files and arrays.

    Attributes:
        pre_resize: Cropping and resizing before anything else, see :func:`vidmbench.framing.framed`.
        resolution: Height and width that it gives, unless the data set's name is followed by another; with ``none``
            there is none.
        splits: The real side's split, by data set; others take their own default.
        short_videos: Whether videos shorter than a clip are left out or are an error.
    """

    pre_resize: FramingRule = "none"
    resolution: PositiveInt | None = None
    splits: dict[str, str] = Field(default_factory=dict)
    short_videos: Literal["drop", "error"]

    @model_validator(mode="after")
    def _resolution_goes_with_resizing(self) -> Self:
        if (self.pre_resize == "none") != (self.resolution is None):
            raise ValueError("resolution goes with every pre_resize but none")
        return self

    def bound(self, *, is_owned: bool, resolution: int | None = None) -> "DatasetStage":
        """What is really done to a real side.

        Args:
            is_owned: Whether it is a named data set that lies on the user's disk: nothing else is resized.
            resolution: The one asked for; None takes the protocol's.
        """
        if not is_owned or self.pre_resize == "none":
            return self.model_copy(update={"pre_resize": "none", "resolution": None})
        return self.model_copy(update={"resolution": resolution or self.resolution})


class ArrayStage(Frozen):
    """From uint8 clips to features.

    Attributes:
        detector: A name in protocols/detectors.toml.
        batch_norm_eps: Epsilon of the detector's batch norms (1e-3 in the TensorFlow graph).
        truncate_uint8: Whether clips pass through a float and are cut to uint8 again.
        crop: ``short-side-centre`` resizes the short side and cuts the middle; ``none`` squashes.
        resize: The interpolation kernel, named after the code it matches (see resizing.py).
        range: The interval that 0..255 is mapped to.
    """

    detector: str
    batch_norm_eps: float = Field(gt=0, lt=0.1)
    truncate_uint8: Literal[False] = False
    crop: Literal["none", "short-side-centre"] = "none"
    resize: Literal["bilinear-half-pixel", "bilinear-tf1"]
    range: Literal["-1..1", "0..1"] = "-1..1"


class StatisticsStage(Frozen):
    """From features to the number.

    Attributes:
        covariance: Divide by n or by n - 1.
        repeats: Number of times the clips are drawn and scored.
        seed: Seed of every random choice, unless ``--seed`` rebinds it.
    """

    covariance: Literal["n", "n-1"]
    repeats: Literal[1] = 1
    seed: int = Field(default=0, ge=0)
