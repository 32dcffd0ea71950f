"""Tables in HTML: one page without scripts, readable in light and dark, footnotes linked both ways."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidmbench.reporting.jinja import render, verbatim
from vidmbench.reporting.tables.marks import legend
from vidmbench.reporting.tables.values import EMPTY, PROTOCOLS, Cell, Table, numbered_notes, spans

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
    """A footnote: its text up to the signature, the signature (empty where it has none), the ids of its marks."""

    number: int
    text: str
    signature: str
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

    def marks_of(cell: Cell) -> list[_Mark]:
        marks = []
        for number in sorted(numbers[note] for note in cell.notes):
            ids[number].append(f"{name}-ref-{number}-{len(ids[number]) + 1}")
            marks.append(_Mark(number, ids[number][-1]))
        return marks

    rows = [
        [
            (label, [(cell, marks_of(cell)) for cell in line])
            for label, line in zip(panel.rows, panel.cells, strict=True)
        ]
        for panel in table.panels
    ]
    return render(
        _PACKAGE,
        "section.html",
        name=name,
        table=table,
        panels=list(zip(table.panels, rows, strict=True)),
        notes=[_footnote(text, number, ids[number]) for text, number in numbers.items()],
        has_measured=table.has_measured,
        legend_of_marks=legend(best=""),
        protocols_heading=PROTOCOLS,
        no_panels=EMPTY,
        spans=spans,
    )


def _footnote(note: str, number: int, marks: list[str]) -> _Footnote:
    text, separator, signature = note.partition(": `")
    if separator and signature.endswith("`"):
        return _Footnote(number, text, signature[:-1], tuple(marks))
    return _Footnote(number, note, "", tuple(marks))
