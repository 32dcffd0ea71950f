"""The order of a video's frames, from their names alone: by the number that varies, whole or decimal.

Names are read in several ways: with whole numbers, decimals, signs, times of day. A reading counts if it turns all
names into one pattern, and an order if it gives each frame a place of its own. Where two orders remain, the one with
even steps is taken; where that does not decide, the folder is refused: another order of frames is another score.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from vidmbench.core.errors import DataError
from vidmbench.core.files import natural_key
from vidmbench.videos.files.frame_numbers import SIGNED, Number, Reading, are_even, number_of, parts, readings_of

#: After a letter that stands alone, it may have been meant as a minus: t-20, x-0.5.
_LETTER_AND_DASH = re.compile(r"(?<![^\W_])[A-Za-z]-(?!0[0-9])[0-9.,]+")
_SHOWN = 5
_FIX = "rename the frames so that they differ in one number, such as frame00001.png"


class _Order(NamedTuple):
    """One order in which the frames may be meant.

    Attributes:
        files: All names.
        how: What decides it, for messages.
        numbers: The number that counts the frames, in that order.
        is_even: Whether its steps are equal.
        num_varying: How many numbers vary from name to name.
    """

    files: tuple[str, ...]
    how: str
    numbers: tuple[Number, ...]
    is_even: bool
    num_varying: int


def sort_frames(files: Iterable[str]) -> tuple[str, ...]:
    """The names of a video's frames in the order in which they are read; natural order if they do not form a series."""
    files = tuple(files)
    try:
        return _order("", files).files
    except DataError:
        return tuple(sorted(files, key=natural_key))


def check_series(where: str, files: Sequence[str]) -> tuple[str, ...]:
    """Makes sure that the names count the frames of one video.

    Args:
        where: The folder, for messages.
        files: File names, in any order.

    Returns:
        Notes for the user: numbers that are missing, times that are uneven, several numbers that vary.

    Raises:
        DataError: Several series in one folder (``img_00001.jpg`` and ``flow_00001.jpg``), a number twice, or names
            that can be read in two orders.
    """
    order = _order(where, tuple(files))
    notes = []
    if all(isinstance(number, int) for number in order.numbers):
        if len(files) > 1 and order.numbers[-1] - order.numbers[0] + 1 != len(files):
            notes.append("frame numbers have gaps; frames were taken in order as if there were none")
    elif not order.is_even:
        notes.append("the times in the frames' names are not evenly spaced; frames were taken in order as if they were")
    if order.num_varying > 1:
        notes.append(f"several numbers vary in the frames' names; frames were taken in order of {order.how}")
    is_signed = any(number < 0 for number in order.numbers)
    dashed = {match.group() for match in map(_LETTER_AND_DASH.search, files) if match}
    if len(dashed) > 1 and not is_signed:
        notes.append("dashes before the numbers in the frames' names were read as separators, not as minus signs")
    return tuple(notes)


def _order(where: str, files: tuple[str, ...]) -> _Order:
    if len(files) < 2:
        return _Order(files, "their number", (), is_even=True, num_varying=0)
    stems, endings = zip(*map(parts, files), strict=True)
    if len(set(endings)) > 1:
        raise _several_series(where, Counter(f"*{ending}" for ending in endings))
    readings = readings_of(stems)
    if not readings:
        raise _several_series(where, Counter(SIGNED.sub("#", stem) + endings[0] for stem in stems))
    orders: dict[tuple[str, ...], _Order] = {}
    for order in (order for reading in readings for order in _orders(reading, files)):
        known = orders.setdefault(order.files, order)
        if order.num_varying < known.num_varying:
            orders[order.files] = order
    candidates = [order for order in orders.values() if order.is_even] or list(orders.values())
    if not candidates:
        raise _no_counter(where, files, readings)
    if len(candidates) > 1:
        raise _ambiguous(where, candidates)
    return candidates[0]


def _orders(reading: Reading, files: Sequence[str]) -> list[_Order]:
    """The orders by each number that gives every frame a place of its own and that the other numbers agree with.

    Others agree if they never fall: with minutes and seconds, 58, 59, 0 is the wrong order for 1:58, 1:59, 2:00. What
    follows an unbroken count may be anything, such as the sizes or scores of the frames.
    """
    columns = [[number_of(text) for text in column] for column in reading.columns if len(set(column)) > 1]
    columns = [column for column in columns if len(set(column)) > 1]
    orders: list[_Order] = []
    for place, column in enumerate(columns):
        if len(set(column)) < len(files):
            continue
        positions = sorted(range(len(files)), key=column.__getitem__)
        numbers = tuple(column[position] for position in positions)
        is_even = are_even(numbers)
        agree = all(other[one] <= other[next_one] for other in columns for one, next_one in pairwise(positions))
        if agree or (is_even and (place == 0 or orders)):
            how = reading.how if len(columns) == 1 else f"number {place + 1} of {len(columns)} ({reading.how})"
            names = tuple(files[position] for position in positions)
            orders.append(_Order(names, how, numbers, is_even, len(columns)))
    return orders


def _several_series(where: str, kinds: Counter[str]) -> DataError:
    shown = [f"{kind} ({count})" for kind, count in kinds.most_common(_SHOWN)]
    return DataError(
        f"the pictures in {PurePosixPath(where).name} do not form one series of frames",
        expected="names that differ in their number only, such as frame00001.png",
        found=", ".join(shown) + (f" and {len(kinds) - _SHOWN} more kinds" if len(kinds) > _SHOWN else ""),
        where=where,
        fix=f"move each series to a folder of its own; where it is one video, {_FIX}",
    )


def _no_counter(where: str, files: Sequence[str], readings: Sequence[Reading]) -> DataError:
    """No number gives each frame a place of its own."""
    for reading in readings:
        columns = [[number_of(text) for text in column] for column in reading.columns]
        varying = [column for column in columns if len(set(column)) > 1]
        if len(varying) < 2:
            numbers = (varying or columns)[0]
            (double, _), *_ = Counter(numbers).most_common(1)
            return DataError(
                f"the frames in {PurePosixPath(where).name} are numbered in two ways",
                expected="each number once",
                found=", ".join(file for file, number in zip(files, numbers, strict=True) if number == double),
                where=where,
                fix="move one of the two series to a folder of its own",
            )
    return DataError(
        f"the pictures in {PurePosixPath(where).name} do not form one series of frames",
        expected="names in which one number counts the frames, such as frame00001.png",
        found=f"names in which several numbers vary and none counts: {_few(sorted(files, key=natural_key))}",
        where=where,
        fix=f"move each series to a folder of its own; where it is one video, {_FIX}",
    )


def _ambiguous(where: str, orders: Sequence[_Order]) -> DataError:
    one, other = orders[:2]
    first = next(place for place, pair in enumerate(zip(one.files, other.files, strict=True)) if pair[0] != pair[1])
    shown = [f"by {order.how}: {_few(order.files[max(0, first - 1) :])}" for order in (one, other)]
    return DataError(
        f"the names of the frames in {PurePosixPath(where).name} can be read in two orders",
        expected="names that differ in one number, such as frame00001.png",
        found="".join(f"\n    {text}" for text in shown),
        where=where,
        fix=_FIX,
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names if len(names) <= _SHOWN else [*names[: _SHOWN - 1], "...", names[-1]])
