"""Measured numbers in a layout: which records fill which cells, and what is noted at them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations

from vidmbench.core import resources
from vidmbench.core.declarations import load_toml
from vidmbench.records.record import Measurement, RunRecord, overlap
from vidmbench.reporting.tables.layout import Entry, Layout, PartSpec, Row
from vidmbench.reporting.tables.values import Cell
from vidmbench.sources.baselines.spec import BaselineSpec
from vidmbench.sources.names import YARDSTICKS


def measured_series(
    layout: Layout, part: PartSpec, cases: Sequence[Entry], records: Sequence[RunRecord]
) -> list[tuple[str, list[Cell]]]:
    """Label and cells (one a case) of each measured row or column.

    Each model and protocol has one; where two signatures fall on one cell, the second opens another.
    """
    found: dict[tuple[str, str], list[dict[str, list[tuple[RunRecord, Measurement]]]]] = {}
    for record in records:
        for one in record.measurements:
            for position, case in enumerate(cases):
                if record.model not in layout.claimed and layout.fits(part, case, record, one):
                    lines = found.setdefault((record.model, one.protocol), [{} for _ in cases])
                    lines[position].setdefault(one.signature_id, []).append((record, one))
    series = []
    for (model, protocol), lines in sorted(found.items()):
        several = sum(other == model for other, _ in found) > 1
        filled = [
            [_measured_cell(layout, part, case, same) for same in line.values()]
            for case, line in zip(cases, lines, strict=True)
        ]
        for cells in filled:
            cells.sort(key=lambda cell: cell.kind == "failed")
        for nth in range(max(len(cells) for cells in filled)):
            made = "reproduced" if any(cell.kind == "reproduced" for cells in filled for cell in cells) else "measured"
            label = f"{model} ({made}{', ' + protocol if several else ''}{f', {nth + 1}' if nth else ''})"
            series.append((label, [cells[nth] if nth < len(cells) else Cell() for cells in filled]))
    return series


def claimed_cell(layout: Layout, part: PartSpec, case: Entry, row: Row, records: Sequence[RunRecord]) -> Cell:
    """The latest number of the model that stands for a row; the signatures that it pushes out are named."""
    pairs = [
        (record, one)
        for record in records
        if record.model == row.measured_as
        for one in record.measurements
        if layout.fits(part, case, record, one)
    ]
    if not pairs:
        return Cell()
    shown = ([pair for pair in pairs if pair[1].status == "ok"] or pairs)[-1][1].signature_id
    cell = _measured_cell(layout, part, case, [pair for pair in pairs if pair[1].signature_id == shown])
    others = sorted({f"#{one.signature_id}" for _, one in pairs} - {f"#{shown}"})
    note = f"The latest number of {row.measured_as} here; not shown: signature {', '.join(others)}."
    return replace(cell, notes=(*cell.notes, note)) if others else cell


def _measured_cell(layout: Layout, part: PartSpec, case: Entry, same: Sequence[tuple[RunRecord, Measurement]]) -> Cell:
    """The latest of the measurements with one signature; a failed one only where none succeeded."""
    good = [pair for pair in same if pair[1].status == "ok" and pair[1].value is not None]
    record, one = (good or same)[-1]
    metric = case.metric or part.select.metric
    text = one.text(layout.metrics[metric].decimals if metric else None)
    signature = f"#{one.signature_id}, {one.interval_kind or 'no interval'}: `{one.signature}`"
    if not good:
        return Cell("failed", "failed", (f"{record.model} {text}; {signature}",), signature=one.signature)
    notes = [f"Measured by vidmbench, {signature}"]
    if len(good) > 1:
        notes.append(f"The latest of {len(good)} runs with this signature: {record.run_id}.")
    side = part.select.resolution or case.resolution
    if one.real.size and side and one.real.size != (side, side):
        height, width = one.real.size
        notes.append(f"Real clips of {height} x {width} pixels, not {side} x {side}.")
    dataset = part.select.dataset or case.dataset
    is_own = not dataset or layout.measured.is_own(dataset, record)
    if not is_own:
        notes.append(f"Data set {record.dataset}, not {dataset}.")
    notes += one.warnings
    return Cell(
        "reproduced" if is_own and _is_reproduced(part, record) else "measured",
        text,
        tuple(notes),
        one.value,
        one.interval,
        signature=one.signature,
        signature_id=one.signature_id,
        compared=f"measured #{one.signature_id}" if _competes(record, one) else "",
    )


def _competes(record: RunRecord, one: Measurement) -> bool:
    """Whether a number may be marked as best: no control's, and none of videos that go on from given frames."""
    is_given = any(
        note.startswith("first frames: ") and not note.startswith("first frames: generated") for note in one.warnings
    )
    return not record.model.startswith(YARDSTICKS) and not is_given


def _is_reproduced(part: PartSpec, record: RunRecord) -> bool:
    """Whether the record is of a system whose published numbers this part shows."""
    return bool(_published_as(record.model) & set(part.methods))


@cache
def _published_as(model: str) -> frozenset[str]:
    """How results/published names a system of baselines/; empty for all other models."""
    path = resources.data_root() / "baselines" / model / "baseline.toml"
    is_name = model not in ("", ".", "..") and "/" not in model
    return frozenset(load_toml(path, BaselineSpec).published_as) if is_name and path.is_file() else frozenset()


def compared(cell: Cell, beside: Sequence[Cell]) -> Cell:
    """The cell, with a note where the first measured number beside it has another signature."""
    first = next((other.signature_id for other in beside if other.signature_id), cell.signature_id)
    if not cell.signature_id or cell.signature_id == first:
        return cell
    note = f"Not comparable with the measured number beside it: signature #{cell.signature_id}, not #{first}."
    return replace(cell, notes=(*cell.notes, note))


def has_any(cells: Sequence[Cell]) -> bool:
    """Whether a number, or the reason why there is none, stands in one of them."""
    return any(cell.kind != "none" for cell in cells)


def tied(cells: Sequence[Cell], labels: Sequence[str]) -> list[Cell]:
    """The measured cells under each other; those whose intervals overlap get a note with the pairs."""
    pairs = [
        (a, b)
        for a, b in combinations(range(len(cells)), 2)
        if (one := cells[a]).signature_id == (other := cells[b]).signature_id
        and one.interval
        and other.interval
        and overlap(one.interval, other.interval)
    ]
    named = "; ".join(f"{labels[a]} and {labels[b]}" for a, b in pairs)
    note = f"Differences within the intervals are ties, in this column: {named}."
    tied = {position for pair in pairs for position in pair}
    return [replace(cell, notes=(*cell.notes, note)) if i in tied else cell for i, cell in enumerate(cells)]
