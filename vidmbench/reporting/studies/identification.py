"""What ``identify`` found: a text and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidmbench.core.text import counted
from vidmbench.evaluation.studies.identify import Candidate, Identification
from vidmbench.evaluation.studies.identify_feeds import PREFIXES
from vidmbench.sources.golden_sets import SETS

#: Combinations that are listed one by one; of more, what they share is said and in what they differ.
_MOST_LISTED = 12
_FIELDS = {
    "eps": "batch-norm epsilon",
    "first": "first resizing",
    "wide": "224 x 400 fed",
    "longer": "short clips",
    "mirrored": "mirrored clips",
    "crop": "crop",
    "rs": "resizing",
    "range": "range",
    "frames": "frames",
    "colours": "colours",
    "layer": "features",
    "covariance": "covariance",
    "form": "clips",
    "root": "root",
}
_VALUES = {
    "pm1": "-1..1",
    "01": "0..1",
    "0255": "0..255",
    "bilinear-hp": "bilinear",
    "bilinear-tf1": "TensorFlow 1's bilinear",
    "bicubic-pil": "Pillow's bicubic on floats",
    "short-centre": "short side and centre crop",
    "flattened": "seven places one after the other",
    "pool-7x13": "one pool over it",
    "spatial-mean": "the mean of seven places",
    "each-twice": "each frame twice",
    "hold-last-to-10": "last frame held to 10 frames",
    "linear-to-16": "interpolated to 16 frames",
    "n": "N",
    "n-1": "N - 1",
}
_SLIPS = {
    ("colours", "bgr"): "frames as BGR",
    ("colours", "bgr real"): "real frames as BGR, the scored ones as RGB",
    ("colours", "bgr fake"): "scored frames as BGR, the real ones as RGB",
    ("layer", "pooled"): "the 1,024 pooled features instead of logits",
    ("layer", "softmax"): "softmax instead of logits",
    ("layer", "logits, pool 1"): "no pool over two time steps before the mean over time",
    ("form", "ridge 1e-6"): "1e-6 added to both covariances",
    ("form", "first 16 clips"): "the first 16 clips alone: a last batch that is not full dropped",
    ("root", "yes"): "square root of the distance",
    ("crop", "none"): "squashed instead of short side and centre crop",
    ("crop", "short-centre"): "short side and centre crop instead of squashed",
    ("first", "none"): "no first resizing",
    ("mirrored", "real"): "every real clip mirrored as well",
    ("mirrored", "none"): "without mirrored clips",
    ("wide", "none"): "squares fed instead of 224 x 400",
    ("longer", "none"): "clips as short as they are",
}


def change_words(field: str, own: str, published: str) -> str:
    """One changed choice in words; common slips have their names.

    Args:
        field: Its name.
        own: What the combination has.
        published: What the convention has.
    """
    if (field, own) in _SLIPS:
        return _SLIPS[field, own]
    if field == "range" and published == "pm1":
        return f"{_VALUES[own]} fed to a network that wants -1..1"
    if field == "form" and own.startswith("batches"):
        return f"mean over {own} instead of one distance: N = 24 from a batch mean"
    if field == "frames":
        return f"frames: {own} instead of {published}"
    if field == "first":
        kernel, size, *rows = own.split(".")
        words = "Pillow's bicubic" if kernel == "bicubic-pil" else _VALUES.get(kernel, kernel)
        lowest = f", lowest {rows[0].removeprefix('bottom')} rows" if rows else ""
        return f"a first resizing to {size.replace('x', ' x ')} ({words}{lowest})"
    if field == "wide":
        return f"224 x 400 fed instead of squares: {_VALUES[own]}"
    if field == "longer":
        return _VALUES[own]
    if field == "covariance":
        return f"covariance by {_VALUES[own]} instead of {_VALUES[published]}"
    name = _FIELDS.get(field, field)
    return f"{name} {_VALUES.get(own, own)} instead of {_VALUES.get(published, published)}"


def combination_words(candidate: Candidate) -> str:
    """A combination in words, such as ``fvd-videogpt with frames as BGR``."""
    names = ", ".join(candidate.names)
    if names:
        return f"{names} {_at(candidate.fields['frames'])}"
    changes = "; ".join(change_words(field, *pair) for field, pair in candidate.changes.items())
    return f"{candidate.base} with {changes}"


def _at(frames: str) -> str:
    """Which frames are scored, such as ``at 16 frames``."""
    if frames == PREFIXES:
        return f"at the {frames} frames"
    return f"at {frames.removeprefix('first ')} frames" if frames.startswith("first ") else f"at frames {frames}"


def identification_text(answer: Identification) -> str:
    """The answer for people.

    Args:
        answer: What was found.
    """
    what = " and ".join(f"{each.text} on {name}" for name, each in answer.numbers.items())
    lines: list[str] = []
    others = [each for each in answer.found if not each.names]
    if answer.names:
        lines.append(f"{what}: " + (" or ".join(map(combination_words, _published(answer)))))
        lines += _values(answer, _published(answer))
        if others:
            lines += ["", f"{counted(len(others), 'combination')} that nobody published also {_give(others)} it:"]
    elif others:
        lines.append(f"{what}: no published convention, but {counted(len(others), 'combination')} of choices")
    else:
        nearest = answer.nearest
        lines.append(f"{what}: none")
        lines.append(
            f"  Neither a published convention that was tried nor any of {answer.num_tried:,} combinations gives it."
        )
        lines.append(f"  Nearest, and not the answer: {combination_words(nearest)} ({_apart(answer, nearest)})")
    lines += _listed(answer, others)
    if answer.skipped and not answer.names:
        lines += ["", f"Published conventions not tried (--json says why): {', '.join(answer.skipped)}"]
    lines += ["", *_reliability(answer)]
    return "\n".join(lines)


def _give(found: Sequence[Candidate]) -> str:
    return "gives" if len(found) == 1 else "give"


def _published(answer: Identification) -> list[Candidate]:
    return [each for each in answer.found if each.names]


def _values(answer: Identification, found: Sequence[Candidate]) -> list[str]:
    return [
        "  computed here: " + "; ".join(f"{value:.10g} on {name}" for name, value in _in_order(answer, each).items())
        for each in found
    ]


def _in_order(answer: Identification, candidate: Candidate) -> Mapping[str, float]:
    return {name: candidate.values[name] for name in answer.numbers}


def _listed(answer: Identification, others: Sequence[Candidate]) -> list[str]:
    """Combinations one a line, or in groups where there are many."""

    def line(candidate: Candidate) -> str:
        values = " and ".join(f"{value:.10g}" for value in _in_order(answer, candidate).values())
        return f"  {values}  {combination_words(candidate)}"

    if len(others) <= _MOST_LISTED:
        return [line(each) for each in others]
    fields = list(dict.fromkeys(field for each in others for field in each.fields))
    sets = {field: list(dict.fromkeys(each.fields.get(field, "none") for each in others)) for field in fields}
    shared = [f"{_FIELDS.get(field, field)} {_VALUES.get(v[0], v[0])}" for field, v in sets.items() if len(v) == 1]
    differing = [
        f"{_FIELDS.get(field, field)} ({', '.join(_VALUES.get(value, value) for value in values)})"
        for field, values in sets.items()
        if len(values) > 1
    ]
    return [
        *(line(each) for each in others[:_MOST_LISTED]),
        f"  and {len(others) - _MOST_LISTED} more (all with --json)",
        f"  all share: {'; '.join(shared) or 'nothing'}",
        f"  they differ in: {'; '.join(differing)}",
    ]


def _apart(answer: Identification, candidate: Candidate) -> str:
    return ", ".join(
        f"{candidate.values[name]:.10g} on {name}, {_change(candidate.values[name] / each.value)}"
        for name, each in answer.numbers.items()
    )


def _change(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.2g} %" if 0.1 < ratio < 10 else f"{ratio:.2g} times"


def _reliability(answer: Identification) -> list[str]:
    """How much the answer is worth, and how to be surer."""
    said: list[str] = []
    if answer.found:
        fit = "fits" if len(answer.found) == 1 else "fit"
        said.append(f"Of {answer.num_tried:,} combinations {len(answer.found)} {fit}, within 1e-4 or the digits given.")
        chance = answer.chance_published if answer.names else answer.chance
        which = "a published convention" if answer.names else "some combination"
        odds = f"1 in {max(1, round(1 / chance)):,}" if chance > 1e-9 else "fewer than 1 in a billion"
        said.append(f"Of other numbers about as large {odds} would fit {which} by chance.")
    if not answer.found:
        said.append(
            "Check that your code scored all videos of both sides. TF32, the default of many GPUs, moves a distance "
            "by up to 0.4 %."
        )
    elif len(answer.numbers) == 1:
        other = "wide" if "square" in answer.numbers else "square"
        which = "the other set" if set(answer.numbers) & set(SETS) else "a golden set"
        said.append(f"To be surer, run your code on {which} too, then: vidmbench identify VALUE --on {other}")
    return said


def identification_json(answer: Identification) -> dict[str, Any]:
    """The answer for programs."""

    def entry(candidate: Candidate) -> dict[str, Any]:
        return {
            "protocols": list(candidate.names),
            "words": combination_words(candidate),
            "values": dict(_in_order(answer, candidate)),
            "choices": dict(candidate.fields),
            "nearest_protocol": candidate.base,
            "changes": {field: {"value": own, "protocol": pub} for field, (own, pub) in candidate.changes.items()},
        }

    return {
        "values": {name: each.value for name, each in answer.numbers.items()},
        "tolerances": {name: each.tolerance for name, each in answer.numbers.items()},
        "answer": "protocol" if answer.names else "combination" if answer.found else "none",
        "protocols": list(dict.fromkeys(answer.names)),
        "found": [entry(each) for each in answer.found],
        "nearest": None if answer.found else entry(answer.nearest),
        "num_tried": answer.num_tried,
        "chance": answer.chance_published if answer.names else answer.chance,
        "skipped": dict(answer.skipped),
    }


@dataclass(frozen=True)
class Verdict:
    """Whether a code follows a convention.

    Attributes:
        claims: The convention that it claims to follow; None where none was named.
        holds: Whether its number is the convention's; without a claim, whether anything that was tried gives it.
        text: A line for people.
    """

    claims: str | None
    holds: bool
    text: str


def verdict(answer: Identification, claims: str | None) -> Verdict:
    """Holds a number to a convention.

    Args:
        answer: What was found.
        claims: The convention; None for none.
    """
    instead = "nothing that was tried gives this number"
    if answer.found:
        more = f", or {len(answer.found) - 1} more" if len(answer.found) > 1 else ""
        instead = f"this is the number of {combination_words(answer.found[0])}{more}"
    if claims is None:
        return Verdict(None, bool(answer.found), instead)
    if claims in answer.names:
        return Verdict(claims, True, f"claims {claims}: yes")
    if claims in answer.skipped:
        return Verdict(claims, False, f"claims {claims}: not checked, it {answer.skipped[claims]}")
    return Verdict(claims, False, f"claims {claims}: no, {instead}")


def sensitivity_table(moves: Mapping[tuple[str, str], Mapping[str, float]], published: Mapping[str, str]) -> str:
    """How far each single choice moves the number, as a Markdown table.

    Args:
        moves: From :func:`vidmbench.evaluation.studies.identify_sensitivity.sensitivities`.
        published: The choices of the convention that they change.
    """
    rows = ["| changed alone | square | wide |", "| :-- | --: | --: |"]
    for (field, own), by_set in moves.items():
        cells = [_percent(by_set[name]) if name in by_set else "" for name in ("square", "wide")]
        words = change_words(field, own, published.get(field, "none")).partition(": N = 24")[0]
        rows.append(f"| {words} | {cells[0]} | {cells[1]} |")
    return "\n".join(rows)


def _percent(share: float) -> str:
    return f"{100 * share:+.{2 if abs(share) > 1e-3 else 3}f} %"
