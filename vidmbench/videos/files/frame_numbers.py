"""The numbers in the names of frames: whole, decimal, with a sign, times of day."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from os.path import splitext
from typing import NamedTuple

from vidmbench.videos.files.endings import SAME_SUFFIX

#: Chains such as 12.30.05 or 1.2.10 are dates and versions, whose parts are whole numbers. Exponents are as Python and
#: C print them, with a sign (4e-05); without one they are hexadecimal digits more often.
_CHAIN_OR_DECIMAL = r"[0-9]+(?:[.,][0-9]+){2,}|[0-9]+(?:[.,][0-9]+)?(?:[eE][+-][0-9]{1,3}(?![0-9]))?"
_WHOLE = re.compile(r"([0-9]+)")
_DECIMAL = re.compile(rf"({_CHAIN_OR_DECIMAL})")
SIGNED = re.compile(rf"((?<![0-9])[+-](?:{_CHAIN_OR_DECIMAL})|{_CHAIN_OR_DECIMAL})")
_MAY_BE_DECIMAL = re.compile(r"[0-9](?:[.,]|[eE][+-])[0-9]")
#: A dash after a letter, a digit or a bracket separates (frame-1, frame-2); after a separator it may be a minus.
_AFTER_SEPARATOR = r"(?<![^\W_])(?<![)\]}])[+-]"
_MAY_BE_SIGNED = re.compile(rf"{_AFTER_SEPARATOR}[0-9]")
_SIGNED_AFTER_SEPARATOR = re.compile(rf"({_AFTER_SEPARATOR}(?:{_CHAIN_OR_DECIMAL})|{_CHAIN_OR_DECIMAL})")
_TIME_OF_DAY = re.compile(
    r"(?P<date>(?<![0-9])[0-9]{4}(?P<dash>[-_.]?)[0-9]{2}(?P=dash)[0-9]{2}[T _-]*)?"
    r"(?<![0-9])(?P<h>[01][0-9]|2[0-3])(?P<mark>[-_.:h])(?P<m>[0-5][0-9])(?:(?P=mark)|(?<=h..)m)(?P<s>[0-5][0-9])"
    r"(?:[.,_-](?P<part>[0-9]{6}|[0-9]{3}))?(?![0-9])"
)
_LONGEST_INT = 1000  # digits; Python reads no integer of more than 4300

Number = int | Decimal


class Reading(NamedTuple):
    """One way to read the numbers in the names.

    Attributes:
        how: In words.
        columns: For each number of the pattern its text in every file, in the order of the files.
    """

    how: str
    columns: tuple[tuple[str, ...], ...]


def parts(file: str) -> tuple[str, str]:
    """A name without its ending, in one Unicode form, and the ending in one spelling."""
    stem, ending = splitext(file)
    ending = ending.lower()
    return stem if stem.isascii() else unicodedata.normalize("NFC", stem), SAME_SUFFIX.get(ending, ending)


def readings_of(stems: Sequence[str]) -> list[Reading]:
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
        signed = _read("numbers with a sign", SIGNED, stems)
    elif _MAY_BE_SIGNED.search(stems[0]):
        signed = _read("numbers with a sign", _SIGNED_AFTER_SEPARATOR, stems)
    times = [_TIME_OF_DAY.search(stem) for stem in stems]
    if all(times):
        clock = _read_times([time for time in times if time])
    return [reading for reading in (whole, decimal, signed, clock) if reading]


def _read(how: str, number: re.Pattern[str], stems: Iterable[str]) -> Reading | None:
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
    return Reading(how, tuple(zip(*rows, strict=True))) if rows and rows[0] else None


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


def _read_times(times: Sequence[re.Match[str]]) -> Reading | None:
    """Times of day as seconds, beside the other numbers; None where they may as well count scenes and shots."""
    stems, seconds = [], []
    for time in times:
        second = str(3600 * int(time["h"]) + 60 * int(time["m"]) + int(time["s"]))
        seconds.append(f"{second}.{time['part']}" if time["part"] else second)
        before = time.string[: time.start()] + (time["date"] or "")
        stems.append(f"{before}<{seconds[-1]}>{time.string[time.end() :]}")
    is_clock = all(time["date"] or time["mark"] in ":h" for time in times)
    if not is_clock and not are_even(sorted(map(number_of, seconds))):
        return None
    return _read("times of day", _DECIMAL, stems)


def number_of(text: str) -> Number:
    """The number that a text of digits, a sign, a point or an exponent stands for."""
    is_whole = text.isdigit() or text[1:].isdigit()
    return int(text) if is_whole and len(text) < _LONGEST_INT else Decimal(text)


def are_even(numbers: Sequence[Number]) -> bool:
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
