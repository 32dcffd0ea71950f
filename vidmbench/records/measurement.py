"""A number as a record holds it, with everything needed to judge it."""

from collections.abc import Mapping
from math import floor, log10
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from vidmbench.core.errors import ResultError
from vidmbench.core.text import counted, printable, shortened
from vidmbench.records.curve import FrameCurve
from vidmbench.records.request import Recorded

# A mean over equal numbers varies by the rounding of sums, relative to the value.
_ROUNDING = 1e-9

# What a table of integers holds (pandas, numpy): records of any origin are read.
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Length = Annotated[int, Field(ge=1, lt=2**31)]
Text = Annotated[str, Field(max_length=8192)]

_WARNINGS_SHOWN = 3  # in one line


class Frozen(Recorded):
    """Parts of a record that hold numbers: no NaN."""

    model_config = ConfigDict(allow_inf_nan=False)


class SideRecord(Frozen):
    """One side of a measurement.

    Attributes:
        label: The source's label.
        digest: Hex digest of the source (64 digits).
        num_videos: Videos the source holds.
        num_scored: Clips scored.
        size: Height and width of the clips in pixels, before the detector's resizing.
        skipped: Name and reason of each skipped video.
    """

    label: Text
    digest: str
    num_videos: Count
    num_scored: Count
    size: tuple[Length, Length] | None = None
    skipped: tuple[tuple[str, str], ...] = ()


class Measurement(Frozen):
    """One number with everything needed to judge it; the keys are part of the command line's contract.

    Attributes:
        metric: The metric's usual name, such as ``fvd``.
        status: ``ok``, or ``failed`` with a reason and no value.
        reason: Why there is no value.
        value: The number.
        interval: Low and high end, or None if no valid interval exists.
        interval_kind: How the interval was made and at which level.
        interval_reason: Why there is no interval; None where there is one, and in older records.
        spread: What the protocol's original code prints after the ±: how runs or splits vary, not the mean's error.
        spread_kind: What that spread is taken over, such as ``sd over 10 runs``.
        num_real: Real clips scored.
        num_fake: Generated clips scored.
        frames: Frames of a clip.
        stride: Distance of a clip's frames in the video.
        precision: ``fp32`` or ``bf16``.
        engine: What ran the network, such as ``openvino-2026.4/cpu``.
        signature: Long form.
        signature_short: Short form.
        signature_id: 8 hex digits; equal if numbers are comparable.
        protocol: Name of the protocol.
        protocol_spec: The whole protocol with the options of the run.
        weights: Detector name to sha256 of its weights.
        seconds: Wall time of this measurement in seconds, reading included; small if features were cached.
        seed: Seed of every random choice.
        real: The real side.
        fake: The scored side.
        warnings: Notes printed with the number.
        by_frame: The metric frame by frame; None where it has no value per frame, and in older records.

    Example:
        >>> from vidmbench.records.record import read_records
        >>> from vidmbench.core import resources
        >>> record = read_records(resources.results_dir() / "measured")[0]
        >>> measurement = record.measurements[0]
        >>> low, high = measurement.interval
        >>> (measurement.metric, measurement.status, low < measurement.value < high)
        ('fvd', 'ok', True)
        >>> f"#{measurement.signature_id}]" in str(measurement)
        True
        >>> float(measurement) == measurement.value == measurement.scalars()["fvd"]
        True
    """

    metric: Text
    status: Literal["ok", "failed"] = "ok"
    reason: str | None = None
    value: float | None
    interval: tuple[float, float] | None
    interval_kind: str | None
    interval_reason: str | None = None
    spread: float | None = None
    spread_kind: str | None = None
    num_real: Count
    num_fake: Count
    frames: Length
    stride: Length
    precision: Text
    engine: Text
    signature: Text
    signature_short: Text
    signature_id: Text
    protocol: Text
    protocol_spec: dict[str, Any]
    weights: dict[str, str]
    seconds: float
    seed: Whole
    real: SideRecord
    fake: SideRecord
    warnings: tuple[str, ...] = ()
    by_frame: FrameCurve | None = None

    @property
    def decimals(self) -> int:
        """Digits after the point worth printing: those that hold two digits of the interval's half width.

        Without an interval, of the spread; without a spread, three digits of the value.
        """
        if self.interval is not None and self.interval[1] > self.interval[0]:
            return decimals_of((self.interval[1] - self.interval[0]) / 2, 2)
        if self.spread and not self.has_equal_parts:
            return decimals_of(self.spread, 2)
        return decimals_of(self.value or 0.0, 3)

    @property
    def context(self) -> int:
        """Frames at the start of each clip that the model was given."""
        stages = (self.protocol_spec.get(name) for name in ("statistics", "clips"))
        counts = (stage.get("context") for stage in stages if isinstance(stage, Mapping))
        return next((count for count in counts if isinstance(count, int)), 0)

    @property
    def has_equal_parts(self) -> bool:
        """Whether the runs or splits that were averaged all gave the same number, but for rounding."""
        return self.spread is not None and self.spread <= _ROUNDING * abs(self.value or 0.0)

    def text(self, decimals: int | None = None) -> str:
        """The value with its interval, or why there is none.

        Args:
            decimals: Digits after the decimal point; by default :attr:`decimals`.

        Returns:
            ``2437 ± 1059`` if the interval is symmetric, ``57.4 [54.9, 61.2]`` if it is not, or ``failed: reason``;
            after it how the runs or splits vary that the protocol averages, such as ``(sd 0.4 over 10 runs)``.
        """
        value = self.value
        if self.status == "failed" or value is None:
            return f"failed: {' '.join((self.reason or 'no reason was recorded').split())}"
        decimals = self.decimals if decimals is None else decimals

        def show(number: float) -> str:
            return f"{number:.{decimals}f}"

        spread = self._spread_text()
        if self.interval is None:
            return f"{show(value)}{spread or ' (no interval)'}"
        low, high = self.interval
        if show(high - value) == show(value - low):
            return f"{show(value)} ± {show(high - value)}{spread}"
        return f"{show(value)} [{show(low)}, {show(high)}]{spread}"

    def _spread_text(self) -> str:
        if self.spread is None:
            return ""
        kind = self.spread_kind or "sd"
        if self.has_equal_parts:
            return f" ({kind.removeprefix('sd over ')}, all equal)"
        name, over, parts = kind.partition(" over ")
        return f" ({name} {self.spread:.2g}{over}{parts})"

    def scalars(self) -> dict[str, float]:
        """The number and the ends of its interval as plain floats, for a logger of training runs.

        Returns:
            ``{"fvd": 57.4, "fvd_low": 54.3, "fvd_high": 60.5}``; without the ends where there is no interval, and empty
            for a failed measurement.
        """
        if self.value is None:
            return {}
        ends = {} if self.interval is None else dict(zip(("low", "high"), self.interval, strict=True))
        return {self.metric: float(self.value)} | {f"{self.metric}_{name}": float(end) for name, end in ends.items()}

    def __float__(self) -> float:
        """The value.

        Raises:
            ResultError: The measurement failed.
        """
        if self.value is None:
            raise ResultError(
                f"this measurement of {self.metric} failed and has no value",
                expected="a measurement whose status is ok",
                found=self.text(),
                fix="look at status before the value is used; scalars() is empty then",
            )
        return float(self.value)

    def __format__(self, spec: str) -> str:
        """``f"{measurement:.1f}"`` is the value; without a specification it is the whole line."""
        return format(float(self), spec) if spec else str(self)

    def __repr__(self) -> str:
        """One line, for a debugger and for a list of measurements."""
        value = " ".join(str(self.reason).split()) if self.value is None else f"{self.value:.6g}"
        return (
            f"Measurement({self.metric}={value}, frames={self.frames}, num_real={self.num_real}, "
            f"num_fake={self.num_fake}, protocol={self.protocol!r}, signature_id={self.signature_id!r}, "
            f"warnings={len(self.warnings)})"
        )

    def __str__(self) -> str:
        """The number as it may leave the program: with its interval, its counts, its signature and its notes."""
        line = f"{self.metric} {self.text()} [{self.signature_short}]"
        if not self.warnings:
            return line
        shown = [printable(shortened(warning)) for warning in self.warnings[:_WARNINGS_SHOWN]]
        more = len(self.warnings) - len(shown)
        count = counted(len(self.warnings), "note")
        return f"{line} ({count}: {'; '.join(shown)}{f'; {more} more' if more else ''})"


def decimals_of(number: float, digits: int) -> int:
    """Digits after the point that hold some significant digits of a number, at most 4; of 0, those of a number near 1.

    Args:
        number: Any finite number.
        digits: Significant digits, 1 or more.
    """
    return min(4, max(0, digits - 1 - floor(log10(abs(number or 1.0)))))


def overlap(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether two intervals, low end first, have a point in common."""
    return max(first[0], second[0]) <= min(first[1], second[1])
