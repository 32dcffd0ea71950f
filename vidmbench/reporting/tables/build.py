"""Tables: a layout filled with published numbers, and measured records beside them.

``python -m vidmbench.reporting.tables.build`` regenerates the committed results/tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from vidmbench.core import resources
from vidmbench.core.arguments import flag, name_or_path, wrong_argument
from vidmbench.core.errors import ProtocolError, ResultError, unknown
from vidmbench.core.files import visible, write_text
from vidmbench.records.published import PublishedValue, published_values
from vidmbench.records.record import RunRecord, read_records
from vidmbench.reporting.tables.captions import measured_lines, signatures_of
from vidmbench.reporting.tables.delimited import to_csv
from vidmbench.reporting.tables.footnotes import said_once
from vidmbench.reporting.tables.html import to_html
from vidmbench.reporting.tables.latex import to_latex
from vidmbench.reporting.tables.layout import Layout, layout_names, load_layout
from vidmbench.reporting.tables.marks import TIED, UNMARKED, comparison_of, with_marks
from vidmbench.reporting.tables.measured import claimed_cell, compared, has_any, measured_series
from vidmbench.reporting.tables.parts import Entry, PartSpec
from vidmbench.reporting.tables.rows import ResultRows, measurement_rows
from vidmbench.reporting.tables.text import to_frame, to_markdown
from vidmbench.reporting.tables.values import Cell, Note, Panel, Subject, Table

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Layout",
    "ResultRows",
    "Table",
    "build_table",
    "layout_names",
    "load_layout",
    "measurement_rows",
    "printed",
    "to_csv",
    "to_frame",
    "to_html",
    "to_latex",
    "to_markdown",
    "write_all_tables",
]

# Values of ``--format``, and the file suffix of each.
FORMATS: dict[str, Callable[[Table], str]] = {"md": to_markdown, "csv": to_csv, "latex": to_latex, "html": to_html}
SUFFIXES = {"md": "md", "csv": "csv", "latex": "tex", "html": "html"}


def printed(tables: Sequence[Table], form: str, *, signatures: bool = False) -> str:
    """Several tables in one text: in HTML one page, otherwise with an empty line between them.

    Args:
        tables: The tables, in order.
        form: A key of :data:`FORMATS`.
        signatures: Whether each is followed by its long signatures; HTML and CSV have them anyway.
    """
    if form == "html":
        return to_html(*tables)
    if form == "csv":
        return "\n".join(to_csv(table) for table in tables)
    texts = {"md": to_markdown, "latex": to_latex}[form]
    return "\n".join(texts(table, signatures=signatures) for table in tables)


def build_table(layout: Layout | str, records: Sequence[RunRecord] = (), *, published: bool = True) -> Table:
    r"""Fills a layout.

    A record joins a part if its data set, metric, frames and (if both name one) split match. It gets a separate row
    or column beside the published systems, marked as measured; if a row names its model by ``measured_as``, it joins
    that row, in a column beside the published one. What all measured numbers share is in the legend; a footnote says
    what differs, above all where a measured number beside it has another signature.

    Args:
        layout: The layout, or its name.
        records: Measured records, oldest first.
        published: Whether the published numbers are shown; without them, parts without a measured number are omitted.

    Returns:
        The table.

    Raises:
        ProtocolError: The layout names tables, methods or cells that are not published.

    Example:
        >>> from vidmbench import build_table
        >>> from vidmbench.reporting.tables.build import to_frame, to_latex
        >>> table = build_table("table3")
        >>> len(table.panels), to_latex(table).count(r"\toprule")
        (2, 2)
        >>> list(to_frame(table).columns[:3])
        ['part', 'row', 'column']
    """
    if not isinstance(layout, Layout):
        layout = load_layout(name_or_path("layout", layout))
    if not isinstance(records, Sequence) or not all(isinstance(record, RunRecord) for record in records):
        raise wrong_argument("records", "a list of RunRecord", records)
    published = flag("published", published)
    values = _published(layout)
    problems: list[str] = []
    known = {note for value in values for note in value.notes}
    problems += [unknown("note in in_legend", note, known).problem for note in layout.in_legend if note not in known]
    panels = [_panel(layout, part, values, records, published, problems) for part in layout.parts]
    if problems:
        unique = list(dict.fromkeys(problems))
        raise ProtocolError(
            unique[0] if len(unique) == 1 else f"{len(unique)} mistakes in {layout.name}\n    " + "\n    ".join(unique),
            expected="one published value for each cell",
            where=f"layout {layout.name}",
            fix="correct the layout, or list the pair of labels under `none`",
        )
    shown = [(panel, part) for panel, part in zip(panels, layout.parts, strict=True) if panel.rows and panel.columns]
    in_rows = [_systems_in_rows(part) for _, part in shown]
    said = said_once([panel for panel, _ in shown], systems_in_rows=in_rows, told=("told",))
    arrows = "; ".join(
        f"{metric} {layout.arrow(metric)} {spec.better} is better" for metric, spec in layout.metrics.items()
    )
    legend = [layout.caption, f"{arrows}.", *layout.legend, *_origin_legend(said.panels)]
    table = Table(layout.name, layout.title, tuple(legend), said.panels)
    published_ones = [pair for _, part in shown for pair in part.signature_lines()] if published else []
    measured_ones = signatures_of(said.panels, in_rows)
    if table.has_measured:
        measured = measured_lines(said.panels, said.shared, systems_in_rows=in_rows)
        table = replace(table, legend=(*table.legend, *measured))
    return replace(table, signatures=(*published_ones, *measured_ones))


def _systems_in_rows(part: PartSpec) -> bool:
    """Whether a part's systems are its rows: also where it has no published ones, which leaves models as rows."""
    return part.methods_in_rows or not part.columns


def write_all_tables(folder: Path | None = None) -> list[Path]:
    """Writes every layout in every format, from the published numbers and results/measured.

    Args:
        folder: The output folder; by default results/tables of the checkout.

    Returns:
        The files written.

    Raises:
        ResultError: No folder was given, outside a checkout.
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
        for form, suffix in SUFFIXES.items():
            written.append(folder / f"{name}.{suffix}")
            write_text(written[-1], printed([table], form))
    return written


def _origin_legend(panels: Sequence[Panel]) -> list[str]:
    """How numbers of several origins relate, and why no number is marked if none is."""
    cells = [cell for panel in panels for line in panel.cells for cell in line]
    kinds = {cell.kind for cell in cells}
    lines = []
    if "reproduced" in kinds:
        lines.append("Reproduced: measured by vidmbench from samples of a system that this table prints.")
    if "published" in kinds and kinds & {"measured", "reproduced"}:
        lines.append(
            "Measured and published numbers follow different protocols: read them side by side, do not rank them."
        )
    has_ties = any(note == TIED for cell in cells for note in cell.details)
    if sum(cell.value is not None for cell in cells) > 1 and not any(cell.mark for cell in cells) and not has_ties:
        lines.append(UNMARKED)
    return lines


def _published(layout: Layout) -> list[PublishedValue]:
    known = [path.stem for path in visible((resources.results_dir() / "published").glob("*.csv"))]
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
    matches = [[part.find(case, system, values, problems) for system in systems] for case in cases]
    claimed = [[claimed_cell(layout, part, case, row, records) for row in part.rows] for case in cases]
    series = measured_series(layout, part, cases, records)
    if not published:
        claimed_rows = zip(part.rows, zip(*claimed, strict=True), strict=True) if claimed else ()
        series = [(f"{row.label} (measured)", list(line)) for row, line in claimed_rows if has_any(line)] + series
    labels = [*(_label(layout, system) for system in systems), *(label for label, _ in series)]
    heads: list[str] = []
    joined: list[int] = []
    cells: list[list[Cell]] = []
    for case, matching, claims, *measured in zip(cases, matches, claimed, *(line for _, line in series), strict=True):
        line = [_published_cell(value, layout, part) for value in matching]
        lines = _case_lines(line, claims, measured, layout.better(case.metric or part.select.metric), published)
        heads.append(_label(layout, case))
        if len(lines) > 1:
            joined.append(len(heads))
            heads.append(_label(layout, case, ", measured"))
        cells += lines
    venues = [", ".join(sorted({value.venue for value in column if value})) for column in zip(*matches, strict=True)]
    venues += [""] * (len(labels) - len(venues))
    rows, columns = heads, labels
    if _systems_in_rows(part):
        rows, columns, cells = columns, rows, [list(line) for line in zip(*cells, strict=True)]
    metric = part.select.metric
    has_venues = part.venues and not _systems_in_rows(part) and published
    return Panel(
        title=f"{part.title} ({metric} {layout.arrow(metric)})" if metric else part.title,
        rows=tuple(rows),
        columns=tuple(columns),
        subheads=(("Venue", tuple(venues)),) if has_venues else (),
        cells=tuple(tuple(line) for line in cells),
        protocols=part.protocol_lines() if published else (),
        joined=frozenset(joined),
    )


def _case_lines(
    published: Sequence[Cell],
    claimed: Sequence[Cell],
    measured: Sequence[Cell],
    better: Literal["lower", "higher"],
    has_published: bool,
) -> list[list[Cell]]:
    """The cells of one case in one line; in two if numbers are measured for the systems of published ones.

    Args:
        published: The published numbers, one per system.
        claimed: The measured number of each system; empty cells where there is none.
        measured: The numbers of other models.
        better: The direction of the metric.
        has_published: Whether published numbers are shown.
    """
    lines = []
    line = list(published)
    if has_published and has_any(claimed):
        lines.append([*with_marks(line, better), *(Cell() for _ in measured)])
        line = []
        for cell in claimed:
            line.append(compared(cell, line))
    for cell in measured:
        line.append(compared(cell, line))
    return [*lines, with_marks(line, better)]


def _label(layout: Layout, entry: Entry, more: str = "") -> str:
    return f"{entry.label}{more} {layout.arrow(entry.metric)}" if entry.metric else entry.label + more


def _published_cell(value: PublishedValue | None, layout: Layout, part: PartSpec) -> Cell:
    if value is None:
        return Cell()
    notes = value.notes if value.flag or layout.footnotes == "all" else ()
    group = part.group_of(value.method)
    return Cell(
        "published",
        value.printed,
        details=tuple(Note("told" if note in layout.in_legend else value.flag, note) for note in notes),
        value=value.value,
        spread=value.stderr,
        subject=Subject(value.metric, value.dataset, value.frames, group.note if group else ""),
        signature=" // ".join(group.signatures_of(value.metric)) if group else "",
        flag=value.flag,
        compared=comparison_of(value, part.scored_together(value.method)),
    )


if __name__ == "__main__":
    write_all_tables()
