"""Measured numbers in a layout: which records fill which cells, and with which footnotes."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cache

from vidmbench.core import resources
from vidmbench.core.declarations import load_toml
from vidmbench.protocols.signature import conflicts
from vidmbench.records.measurement import Measurement
from vidmbench.records.record import RunRecord
from vidmbench.reporting.tables.facts import number_cell
from vidmbench.reporting.tables.layout import Layout
from vidmbench.reporting.tables.parts import Entry, PartSpec, Row
from vidmbench.reporting.tables.values import Cell, Note
from vidmbench.sources.baselines.spec import BaselineSpec
from vidmbench.sources.names import baseline_names


def measured_series(
    layout: Layout, part: PartSpec, cases: Sequence[Entry], records: Sequence[RunRecord]
) -> list[tuple[str, list[Cell]]]:
    """Label and cells (one per case) of each measured row or column.

    Each pair of model and protocol has one; if two signatures fall on the same cell, the second opens another.
    """
    groups: dict[tuple[str, str], list[dict[str, list[tuple[RunRecord, Measurement]]]]] = {}
    for record in records:
        for measurement in record.measurements:
            for position, case in enumerate(cases):
                if record.model not in layout.claimed and layout.fits(part, case, record, measurement):
                    lines = groups.setdefault((record.model, measurement.protocol), [{} for _ in cases])
                    lines[position].setdefault(measurement.signature_id, []).append((record, measurement))
    series = []
    for (model, protocol), lines in sorted(groups.items()):
        has_several = sum(other == model for other, _ in groups) > 1
        filled = [
            [
                _measured_cell(layout, part, case, pairs, told={"protocol"} if has_several else set())
                for pairs in line.values()
            ]
            for case, line in zip(cases, lines, strict=True)
        ]
        for cells in filled:
            cells.sort(key=lambda cell: cell.kind == "failed")
        for nth in range(max(len(cells) for cells in filled)):
            kind = "reproduced" if any(cell.kind == "reproduced" for cells in filled for cell in cells) else "measured"
            # Where nothing is published beside it, a number that is measured goes without saying.
            words = [kind] * bool(layout.published) + [protocol] * has_several + [str(nth + 1)] * bool(nth)
            label = f"{model} ({', '.join(words)})" if words else model
            series.append((label, [cells[nth] if nth < len(cells) else Cell() for cells in filled]))
    return series


def claimed_cell(layout: Layout, part: PartSpec, case: Entry, row: Row, records: Sequence[RunRecord]) -> Cell:
    """The latest number of the model that a row names by ``measured_as``; other signatures are named in a note."""
    pairs = [
        (record, measurement)
        for record in records
        if record.model == row.measured_as
        for measurement in record.measurements
        if layout.fits(part, case, record, measurement)
    ]
    if not pairs:
        return Cell()
    shown = ([pair for pair in pairs if pair[1].status == "ok"] or pairs)[-1][1].signature_id
    cell = _measured_cell(layout, part, case, [pair for pair in pairs if pair[1].signature_id == shown])
    others = sorted({f"#{measurement.signature_id}" for _, measurement in pairs} - {f"#{shown}"})
    text = f"the latest number of {row.measured_as} here; not shown: signature {', '.join(others)}"
    return replace(cell, details=(*cell.details, Note("not shown", text))) if others else cell


def _measured_cell(
    layout: Layout,
    part: PartSpec,
    case: Entry,
    pairs: Sequence[tuple[RunRecord, Measurement]],
    told: AbstractSet[str] = frozenset(),
) -> Cell:
    """The latest of the measurements with the same signature, and where it is of other data than the layout prints."""
    metric = case.metric or part.select.metric
    cell = number_cell(pairs, layout.metrics[metric].decimals if metric else None)
    if cell.kind == "failed":
        record = pairs[-1][0]
        return replace(cell, details=tuple(Note(kind, f"{record.model} {text}") for kind, text in cell.details))
    record, measurement = next(pair for pair in reversed(pairs) if pair[0].run_id == cell.run_id)
    side = part.select.resolution or case.resolution
    others = {}
    if measurement.real.size and side and measurement.real.size != (side, side):
        height, width = measurement.real.size
        others["pixels"] = f"real clips of {height} x {width} pixels, not {side} x {side}"
    dataset = part.select.dataset or case.dataset
    is_same_dataset = not dataset or layout.measured.is_own(dataset, record)
    if not is_same_dataset:
        others["dataset"] = f"data set {record.dataset}, not {dataset}"
    details = [fact for fact in cell.details if fact.kind not in {"dataset", "pixels", *told}]
    return replace(
        cell,
        kind="reproduced" if is_same_dataset and _is_reproduced(part, record) else "measured",
        details=(*(Note(kind, text) for kind, text in others.items()), *details),
    )


def _is_reproduced(part: PartSpec, record: RunRecord) -> bool:
    """Whether the record is of a system whose published numbers this part shows."""
    return bool(_published_as(record.model) & set(part.methods))


@cache
def _published_as(model: str) -> frozenset[str]:
    """How results/published names a system of baselines/; empty for all other models."""
    if model not in baseline_names():  # a label of any text, which must not become a path
        return frozenset()
    return frozenset(load_toml(resources.baselines_dir() / model / "baseline.toml", BaselineSpec).published_as)


def compared(cell: Cell, others: Sequence[Cell]) -> Cell:
    """The cell, with a note if the first measured number beside it has another signature."""
    first = next((other for other in others if other.signature_id), cell)
    if not cell.signature_id or cell.signature_id == first.signature_id or cell.kind == "failed":
        return cell
    note = Note("comparison", not_comparable(cell, first))
    return replace(cell, details=(*cell.details, note))


def not_comparable(cell: Cell, other: Cell, beside: str = "the measured number beside it") -> str:
    """Why two measured numbers do not compare: their ids, and the fields in which their signatures differ.

    Args:
        cell: The number that gets the note.
        other: Another one.
        beside: What the other is to it.
    """
    differing = ", ".join(conflicts(cell.signature, other.signature))
    ids = f"signature #{cell.signature_id}, not #{other.signature_id}"
    return f"not comparable with {beside}: {ids}" + (f", which differ in {differing}" if differing else "")


def has_any(cells: Sequence[Cell]) -> bool:
    """Whether a cell holds a number, or the reason why there is none."""
    return any(cell.kind != "none" for cell in cells)
