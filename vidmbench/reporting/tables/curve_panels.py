"""Curves of one full-reference metric side by side, and where a model is worse than the static control."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Literal

from vidmbench.records.curve import FrameCurve
from vidmbench.records.measurement import overlap
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.metrics import metric_label, with_arrow
from vidmbench.sources.names import control_kind, is_reference

_STATIC = "static"
_SHOWN = 3  # spans of frames in a text
_MOST_DIGITS = 4


@dataclass(frozen=True)
class Line:
    """One model's curve.

    Attributes:
        label: The model; with the run's name where several records are of one model.
        record: The run.
        measurement: The measurement.
        curve: Its values frame by frame.
    """

    label: str
    record: RunRecord
    measurement: Measurement
    curve: FrameCurve

    def num_videos(self, place: int) -> int:
        """How many videos the mean at the nth scored frame is over."""
        return self.measurement.num_real if self.curve.num_videos is None else self.curve.num_videos[place]

    @property
    def is_reference(self) -> bool:
        """Whether it is a control's."""
        return is_reference(self.record.model)


@dataclass(frozen=True)
class Panel:
    """Curves of one protocol, which compare.

    Attributes:
        lines: Models in the order of the records, then controls.
    """

    lines: tuple[Line, ...]

    @property
    def first(self) -> Line:
        """A line; what they have in common is the same in all."""
        return self.lines[0]

    @property
    def frames(self) -> range:
        """The numbers of the scored frames in a clip, counted from 1."""
        return self.first.curve.frames

    @property
    def context(self) -> int:
        """Frames that the models were given."""
        return self.first.measurement.context

    @property
    def title(self) -> str:
        """The metric with the arrow that says which way is better."""
        return with_arrow(metric_label(self.first.measurement.metric), self.first.curve.better)

    @property
    def common(self) -> str:
        """The real videos, which frames of them, and how many."""
        item = self.first.measurement
        given = f" ({self.context} given)" if self.context else ""
        frames = f"frames {self.frames[0]} to {self.frames[-1]}" if len(self.frames) > 1 else f"frame {self.frames[0]}"
        return f"{item.real.label} · {frames} of {item.frames}{given} · N = {item.num_real}"

    @property
    def recipe(self) -> str:
        """The protocol and the ids of its signatures."""
        ids = dict.fromkeys(f"#{line.measurement.signature_id}" for line in self.lines)
        return f"{self.first.measurement.protocol} {' '.join(ids)}"

    @property
    def heading(self) -> str:
        """What all lines have in common, on one line."""
        return f"{self.title} · {self.common} · {self.recipe}"

    @property
    def baseline(self) -> Line | None:
        """The static control."""
        return next((line for line in self.lines if control_kind(line.record.model) == _STATIC), None)

    def is_shown_target(self, line: Line, frame: int) -> bool:
        """Whether a frame of a line is the target itself: without context a static control repeats frame 1."""
        return line is self.baseline and self.context == 0 and frame == 1

    def worse_than_static(self, line: Line) -> "WorseThanStatic | None":
        """Where a line is worse than the static control; None without one, and for controls."""
        static = self.baseline
        if static is None or line.is_reference:
            return None
        worse = tuple(
            frame
            for place, frame in enumerate(self.frames)
            if not self.is_shown_target(static, frame)
            and _is_worse(line.curve.values[place], static.curve.values[place], line.curve.better)
        )
        apart = (frame for frame in worse if self._are_apart(line, static, frame - self.frames[0]))
        return WorseThanStatic(worse, next(apart, None))

    @staticmethod
    def _are_apart(line: Line, static: Line, place: int) -> bool:
        ends = line.curve.interval(place), static.curve.interval(place)
        return ends[0] is not None and ends[1] is not None and not overlap(ends[0], ends[1])


@dataclass(frozen=True)
class WorseThanStatic:
    """Where a model is worse than the static control.

    Attributes:
        frames: The frames at which its mean is.
        apart: The first of them at which the two intervals do not overlap; None where they do everywhere.
    """

    frames: tuple[int, ...]
    apart: int | None

    def text(self, last: int) -> str:
        """In words: ``from frame 9``, ``at frames 9, 11-12``, ``never``.

        Args:
            last: The last scored frame.
        """
        if not self.frames:
            return "never"
        spans = _spans(self.frames)
        if len(spans) == 1 and spans[0][0] < spans[0][1] == last:
            return f"from frame {spans[0][0]}"
        words = [str(low) if low == high else f"{low}-{high}" for low, high in spans]
        more = ", ..." if len(words) > _SHOWN else ""
        return f"at frame{'s' if len(self.frames) > 1 else ''} {', '.join(words[:_SHOWN])}{more}"


def decimals_of(panel: Panel) -> int:
    """Digits after the point that hold two digits of the usual interval of a panel's means."""
    halves = sorted(half for line in panel.lines if (half := line.curve.mean[1]))
    values = [abs(value) for line in panel.lines for value in line.curve.values if value]
    number = halves[len(halves) // 2] if halves else min(values, default=1.0) / 10
    return min(_MOST_DIGITS, max(0, 1 - floor(log10(number)))) if number > 0 else _MOST_DIGITS


def _is_worse(value: float | None, other: float | None, better: Literal["lower", "higher"]) -> bool:
    """Whether a value is worse than another; None is infinite, which only ratios of an error of 0 are."""
    if value is None:
        return False
    if other is None:
        return True
    return value < other if better == "higher" else value > other


def _spans(frames: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbouring frames."""
    found: list[tuple[int, int]] = []
    for frame in frames:
        if found and found[-1][1] == frame - 1:
            found[-1] = found[-1][0], frame
        else:
            found.append((frame, frame))
    return found
