"""The values of an array: whether they are in the range declared, and what is proposed if they are not."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from vidmbench.videos.arrays.layout import BOUNDS, ArrayLayout, Number, as_pixels, check_form, described, tokens, wrong
from vidmbench.videos.arrays.levels import how_to_scale, only_levels, possible_ranges, unscaled

_SLAB = 1 << 17  # values looked at in one go
_NEARLY_BLACK = 2  # the highest level that floats in -1..1 or 0..2 become unscaled

ALPHA_NOTE = "the fourth channel was taken for transparency and dropped"
BLACK_NOTE = "every value is 0: all frames are black"
NEARLY_BLACK_NOTE = (
    "no value exceeds 2 where 255 is white: all frames are nearly black, as of floats not multiplied by 255"
)
DARK_SIDE_NOTE = (
    "no value lies below 0 although -1 is declared to be black: if black is 0, declare 0..1, "
    "or the videos are read too bright"
)


class Extent(NamedTuple):
    """Smallest and largest finite value of an array, and how many are none.

    Attributes:
        low: The smallest; infinite if there is none. Of integers an ``int``: float64 does not hold all of them.
        high: The largest; minus infinity if there is none.
        num_bad: Values that are NaN or infinite.
    """

    low: Number
    high: Number
    num_bad: int

    def __str__(self) -> str:
        if self.low > self.high:
            return "no finite value"
        low, high = (str(end) if isinstance(end, int) else f"{end:.6g}" for end in (self.low, self.high))
        return f"values from {low} to {high}"


def to_clips(array: np.ndarray, layout: ArrayLayout, where: str) -> UInt8[np.ndarray, "*clips height width 3"]:
    """The frames an array stands for, checked as a whole.

    Args:
        array: Numbers with the axes and in the range declared.
        layout: What is declared.
        where: The file, for messages.

    Returns:
        uint8 (clip, frame, height, width, 3), or (frame, height, width, 3) where the layout has no n; RGB, 0..255.

    Raises:
        DataError: The array has other axes or another type, is not in the range declared, or holds no pixels.
    """
    check_form(array.shape, array.dtype, layout, where)
    check_values(slabs(array), array.shape, array.dtype, layout, where)
    return as_pixels(layout.arranged(array), layout)


def notes_on(shape: tuple[int, ...], layout: ArrayLayout, extent: Extent | None = None) -> tuple[str, ...]:
    """What a user should know about an array that was accepted, one sentence each.

    Args:
        shape: The array's, with the axes declared.
        layout: What is declared.
        extent: Its values, where they were looked at.
    """
    notes = []
    if "c" in layout.axes and shape[layout.axes.index("c")] == 4:
        notes.append(ALPHA_NOTE)
    if layout.range == "-1..1" and extent is not None and 0 <= extent.low < extent.high:
        notes.append(DARK_SIDE_NOTE)
    if layout.range in (None, "0..255") and extent is not None and extent.high <= _NEARLY_BLACK:
        notes.append(NEARLY_BLACK_NOTE if extent.high > 0 else BLACK_NOTE)
    return tuple(notes)


def check_values(
    parts: Iterable[np.ndarray],
    shape: tuple[int, ...],
    dtype: np.dtype,
    layout: ArrayLayout,
    where: str,
    *,
    are_many: bool | None = None,
) -> Extent:
    """Refuses values outside the range declared.

    Args:
        parts: All of the array, in pieces of any form; of bytes most often the first piece decides.
        shape: Of the whole.
        dtype: Of the whole.
        layout: What is declared.
        where: The file, for messages.
        are_many: Whether it holds many videos, which are not all nearly black; by default it does if it has an axis n.

    Returns:
        The smallest and the largest value; 0 and 255 for bytes that are intensity levels.

    Raises:
        DataError: NaN, values outside, token indices, floats that became bytes unscaled, or a range that must be
            declared and is not.
    """
    if dtype == np.uint8 and layout.range in (None, "0..255"):
        levels = only_levels(parts)
        problem = unscaled(levels)
        if levels is None or problem is None:
            return Extent(0.0, 0.0 if levels == (0,) else 255.0, 0)
        extent = Extent(float(levels[0]), float(levels[-1]), 0)
        if layout.range is None or ("n" in layout.axes if are_many is None else are_many):
            fix = how_to_scale(levels) + (f"; or {_declare(extent, layout)}" if levels[-1] == 1 else "")
            raise wrong(problem, "levels from 0, black, to 255, white", f"{dtype} {shape}, {extent}", where, fix)
        return extent
    extent = extent_of(parts)
    actual = f"{described(shape, dtype)}, {extent}"
    is_integer = dtype.kind in "ui"
    if extent.num_bad:
        fix = "find out why the generator made them; they stand for no colour"
        raise wrong(f"{extent.num_bad} values are NaN or infinite", "finite numbers", actual, where, fix)
    if is_integer and extent.high > 255 and layout.range in (None, "0..255"):
        raise tokens(f"pixels with the axes {layout.axes}, 0..255", actual, where)
    # Integers that are all 0 or 1 may be intensity levels or black and white, and 0 to 2 comes from -1..1.
    if layout.range is None and not (is_integer and extent.low >= 0 and extent.high > _NEARLY_BLACK):
        expected = "numbers of which is declared what is black and what is white"
        raise wrong("the array's range is not declared", expected, actual, where, _declare(extent, layout))
    declared = layout.range or "0..255"
    is_dark = declared == "0..255" and not is_integer and 0 < extent.high <= 1
    if is_dark or not _fits(extent, declared):
        raise wrong(
            f"the array is not in the range declared, {declared}" + (": all of it would be black" if is_dark else ""),
            "values from {:g} to {:g}".format(*BOUNDS[declared]),
            actual,
            where,
            _declare(extent, layout),
        )
    return extent


def slabs(array: np.ndarray) -> Iterator[np.ndarray]:
    """All of an array in pieces of bounded size, in the order in which it is stored in memory or on disk."""
    ordered = array.transpose(sorted(range(array.ndim), key=lambda axis: -array.strides[axis]))
    if ordered.flags.c_contiguous:
        flat = ordered.reshape(-1)
        for start in range(0, flat.size, _SLAB):
            yield flat[start : start + _SLAB]
    elif ordered.size <= _SLAB or ordered.ndim == 1:
        yield ordered
    else:
        for part in ordered:
            yield from slabs(part)


def extent_of(parts: Iterable[np.ndarray]) -> Extent:
    """The smallest and the largest value of an array that is given in pieces."""
    low: Number = np.inf
    high: Number = -np.inf
    num_bad = 0
    for part in parts:
        if not part.size:
            continue
        if part.dtype.kind in "bui":
            low, high = min(low, int(part.min())), max(high, int(part.max()))
            continue
        smallest, largest = float(part.min()), float(part.max())
        if not (np.isfinite(smallest) and np.isfinite(largest)):
            finite = part[np.isfinite(part)]
            num_bad += part.size - finite.size
            if not finite.size:
                continue
            smallest, largest = float(finite.min()), float(finite.max())
        low, high = min(low, smallest), max(high, largest)
    return Extent(low, high, num_bad)


def _fits(extent: Extent, name: str) -> bool:
    low, high = BOUNDS[name]
    tolerance = (high - low) / 255  # clipping then moves no pixel by more than one intensity level
    return low - tolerance <= extent.low and extent.high <= high + tolerance


def _declare(extent: Extent, layout: ArrayLayout) -> str:
    """What would declare the ranges these values may have, the narrowest first."""
    if extent.low == extent.high:
        possible: list[str] = []
    elif _fits(extent, "0..255") and extent.high > _NEARLY_BLACK:
        possible = ["0..255"]
    else:
        possible = [name for name, _ in possible_ranges(extent.low, extent.high)]
    lines = []
    for name in possible:
        ends = "if {} is black and {} is white".format(*name.split(".."))
        line = ", ".join(f'{key} = "{value}"' for key, value in _declaration(name, layout).items())
        if not _fits(extent, name):
            lines.append(f"{ends}, save x.clip({name.replace('..', ', ')}) and declare array = {{ {line} }}")
        elif name != layout.range:
            lines.append(f"{ends}, declare it in the layout: array = {{ {line} }}")
    return (
        "; ".join(lines) or "bring the values to 0..255, 0..1 or -1..1 as the system's own code does, and declare which"
    )


def _declaration(name: str, layout: ArrayLayout) -> dict[str, str]:
    declared = {"axes": layout.axes, "range": name, "rounding": layout.rounding}
    return declared | ({"key": layout.key} if layout.key else {})
