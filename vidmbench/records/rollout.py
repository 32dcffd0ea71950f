"""What a record holds of long videos, window by window: few numbers, whatever the number of videos."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from vidmbench.records.curve import HalfWidth, Mean, Number
from vidmbench.records.request import Recorded

Place = Annotated[int, Field(ge=1, lt=2**31)]
Name = Annotated[str, Field(max_length=8192)]

#: What a curve is of: a protocol's number, the cosine of features with those of the first window, or the colours that a
#: frame has in common with the first one.
Kind = Literal["number", "features", "colours"]


class RolloutCurve(Recorded):
    """A number along videos.

    Attributes:
        kind: What it is.
        side: Whose it is: of the scored videos, or of the real ones, to compare with. A distance is of the scored.
        metric: The number's usual name, such as ``fvd``.
        protocol: The protocol that it, or its features, are of.
        num_videos: Videos of that side that it is over.
        better: Which of two values is better; None where that cannot be said.
        first_frame: The frame, counted from 1, at which the first place begins.
        step: Frames from one place to the next.
        values: The number at each place.
        half_widths: Half the width of each one's interval; None where there is none.
        change: The last minus the first, and half the width of its interval.
        departs_at: The first frame of the first place from which on the change from the first place has an interval
            without 0, to the end; of what the real videos have too, the difference of both changes. None for no such.
        drift: Of a distance, that between the first and the last windows of the same videos, the scored ones.
        real_drift: The same of the real videos.
        interval_kind: How intervals were made and at which level; None where there are none.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    kind: Kind
    side: Literal["real", "fake"]
    metric: Name
    protocol: Name
    num_videos: Annotated[int, Field(ge=1, lt=2**63)]
    better: Literal["lower", "higher"] | None = None
    first_frame: Place = 1
    step: Place
    values: Annotated[tuple[Number | None, ...], Field(min_length=2)]
    half_widths: tuple[HalfWidth | None, ...]
    change: Mean
    departs_at: Place | None = None
    drift: Mean | None = None
    real_drift: Mean | None = None
    interval_kind: Name | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "RolloutCurve":
        if len(self.values) != len(self.half_widths):
            raise ValueError(f"{len(self.values)} values have {len(self.half_widths)} half_widths")
        return self

    @property
    def starts(self) -> range:
        """The frame at which each place begins, counted from 1."""
        return range(self.first_frame, self.first_frame + self.step * len(self.values), self.step)

    def interval(self, place: int) -> tuple[float, float] | None:
        """Low and high end of the interval at the nth place, counted from 0; None where there is none."""
        value, half = self.values[place], self.half_widths[place]
        return None if value is None or half is None else (value - half, value + half)


class Rollout(Recorded):
    """Long videos, window by window.

    Attributes:
        frames: Frames of each video that were looked at, from the first on.
        window: Frames of the video from the first to the last one of a window.
        step: Frames from one window to the next.
        curves: What was measured along them.
    """

    frames: Place
    window: Place
    step: Place
    curves: Annotated[tuple[RolloutCurve, ...], Field(min_length=1)]

    @property
    def num_windows(self) -> int:
        """How many windows of a video there are."""
        return (self.frames - self.window) // self.step + 1
