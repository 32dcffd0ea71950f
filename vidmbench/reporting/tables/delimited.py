"""Tables in CSV for programs: one line per number, and in each cell one number or one text."""

import csv
import io
import re

from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.reporting.tables.values import Cell, Table

COLUMNS = (
    *("part", "row", "column", "metric", "dataset", "frames", "protocol", "kind"),
    *("value", "low", "high", "spread", "num_real", "num_fake", "mark"),
    *("signature_id", "signature", "run_id", "notes"),
)
_PRINTED = re.compile(r"[-+]?[\d.]+")
_SEPARATOR = " // "
# Kinds of notes with a column of their own.
_IN_COLUMNS = ("dataset", "counts", "protocol")


def to_csv(table: Table) -> str:
    """A table in CSV, one line per number.

    ``part``, ``row`` and ``column`` are the labels in print; a line of heads below the columns' labels, such as the
    venues, has a column too. ``value``, ``low``, ``high`` and ``spread`` are numbers: measured ones in all their
    digits, published ones in the digits of the print. ``kind`` is ``published``, ``measured``, ``reproduced``
    (measured, of a system that the table prints) or ``failed``; ``mark`` is ``best`` or ``second``; ``signature`` is
    the long form, of a published number what is known of it. ``notes`` are separated by `` // ``.
    """
    known = dict.fromkeys(name.lower() for panel in table.panels for name, _ in panel.subheads)
    heads = [name for name in known if name not in COLUMNS and name != "data set"]
    lines: list[list[str]] = [[*COLUMNS[:3], *heads, *COLUMNS[3:]]]
    for panel in table.panels:
        texts = {name.lower(): line for name, line in panel.subheads}
        for row, cells in zip(panel.rows, panel.cells, strict=True):
            for position, cell in enumerate(cells):
                if cell.kind != "none":
                    names = [panel.title, row, panel.columns[position]]
                    names += [texts[name][position] if name in texts else "" for name in heads]
                    lines.append([*map(spreadsheet_text, names), *_line(cell)])
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()


def _line(cell: Cell) -> list[str]:
    subject = cell.subject
    low, high = cell.interval or (None, None)
    real, fake = cell.counts or (None, None)
    notes = [text for kind, text in cell.details if text and kind not in _IN_COLUMNS]
    return [
        spreadsheet_text(subject.metric),
        spreadsheet_text(subject.dataset),
        _number(subject.frames),
        spreadsheet_text(subject.protocol),
        cell.kind,
        _value(cell),
        *map(_number, (low, high, cell.spread, real, fake)),
        cell.mark,
        spreadsheet_text(cell.signature_id),
        spreadsheet_text(cell.signature),
        spreadsheet_text(cell.run_id),
        spreadsheet_text(_SEPARATOR.join(map(printable, notes))),
    ]


def _value(cell: Cell) -> str:
    """The number in all its digits; a published one as printed, so that 35.20 does not become 35.2."""
    if cell.value is None:
        return ""
    printed = _PRINTED.match(cell.text)
    if cell.kind == "published" and printed and float(printed[0]) == cell.value:
        return printed[0]
    return repr(cell.value)


def _number(number: float | None) -> str:
    return "" if number is None else repr(number)
