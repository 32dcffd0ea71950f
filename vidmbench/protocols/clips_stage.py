"""The stage of a protocol that says which frames of which videos are scored."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from vidmbench.core.declarations import Frozen
from vidmbench.protocols.fields import NoEffect, ProtocolField

Start = Literal["zero", "second", "random", "spread", "every-window", "every-chunk", "every-phase"]

#: Starts that make several clips of one video, from which the protocol then picks.
MANY_A_VIDEO: tuple[Start, ...] = ("every-window", "every-chunk", "every-phase")

# Values as signatures abbreviate them.
_PICK = {"sorted-first": "sorted", "random": "rand", "all": "all"}
_START = {
    "zero": "zero",
    "second": "second",
    "random": "rand",
    "spread": "spread",
    "every-window": "windows",
    "every-chunk": "chunks",
    "every-phase": "phases",
}
# The same as people say them, where conventions are compared.
_PICK_WORDS = {"sorted-first": "first in order", "random": "random choice", "all": "all videos"}
_START_WORDS = {
    "zero": "from frame 0",
    "second": "from frame 1",
    "random": "random start",
    "spread": "frames spread over the video",
    "every-window": "all windows",
    "every-chunk": "consecutive clips",
    "every-phase": "all phases",
}


class SideSpec(Frozen):
    """How one side's clips are chosen.

    Attributes:
        videos: Number of videos, or of clips where a video gives several; None with ``pick = "all"``.
        pick: ``sorted-first``: the first in natural order; ``random``: a seeded permutation; ``all``.
        start: Which frames of its video a clip takes. ``zero``: from frame 0 on; ``second``: from frame 1 on;
            ``random``: from a start sampled uniformly from all valid ones; ``spread``: from frame 0 on, as far apart as
            the video allows (VIDM's script on MP4 files). Three make several clips of one video: ``every-window``: all
            that overlap (torchvision's VideoClips); ``every-chunk``: one after the other; ``every-phase``: one after
            the other, and of each such window all of its interleaved clips (DIGAN's TaiChi reader).
        mirrored: Each clip is followed by its mirror image; None where it is not.
        stride: This side's own stride; None takes that of both.
    """

    videos: Annotated[PositiveInt | None, ProtocolField("clips", "videos")] = None
    pick: Annotated[
        Literal["sorted-first", "random", "all"],
        ProtocolField("clips", "pick", _PICK.__getitem__, words=_PICK_WORDS.__getitem__),
    ]
    start: Annotated[Start, ProtocolField("clips", "start", _START.__getitem__, words=_START_WORDS.__getitem__)]
    mirrored: Annotated[
        Literal[True] | None,
        ProtocolField("clips", "mirrored", lambda _: "mirrored", words=lambda _: "and its mirror images"),
    ] = None
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
        return self.model_copy(update={"videos": videos, "pick": pick})


class ClipsSpec(Frozen):
    """Which frames of which videos are scored.

    Attributes:
        frames: Frames of a clip.
        frames_allowed: Smallest and largest number of frames that may be requested.
        stride: Distance between neighbouring frames of a clip, in frames of the video.
        least_frames: Frames that a video must have where that is more than its clip takes.
        prefixes_from: Of each video not one clip is scored but its first frames again and again: so many, one more, and
            on to ``frames``. None scores the clip alone.
        real: The real side.
        fake: The scored side.
        predictions: ``first``: of several predictions of one real video the first alone is scored, once it is known
            which they are; None scores all.
        context: Frames at the start of a scored clip that are taken from the real clip of the same name, as the model
            was given them; None where the convention has no rule for them.
    """

    frames: Annotated[PositiveInt, ProtocolField("clips", "t")]
    frames_allowed: Annotated[
        tuple[PositiveInt, PositiveInt], Field(strict=False), NoEffect("a limit on the frames that can be requested")
    ]
    stride: Annotated[PositiveInt, ProtocolField("clips", "s", words="stride {}".format)] = 1
    least_frames: Annotated[
        PositiveInt | None, ProtocolField("clips", "least", words="videos of {} frames or more".format)
    ] = None
    prefixes_from: Annotated[
        PositiveInt | None, ProtocolField("clips", "prefixes", words="all prefixes from {} frames on".format)
    ] = None
    real: Annotated[SideSpec, ProtocolField("clips", "real")]
    fake: Annotated[SideSpec, ProtocolField("clips", "fake")]
    predictions: Annotated[
        Literal["first"] | None, ProtocolField("clips", "preds", words="the {} prediction of each video".format)
    ] = None
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

    @model_validator(mode="after")
    def _one_clip_where_it_is_repeated(self) -> Self:
        sides = (self.real, self.fake)
        if any(side.mirrored and side.start in MANY_A_VIDEO for side in sides):
            raise ValueError("mirrored goes with a start that makes one clip of each video")
        if self.prefixes_from is not None and any(side.start != "zero" or side.mirrored for side in sides):
            raise ValueError("prefixes_from goes with start = 'zero' and without mirrored, on both sides")
        if self.prefixes_from is not None and self.prefixes_from > self.frames_allowed[0]:
            raise ValueError("prefixes_from cannot be above the fewest frames allowed")
        return self

    def stride_of(self, side: SideSpec) -> int:
        """The stride of one side."""
        return side.stride or self.stride

    def span_of(self, side: SideSpec) -> int:
        """Frames a video of one side must have."""
        return max((self.frames - 1) * self.stride_of(side) + 1 + (side.start == "second"), self.least_frames or 0)
