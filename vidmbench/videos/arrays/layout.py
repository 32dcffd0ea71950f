"""What the numbers of an array mean, as declared, and the uint8 frames they stand for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.errors import DataError

ValueRange = Literal["0..255", "0..1", "-1..1"]
Rounding = Literal["nearest", "truncate"]

_BOUNDS: dict[str, tuple[float, float]] = {"0..255": (0.0, 255.0), "0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0)}
_LETTERS = {"n": "video", "t": "frame", "c": "channel", "h": "row", "w": "column"}
_CHANNELS = (1, 3, 4)
_SLAB = 1 << 17  # values looked at in one go
_USUAL_AXES = {3: "thw", 4: "thwc", 5: "nthwc"}

ALPHA_NOTE = "the fourth channel was taken for transparency and dropped"
DARK_SIDE_NOTE = (
    "no value lies below 0 although -1 is declared to be black: if black is 0, declare 0..1, "
    "or the videos are read too bright"
)


@dataclass(frozen=True)
class ArrayLayout:
    """How an array of numbers is to be read.

    Attributes:
        axes: A letter an axis, in the file's order: n video, t frame, c channel, h row, w column. Without n there is
            one video, without c it is grey.
        range: The interval that stands for black to white; None if it is not declared, which suits integers only.
        rounding: How a number between two intensity levels becomes one of them in the system's own code.
        key: The array's name in an archive, a dictionary or an HDF5 file; None where there is no choice.

    Raises:
        DataError: There is no such layout.
    """

    axes: str
    range: ValueRange | None = None
    rounding: Rounding = "nearest"
    key: str | None = None

    def __post_init__(self) -> None:
        if not set("thw") <= set(self.axes) <= set(_LETTERS) or len(set(self.axes)) < len(self.axes):
            raise DataError(
                "there are no such axes of an array of videos",
                expected="t, h and w, and n and c where the file has them, each once, such as nthwc",
                found=f"axes {self.axes!r}",
                fix="declare a letter for each axis of the file, in its order",
            )

    @property
    def order(self) -> str:
        """The axes as :meth:`arranged` gives them."""
        return "nthwc" if "n" in self.axes else "thwc"

    def arranged(self, array: np.ndarray) -> np.ndarray:
        """The same numbers with axes (video, frame, height, width, channel), or without video; copies nothing."""
        if "c" not in self.axes:
            array = array[..., None]
        axes = self.axes if "c" in self.axes else f"{self.axes}c"
        return array.transpose([axes.index(letter) for letter in self.order])

    def __str__(self) -> str:
        return f"axes {self.axes}, range {self.range or 'not declared'}, rounding {self.rounding}"


class Extent(NamedTuple):
    """Smallest and largest finite value of an array, and how many are none.

    Attributes:
        low: The smallest; infinite if there is none.
        high: The largest; minus infinity if there is none.
        num_bad: Values that are NaN or infinite.
    """

    low: float
    high: float
    num_bad: int

    def __str__(self) -> str:
        return f"values from {self.low:.6g} to {self.high:.6g}" if self.low <= self.high else "no finite value"


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


def as_pixels(arranged: np.ndarray, layout: ArrayLayout) -> UInt8[np.ndarray, "*clips height width 3"]:
    """What :func:`to_clips` gives for numbers already checked.

    Args:
        arranged: Numbers (..., height, width, channel), checked as part of a whole.
        layout: What is declared; its axes do not matter here.

    Returns:
        uint8 (..., height, width, 3), RGB, 0..255; grey is repeated, a fourth channel dropped.
    """
    colours = arranged[..., :3]
    if colours.dtype != np.uint8 or layout.range not in (None, "0..255"):
        # The systems compute in float32 or wider; the order of the operations decides where truncation cuts.
        levels = colours.astype(np.result_type(colours.dtype, np.float32))
        if layout.range == "0..1":
            levels = levels * 255
        elif layout.range == "-1..1":
            levels = (levels + 1) * 127.5
        if layout.rounding == "nearest":
            levels = np.rint(levels)
        colours = levels.clip(0, 255).astype(np.uint8)
    if colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    return np.ascontiguousarray(colours)


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
    return tuple(notes)


def check_form(shape: tuple[int, ...], dtype: np.dtype, layout: ArrayLayout, where: str) -> None:
    """Refuses an array that cannot be what is declared, without looking at its values.

    Raises:
        DataError: No numbers, other axes, other channels, nothing at all, or token indices.
    """
    axes = layout.axes
    expected = f"numbers with the axes {axes} ({', '.join(_LETTERS[letter] for letter in axes)})"
    actual = f"{dtype} {shape}"
    if dtype.kind not in "uif":
        fix = "give the array of videos, not that of masks, names or objects"
        raise _wrong("the array holds no numbers that can be pixels", expected, actual, where, fix)
    if _seems_tokens(shape, dtype, layout):
        raise _tokens(expected, actual, where)
    if len(shape) != len(axes):
        fix = f'declare a letter for each axis of the file, such as axes = "{_USUAL_AXES.get(len(shape), "nthwc")}"'
        raise _wrong("the array does not have the axes declared", expected, actual, where, fix)
    if 0 in shape:
        raise _wrong("the array is empty", expected, actual, where, "write the samples again")
    channels = shape[axes.index("c")] if "c" in axes else 1
    if channels not in _CHANNELS:
        raise _wrong(
            f"the array has {channels} channels where the axes {axes} have them",
            f"{expected}, with 3 channels (1 and 4 are understood)",
            actual,
            where,
            _other_axes(shape, axes),
        )


def check_values(
    parts: Iterable[np.ndarray], shape: tuple[int, ...], dtype: np.dtype, layout: ArrayLayout, where: str
) -> Extent:
    """Refuses values outside the range declared.

    Args:
        parts: All of the array, in pieces of any form; not looked at where every value is right.
        shape: Of the whole.
        dtype: Of the whole.
        layout: What is declared.
        where: The file, for messages.

    Returns:
        The smallest and the largest value.

    Raises:
        DataError: NaN, values outside, token indices, or a range that must be declared and is not.
    """
    if dtype == np.uint8 and layout.range in (None, "0..255"):
        return Extent(0, 255, 0)
    extent = _extent(parts)
    actual = f"{dtype} {shape}, {extent}"
    is_integer = dtype.kind in "ui"
    if extent.num_bad:
        fix = "find out why the generator made them; they stand for no colour"
        raise _wrong(f"{extent.num_bad} values are NaN or infinite", "finite numbers", actual, where, fix)
    if is_integer and extent.high > 255 and layout.range in (None, "0..255"):
        raise _tokens(f"pixels with the axes {layout.axes}, 0..255", actual, where)
    # Integers that are all 0 or 1 may be intensity levels or black and white.
    if layout.range is None and not (is_integer and extent.low >= 0 and extent.high > 1):
        expected = "numbers of which is declared what is black and what is white"
        raise _wrong("the array's range is not declared", expected, actual, where, _declare(extent, layout))
    declared = layout.range or "0..255"
    is_dark = declared == "0..255" and not is_integer and 0 < extent.high <= 1
    if is_dark or not _fits(extent, declared):
        raise _wrong(
            f"the array is not in the range declared, {declared}" + (": all of it would be black" if is_dark else ""),
            "values from {:g} to {:g}".format(*_BOUNDS[declared]),
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


def _extent(parts: Iterable[np.ndarray]) -> Extent:
    low, high, num_bad = np.inf, -np.inf, 0
    for part in parts:
        if not part.size:
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


def _seems_tokens(shape: tuple[int, ...], dtype: np.dtype, layout: ArrayLayout) -> bool:
    """Whether the axis of channels alone is missing, as in the arrays (N, T, H, W) of token indices TATS writes."""
    if dtype.kind not in "ui" or "c" not in layout.axes or len(shape) != len(layout.axes) - 1:
        return False
    video_axes = layout.axes.replace("n", "")
    is_one_video = len(video_axes) == len(shape) and dtype == np.uint8 and shape[video_axes.index("c")] in _CHANNELS
    return not is_one_video


def _fits(extent: Extent, name: str) -> bool:
    low, high = _BOUNDS[name]
    tolerance = (high - low) / 255  # clipping then moves no pixel by more than one intensity level
    return low - tolerance <= extent.low and extent.high <= high + tolerance


def _declare(extent: Extent, layout: ArrayLayout) -> str:
    """The line that would declare the narrowest other range these values fit."""
    fitting = [name for name in ("0..1", "-1..1", "0..255") if name != layout.range and _fits(extent, name)]
    if not fitting or extent.low == extent.high:
        return "bring the values to 0..255, 0..1 or -1..1 as the system's own code does, and declare which"
    low, high = fitting[0].split("..")
    declaration = {"axes": layout.axes, "range": fitting[0], "rounding": layout.rounding} | (
        {"key": layout.key} if layout.key else {}
    )
    line = ", ".join(f'{key} = "{value}"' for key, value in declaration.items())
    return f"if {low} is black and {high} is white, declare it in the layout: array = {{ {line} }}"


def _other_axes(shape: tuple[int, ...], axes: str) -> str:
    """Proposes the order in which the channels lie where there are three."""
    threes = [axis for axis, length in enumerate(shape) if length == 3]
    if len(threes) != 1:
        return "declare the axes in the order of the file"
    rest = axes.replace("c", "")
    return f'declare the axes in the order of the file, such as axes = "{rest[: threes[0]]}c{rest[threes[0] :]}"'


def _tokens(expected: str, actual: str, where: str) -> DataError:
    fix = (
        "decode the tokens with the system's own network first (TATS: --save_videos); grey videos without an axis of "
        'channels are declared as such, axes = "nthw", and more than 8 bits brought to 0..255'
    )
    return _wrong("the array seems to hold token indices, no pixels", expected, actual, where, fix)


def _wrong(problem: str, expected: str, actual: str, where: str, fix: str) -> DataError:
    return DataError(problem, expected=expected, found=actual, where=where, fix=fix)
