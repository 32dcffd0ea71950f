"""Which published convention, or which combination of choices, gives a number on a golden set."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import numpy as np

from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.evaluation.studies.identify_conventions import fields_of, reason_against
from vidmbench.evaluation.studies.identify_feeds import FRAME_RULES, PREFIXES, conventions, feeds
from vidmbench.evaluation.studies.identify_grams import read_grams
from vidmbench.evaluation.studies.identify_values import all_values
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names
from vidmbench.sources.golden_sets import NUM_CLIPS, SETS, golden_set

#: A combination gives a number if it is that close to it, relatively: codes agree to 1e-5 or better.
TOLERANCE = 1e-4
#: Combinations are tried that differ from a published convention in this many choices or fewer.
MOST_CHANGES = 2
_NOTHING = "none"
#: Less than this is rounding: one of the networks' outputs is the same for all clips.
_SOME = 1e-9
_LEAST = 1e-300
_WINDOW = 0.25  # natural logarithm: the stretch about a number over which combinations are counted


@dataclass(frozen=True)
class Number:
    """A number as it was printed.

    Attributes:
        text: Its digits.
        value: Itself, above 0.
        half_digit: Half a unit of its last digit.
    """

    text: str
    value: float
    half_digit: float

    @property
    def tolerance(self) -> float:
        """How far a number may be from it: half of its last digit, or 1e-4 of it if that is more."""
        return max(self.half_digit, TOLERANCE * self.value)

    def fits(self, value: float) -> bool:
        """Whether a number is within that distance."""
        return abs(value - self.value) <= self.tolerance * (1 + 1e-9)


def number(text: str, where: str = "VALUE") -> Number:
    """Reads a number as people print it.

    Raises:
        UsageError: It is not a number, or NaN, infinite, negative or 0.
    """

    def wrong(problem: str) -> UsageError:
        return UsageError(problem, expected="a distance above 0, such as 132.19", found=text, where=where)

    try:
        decimal = Decimal(text.strip() if "_" not in text else "")  # which Python takes for a separator
    except InvalidOperation:
        raise wrong(
            "this is not a number: write it without signs and separators" if "," in text else "this is not a number"
        ) from None
    if decimal.is_nan():
        raise wrong("NaN is what a code prints that failed: no convention gives it")
    if decimal.is_infinite():
        raise wrong("an infinite distance comes from no convention")
    if decimal < 0:
        raise wrong("a Fréchet distance is never negative, nor is its root")
    value = float(decimal)
    if not _LEAST < value < 1 / _LEAST:
        raise wrong("this distance is out of range: the two sides differ, and neither by 1e-300 nor by 1e300")
    exponent = decimal.as_tuple().exponent
    return Number(text.strip(), value, 0.5 * 10.0**exponent if isinstance(exponent, int) else 0.0)


@dataclass(frozen=True)
class Candidate:
    """One combination of choices.

    Attributes:
        fields: Every choice by name.
        values: The number that it gives, by golden set.
        names: The published conventions that are this combination.
        base: The nearest published convention; the first of ``names`` where there are any.
        changes: The choices in which it differs from that: name to (its own, the convention's).
    """

    fields: Mapping[str, str]
    values: Mapping[str, float]
    names: tuple[str, ...]
    base: str
    changes: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Identification:
    """An answer.

    Attributes:
        numbers: The number by golden set.
        found: Every combination that gives it, published conventions first, then by changes.
        nearest: The combination that comes nearest where there is none.
        num_tried: How many were tried.
        chance: The share of numbers about as large that meet one of them by chance.
        chance_published: The same for published conventions alone.
        skipped: Published conventions without a number here, each with the reason.
    """

    numbers: Mapping[str, Number]
    found: tuple[Candidate, ...]
    nearest: Candidate
    num_tried: int
    chance: float
    chance_published: float
    skipped: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Published conventions that give the number."""
        return tuple(name for candidate in self.found for name in candidate.names)


def identify(numbers: Mapping[str, Number], *, frames: int | None = None) -> Identification:
    """Looks for what gives a number.

    Args:
        numbers: What one code printed, by golden set: of two sets a combination has to give both.
        frames: Only clips of that many frames; None tries all lengths.

    Raises:
        UsageError: No clips of that many frames are tried.
    """
    tried = candidates(tuple(sorted(numbers)))
    lengths = sorted({len(rule) for rule in FRAME_RULES.values()})
    if frames is not None:
        tried = tuple(each for each in tried if len(FRAME_RULES.get(each.fields["frames"], range(16))) == frames)
        if not tried:
            raise UsageError(
                "the golden sets have no tables for clips of this length",
                expected=f"one of {', '.join(map(str, lengths))}",
                found=str(frames),
                where="--frames",
                fix="omit --frames: every length is tried then",
            )

    return answer(numbers, tried, skipped=_skipped({name for each in tried for name in each.names}))


def answer(numbers: Mapping[str, Number], tried: Sequence[Candidate], *, skipped: Mapping[str, str]) -> Identification:
    """Which of some combinations give a number.

    Args:
        numbers: The number by set of videos.
        tried: Combinations with their numbers, at least one.
        skipped: Published conventions that are not among them, each with the reason.
    """

    def distance(candidate: Candidate) -> float:
        return max(_apart(candidate.values[name], each.value) for name, each in numbers.items())

    found = [each for each in tried if all(one.fits(each.values[name]) for name, one in numbers.items())]
    found.sort(key=lambda each: (len(each.changes), distance(each)))
    return Identification(
        numbers=dict(numbers),
        found=tuple(found),
        nearest=min(tried, key=distance),
        num_tried=len(tried),
        chance=_chance(tried, numbers),
        chance_published=_chance([each for each in tried if each.names], numbers),
        skipped=skipped,
    )


def _apart(value: float, given: float) -> float:
    """How far a value is from a given one, as a ratio: twice as much is as far as half."""
    return abs(math.log(value / given)) if value > 0 else math.inf


def _chance(tried: Sequence[Candidate], numbers: Mapping[str, Number]) -> float:
    """The share of numbers near these that fit a combination: from how close together the combinations lie."""

    def near(candidate: Candidate) -> bool:
        values = [(candidate.values[name], one.value) for name, one in numbers.items()]
        return all(value > 0 and abs(math.log(value / given)) <= _WINDOW for value, given in values)

    places = {tuple(round(math.log(each.values[name]), 7) for name in numbers) for each in tried if near(each)}
    share = math.prod(min(1.0, one.tolerance / one.value / _WINDOW) for one in numbers.values())
    return 1 - math.exp(-len(places) * share)


def _skipped(known: set[str]) -> dict[str, str]:
    return {spec.name: _reason(spec) for spec in conventions() if spec.name not in known}


def _reason(spec: ProtocolSpec) -> str:
    return reason_against(spec) or "makes choices that are not tried"


@lru_cache(maxsize=4)
def candidates(names: tuple[str, ...]) -> tuple[Candidate, ...]:
    """All combinations that are tried on some golden sets.

    Args:
        names: The sets; of two, those that have a number on both.
    """
    tables = {name: combinations(name) for name in names}
    leading = names[-1]  # wide tells more combinations apart than square
    rows: list[tuple[dict[str, str], dict[str, float]]] = []
    for key, value in tables[leading].items():
        fields, values = dict(sorted(key)), {leading: value}
        for other in names[:-1]:
            there = tables[other].get(_key(_on_set(fields, other)))
            if there is not None:
                values[other] = there
        if len(values) == len(names) and min(values.values()) > _SOME:
            rows.append((fields, values))
    points = [(spec.name, point) for spec in conventions() for point in fields_of(spec, leading)]
    # A convention whose features were not computed is not the nearest of anything.
    return _placed(rows, [(convention, point) for convention, point in points if _key(point) in tables[leading]])


def _placed(
    rows: Sequence[tuple[dict[str, str], dict[str, float]]], points: Sequence[tuple[str, dict[str, str]]]
) -> tuple[Candidate, ...]:
    """Combinations with the nearest convention of each; without those that are far from all."""
    if not points:
        return ()
    every = list(dict.fromkeys(field for _, point in points for field in point))
    codes: dict[str, int] = {}

    def coded(fields: Mapping[str, str]) -> list[int]:
        return [codes.setdefault(fields.get(field, _NOTHING), len(codes)) for field in every]

    ours, theirs = np.array([coded(fields) for fields, _ in rows]), np.array([coded(point) for _, point in points])
    apart = (ours[:, None, :] != theirs).sum(axis=2)
    found = []
    for (fields, values), changes in zip(rows, apart, strict=True):
        nearest = int(changes.argmin())
        if changes[nearest] > MOST_CHANGES:
            continue
        base, point = points[nearest]
        both = {field: (fields.get(field, _NOTHING), point.get(field, _NOTHING)) for field in every}
        names = tuple(dict.fromkeys(points[index][0] for index in np.flatnonzero(changes == 0).tolist()))
        different = {field: pair for field, pair in both.items() if pair[0] != pair[1]}
        found.append(Candidate(fields, values, names, base, different))
    return tuple(found)


def _on_set(fields: Mapping[str, str], name: str) -> dict[str, str]:
    """The same combination on another set: of frames that are square nothing is cropped."""
    is_square = name == "square" and "x" not in fields.get("first", "")
    return {**fields, "crop": "none"} if is_square else dict(fields)


def _key(fields: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(fields.items())


@lru_cache(maxsize=2)
def combinations(name: str) -> dict[frozenset[tuple[str, str]], float]:
    """The number of every combination of one set."""
    known = {feed.key: feed.fields for feed in feeds(name)}
    found: dict[frozenset[tuple[str, str]], float] = {}
    for grams in read_grams(name, golden_set(name).digest):
        for (divisor, form), values in all_values(grams.tables, len(grams.tables[0]) - NUM_CLIPS).items():
            for (key, layer), value in zip(grams.keys, values, strict=True):
                if key in known:
                    fields = {**known[key], "layer": layer, "covariance": divisor, "form": form, "root": "no"}
                    found[_key(fields)] = float(value)
    found.update(_means_over_prefixes(found))
    roots = {_key({**dict(key), "root": "yes"}): math.sqrt(max(value, 0.0)) for key, value in found.items()}
    return found | roots


def _means_over_prefixes(
    values: Mapping[frozenset[tuple[str, str]], float],
) -> dict[frozenset[tuple[str, str]], float]:
    """The mean of the numbers of the first 10 to the first 16 frames, wherever all of them are known."""
    prefixes = [f"first {count}" for count in range(10, 17)]
    groups: dict[frozenset[tuple[str, str]], list[float]] = {}
    for key, value in values.items():
        fields = dict(key)
        if fields["frames"] in prefixes:
            groups.setdefault(_key({**fields, "frames": PREFIXES}), []).append(value)
    return {key: sum(each) / len(each) for key, each in groups.items() if len(each) == len(prefixes)}


def checked_claim(name: str) -> str:
    """A convention that a code claims to follow.

    Raises:
        ProtocolError: There is no such protocol.
        UsageError: It is not an FVD on I3D.
        DataError: The golden clips are too short for it.
    """
    known = {spec.name: spec for spec in conventions()}
    if name not in protocol_names():
        raise unknown("protocol", name, known, where="--claims", fix="see them all: vidmbench list protocols")
    if name not in known:
        raise UsageError(
            "identify knows Fréchet distances on I3D alone",
            expected=f"one of {', '.join(known)}",
            found=f"{name}, whose metric is {load_protocol(name).metric}",
            where="--claims",
        )
    if name not in {each for candidate in candidates(SETS) for each in candidate.names}:
        raise DataError(
            f"{name} cannot be checked on the golden sets",
            expected="a convention that has a number on clips of 20 frames",
            found=_reason(known[name]),
            where="--claims",
            fix=f"score your own videos with it: vidmbench score REAL FAKE --protocol {name}",
        )
    return name
