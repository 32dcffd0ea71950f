"""Signatures of several numbers in full: what they share once, then what each has of its own."""

from collections.abc import Sequence

from vidmbench.records.record import Measurement, RunRecord

_FAKES = "fakes:"


def signature_lines(records: Sequence[RunRecord]) -> list[str]:
    """The signatures of the numbers of some runs.

    Args:
        records: The runs.

    Returns:
        The parts that all share; a line for each signature with its other parts; and, where several models have one
        signature, the digest of each model's videos.
    """
    items = [item for record in records for item in record.measurements]
    if len(items) == 1:
        return [f"signature  {items[0].signature}  #{items[0].signature_id}"]
    own = {item.signature_id: _parts(item) for item in items}
    shared = [part for part in next(iter(own.values())) if all(part in parts for parts in own.values())]
    lines = [f"all signatures  {' | '.join(shared)}"] if shared else []
    for signature_id, parts in own.items():
        lines.append(f"  #{signature_id}  {' | '.join(part for part in parts if part not in shared)}".rstrip())
    fakes = dict.fromkeys((record.model, part) for record in records for part in _fakes(record.measurements))
    return [*lines, *(f"  {fake}  {model}" for model, fake in fakes)]


def _parts(item: Measurement) -> list[str]:
    return [part for part in item.signature.split(" | ") if not part.startswith(_FAKES)]


def _fakes(items: Sequence[Measurement]) -> list[str]:
    return [part for item in items for part in item.signature.split(" | ") if part.startswith(_FAKES)]
