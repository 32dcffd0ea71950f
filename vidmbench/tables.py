"""Tables: a layout filled with published numbers, and measured records beside them.

``python -m vidmbench.tables`` writes the committed results/tables anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from vidmbench import resources
from vidmbench.errors import ProtocolError, ResultError, unknown
from vidmbench.files import write_text
from vidmbench.records import Measurement, PublishedValue, RunRecord, published_values, read_records
from vidmbench.table_formats import (
    Cell,
    Panel,
    ResultRows,
    Table,
    measured_text,
    measurement_rows,
    to_csv,
    to_frame,
    to_markdown,
)
from vidmbench.table_layouts import Entry, Layout, PartSpec, Row, layout_names, load_layout

__all__ = [
    "FORMATS",
    "Layout",
    "ResultRows",
    "Table",
    "build_table",
    "layout_names",
    "load_layout",
    "measurement_rows",
    "to_csv",
    "to_frame",
    "to_markdown",
    "write_all_tables",
]

# What ``--format`` may say.
FORMATS: dict[str, Callable[[Table], str]] = {"md": to_markdown, "csv": to_csv}


def build_table(layout: Layout, records: Sequence[RunRecord] = (), *, published: bool = True) -> Table:
    """Fills a layout.

    A record joins a part where its data set, metric, frames and (if both say it) split fit; it takes a row or
    column of its own beside the published systems, marked as measured; where a row names its model by
    ``measured_as``, it joins that row, in a column beside the published one. Every measured number has a footnote
    with its long signature, and one more where a measured number beside it has another signature.

    Args:
        layout: The layout.
        records: Measured records, oldest first.
        published: Whether the published numbers are shown; without them, parts nobody measured are left out.

    Returns:
        The table.

    Raises:
        ProtocolError: The layout names tables, methods or cells that nobody published.
    """
    values = _published(layout)
    problems: list[str] = []
    panels = [_panel(layout, part, values, records, published, problems) for part in layout.parts]
    if problems:
        found = list(dict.fromkeys(problems))
        raise ProtocolError(
            found[0] if len(found) == 1 else f"{len(found)} mistakes in {layout.name}\n    " + "\n    ".join(found),
            expected="one published value for each cell",
            where=f"layout {layout.name}",
            fix="mend the layout, or list the pair of labels under `none`",
        )
    arrows = "; ".join(
        f"{metric} {layout.arrow(metric)} {spec.better} is better" for metric, spec in layout.metrics.items()
    )
    legend = [layout.caption, f"{arrows}.", *layout.legend]
    shown = tuple(panel for panel in panels if panel.rows and panel.columns)
    kinds = {cell.kind for panel in shown for line in panel.cells for cell in line}
    if {"published", "measured"} <= kinds:
        legend.append(
            "Measured and published numbers follow different protocols: read them side by side, do not rank them."
        )
    return Table(layout.name, layout.title, tuple(legend), shown)


def write_all_tables(folder: Path | None = None) -> list[Path]:
    """Writes every layout in every format, from the published numbers and results/measured.

    Args:
        folder: Where to; by default results/tables of the checkout.

    Returns:
        The files written.

    Raises:
        ResultError: No folder was named and there is no checkout.
    """
    if folder is None:
        results = resources.checkout_results_dir()
        if results is None:
            raise ResultError("no checkout to write results/tables to", fix="name a folder")
        folder = results / "tables"
    records = read_records(resources.results_dir() / "measured")
    written = []
    for name in layout_names():
        table = build_table(load_layout(name), records)
        for suffix, formatted in FORMATS.items():
            written.append(folder / f"{name}.{suffix}")
            write_text(written[-1], formatted(table))
    return written


def _published(layout: Layout) -> list[PublishedValue]:
    known = [path.stem for path in (resources.results_dir() / "published").glob("*.csv")]
    for name in layout.published:
        if name not in known:
            raise unknown("published table", name, known)
    return [value for name in layout.published for value in published_values(name)]


def _panel(
    layout: Layout,
    part: PartSpec,
    values: Sequence[PublishedValue],
    records: Sequence[RunRecord],
    published: bool,
    problems: list[str],
) -> Panel:
    """One block: systems along one axis, cases (data set, frames, metric) along the other."""
    cases: Sequence[Entry] = part.columns if part.methods_in_rows else part.rows
    systems: Sequence[Entry] = (part.rows if part.methods_in_rows else part.columns) if published else ()
    found = [[part.find(case, system, values, problems) for system in systems] for case in cases]
    claimed = [[_claimed_cell(layout, part, case, row, records) for row in part.rows] for case in cases]
    series = _measured_series(layout, part, cases, records)
    if not published:
        standing = zip(part.rows, zip(*claimed, strict=True), strict=True) if claimed else ()
        series = [(f"{row.label} (measured)", list(line)) for row, line in standing if _has_any(line)] + series
    labels = [*(_label(layout, system) for system in systems), *(label for label, _ in series)]
    heads: list[str] = []
    joined: list[int] = []
    cells: list[list[Cell]] = []
    for position, case in enumerate(cases):
        heads.append(_label(layout, case))
        line = [_published_cell(value, layout) for value in found[position]]
        if published and _has_any(claimed[position]):
            cells.append([*line, *(Cell() for _ in series)])
            joined.append(len(heads))
            heads.append(_label(layout, case, ", measured"))
            line = []
            for cell in claimed[position]:
                line.append(_compared(cell, line))
        for _, measured in series:
            line.append(_compared(measured[position], line))
        cells.append(_tied(line, labels) if _has_any(claimed[position]) else line)
    venues = [", ".join(sorted({value.venue for value in column if value})) for column in zip(*found, strict=True)]
    venues += [""] * (len(labels) - len(venues))
    rows, columns = heads, labels
    if part.methods_in_rows:
        rows, columns, cells = columns, rows, [list(line) for line in zip(*cells, strict=True)]
    metric = part.select.metric
    return Panel(
        title=f"{part.title} ({metric} {layout.arrow(metric)})" if metric else part.title,
        rows=tuple(rows),
        columns=tuple(columns),
        venues=tuple(venues) if part.venues and not part.methods_in_rows and published else None,
        cells=tuple(tuple(line) for line in cells),
        protocols=part.protocol_lines() if published else (),
        joined=frozenset(joined),
    )


def _label(layout: Layout, entry: Entry, more: str = "") -> str:
    return f"{entry.label}{more} {layout.arrow(entry.metric)}" if entry.metric else entry.label + more


def _published_cell(value: PublishedValue | None, layout: Layout) -> Cell:
    if value is None:
        return Cell()
    shown = bool(value.flag) or layout.footnotes == "all"
    return Cell("published", value.printed, value.notes if shown else (), value.value, flag=value.flag)


def _measured_series(
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
            label = f"{model} (measured{', ' + protocol if several else ''}{f', {nth + 1}' if nth else ''})"
            series.append((label, [cells[nth] if nth < len(cells) else Cell() for cells in filled]))
    return series


def _claimed_cell(layout: Layout, part: PartSpec, case: Entry, row: Row, records: Sequence[RunRecord]) -> Cell:
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
    text = measured_text(one, layout.metrics[metric].decimals if metric else None)
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
    if dataset and not layout.measured.is_own(dataset, record):
        notes.append(f"Data set {record.dataset}, not {dataset}.")
    notes += one.warnings
    return Cell("measured", text, tuple(notes), one.value, one.interval, one.signature, one.signature_id)


def _compared(cell: Cell, beside: Sequence[Cell]) -> Cell:
    """The cell, with a note where the first measured number beside it has another signature."""
    first = next((other.signature_id for other in beside if other.signature_id), cell.signature_id)
    if not cell.signature_id or cell.signature_id == first:
        return cell
    note = f"Not comparable with the measured number beside it: signature #{cell.signature_id}, not #{first}."
    return replace(cell, notes=(*cell.notes, note))


def _has_any(cells: Sequence[Cell]) -> bool:
    return any(cell.kind != "none" for cell in cells)


def _tied(cells: Sequence[Cell], labels: Sequence[str]) -> list[Cell]:
    """The measured cells under each other; those whose intervals overlap get a note with the pairs."""
    pairs = [
        (a, b)
        for a, b in combinations(range(len(cells)), 2)
        if (one := cells[a]).signature_id == (other := cells[b]).signature_id
        and one.interval
        and other.interval
        and max(one.interval[0], other.interval[0]) <= min(one.interval[1], other.interval[1])
    ]
    named = "; ".join(f"{labels[a]} and {labels[b]}" for a, b in pairs)
    note = f"Differences within the intervals are ties, in this column: {named}."
    tied = {position for pair in pairs for position in pair}
    return [replace(cell, notes=(*cell.notes, note)) if i in tied else cell for i, cell in enumerate(cells)]


if __name__ == "__main__":
    write_all_tables()
