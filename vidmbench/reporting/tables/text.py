"""Tables in Markdown for people, in CSV for programs, and as a data frame."""

import csv
import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.reporting.tables.marks import legend
from vidmbench.reporting.tables.values import EMPTY, PROTOCOLS, Cell, Panel, Table, column_blocks, numbered_notes

if TYPE_CHECKING:
    import pandas

WIDTH = 100
# A value, with an interval or a spread behind it; a dash alone stands for no value.
_NUMBER = re.compile(
    r"-|[-+]?[\d.]+(e[-+]?\d+)?( ± [\d.]+| \[[-\d., ]+\])?( \((no interval|sd [\d.e+-]+ [\w ]+|[\w ]+, all equal)\))?"
)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def to_markdown(table: Table, width: int = WIDTH) -> str:
    """A table in Markdown that lines up in a terminal.

    A block that would be too wide is first set without the space on the right of each cell, then broken into
    blocks of columns one below the other. Footnotes are numbered in reading order; equal notes share a number.

    Args:
        table: The table.
        width: Characters a line may take.
    """
    numbers = numbered_notes(table)

    def fits(panel: Panel, columns: range) -> bool:
        return _widest(_grid(panel, columns, numbers, width)) <= width

    blocks = [column_blocks(panel, fits) for panel in table.panels]
    numbers = numbered_notes(table, blocks)
    lines = [f"**{_markdown(table.title)}**", ""]
    for sentence in (*table.legend, *([legend("**Bold**", "_underscored_")] if table.has_marks else [])):
        lines += [*_wrapped(sentence, "", width), ""]
    for panel, split in zip(table.panels, blocks, strict=True):
        lines += [f"**{_markdown(panel.title)}**", ""]
        for columns in split:
            lines += [_grid(panel, columns, numbers, width), ""]
        if panel.protocols:
            lines += [PROTOCOLS, ""]
            lines += [line for text in panel.protocols for line in _wrapped(text, "- ", width)]
            lines.append("")
    if not table.panels:
        lines.append(EMPTY)
    if numbers:
        lines += ["Notes:", ""]
        lines += [line for text, number in numbers.items() for line in _wrapped(text, f"{number}. ", width)]
    return "\n".join(lines).rstrip() + "\n"


def to_csv(table: Table) -> str:
    """A table in CSV, rows and columns as in print, under one header.

    The columns are ``part`` (the block's heading), ``row``, every column label of any block, ``best`` and ``second``
    (the labels whose cells in that row are marked so, separated by `` // ``), and ``notes``: the footnotes of that row,
    each after the label of its column. A block opens with a row ``protocols`` whose notes say how its published
    numbers were made and, where printed, a row ``venue``.
    """
    labels = list(dict.fromkeys(label for panel in table.panels for label in panel.columns))
    lines = [["part", "row", *labels, "best", "second", "notes"]]
    for panel in table.panels:

        def line(
            row: str, texts: Sequence[str], notes: Sequence[str], cells: Sequence[Cell] = (), panel: Panel = panel
        ) -> list[str]:
            text_of = dict(zip(panel.columns, texts, strict=False))
            marked = [
                " // ".join(label for label, cell in zip(panel.columns, cells, strict=False) if cell.mark == mark)
                for mark in ("best", "second")
            ]
            return [panel.title, row, *(text_of.get(label, "") for label in labels), *marked, " // ".join(notes)]

        if panel.protocols:
            lines.append(line("protocols", (), panel.protocols))
        if panel.venues:
            lines.append(line("venue", panel.venues, ()))
        for row, cells in zip(panel.rows, panel.cells, strict=True):
            notes = [
                f"{label}: {note}" for label, cell in zip(panel.columns, cells, strict=True) for note in cell.notes
            ]
            lines.append(line(row, [cell.text for cell in cells], notes, cells))
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_text_cell(text) for text in line] for line in lines)
    return stream.getvalue()


def to_frame(table: Table) -> "pandas.DataFrame":
    """A table in long form, one line per cell, with numbers as numbers; for notebooks and plots."""
    import pandas

    lines = [
        {"part": panel.title, "row": row, "column": column, **asdict(cell)}
        for panel in table.panels
        for row, cells in zip(panel.rows, panel.cells, strict=True)
        for column, cell in zip(panel.columns, cells, strict=True)
        if cell.kind != "none"
    ]
    return pandas.DataFrame(lines)


def _grid(panel: Panel, columns: range, numbers: dict[str, int], width: int) -> str:
    lines = [["", *(panel.columns[column] for column in columns)]]
    if panel.venues:
        lines.append(["", *(panel.venues[column] for column in columns)])
    for label, cells in zip(panel.rows, panel.cells, strict=True):
        lines.append([label, *(_marked(cells[column], numbers) for column in columns)])
    text = pipe_table(lines, right_aligned=range(1, len(columns) + 1))
    return text if _widest(text) <= width else _squeezed(text)


def _marked(cell: Cell, numbers: dict[str, int]) -> str:
    notes = sorted(numbers[note] for note in cell.notes)
    text = cell.text + ",".join(str(note).translate(_RAISED) for note in notes)
    # The footnotes stand inside: behind a closing underscore they would keep it from closing.
    around = {"best": "**", "second": "_", "": ""}[cell.mark]
    return f"{around}{text}{around}"


def pipe_table(lines: Sequence[Sequence[str]], right_aligned: Sequence[int]) -> str:
    """A Markdown table.

    Args:
        lines: The cells line by line, the header first.
        right_aligned: Positions of the columns that are set to the right.
    """
    from tabulate import tabulate

    safe = [[_markdown(text).replace("|", "\\|") for text in line] for line in lines]
    align = ["right" if column in right_aligned else "left" for column in range(len(safe[0]))]
    # tabulate widens columns by two spaces below a header; without a header it prints the rule first.
    rule, header, *body = tabulate(safe, tablefmt="pipe", disable_numparse=True, colalign=align).splitlines()
    return "\n".join([header, rule, *body])


def _markdown(text: str) -> str:
    """A text on one line in which no name is a tag or a link; code, in backticks, cannot be either."""
    plain = re.split(r"(`[^`]*`)", printable(text))
    return "".join(part if part.startswith("`") else re.sub(r"<|(?<=\])\(", r"\\\g<0>", part) for part in plain)


def _text_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula; numbers stay numbers."""
    return text if _NUMBER.fullmatch(text) else spreadsheet_text(text)


def _squeezed(text: str) -> str:
    """The same table without the space on the right of each cell."""
    header, rule, *body = (line.replace(" |", "|") for line in text.splitlines())
    return "\n".join([header, re.sub(r"-(:?)\|", r"\1|", rule), *body])


def _widest(text: str) -> int:
    return max(len(line) for line in text.splitlines())


def _wrapped(text: str, mark: str, width: int) -> list[str]:
    """Text under a list mark, broken at the width; a span in backticks stays whole, so that it can be copied."""
    whole = re.sub(r"`[^`]*`", lambda span: span.group().replace(" ", "\0"), _markdown(text))
    indent = " " * len(mark)
    lines = textwrap.wrap(whole, width - len(mark), break_long_words=False, break_on_hyphens=False)
    return [(indent if number else mark) + line.replace("\0", " ") for number, line in enumerate(lines)]
