"""From numbers in memory to uint8 clips: checked against what is declared, rounded to the nearest intensity level."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.videos.arrays.layout import ALPHA_NOTE, Rounding, as_levels, width_of
from vidmbench.videos.arrays.levels import only_levels, unscaled
from vidmbench.videos.arrays.mapped import read_mapped
from vidmbench.videos.arrays.values import BLACK_NOTE, DARK_SIDE_NOTE, Extent, extent_of, slabs
from vidmbench.videos.in_memory.declared import Declared, shown_range
from vidmbench.videos.in_memory.hints import outside, range_hint, undeclared
from vidmbench.videos.in_memory.numbers import by_video, is_bytes, is_mapped, plain, whole_extent

_BYTES = (0.0, 255.0)
#: How far generators that do not clamp leave their range, relative to its width; further away it is another range.
_NEAR = 0.25


def is_ready(numbers: Any, declared: Declared) -> bool:
    """Whether a tensor or array needs no declaration: uint8 with the default axes, which no other ones fit.

    Args:
        numbers: The tensor or array.
        declared: What is declared; it may be for the other side.
    """
    shape = tuple(numbers.shape)
    if not is_bytes(numbers) or len(shape) not in (4, 5) or shape[-1] != 3:
        return False
    axes = declared.axes(len(shape))
    return axes is None or "C" not in axes or shape[axes.index("C")] != 3 or axes.endswith("THWC")


class Conversion:
    """Converts videos one by one and remembers what was seen, for the notes and the checks of the whole.

    Args:
        declared: What is declared.
        where: Which argument the videos are, for messages.
        is_shared: Whether the declaration may be meant for the other side: uint8 of the default form is taken as it is.
        rounding: What a number between two levels becomes.
    """

    def __init__(
        self, declared: Declared, where: str, *, is_shared: bool = False, rounding: Rounding = "nearest"
    ) -> None:
        self._declared = declared
        self._where = where
        self._is_shared = is_shared
        self._rounding: Rounding = rounding
        self._extent = Extent(np.inf, -np.inf, 0)
        self._num_outside = self._num_values = 0
        self._levels: tuple[int, ...] | None = ()
        self._has_alpha = False

    def clips(self, numbers: Any, place: str = "") -> Iterator[Frames]:
        """The videos of one tensor or array, as uint8 (frame, height, width, 3).

        Args:
            numbers: One video or a batch.
            place: Which part of the argument it is, for messages.

        Raises:
            DataError: It is not what is declared, or too little is declared.
        """
        where = ", ".join(filter(None, (self._where, place)))
        declared = Declared() if self._is_shared and is_ready(numbers, self._declared) else self._declared
        axes = declared.axes(len(numbers.shape))
        sizes = dict(zip(axes or "", numbers.shape, strict=False))
        channels = (1, 3, 4) if declared.layout else (3,)
        if (
            axes is None
            or 0 in numbers.shape
            or sizes.get("C", 1) not in channels
            or (declared.value_range is None and not is_bytes(numbers))
        ):
            raise undeclared(numbers, declared, where)
        if 3 in (sizes["H"], sizes["W"]) and sizes.get("C", 3) != 3:
            raise undeclared(numbers, Declared(declared.value_range), where)
        self._has_alpha |= sizes.get("C") == 4
        one, bounds = axes.replace("N", ""), declared.value_range or _BYTES
        order = [one.index(axis) for axis in "THWC" if axis in one]
        for video in by_video(numbers, axes):
            values = plain(video, where)
            self._look(values, declared, where, video if is_mapped(numbers) else numbers)
            arranged = values.transpose(order)
            pixels = as_levels(arranged if "C" in one else arranged[..., None], bounds, self._rounding)
            self._see(pixels)
            yield pixels

    def whole(self, numbers: Any) -> UInt8[np.ndarray, "video frame height width 3"]:
        """All of a tensor or array as one array: a view where it is uint8, else a byte per value.

        Args:
            numbers: One video or a batch.

        Raises:
            DataError: See :meth:`clips`.
        """
        axes = self._declared.axes(len(numbers.shape))
        is_plain = is_bytes(numbers) and self._declared.value_range in (None, _BYTES)
        if is_plain and axes is not None and "N" in axes and "C" in axes and numbers.shape[axes.index("C")] == 3:
            array = numbers if isinstance(numbers, np.ndarray) else plain(numbers, self._where)
            view = array.transpose([axes.index(axis) for axis in "NTHWC"])
            if view.size:
                self._see(view)
                return view
        clips = self.clips(numbers)
        first = next(clips)
        count = numbers.shape[axes.index("N")] if axes is not None and "N" in axes else 1
        found = np.empty((count, *first.shape), np.uint8)
        found[0] = first
        for index, clip in enumerate(clips, start=1):
            found[index] = clip
        return found

    def _see(self, pixels: np.ndarray) -> None:
        """Remembers which levels occur, until an ordinary one does."""
        if self._levels is not None:
            found = only_levels(map(read_mapped, slabs(pixels)))
            self._levels = None if found is None else tuple(sorted({*self._levels, *found}))

    def _look(self, values: np.ndarray, declared: Declared, where: str, all_of: Any) -> None:
        """Refuses values that are none or far outside; counts those that will be clipped."""
        self._num_values += values.size
        bounds = declared.value_range or _BYTES
        if values.dtype == np.uint8 and bounds == _BYTES:
            return
        low, high, num_bad = extent_of(slabs(values))
        if num_bad:
            raise undeclared(all_of, declared, where)
        black, white = bounds
        width = width_of(bounds)
        is_float = values.dtype.kind == "f"
        near = _NEAR * width
        # Integers are compared as they are: float64 does not hold all of them.
        if (low < black - near or high > white + near) if is_float else (low < black or high > white):
            raise outside(all_of, whole_extent(all_of, where), declared, where)
        step = width / 255  # what clipping moves by no more than one level needs no note
        if is_float and (low < black - step or high > white + step):
            self._num_outside += int(((values < black - step) | (values > white + step)).sum())
        self._extent = Extent(min(self._extent.low, low), max(self._extent.high, high), 0)

    def notes(self) -> tuple[str, ...]:
        """What a user should know about all that was converted, one sentence each.

        Raises:
            DataError: The levels of the whole show that floats became bytes without being scaled.
        """
        self._check_levels()
        declared, extent = self._declared.value_range, self._extent
        notes = [ALPHA_NOTE] if self._has_alpha else []
        if declared is not None and self._num_outside:
            share = 100 * self._num_outside / self._num_values
            notes.append(
                f"{share:.2g} % of the values were clipped: they reach from {extent.low:.3g} to {extent.high:.3g}, "
                f"declared is value_range={shown_range(declared)}"
            )
        if declared == (-1, 1) and 0 <= extent.low < extent.high:
            notes.append(DARK_SIDE_NOTE)
        if self._levels == (0,):
            notes.append(BLACK_NOTE)
        return tuple(notes)

    def _check_levels(self) -> None:
        problem = unscaled(self._levels or None, self._where)
        if problem is None:
            return
        extent = self._extent
        if extent.low <= extent.high and self._declared.value_range is not None:
            if extent.high > 1 or self._declared.value_range != _BYTES:
                return  # really as dark as that
            fix = range_hint(extent, is_integer=False)
        else:
            fix = (
                "convert the floats again: vidmbench.to_uint8(x, value_range=(0, 1)), or (-1, 1) if -1 is black; where "
                "0 is black and 1 is white: declare value_range=(0, 1)"
            )
        raise DataError(
            problem,
            expected="intensity levels from 0, black, to 255, white",
            found=f"only the levels {', '.join(map(str, self._levels or ()))}",
            where=self._where,
            fix=fix,
        )
