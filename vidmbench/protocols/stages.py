"""The four stages of a protocol: data set, clips, array, statistics."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.core.declarations import Frozen

Start = Literal["zero", "random", "spread", "every-window", "every-chunk", "every-phase"]

#: Starts that make several clips of one video, from which the protocol then picks.
MANY_A_VIDEO: tuple[Start, ...] = ("every-window", "every-chunk", "every-phase")


class SideSpec(Frozen):
    """How one side's clips are chosen.

    Attributes:
        videos: Number of videos, or of clips where a video gives several; None with ``pick = "all"``.
        pick: ``sorted-first``: the first in natural order; ``random``: a seeded permutation; ``all``.
        start: Which frames of its video a clip takes. ``zero``: from frame 0 on; ``random``: from a start drawn
            uniformly over all valid ones; ``spread``: from frame 0 on, as far apart as the video allows (VIDM's script
            on MP4 files). Three make several clips of one video: ``every-window``: all that overlap (torchvision's
            VideoClips); ``every-chunk``: one behind the other; ``every-phase``: one behind the other, and of each
            such window all of its interleaved clips (DIGAN's TaiChi reader).
        stride: This side's own stride; None takes that of both.
    """

    videos: PositiveInt | None = None
    pick: Literal["sorted-first", "random", "all"]
    start: Start
    stride: PositiveInt | None = None

    @model_validator(mode="after")
    def _count_goes_with_pick(self) -> Self:
        if (self.videos is None) != (self.pick == "all"):
            raise ValueError("videos must be given unless pick = 'all', and must be left out then")
        return self

    def with_videos(self, videos: int) -> "SideSpec":
        """The same side with another number of videos; ``all`` becomes the first ``videos`` in order."""
        pick = "sorted-first" if self.pick == "all" else self.pick
        return SideSpec(videos=videos, pick=pick, start=self.start, stride=self.stride)


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
    """How the clips of one named data set are cut where a code treats it apart.

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
        short_videos: Whether videos shorter than a clip are left out or are an error.
    """

    pre_resize: PreResizeRule = "none"
    resolution: PositiveInt | None = None
    splits: dict[str, str] = Field(default_factory=dict)
    windows: dict[str, WindowRule] | None = None
    short_videos: Literal["drop", "error"]

    @model_validator(mode="after")
    def _resolution_goes_with_resizing(self) -> Self:
        if (self.pre_resize == "none") != (self.resolution is None):
            raise ValueError("resolution goes with every pre_resize but none")
        return self

    def with_options(self, *, is_on_disk: bool, resolution: int | None = None) -> "DatasetStage":
        """What is really done to a real side.

        Args:
            is_on_disk: Whether it is a named data set that lies on the user's disk: nothing else is resized.
            resolution: The one asked for; None takes the protocol's.
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


class ArrayStage(Frozen):
    """From uint8 clips to features.

    Attributes:
        detector: A name in protocols/detectors.toml, or the path of a detector's own TOML file.
        batch_norm_eps: Epsilon of the detector's batch norms (1e-3 in the TensorFlow graph); None for a detector that
            fixes it itself.
        truncate_uint8: Whether clips are cut to uint8 once more. No code needs it here: u / 255 * 255 in float32 gives
            every grey level back. Where codes truncate is in reading data sets, see :mod:`vidmbench.videos.pre_resize`.
        first_resize: A resizing of its own that the script does first.
        crop: ``short-side-centre`` resizes the short side and cuts the middle; ``none`` squashes.
        resize: The interpolation kernel, named after the code it matches (see resizing.py); ``detector`` leaves crop,
            resizing and range to the detector's own ``prepare``.
        range: The interval that 0..255 is mapped to; ``inception`` is (u - 128) / 128.
    """

    detector: str
    batch_norm_eps: float | None = Field(default=None, gt=0, lt=0.1)
    truncate_uint8: Literal[False] = False
    first_resize: FirstResize | None = None
    crop: Literal["none", "short-side-centre"] = "none"
    resize: Resize
    range: Literal["-1..1", "0..1", "0..255", "inception"] = "-1..1"


class StatisticsStage(Frozen):
    """From features to the number. Each metric has fields of its own; the others' must be left out.

    Attributes:
        covariance: Fréchet distance: divide by n or by n - 1.
        degree: Kernel distance: degree of the polynomial kernel (x.y / features + 1)^degree.
        subsets: Kernel distance: number of random subsets that are averaged; None takes all samples once.
        subset_size: Samples of a subset.
        neighbours: Precision and recall: which nearest neighbour's distance is a sample's radius.
        splits: Inception score: number of parts that are scored apart.
        log_eps: Inception score: what is added to probabilities before the logarithm.
        shuffle_seed: Inception score: seed of numpy's RandomState that shuffles samples before they are parted; None
            leaves their order.
        repeats: Number of times the clips are drawn and scored; the number is then their mean.
        seed: Seed of every random choice, unless ``--seed`` rebinds it.
    """

    covariance: Literal["n", "n-1"] | None = None
    degree: PositiveInt | None = None
    subsets: PositiveInt | None = None
    subset_size: PositiveInt | None = None
    neighbours: PositiveInt | None = None
    splits: PositiveInt | None = None
    log_eps: float | None = Field(default=None, ge=0)
    shuffle_seed: int | None = Field(default=None, ge=0)
    repeats: PositiveInt = 1
    seed: int = Field(default=0, ge=0)


#: Fields of the statistics stage that each metric needs, and those that it may have.
STATISTICS_OF: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "frechet": (("covariance",), ()),
    "kernel": (("degree",), ("subsets", "subset_size")),
    "precision-recall": (("neighbours",), ()),
    "inception-score": (("splits", "log_eps"), ("shuffle_seed",)),
}
