"""Which prediction belongs to which target, by their names alone.

Names are compared without the endings of files. ``NAME_0``, ``NAME/0`` and ``0/NAME`` are predictions of ``NAME``, with
a word such as ``sample`` beside the number or without one.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vidmbench.core.files import natural_key
from vidmbench.videos.files.endings import ARRAY_SUFFIXES, PICTURE_SUFFIXES, VIDEO_SUFFIXES

_WORD = r"(?:samples?|preds?|predictions?|seed|run|s|p)"
_BEHIND = re.compile(rf"^(?P<target>.+?)[/_-]{_WORD}?[_-]?(?P<number>\d+)$", re.IGNORECASE)
_BEFORE = re.compile(rf"^(?:{_WORD}[_-]?)?(?P<number>\d+)/(?P<target>.+)$", re.IGNORECASE)
# What arrays call their videos, which have no names of their own.
_MADE_UP = re.compile(r"^(?:clip|video)(?P<number>\d{6})(?:_\d+)?$")
_ENDINGS = VIDEO_SUFFIXES | PICTURE_SUFFIXES | ARRAY_SUFFIXES


@dataclass(frozen=True)
class Match:
    """Predictions by the target that they belong to.

    Attributes:
        of_target: The predictions of each target, in the order of their numbers; one tuple a target, empty for none.
        foreign: Predictions without a target.
        words: How names were compared; empty where they are the same.
        is_said: Whether a word in the names says which number counts predictions.
    """

    of_target: tuple[tuple[int, ...], ...]
    foreign: tuple[int, ...]
    words: str = ""
    is_said: bool = False

    @property
    def samples(self) -> int:
        """Predictions that most targets have, of those that have any."""
        counts = Counter(len(found) for found in self.of_target if found)
        return max(counts, key=lambda count: (counts[count], count)) if counts else 0

    @property
    def num_matched(self) -> int:
        """Predictions that have a target."""
        return sum(map(len, self.of_target))

    def is_whole(self, wanted: int) -> bool:
        """Whether the first ``wanted`` targets have as many predictions each, and every prediction has a target."""
        counts = {len(found) for found in self.of_target[:wanted]}
        return not self.foreign and len(counts) == 1 and counts != {0}


@dataclass(frozen=True)
class _Reading:
    """What of a prediction's name is that of its target, and which prediction of it this is.

    Attributes:
        targets: Of each prediction.
        numbers: Of each prediction; empty where each is the only one.
        form: How messages show it.
        is_said: Whether a word says that the numbers count samples.
    """

    targets: tuple[str, ...]
    numbers: tuple[int, ...]
    form: str
    is_said: bool = False


def stem(name: str) -> str:
    """A name without the ending of a file of videos; dots of other kinds stay.

    Accents are composed, as systems differ in how they write the same letter into a file's name.
    """
    name = unicodedata.normalize("NFC", name)
    base, dot, ending = name.rpartition(".")
    return base if dot and base and f".{ending.lower()}" in _ENDINGS else name


def are_made_up(names: Sequence[str]) -> bool:
    """Whether they only count videos, as in arrays."""
    return all(_MADE_UP.match(name) for name in names)


def matches(targets: Sequence[str], predictions: Sequence[str], wanted: int) -> list[Match]:
    """All ways to find predictions of targets by name.

    Args:
        targets: Names of the targets, without endings.
        predictions: Names of the predictions.
        wanted: How many of the targets must have predictions.

    Returns:
        The whole matches if there are any, first the one whose names agree most; else the one that finds most; none
        where nothing agrees.
    """
    found = [
        match
        for reading in _readings(predictions)
        for match in (_match(targets, reading, words, spell) for words, spell in _SPELLINGS)
        if match is not None
    ]
    if whole := [match for match in found if match.is_whole(wanted)]:
        return (
            [match for match in whole if match.is_said]
            if whole[0].samples > 1 and any(match.is_said for match in whole)
            else whole
        )
    return [max(found, key=lambda match: match.num_matched)] if found else []


def groups(predictions: Sequence[str]) -> list[tuple[int, ...]]:
    """Several predictions of each of some videos, by their numbers; empty where the names say nothing of that."""
    for reading in _readings(predictions)[1:]:
        of_name: dict[str, list[int]] = {}
        for index, name in enumerate(reading.targets):
            of_name.setdefault(name, []).append(index)
        counts = {len(indices) for indices in of_name.values()}
        if len(counts) == 1 and counts != {1}:
            # Numbers come first in `0/NAME`: the order is that of the names, not of the files.
            names = sorted(of_name, key=natural_key)
            return [tuple(sorted(of_name[name], key=reading.numbers.__getitem__)) for name in names]
    return []


def _readings(predictions: Sequence[str]) -> list[_Reading]:
    readings = [_Reading(tuple(predictions), (), "{}")]
    patterns = [(_BEHIND, "{}_0"), (_BEFORE, "0/{}")]
    for pattern, form in patterns:
        parsed = [pattern.match(prediction) for prediction in predictions]
        if all(parsed) and parsed:
            names, numbers = zip(*((each["target"], int(each["number"])) for each in parsed if each), strict=True)
            is_folder = pattern is _BEHIND and "/" in predictions[0][len(names[0]) :]
            is_said = all(each and _counts_samples(each) for each in parsed)
            readings.append(_Reading(names, numbers, "{}/0" if is_folder else form, is_said))
    return readings


def _counts_samples(match: re.Match[str]) -> bool:
    """Whether a word says that the number counts samples; `pred_0` may be the name of a target too."""
    start, end = match.span("target")
    return bool(re.search(r"sample|seed|run", match.string[:start] + match.string[end:], re.IGNORECASE))


def _match(
    targets: Sequence[str], reading: _Reading, words: str, spell: Callable[[Sequence[str]], list[str] | None]
) -> Match | None:
    unique = list(dict.fromkeys(reading.targets))
    spelt_targets, spelt = spell(targets), spell(unique)
    if spelt_targets is None or spelt is None:
        return None
    place = {name: index for index, name in enumerate(spelt_targets)}
    target_of = {name: place.get(new) for name, new in zip(unique, spelt, strict=True)}
    of_target: list[list[int]] = [[] for _ in targets]
    foreign = []
    for index, name in enumerate(reading.targets):
        target = target_of[name]
        if target is None:
            foreign.append(index)
        else:
            of_target[target].append(index)
    if all(not found for found in of_target):
        return None
    if reading.numbers:
        of_target = [sorted(found, key=reading.numbers.__getitem__) for found in of_target]
    said = _difference(targets, unique, words, reading.form)
    return Match(tuple(map(tuple, of_target)), tuple(foreign), said, reading.is_said)


def _as_it_is(names: Sequence[str]) -> list[str]:
    return list(names)


def _bare(names: Sequence[str]) -> list[str]:
    """Names without the beginning and the ending that all of them share; digits stay whole."""
    start, end = _shared(names)
    return [name[len(start) : len(name) - len(end)] for name in names]


def _files(names: Sequence[str]) -> list[str] | None:
    """Names without folders; None where that leaves two alike."""
    files = [name.rpartition("/")[2] for name in names]
    return files if len(set(files)) == len(names) else None


def _whole_numbers(names: Sequence[str]) -> list[str] | None:
    """The numbers that names consist of without what they share, so that 7 is 007; None where one is not a number."""
    bare = _bare(names)
    if not all(name.isdecimal() for name in bare):
        return None
    numbers = [str(int(name)) for name in bare]
    return numbers if len(set(numbers)) == len(names) else None


def _lower_case(names: Sequence[str]) -> list[str] | None:
    """Names in lower case; None where that leaves two alike."""
    lower = [name.casefold() for name in names]
    return lower if len(set(lower)) == len(names) else None


_SPELLINGS: tuple[tuple[str, Callable[[Sequence[str]], list[str] | None]], ...] = (
    ("", _as_it_is),
    ("parts", _bare),
    ("folders", _files),
    ("numbers", _whole_numbers),
    ("case", _lower_case),
)


def _difference(targets: Sequence[str], names: Sequence[str], words: str, form: str) -> str:
    """How both sides' names differ, such as ``gt_NAME with pred_NAME_0``."""
    if words == "folders":
        return f"NAME with {form.format('NAME')}, folders left aside"
    if words == "case":
        return f"NAME with {form.format('NAME')}, upper and lower case alike"
    word = "NUMBER" if words == "numbers" else "NAME"
    sides = [word, form.format(word)]
    if words:
        sides = [
            form_of.format(f"{start}{word}{end}")
            for form_of, (start, end) in (("{}", _shared(targets)), (form, _shared(names)))
        ]
    if sides[0] == sides[1]:
        return "zeros before a number left aside" if words == "numbers" else ""
    return " with ".join(sides)


def _shared(names: Sequence[str]) -> tuple[str, str]:
    """The beginning and the ending that all names share, without digits at the inner end of either."""
    if len(names) < 2:
        return "", ""
    start = re.sub(r"\d+$", "", _common_start(names))
    rest = [name[len(start) :] for name in names]
    end = re.sub(r"^\d+", "", _common_start([name[::-1] for name in rest])[::-1])
    return start, end


def _common_start(texts: Iterable[str]) -> str:
    texts = list(texts)
    first, last = min(texts), max(texts)  # in alphabetical order: what these two share, all share
    length = next(
        (place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:length]
