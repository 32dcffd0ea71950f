"""What a caller declares about numbers in memory: the order of their axes, and which of them are black and white."""

import math
from dataclasses import dataclass, replace
from typing import Any

from vidmbench.core.arguments import exact_number, wrong_argument
from vidmbench.core.errors import UsageError
from vidmbench.videos.arrays.layout import Number, width_of

#: The values of black and of white.
ValueRange = tuple[Number, Number]

_DEFAULT = "NTHWC"
_SYNONYMS = str.maketrans({"B": "N", "F": "T", "D": "T"})  # batch, frames, depth
_LETTERS = "N video (or B), S prediction of it, T frame (or F), C channel, H row, W column"


@dataclass(frozen=True)
class Declared:
    """How numbers in memory are to be read; :meth:`of` checks what a caller gave.

    Attributes:
        value_range: The values of black and of white; None takes uint8 as 0..255 and refuses all else.
        layout: A capital letter per axis; None takes NTHWC. Without N each array is one video, without C it is grey.
    """

    value_range: ValueRange | None = None
    layout: str | None = None

    @classmethod
    def of(cls, value_range: Any = None, layout: Any = None) -> "Declared":
        """Checks the arguments ``value_range`` and ``layout`` of the public functions.

        Raises:
            UsageError: They are not a pair of numbers in rising order, or no such axes.
        """
        return cls(
            None if value_range is None else _checked_range(value_range),
            None if layout is None else _checked_layout(layout),
        )

    def __bool__(self) -> bool:
        return self.value_range is not None or self.layout is not None

    @property
    def is_default(self) -> bool:
        """Whether it says no more than what holds without it, of uint8."""
        return self.layout in (None, _DEFAULT) and self.value_range in (None, (0, 255))

    @property
    def of_many(self) -> str:
        """The axes of an array of several videos."""
        layout = self.layout or _DEFAULT
        return layout if "N" in layout else f"N{layout}"

    @property
    def of_one(self) -> str:
        """The axes of an array of one video."""
        return self.of_many.replace("N", "")

    @property
    def without_samples(self) -> "Declared":
        """The same of arrays whose predictions of one video are videos of their own."""
        return replace(self, layout=self.layout and self.layout.replace("S", ""))

    def axes(self, num_axes: int) -> str | None:
        """The axes of an array of so many; None if it cannot be what is declared."""
        return next((axes for axes in (self.of_many, self.of_one) if len(axes) == num_axes), None)

    def __str__(self) -> str:
        parts = [f'layout="{self.layout}"'] if self.layout else []
        if self.value_range is not None:
            parts.append(f"value_range={shown_range(self.value_range)}")
        return ", ".join(parts)


def shown_range(value_range: ValueRange) -> str:
    """A range as Python code, such as ``(-1, 1)``."""
    return "({}, {})".format(*map(shown_number, value_range))


def shown_number(number: Number) -> str:
    """A number as Python code: in few digits where these say all of it."""
    short = f"{number:g}"
    if float(short) == number:
        return short
    return str(int(number)) if number == int(number) else repr(number)


def _checked_range(value_range: Any) -> ValueRange:
    expected = "the values of black and of white, such as (-1, 1)"
    try:
        low, high = value_range
    except Exception:  # whatever an object of another library says
        raise wrong_argument("value_range", expected, value_range) from None
    low, high = exact_number("value_range", low), exact_number("value_range", high)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise wrong_argument("value_range", f"{expected}, the smaller one first", value_range)
    try:
        is_usable = math.isfinite(255 / width_of((low, high)))
    except OverflowError:
        is_usable = False
    if not is_usable:
        raise wrong_argument("value_range", f"{expected}, at a distance that float64 holds 255 times over", value_range)
    return low, high


def _checked_layout(layout: Any) -> str:
    if not isinstance(layout, str):
        raise wrong_argument("layout", 'a letter per axis, such as "NCTHW"', layout)
    axes = "".join(layout.split()).upper().translate(_SYNONYMS)
    is_known = set("THW") <= set(axes) <= set("NSTCHW") and len(set(axes)) == len(axes)
    if not is_known or ("S" in axes and "N" not in axes):
        raise UsageError(
            "unknown layout",
            expected=f"each of T, H and W once, and N, S and C where the array has them: {_LETTERS}",
            found=f"layout={layout!r}"[:80],
            fix='give a letter per axis, in the order of the array: layout="NCTHW" is (video, channel, frame, row, '
            "column)",
        )
    return axes
