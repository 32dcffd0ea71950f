"""Which notes are shown beside numbers: how pairs were found, and two others at most; ``-v`` shows all."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.protocols.metric_kind import NO_INTERVAL
from vidmbench.records.record import RunRecord
from vidmbench.reporting.tables.metrics import metric_label

#: Notes that are shown without -v.
SHOWN = 2
# How notes begin that tell how videos were made or chosen, which is no reason to doubt a number.
_TELLING = (
    "VIDM, ", "first frames: ", "the content frame ", "one draw of noise ", "the real videos taken cover ",
    "paired by name", "paired in order, as arrays have no names", "real side: ",
)  # fmt: skip
# How notes begin that say what a number is of; they are shown besides.
_ALWAYS = ("paired by name", "paired in order")


@dataclass(frozen=True)
class ShownNotes:
    """The notes of some numbers.

    Attributes:
        lines: What is printed.
        hidden: How many more there are.
    """

    lines: tuple[str, ...]
    hidden: int


def notes_of(records: Sequence[RunRecord], *, is_verbose: bool = False) -> ShownNotes:
    """Each note once, with the protocols or models it is of where it is not of all.

    Why a number has no interval is said with the numbers, and not again.

    Args:
        records: The runs.
        is_verbose: Whether all are shown.
    """
    owners: dict[str, list[_Owner]] = {}
    ranks: dict[str, tuple[bool, int]] = {}
    every = [_Owner(record.model, item.protocol, item.metric) for record in records for item in record.measurements]
    for record in records:
        for item in record.measurements:
            notes = [note for note in item.warnings if not note.startswith(NO_INTERVAL)]
            for place, note in enumerate(notes):
                rank = (note.startswith(_TELLING), place)
                ranks[note] = min(ranks.get(note, rank), rank)
                owners.setdefault(note, []).append(_Owner(record.model, item.protocol, item.metric))
    ordered = sorted(ranks, key=ranks.__getitem__)
    always = [note for note in ordered if note.startswith(_ALWAYS)]
    others = [note for note in ordered if not note.startswith(_ALWAYS)]
    shown = [*always, *(others if is_verbose else others[:SHOWN])]
    lines = [
        f"{'note' if note.startswith(_TELLING) else 'warning'}{_of(owners[note], every)}: {note}" for note in shown
    ]
    return ShownNotes(tuple(lines), len(ordered) - len(shown))


@dataclass(frozen=True)
class _Owner:
    """The number that a note is of."""

    model: str
    protocol: str
    metric: str


def _of(owners: list[_Owner], every: list[_Owner]) -> str:
    """The models, and the metric or else the protocols, that a note is of, where others are without it."""
    parts = []
    models = {owner.model for owner in owners}
    if models != {owner.model for owner in every}:
        parts.append(", ".join(sorted(models)))
    numbers = {(owner.protocol, owner.metric) for owner in owners}
    others = {(owner.protocol, owner.metric) for owner in every} - numbers
    if others:
        metrics = {metric for _, metric in numbers}
        is_metric = len(metrics) == 1 and not metrics & {metric for _, metric in others}
        names = map(metric_label, metrics) if is_metric else {protocol for protocol, _ in numbers}
        parts.append(", ".join(sorted(names)))
    return f" ({'; '.join(parts)})" if parts else ""
