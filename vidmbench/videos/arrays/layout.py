"""What the numbers of an array mean, as declared, and the uint8 frames they stand for."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.errors import DataError

ValueRange = Literal["0..255", "0..1", "-1..1"]
Rounding = Literal["nearest", "truncate"]
#: Whole numbers that no float64 equals are ``int``.
Number = int | float

#: The values of black and of white.
BOUNDS: dict[str, tuple[float, float]] = {"0..255": (0.0, 255.0), "0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0)}

_LETTERS = {"n": "video", "t": "frame", "c": "channel", "h": "row", "w": "column"}
_CHANNELS = (1, 3, 4)
_LONGEST_NAME = 40  # of a type, in messages
_USUAL_AXES = {3: "thw", 4: "thwc", 5: "nthwc"}

ALPHA_NOTE = "the fourth channel was taken for transparency and dropped"


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
                "unknown axes of an array of videos",
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


def as_pixels(arranged: np.ndarray, layout: ArrayLayout) -> UInt8[np.ndarray, "*clips height width 3"]:
    """What :func:`vidmbench.videos.arrays.values.to_clips` gives for numbers already checked.

    Args:
        arranged: Numbers (..., height, width, channel), checked as part of a whole.
        layout: What is declared; its axes do not matter here.

    Returns:
        uint8 (..., height, width, 3), RGB, 0..255; grey is repeated, a fourth channel dropped.
    """
    return as_levels(arranged, BOUNDS[layout.range or "0..255"], layout.rounding)


def as_levels(
    arranged: np.ndarray, bounds: tuple[Number, Number], rounding: Rounding = "nearest"
) -> UInt8[np.ndarray, "*clips height width 3"]:
    """Intensity levels of numbers between black and white.

    Args:
        arranged: Numbers (..., height, width, channel).
        bounds: The values of black and of white; what lies outside becomes one or the other.
        rounding: What a number between two levels becomes.

    Returns:
        uint8 (..., height, width, 3), RGB, 0..255; grey is repeated, a fourth channel dropped.
    """
    colours, (black, white) = arranged[..., :3], bounds
    if colours.dtype != np.uint8 or bounds != (0, 255):
        # The order of the operations decides where truncation cuts.
        width = width_of(bounds)
        levels = _above(colours, black, white)
        if width != 255:
            levels = levels * (255 / width)
        if rounding == "nearest":
            levels = np.rint(levels)
        colours = levels.clip(0, 255).astype(np.uint8)
    if colours.shape[-1] == 1:
        colours = np.repeat(colours, 3, axis=-1)
    return np.ascontiguousarray(colours)


def width_of(bounds: tuple[Number, Number]) -> float:
    """How far white is above black, also where these are whole numbers that no float64 equals."""
    return float(Fraction(bounds[1]) - Fraction(bounds[0]))


def _above(colours: np.ndarray, black: Number, white: Number) -> np.ndarray:
    """How far numbers are above black: float32 or wider, as the systems compute it."""
    if colours.dtype.kind in "ui" and colours.dtype.itemsize == 8:
        return _whole_above(colours, black, white)
    kind = np.result_type(colours.dtype, np.float32)
    if not _holds(kind, black, white):
        kind = np.result_type(kind, np.float64)
    levels = colours.astype(kind)
    if black:
        levels = levels - float(black)
        rest = float(Fraction(black) - Fraction(float(black)))  # of a whole number that is no float64
        levels = levels - rest if rest else levels
    return levels


def _whole_above(colours: np.ndarray, black: Number, white: Number) -> np.ndarray:
    """The same of integers of 64 bits: float64 does not hold all of them, but it holds their distance from black."""
    limits = np.iinfo(colours.dtype)
    low, high = (min(max(end, limits.min), limits.max) for end in (math.floor(black), math.ceil(white)))
    within = np.minimum(np.maximum(colours, colours.dtype.type(low)), colours.dtype.type(high))
    # Differences of int64 can be as large as uint64 holds, and arithmetic of uint64 is modulo 2^64.
    levels = (within.astype(np.uint64) - np.uint64(low % 2**64)).astype(np.float64)
    rest = float(Fraction(black) - low)
    return np.asarray(levels - rest if rest else levels)


def _holds(kind: np.dtype, black: Number, white: Number) -> bool:
    """Whether a type of floats holds black to a hundredth of a level, and the factor that makes levels."""
    if kind != np.float32:
        return True
    width = width_of((black, white))
    limit = float(np.finfo(np.float32).max)
    if max(abs(black), abs(white), 255 / width) > limit:
        return False
    return abs(float(np.float32(black)) - black) <= width / 25500


def check_form(shape: tuple[int, ...], dtype: np.dtype, layout: ArrayLayout, where: str) -> None:
    """Refuses an array that cannot be what is declared, without looking at its values.

    Raises:
        DataError: No numbers, other axes, other channels, nothing at all, or token indices.
    """
    axes = layout.axes
    expected = f"numbers with the axes {axes} ({', '.join(_LETTERS[letter] for letter in axes)})"
    actual = described(shape, dtype)
    if dtype.kind not in "uif":
        fix = "give the array of videos, not that of masks, names or objects"
        if dtype.kind == "b":
            fix += '; black and white videos are x.astype("uint8") * 255'
        raise wrong("the array holds no numbers that can be pixels", expected, actual, where, fix)
    if _seems_tokens(shape, dtype, layout):
        raise tokens(expected, actual, where)
    if len(shape) != len(axes):
        fix = f'declare a letter for each axis of the file, such as axes = "{_USUAL_AXES.get(len(shape), "nthwc")}"'
        raise wrong("the array does not have the axes declared", expected, actual, where, fix)
    if 0 in shape:
        raise wrong("the array is empty", expected, actual, where, "write the samples again")
    channels = shape[axes.index("c")] if "c" in axes else 1
    if channels not in _CHANNELS:
        raise wrong(
            f"the array has {channels} channels where the axes {axes} have them",
            f"{expected}, with 3 channels (1 and 4 are understood)",
            actual,
            where,
            _other_axes(shape, axes),
        )


def described(shape: tuple[int, ...], dtype: np.dtype) -> str:
    """Type and shape of an array, such as ``uint8 (2, 16, 64, 64, 3)``; a record's type is cut short."""
    name = str(dtype)
    return f"{name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + '...'} {shape}"


def _seems_tokens(shape: tuple[int, ...], dtype: np.dtype, layout: ArrayLayout) -> bool:
    """Whether the axis of channels alone is missing, as in the arrays (N, T, H, W) of token indices TATS writes."""
    if dtype.kind not in "ui" or "c" not in layout.axes or len(shape) != len(layout.axes) - 1:
        return False
    video_axes = layout.axes.replace("n", "")
    is_one_video = len(video_axes) == len(shape) and dtype == np.uint8 and shape[video_axes.index("c")] in _CHANNELS
    return not is_one_video


def _other_axes(shape: tuple[int, ...], axes: str) -> str:
    """Proposes the order in which the channels lie where there are three."""
    threes = [axis for axis, length in enumerate(shape) if length == 3]
    if len(threes) != 1:
        return "declare the axes in the order of the file"
    rest = axes.replace("c", "")
    return f'declare the axes in the order of the file, such as axes = "{rest[: threes[0]]}c{rest[threes[0] :]}"'


def tokens(expected: str, actual: str, where: str) -> DataError:
    """The error for token indices, which are not pixels."""
    fix = (
        "decode the tokens with the system's own network first (TATS: --save_videos); grey videos without an axis of "
        'channels are declared as such, axes = "nthw", and more than 8 bits brought to 0..255'
    )
    return wrong("the array seems to hold token indices, no pixels", expected, actual, where, fix)


def wrong(problem: str, expected: str, actual: str, where: str, fix: str) -> DataError:
    """The error for an array that is not what is declared."""
    return DataError(problem, expected=expected, found=actual, where=where, fix=fix)
