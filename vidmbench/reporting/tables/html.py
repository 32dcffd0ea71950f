"""Tables in HTML: one page without scripts, readable in light and dark, footnotes linked both ways."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidmbench.reporting.jinja import render, verbatim
from vidmbench.reporting.tables.marks import marks_legend
from vidmbench.reporting.tables.values import EMPTY, PROTOCOLS, HeadLine, Table, numbered_notes, spans

if TYPE_CHECKING:
    from markupsafe import Markup

_PACKAGE = "vidmbench.reporting.tables"


@dataclass(frozen=True)
class _Mark:
    """The raised number of a footnote in a cell: its number, and the id that the footnote links back to."""

    number: int
    id: str


@dataclass(frozen=True)
class _Footnote:
    """A footnote, and the ids of its marks."""

    number: int
    text: str
    marks: tuple[str, ...]


def to_html(*tables: Table) -> str:
    """One page with the tables, and nothing to load from elsewhere."""
    title = tables[0].title if len(tables) == 1 else "vidmbench tables"
    sections = [html_section(table) for table in tables]
    style = verbatim(_PACKAGE, "style.css")
    return f"{render(_PACKAGE, 'page.html', title=title, style=style, sections=sections)}\n"


def html_section(table: Table) -> "Markup":
    """One table as a section of a page, without style; its ids start with the table's name."""
    name = re.sub(r"[^A-Za-z0-9-]+", "-", table.name)
    numbers = numbered_notes(table)
    ids: defaultdict[int, list[str]] = defaultdict(list)

    def marks_of(notes: Sequence[str]) -> list[_Mark]:
        marks = []
        for number in sorted(numbers[note] for note in notes):
            ids[number].append(f"{name}-ref-{number}-{len(ids[number]) + 1}")
            marks.append(_Mark(number, ids[number][-1]))
        return marks

    heads, rows = [], []
    for panel in table.panels:
        # In the order of the page, so that the marks of a note count up.
        columns = [marks_of(panel.notes_of_column(column)) for column in range(len(panel.columns))]
        heads.append([_head(line, columns) for line in panel.head_lines])
        rows.append(
            [
                (label, marks_of(panel.notes_of_row(at)), [(cell, marks_of(cell.notes)) for cell in line])
                for at, (label, line) in enumerate(zip(panel.rows, panel.cells, strict=True))
            ]
        )
    return render(
        _PACKAGE,
        "section.html",
        name=name,
        table=table,
        panels=list(zip(table.panels, heads, rows, strict=True)),
        notes=[_Footnote(number, text, tuple(ids[number])) for text, number in numbers.items()],
        numbers=[
            (f"{row}, {column}", cell, [text for _, text in cell.details if text])
            for panel in table.panels
            for row, line in zip(panel.rows, panel.cells, strict=True)
            for column, cell in zip(panel.columns, line, strict=True)
            if cell.signature_id
        ],
        published_signatures=[(owners, text) for owners, text in table.signatures if not owners.startswith("#")],
        has_both=table.has_measured and table.has_published,
        legend_of_marks=marks_legend(table, best=""),
        protocols_heading=PROTOCOLS,
        no_panels=EMPTY,
        spans=spans,
    )


def _head(line: HeadLine, marks: Sequence[list[_Mark]]) -> tuple[str, list[tuple[str, int, list[_Mark]]]]:
    """A line of heads: its name, and each text with the columns that it is above and its marks."""
    return line.name, [
        (text, width, marks[at] if line.has_marks else []) for at, (text, width) in enumerate(line.runs())
    ]
