"""Tables as values: cells, blocks and footnotes in reading order; every output format starts from these."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

#: What ends a line of signature ids, for those who can run the command.
IN_FULL = "; in full with --signatures"
EMPTY = "No measured number fits this table."
PROTOCOLS = "Protocols of the published numbers, `?` where not known:"
_SPAN = re.compile(r"`(?P<code>[^`]*)`|\^(?P<raised>\w+)")


class Subject(NamedTuple):
    """What a number is of; empty where that is not known.

    Attributes:
        metric: Its usual name.
        dataset: The data set.
        frames: Frames of a clip.
        protocol: The protocol; of published numbers, what is known of it.
    """

    metric: str = ""
    dataset: str = ""
    frames: int | None = None
    protocol: str = ""


UNKNOWN = Subject()


class HeadLine(NamedTuple):
    """One line above the numbers.

    Attributes:
        name: What it says; empty where that is plain.
        texts: The text of each column.
        has_marks: Whether it has the marks of the columns' footnotes.
        above: The texts of the lines above, column by column: what is below different ones is never one.
    """

    name: str
    texts: tuple[str, ...]
    has_marks: bool = False
    above: tuple[tuple[str, ...], ...] = ()

    def of(self, columns: range) -> "HeadLine":
        """The line above some of the columns."""
        above = tuple(self.above[column] for column in columns) if self.above else ()
        return self._replace(texts=tuple(self.texts[column] for column in columns), above=above)

    def runs(self) -> list[tuple[str, int]]:
        """Each text with the number of columns that it is above; equal neighbours are one in general lines."""
        if self.has_marks or self.name:
            return [(text, 1) for text in self.texts]
        keys = zip(self.texts, self.above or [()] * len(self.texts), strict=True)
        return [(text, len(list(equal))) for (text, _), equal in groupby(keys)]


class Note(NamedTuple):
    """Something to know about a number.

    Attributes:
        kind: What it is about: notes of one kind share a footnote, and what all numbers share is said once.
        text: The note, without a full stop.
    """

    kind: str
    text: str


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        kind: Who made the number: ``reproduced`` was measured by vidmbench for a system that the table prints,
            ``measured`` for any other model; ``none`` is an empty cell.
        text: What is printed.
        notes: The footnotes that it has a mark for.
        details: All that is known about it; what differs from the rest of the table becomes a footnote.
        value: The number behind the text, if there is one.
        interval: Low and high end of a measured value.
        spread: What is printed after the ± of a published value; how a measured one varies over runs or splits.
        counts: Real and scored clips of a measured value.
        subject: Metric, data set, frames of a clip, and protocol, as far as known.
        run_id: The record of a measured value.
        signature: Long signature of a measured value.
        signature_id: Its short id; equal where numbers are comparable.
        flag: What is wrong with a published value (see :class:`vidmbench.records.published.PublishedValue`).
        compared: Numbers of one case may be ranked where this is equal and not empty.
        mark: Its rank among those, where that is certain (see :mod:`vidmbench.reporting.tables.marks`).
    """

    kind: Literal["published", "reproduced", "measured", "failed", "none"] = "none"
    text: str = ""
    notes: tuple[str, ...] = ()
    details: tuple[Note, ...] = ()
    value: float | None = None
    interval: tuple[float, float] | None = None
    spread: float | None = None
    counts: tuple[int, int] | None = None
    subject: Subject = UNKNOWN
    run_id: str = ""
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
        subheads: Further lines of heads: what each line says, and its text for each column.
        cells: The cells, row by row.
        protocols: What is known of how the published numbers were made, one line per group.
        joined: Positions of columns that are never separated from the one before.
        row_notes: Footnotes of whole rows, by position.
        column_notes: Footnotes of whole columns.
        heads: Lines that are printed instead of the columns' labels, from the most general on.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    subheads: tuple[tuple[str, tuple[str, ...]], ...]
    cells: tuple[tuple[Cell, ...], ...]
    protocols: tuple[str, ...]
    joined: frozenset[int] = frozenset()
    row_notes: tuple[tuple[str, ...], ...] = ()
    column_notes: tuple[tuple[str, ...], ...] = ()
    heads: tuple[tuple[str, ...], ...] = ()

    @property
    def head_lines(self) -> "tuple[HeadLine, ...]":
        """The lines above the numbers, in order; one of them has the marks of the columns' footnotes."""
        if self.heads:
            last = len(self.heads) - 1
            columns = tuple(zip(*self.heads, strict=True))
            return tuple(
                HeadLine("", texts, at == last, tuple(column[:at] for column in columns))
                for at, texts in enumerate(self.heads)
            )
        return (HeadLine("", self.columns, has_marks=True), *(HeadLine(*line) for line in self.subheads))

    def notes_of_row(self, position: int) -> tuple[str, ...]:
        """The footnotes of a whole row."""
        return self.row_notes[position] if self.row_notes else ()

    def notes_of_column(self, position: int) -> tuple[str, ...]:
        """The footnotes of a whole column."""
        return self.column_notes[position] if self.column_notes else ()

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
        caption: One sentence that says all that its numbers share; printed where the title would be.
        signatures: The appendix: long signatures, each with the numbers that have it.
        signature: The one of all numbers, if they have one, but for the digest of what was scored.
    """

    name: str
    title: str
    legend: tuple[str, ...]
    panels: tuple[Panel, ...]
    caption: str = ""
    signatures: tuple[tuple[str, str], ...] = ()
    signature: str = ""

    @property
    def has_marks(self) -> bool:
        """Whether a number is marked as best."""
        return any(panel.has_marks for panel in self.panels)

    @property
    def has_measured(self) -> bool:
        """Whether a number of vidmbench is shown."""
        return not self._kinds.isdisjoint(("measured", "reproduced"))

    @property
    def legend_of_readers(self) -> tuple[str, ...]:
        """The legend without the option that prints signatures, where they are printed or readers have no options."""
        return tuple(line.replace(IN_FULL, "") for line in self.legend)

    @property
    def has_published(self) -> bool:
        """Whether a number of a paper is shown."""
        return "published" in self._kinds

    @property
    def _kinds(self) -> set[str]:
        return {cell.kind for panel in self.panels for line in panel.cells for cell in line}


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
    notes: dict[str, None] = {}
    for panel, split in zip(table.panels, blocks, strict=True):
        for columns in split:
            for column in columns:
                notes |= dict.fromkeys(panel.notes_of_column(column))
            for row, cells in enumerate(panel.cells):
                notes |= dict.fromkeys(panel.notes_of_row(row))
                for column in columns:
                    notes |= dict.fromkeys(cells[column].notes)
    return {note: number for number, note in enumerate(notes, start=1)}
