"""Tables as values: cells, blocks and footnotes in reading order; every output format starts from these."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

EMPTY = "No measured number fits this table."
PROTOCOLS = "Protocols of the published numbers, `?` where not known:"
_SPAN = re.compile(r"`(?P<code>[^`]*)`|\^(?P<raised>\w+)")


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        kind: Who made the number: ``reproduced`` was measured by vidmbench for a system that the table prints,
            ``measured`` for any other model; ``none`` is an empty cell.
        text: What is printed.
        notes: Its footnotes.
        value: The number behind the text, if there is one.
        interval: Low and high end of a measured value.
        spread: What is printed after the ± of a published value.
        signature: Long signature of a measured value.
        signature_id: Its short id; equal where numbers are comparable.
        flag: What is wrong with a published value (see :class:`vidmbench.records.published.PublishedValue`).
        compared: Numbers of one case may be ranked where this is equal and not empty.
        mark: Its rank among those, where that is certain (see :mod:`vidmbench.reporting.tables.marks`).
    """

    kind: Literal["published", "reproduced", "measured", "failed", "none"] = "none"
    text: str = ""
    notes: tuple[str, ...] = ()
    value: float | None = None
    interval: tuple[float, float] | None = None
    spread: float | None = None
    signature: str = ""
    signature_id: str = ""
    flag: str = ""
    compared: str = ""
    mark: Literal["best", "second", ""] = ""


@dataclass(frozen=True)
class Panel:
    """One block of a table.

    Attributes:
        title: Its heading.
        rows: Labels of the rows.
        columns: Labels of the columns.
        venues: Where each column's system was published; None omits the line.
        cells: The cells, row by row.
        protocols: What is known of how the published numbers were made, one line per group.
        joined: Positions of columns that are never separated from the one before.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    venues: tuple[str, ...] | None
    cells: tuple[tuple[Cell, ...], ...]
    protocols: tuple[str, ...]
    joined: frozenset[int] = frozenset()

    @property
    def has_marks(self) -> bool:
        """Whether a number is marked as best."""
        return any(cell.mark for line in self.cells for cell in line)


@dataclass(frozen=True)
class Table:
    """A whole table.

    Attributes:
        name: Name of its layout.
        title: Its heading.
        legend: Lines that explain labels and arrows.
        panels: Its blocks, top to bottom.
    """

    name: str
    title: str
    legend: tuple[str, ...]
    panels: tuple[Panel, ...]

    @property
    def has_marks(self) -> bool:
        """Whether a number is marked as best."""
        return any(panel.has_marks for panel in self.panels)

    @property
    def has_measured(self) -> bool:
        """Whether a number of vidmbench is shown."""
        cells = (cell for panel in self.panels for line in panel.cells for cell in line)
        return any(cell.kind in ("measured", "reproduced") for cell in cells)


class Span(NamedTuple):
    """A piece of a text.

    Attributes:
        kind: ``code`` was in backticks, ``raised`` followed a caret.
        text: The piece without these characters.
    """

    kind: Literal["plain", "code", "raised"]
    text: str


def spans(text: str) -> Iterator[Span]:
    """A label, legend or note, split where its typeface changes."""
    end = 0
    for match in _SPAN.finditer(text):
        if match.start() > end:
            yield Span("plain", text[end : match.start()])
        code, raised = match["code"], match["raised"]
        yield Span("raised", raised) if code is None else Span("code", code)
        end = match.end()
    if end < len(text):
        yield Span("plain", text[end:])


def column_blocks(panel: Panel, fits: Callable[[Panel, range], bool]) -> list[range]:
    """The panel's columns in as few blocks of about equal length as fit; a joined column stays with the one before."""
    total = len(panel.columns)
    split: list[range] = []
    for count in range(1, max(total, 1) + 1):
        even = [round(total * part / count) for part in range(count + 1)]
        edges = sorted({edge - (edge in panel.joined) for edge in even})
        split = [range(low, high) for low, high in pairwise(edges)]
        if all(fits(panel, columns) for columns in split):
            break
    return split


def numbered_notes(table: Table, blocks: Sequence[Sequence[range]] | None = None) -> dict[str, int]:
    """Footnotes, numbered from 1 in the order in which their cells are printed; equal notes share a number.

    Args:
        table: The table.
        blocks: How the columns of each panel are split; by default they are not.
    """
    if blocks is None:
        blocks = [[range(len(panel.columns))] for panel in table.panels]
    notes = (
        note
        for panel, split in zip(table.panels, blocks, strict=True)
        for columns in split
        for cells in panel.cells
        for column in columns
        for note in cells[column].notes
    )
    return {note: number for number, note in enumerate(dict.fromkeys(notes), start=1)}
