"""Measured numbers in a layout: which records fill which cells, and with which footnotes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations

from vidmbench.core import resources
from vidmbench.core.declarations import load_toml
from vidmbench.records.fields import Measurement, overlap
from vidmbench.records.record import RunRecord
from vidmbench.reporting.tables.layout import Entry, Layout, PartSpec, Row
from vidmbench.reporting.tables.values import Cell
from vidmbench.sources.baselines.spec import BaselineSpec
from vidmbench.sources.names import baseline_names, is_reference


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
            [_measured_cell(layout, part, case, pairs) for pairs in line.values()]
            for case, line in zip(cases, lines, strict=True)
        ]
        for cells in filled:
            cells.sort(key=lambda cell: cell.kind == "failed")
        for nth in range(max(len(cells) for cells in filled)):
            kind = "reproduced" if any(cell.kind == "reproduced" for cells in filled for cell in cells) else "measured"
            label = f"{model} ({kind}{', ' + protocol if has_several else ''}{f', {nth + 1}' if nth else ''})"
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
    note = f"The latest number of {row.measured_as} here; not shown: signature {', '.join(others)}."
    return replace(cell, notes=(*cell.notes, note)) if others else cell


def _measured_cell(layout: Layout, part: PartSpec, case: Entry, pairs: Sequence[tuple[RunRecord, Measurement]]) -> Cell:
    """The latest of the measurements with the same signature; a failed one only if none succeeded."""
    good = [pair for pair in pairs if pair[1].status == "ok" and pair[1].value is not None]
    record, measurement = (good or pairs)[-1]
    metric = case.metric or part.select.metric
    given = layout.metrics[metric].decimals if metric and measurement.interval is None else None
    text = measurement.text(given)
    signature = f"#{measurement.signature_id}, {measurement.interval_kind or 'no interval'}: `{measurement.signature}`"
    if not good:
        return Cell("failed", "failed", (f"{record.model} {text}; {signature}",), signature=measurement.signature)
    notes = [f"Measured by vidmbench, {signature}"]
    if len(good) > 1:
        notes.append(f"The latest of {len(good)} runs with this signature: {record.run_id}.")
    side = part.select.resolution or case.resolution
    if measurement.real.size and side and measurement.real.size != (side, side):
        height, width = measurement.real.size
        notes.append(f"Real clips of {height} x {width} pixels, not {side} x {side}.")
    dataset = part.select.dataset or case.dataset
    is_same_dataset = not dataset or layout.measured.is_own(dataset, record)
    if not is_same_dataset:
        notes.append(f"Data set {record.dataset}, not {dataset}.")
    notes += measurement.warnings
    return Cell(
        "reproduced" if is_same_dataset and _is_reproduced(part, record) else "measured",
        text,
        tuple(notes),
        measurement.value,
        measurement.interval,
        signature=measurement.signature,
        signature_id=measurement.signature_id,
        compared=f"measured #{measurement.signature_id}" if _competes(record, measurement) else "",
    )


def _competes(record: RunRecord, measurement: Measurement) -> bool:
    """Whether a number may be marked as best: not of a control, and not of videos that continue given frames."""
    has_given_frames = any(
        note.startswith("first frames: ") and not note.startswith("first frames: generated")
        for note in measurement.warnings
    )
    return not is_reference(record.model) and not has_given_frames


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
    first = next((other.signature_id for other in others if other.signature_id), cell.signature_id)
    if not cell.signature_id or cell.signature_id == first:
        return cell
    note = f"Not comparable with the measured number beside it: signature #{cell.signature_id}, not #{first}."
    return replace(cell, notes=(*cell.notes, note))


def has_any(cells: Sequence[Cell]) -> bool:
    """Whether a cell holds a number, or the reason why there is none."""
    return any(cell.kind != "none" for cell in cells)


def tied(cells: Sequence[Cell], labels: Sequence[str]) -> list[Cell]:
    """A column of measured cells; those whose intervals overlap get a note with the pairs."""
    pairs = [
        (a, b)
        for a, b in combinations(range(len(cells)), 2)
        if (first := cells[a]).signature_id == (second := cells[b]).signature_id
        and first.interval
        and second.interval
        and overlap(first.interval, second.interval)
    ]
    names = "; ".join(f"{labels[a]} and {labels[b]}" for a, b in pairs)
    note = f"Differences within the intervals are ties, in this column: {names}."
    positions = {position for pair in pairs for position in pair}
    return [replace(cell, notes=(*cell.notes, note)) if i in positions else cell for i, cell in enumerate(cells)]
