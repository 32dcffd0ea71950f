"""The first section of a report: for each data set and clip length, which model is better, and how surely.

A number compares with another of the same signature only, so a leaderboard is of one signature. The rank of a model is
one more than the number of models that are surely better: whose interval ends before its own begins. Models of equal
rank are not distinguishable by these intervals; the paired test of ``vidmbench compare-models`` may still do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vidmbench.core.text import counted
from vidmbench.records.measurement import overlap
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.jinja import render
from vidmbench.reporting.page.html import Section, data_of
from vidmbench.reporting.plots.selection import number_text
from vidmbench.reporting.tables.metrics import Better, better_of, metric_label, with_arrow
from vidmbench.sources.names import is_reference


@dataclass(frozen=True)
class Standing:
    """One model on a leaderboard.

    Attributes:
        model: Its label.
        measurement: Its latest number of this signature.
        rank: 1 for the best; None where it is not ranked.
        reason: Why not; empty where it is.
    """

    model: str
    measurement: Measurement
    rank: int | None
    reason: str = ""


@dataclass(frozen=True)
class Leaderboard:
    """All numbers of one signature.

    Attributes:
        data: The real side in words.
        better: Which way is better; None where the metric does not say.
        models: Best first; models that are not ranked after the others.
        references: Controls and static baselines, best first.
    """

    data: str
    better: Better | None
    models: tuple[Standing, ...]
    references: tuple[Standing, ...]

    @property
    def first(self) -> Measurement:
        """A measurement of it, for what all have in common."""
        return (*self.models, *self.references)[0].measurement


def leaderboards(records: Sequence[RunRecord]) -> list[Leaderboard]:
    """Those that have a model: of several models first, then FVD, then the latest.

    Args:
        records: Records, oldest first.
    """
    latest: dict[str, dict[str, tuple[RunRecord, Measurement]]] = {}
    for record in records:
        for measurement in record.measurements:
            if measurement.status == "ok" and measurement.value is not None:
                numbers = latest.pop(measurement.signature_id, {})
                latest[measurement.signature_id] = {**numbers, record.model: (record, measurement)}
    boards = [board for numbers in reversed(latest.values()) if (board := _board(numbers)).models]
    return sorted(boards, key=lambda board: (len(board.models) < 2, board.first.metric != "fvd"))


def _board(numbers: dict[str, tuple[RunRecord, Measurement]]) -> Leaderboard:
    """The leaderboard of one signature, from the latest number of each model."""
    record, first = next(iter(numbers.values()))
    better = better_of(first)
    order = sorted(
        ((model, measurement) for model, (_, measurement) in numbers.items()),
        key=lambda pair: (pair[1].value or 0.0) * (-1 if better == "higher" else 1),
    )
    models = [(model, item, _reason(item, better)) for model, item in order if not is_reference(model)]
    rivals = [item for _, item, reason in models if not reason]
    standings = [
        Standing(
            model, item, None if reason else 1 + sum(_is_surely_better(one, item, better) for one in rivals), reason
        )
        for model, item, reason in models
    ]
    return Leaderboard(
        data_of(record, first),
        better,
        tuple(sorted(standings, key=lambda standing: standing.rank is None)),
        tuple(Standing(model, item, None) for model, item in order if is_reference(model)),
    )


def _reason(measurement: Measurement, better: Better | None) -> str:
    """Why a number is not ranked; empty where it is."""
    if better is None:
        return "not ranked: the metric does not say which way is better"
    if measurement.interval is None:
        return "not ranked: no interval"
    notes = [note for note in measurement.warnings if note.startswith("first frames: ")]
    if any(not note.startswith("first frames: generated") for note in notes):
        return "not ranked: it continues given frames"
    return ""


def _is_surely_better(one: Measurement, other: Measurement, better: Better | None) -> bool:
    assert one.interval is not None
    assert other.interval is not None
    if overlap(one.interval, other.interval):
        return False
    return (one.interval[0] < other.interval[0]) == (better == "lower")


def verdict(board: Leaderboard) -> str:
    """Which model is better, and how surely, in a sentence.

    Args:
        board: The leaderboard.
    """
    ranked = [standing.model for standing in board.models if standing.rank is not None]
    leaders = [standing.model for standing in board.models if standing.rank == 1]
    if not ranked:
        return "No model is ranked here."
    if len(ranked) == 1:
        return f"{ranked[0]} is the only model with a number that can be ranked."
    if len(leaders) == 1:
        side = "below" if board.better == "lower" else "above"
        others = "that of the other" if len(ranked) == 2 else "those of all others"
        return f"{leaders[0]} is best: its interval lies {side} {others}."
    rest = len(ranked) - len(leaders)
    worse = f" Below them: {counted(rest, 'model')}, surely worse than at least one of these." if rest else ""
    return f"Not distinguishable: {_listed(leaders)}, whose intervals overlap.{worse}"


def _listed(names: Sequence[str]) -> str:
    """Up to four names in words."""
    shown = list(names) if len(names) <= 4 else [*names[:3], f"{len(names) - 3} others"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def leaderboard_section(records: Sequence[RunRecord]) -> Section:
    """For each data set the leaderboards of each clip length: the first of each, and folded away the others.

    Args:
        records: Records, oldest first.
    """
    groups: dict[tuple[str, str], dict[int, list[Leaderboard]]] = {}
    for board in leaderboards(records):
        lengths = groups.setdefault((board.first.real.digest, board.data), {})
        lengths.setdefault(board.first.frames, []).append(board)
    shown = [
        {
            "data": data,
            "boards": [_shown(lengths[frames][0]) for frames in sorted(lengths)],
            "others": [_shown(board) for frames in sorted(lengths) for board in lengths[frames][1:]],
        }
        for (_, data), lengths in groups.items()
    ]
    html = render("vidmbench.reporting.page", "leaderboards.html", groups=shown)
    return Section("leaderboard", "Leaderboard", html)


def _shown(board: Leaderboard) -> dict[str, Any]:
    """What the template prints of one leaderboard."""
    first = board.first
    ends = [end for standing in board.models for end in standing.measurement.interval or ()]
    low, high = min(ends, default=0.0), max(ends, default=0.0)

    def share(value: float) -> float:
        return 4 + 92 * (value - low) / (high - low) if high > low else 50.0

    def row(standing: Standing) -> dict[str, Any]:
        item = standing.measurement
        assert item.value is not None
        places = None
        if item.interval is not None and not is_reference(standing.model):
            places = [f"{share(value):.2f}%" for value in (item.interval[0], item.value, item.interval[1])]
        return {
            "model": standing.model,
            "rank": "" if standing.rank is None else standing.rank,
            "is_best": standing.rank == 1,
            "number": number_text(item),
            "reason": standing.reason,
            "places": places,
        }

    return {
        "frames": first.frames,
        "metric": with_arrow(metric_label(first.metric), board.better),
        "counts": f"{first.num_real}+{first.num_fake}",
        "protocol": first.protocol,
        "signature_id": first.signature_id,
        "verdict": verdict(board),
        "models": [row(standing) for standing in board.models],
        "references": [row(standing) for standing in board.references],
    }
