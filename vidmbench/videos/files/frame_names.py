"""The order of a video's frames, from their names alone: by the number that varies, whole or decimal.

Names are read in several ways: with whole numbers, decimals, signs, times of day. A reading counts if it turns all
names into one pattern, and an order if it gives each frame a place of its own. Where two orders remain, the one with
even steps is taken; where that does not decide, the folder is refused: another order of frames is another score.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from os.path import splitext
from pathlib import PurePosixPath
from typing import NamedTuple

from vidmbench.core.errors import DataError
from vidmbench.core.files import natural_key
from vidmbench.videos.files.endings import SAME_SUFFIX

#: Chains such as 12.30.05 or 1.2.10 are dates and versions, whose parts are whole numbers. Exponents are as Python and
#: C print them, with a sign (4e-05); without one they are hexadecimal digits more often.
_CHAIN_OR_DECIMAL = r"[0-9]+(?:[.,][0-9]+){2,}|[0-9]+(?:[.,][0-9]+)?(?:[eE][+-][0-9]{1,3}(?![0-9]))?"
_WHOLE = re.compile(r"([0-9]+)")
_DECIMAL = re.compile(rf"({_CHAIN_OR_DECIMAL})")
_SIGNED = re.compile(rf"((?<![0-9])[+-](?:{_CHAIN_OR_DECIMAL})|{_CHAIN_OR_DECIMAL})")
_MAY_BE_DECIMAL = re.compile(r"[0-9](?:[.,]|[eE][+-])[0-9]")
#: A dash after a letter, a digit or a bracket separates (frame-1, frame-2); after a separator it may be a minus.
_AFTER_SEPARATOR = r"(?<![^\W_])(?<![)\]}])[+-]"
_MAY_BE_SIGNED = re.compile(rf"{_AFTER_SEPARATOR}[0-9]")
_SIGNED_AFTER_SEPARATOR = re.compile(rf"({_AFTER_SEPARATOR}(?:{_CHAIN_OR_DECIMAL})|{_CHAIN_OR_DECIMAL})")
#: After a letter that stands alone, it may have been meant as a minus: t-20, x-0.5.
_LETTER_AND_DASH = re.compile(r"(?<![^\W_])[A-Za-z]-(?!0[0-9])[0-9.,]+")
_TIME_OF_DAY = re.compile(
    r"(?P<date>(?<![0-9])[0-9]{4}(?P<dash>[-_.]?)[0-9]{2}(?P=dash)[0-9]{2}[T _-]*)?"
    r"(?<![0-9])(?P<h>[01][0-9]|2[0-3])(?P<mark>[-_.:h])(?P<m>[0-5][0-9])(?:(?P=mark)|(?<=h..)m)(?P<s>[0-5][0-9])"
    r"(?:[.,_-](?P<part>[0-9]{6}|[0-9]{3}))?(?![0-9])"
)
_LONGEST_INT = 1000  # digits; Python reads no integer of more than 4300
_SHOWN = 5
_FIX = "rename the frames so that they differ in one number, such as frame00001.png"

_Number = int | Decimal


class _Reading(NamedTuple):
    """One way to read the numbers in the names.

    Attributes:
        how: In words.
        columns: For each number of the pattern its text in every file, in the order of the files.
    """

    how: str
    columns: tuple[tuple[str, ...], ...]


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
    numbers: tuple[_Number, ...]
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
    stems, endings = zip(*map(_parts, files), strict=True)
    if len(set(endings)) > 1:
        raise _several_series(where, Counter(f"*{ending}" for ending in endings))
    readings = _readings(stems)
    if not readings:
        raise _several_series(where, Counter(_SIGNED.sub("#", stem) + endings[0] for stem in stems))
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


def _parts(file: str) -> tuple[str, str]:
    """A name without its ending, in one Unicode form, and the ending in one spelling."""
    stem, ending = splitext(file)
    ending = ending.lower()
    return stem if stem.isascii() else unicodedata.normalize("NFC", stem), SAME_SUFFIX.get(ending, ending)


def _readings(stems: Sequence[str]) -> list[_Reading]:
    """All readings that turn the names into one pattern; whole numbers first."""
    whole, decimal, signed, clock = _read("whole numbers", _WHOLE, stems), None, None, None
    if any(map(_MAY_BE_DECIMAL.search, stems)):
        decimal = _read("decimals", _DECIMAL, stems)
        if whole and decimal:
            fractions = [[text.partition(".")[2] for text in column] for column in decimal.columns]
            varying = [fraction for fraction in fractions if len(set(fraction)) > 1]
            may_be = (all(map(_may_be_whole, varying)), all(map(_may_be_fractions, varying)))
            whole, decimal = (whole, None) if may_be == (True, False) else (whole, decimal)
            whole, decimal = (None, decimal) if may_be == (False, True) else (whole, decimal)
    if whole is None and decimal is None:
        signed = _read("numbers with a sign", _SIGNED, stems)
    elif _MAY_BE_SIGNED.search(stems[0]):
        signed = _read("numbers with a sign", _SIGNED_AFTER_SEPARATOR, stems)
    times = [_TIME_OF_DAY.search(stem) for stem in stems]
    if all(times):
        clock = _read_times([time for time in times if time])
    return [reading for reading in (whole, decimal, signed, clock) if reading]


def _read(how: str, number: re.Pattern[str], stems: Iterable[str]) -> _Reading | None:
    """The numbers of all names; None where the names differ in anything else, or have none."""
    pattern: list[str] | None = None
    rows: list[list[str]] = []
    for stem in stems:
        parts = number.split(stem)
        texts, row = parts[::2], parts[1::2]
        row = [link for text in row for link in _links(text)] if number is not _WHOLE else row
        if pattern is None:
            pattern = texts
        if texts != pattern or (rows and len(row) != len(rows[0])):
            return None
        rows.append(row)
    return _Reading(how, tuple(zip(*rows, strict=True))) if rows and rows[0] else None


def _links(text: str) -> list[str]:
    """The parts of a chain of three or more numbers; anything else is one number."""
    parts = text.replace(",", ".").split(".")
    return parts if len(parts) > 2 else [".".join(parts)]


def _may_be_whole(fractions: Sequence[str]) -> bool:
    """Whether digits after a point may count by themselves: no billions, and if padded with zeros, to one width."""
    shortest = min(map(len, fractions))
    return not any(len(text) > 9 or (text.startswith("0") and len(text) > shortest) for text in fractions)


def _may_be_fractions(fractions: Sequence[str]) -> bool:
    """Whether digits after a point are as programs print fractions: of one length, or without zeros at the end."""
    return len(set(map(len, fractions))) == 1 or not any(text.endswith("0") and text != "0" for text in fractions)


def _read_times(times: Sequence[re.Match[str]]) -> _Reading | None:
    """Times of day as seconds, beside the other numbers; None where they may as well count scenes and shots."""
    stems, seconds = [], []
    for time in times:
        second = str(3600 * int(time["h"]) + 60 * int(time["m"]) + int(time["s"]))
        seconds.append(f"{second}.{time['part']}" if time["part"] else second)
        before = time.string[: time.start()] + (time["date"] or "")
        stems.append(f"{before}<{seconds[-1]}>{time.string[time.end() :]}")
    is_clock = all(time["date"] or time["mark"] in ":h" for time in times)
    if not is_clock and not _is_even(sorted(map(_number, seconds))):
        return None
    return _read("times of day", _DECIMAL, stems)


def _orders(reading: _Reading, files: Sequence[str]) -> list[_Order]:
    """The orders by each number that gives every frame a place of its own and that the other numbers agree with.

    Others agree if they never fall: with minutes and seconds, 58, 59, 0 is the wrong order for 1:58, 1:59, 2:00. What
    follows an unbroken count may be anything, such as the sizes or scores of the frames.
    """
    columns = [[_number(text) for text in column] for column in reading.columns if len(set(column)) > 1]
    columns = [column for column in columns if len(set(column)) > 1]
    orders: list[_Order] = []
    for place, column in enumerate(columns):
        if len(set(column)) < len(files):
            continue
        positions = sorted(range(len(files)), key=column.__getitem__)
        numbers = tuple(column[position] for position in positions)
        is_even = _is_even(numbers)
        agree = all(other[one] <= other[next_one] for other in columns for one, next_one in pairwise(positions))
        if agree or (is_even and (place == 0 or orders)):
            how = reading.how if len(columns) == 1 else f"number {place + 1} of {len(columns)} ({reading.how})"
            names = tuple(files[position] for position in positions)
            orders.append(_Order(names, how, numbers, is_even, len(columns)))
    return orders


def _number(text: str) -> _Number:
    is_whole = text.isdigit() or text[1:].isdigit()
    return int(text) if is_whole and len(text) < _LONGEST_INT else Decimal(text)


def _is_even(numbers: Sequence[_Number]) -> bool:
    """Whether rising numbers have equal steps; decimals up to the rounding of their last printed digit."""
    if all(isinstance(number, int) for number in numbers):
        return len({other - number for number, other in pairwise(numbers)}) == 1
    decimals = [Decimal(number) for number in numbers]
    first, last = float(decimals[0]), float(decimals[-1])
    step = (last - first) / (len(numbers) - 1)
    # Programs print a fixed number of digits after the point, or a fixed number of significant ones.
    after_point = max(-_exponent(number) for number in decimals)
    significant = max(len(number.as_tuple().digits) for number in decimals)
    last_digit = max(-after_point, max(number.adjusted() for number in decimals) - significant + 1)
    bound = 1.5 * 10.0 ** min(300, last_digit) + 1e-9 * max(abs(first), abs(last))
    return all(abs(float(number) - (first + place * step)) <= bound for place, number in enumerate(decimals))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # not the letter of an infinity or of no number
    return exponent


def _several_series(where: str, kinds: Counter[str]) -> DataError:
    shown = [f"{kind} ({count})" for kind, count in kinds.most_common(_SHOWN)]
    return DataError(
        f"the pictures in {PurePosixPath(where).name} do not form one series of frames",
        expected="names that differ in their number only, such as frame00001.png",
        found=", ".join(shown) + (f" and {len(kinds) - _SHOWN} more kinds" if len(kinds) > _SHOWN else ""),
        where=where,
        fix=f"move each series to a folder of its own; where it is one video, {_FIX}",
    )


def _no_counter(where: str, files: Sequence[str], readings: Sequence[_Reading]) -> DataError:
    """No number gives each frame a place of its own."""
    for reading in readings:
        columns = [[_number(text) for text in column] for column in reading.columns]
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
