"""Tables in Markdown for people, and as a data frame."""

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidmbench.core.text import printable
from vidmbench.reporting.tables.marks import marks_legend
from vidmbench.reporting.tables.values import EMPTY, PROTOCOLS, Cell, Panel, Table, column_blocks, numbered_notes

if TYPE_CHECKING:
    import pandas

WIDTH = 100
_FRAME = (
    *("kind", "text", "value", "interval", "spread", "counts", "signature", "signature_id", "flag", "mark", "run_id"),
    "notes",
)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def to_markdown(table: Table, width: int = WIDTH, *, signatures: bool = False) -> str:
    """A table in Markdown that lines up in a terminal.

    A block that would be too wide is first set without the space on the right of each cell, then broken into
    blocks of columns one below the other. Footnotes are numbered in reading order; equal notes share a number.

    Args:
        table: The table.
        width: Characters a line may take.
        signatures: Whether the appendix of long signatures follows.
    """
    numbers = numbered_notes(table)

    def fits(panel: Panel, columns: range) -> bool:
        return _widest(_grid(panel, columns, numbers, width)) <= width

    blocks = [column_blocks(panel, fits) for panel in table.panels]
    numbers = numbered_notes(table, blocks)
    heading = _wrapped(table.caption, "", width) if table.caption else [f"**{_markdown(table.title)}**"]
    lines = [*heading, ""]
    for sentence in (
        *(table.legend_of_readers if signatures else table.legend),
        *marks_legend(table, "**Bold**", "_underscored_"),
    ):
        lines += [*_wrapped(sentence, "", width), ""]
    for panel, split in zip(table.panels, blocks, strict=True):
        lines += [f"**{_markdown(panel.title)}**", ""] if panel.title else []
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
        lines.append("")
    if table.signature and not signatures:
        lines += [f"Signature: `{printable(table.signature)}`"]
    if signatures and table.signatures:
        lines += ["Signatures:", ""]
        for owners, signature in table.signatures:
            lines += [*_wrapped(owners, "- ", width), f"  `{printable(signature)}`"]
    return "\n".join(lines).rstrip() + "\n"


def to_frame(table: Table) -> "pandas.DataFrame":
    """A table in long form, one line per cell, with numbers as numbers; for notebooks and plots."""
    import pandas

    lines = [
        {"part": panel.title, "row": row, "column": column, **{name: getattr(cell, name) for name in _FRAME}}
        for panel in table.panels
        for row, cells in zip(panel.rows, panel.cells, strict=True)
        for column, cell in zip(panel.columns, cells, strict=True)
        if cell.kind != "none"
    ]
    return pandas.DataFrame(lines)


def _grid(panel: Panel, columns: range, numbers: dict[str, int], width: int) -> str:
    lines = []
    for head_line in panel.head_lines:
        marks = [_raised(panel.notes_of_column(column), numbers) if head_line.has_marks else "" for column in columns]
        texts = [head_line.texts[column] + mark for column, mark in zip(columns, marks, strict=True)]
        lines.append(["", *texts])
    for row, (label, cells) in enumerate(zip(panel.rows, panel.cells, strict=True)):
        head = label + _raised(panel.notes_of_row(row), numbers)
        lines.append([head, *(_marked(cells[column], numbers) for column in columns)])
    text = pipe_table(lines, right_aligned=range(1, len(columns) + 1))
    return text if _widest(text) <= width else _squeezed(text)


def _marked(cell: Cell, numbers: dict[str, int]) -> str:
    text = cell.text + _raised(cell.notes, numbers)
    # The footnotes are inside: behind a closing underscore they would keep it from closing.
    around = {"best": "**", "second": "_", "": ""}[cell.mark]
    return f"{around}{text}{around}"


def _raised(notes: Sequence[str], numbers: dict[str, int]) -> str:
    return ",".join(str(number).translate(_RAISED) for number in sorted(numbers[note] for note in notes))


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
