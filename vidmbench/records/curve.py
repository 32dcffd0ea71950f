"""What a record holds of a full-reference metric frame by frame: few numbers, whatever the number of videos."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from vidmbench.records.request import Recorded

_DIGITS = 7  # the numbers of frames are float32

# Sums and differences of such numbers, as axes and their bands need, stay finite.
_LARGEST = 1e100
Number = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)]
HalfWidth = Annotated[float, Field(ge=0, le=_LARGEST)]

#: A mean over videos and half the width of its interval; a mean that is infinite, or no interval, is None.
Mean = tuple[Number | None, HalfWidth | None]


class FrameCurve(Recorded):
    """A metric against the frame number, the mean over videos.

    Attributes:
        better: Which of two values is better.
        first_frame: The number of the first scored frame in its clip, counted from 1: K + 1 with ``--context K``.
        values: The mean over videos at each scored frame; None where it is infinite.
        half_widths: Half the width of each frame's interval; None where there is none.
        mean: The mean of the curve over its frames (the area under it per frame), and half the width of its interval.
        change: The last frame's value minus the first one's, and half the width of its interval.
        num_videos: How many videos each frame's mean is over, where not all have all frames; None where they have.
        interval_kind: How intervals were made and at which level; None where there are none.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    better: Literal["lower", "higher"]
    first_frame: Annotated[int, Field(ge=1, lt=2**31)]
    values: Annotated[tuple[Number | None, ...], Field(min_length=1)]
    half_widths: tuple[HalfWidth | None, ...]
    mean: Mean
    change: Mean
    num_videos: tuple[Annotated[int, Field(ge=1, lt=2**63)], ...] | None = None
    interval_kind: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "FrameCurve":
        if len(self.values) != len(self.half_widths):
            raise ValueError(f"{len(self.values)} values have {len(self.half_widths)} half_widths")
        if self.num_videos is not None and len(self.values) != len(self.num_videos):
            raise ValueError(f"{len(self.values)} values have {len(self.num_videos)} num_videos")
        if self.num_videos is not None and len(set(self.num_videos)) < 2:
            raise ValueError("num_videos is for frames of different numbers of videos")
        return self

    @property
    def last_frame(self) -> int:
        """The number of the last scored frame."""
        return self.first_frame + len(self.values) - 1

    @property
    def frames(self) -> range:
        """The numbers of the scored frames."""
        return range(self.first_frame, self.last_frame + 1)

    def interval(self, place: int) -> tuple[float, float] | None:
        """Low and high end of the interval at the nth scored frame, counted from 0; None where there is none."""
        value, half = self.values[place], self.half_widths[place]
        return None if value is None or half is None else (value - half, value + half)


def recorded(value: float | None) -> float | None:
    """A number as records hold it: in the digits that it has; None for one that is not finite, or nearly infinite."""
    return None if value is None or not abs(value) <= _LARGEST else float(f"{value:.{_DIGITS}g}")
