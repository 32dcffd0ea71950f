r"""Tables in LaTeX: one float per block, set with booktabs, with its notes inside.

What fits one column of two is a ``table``; what is wider is a ``table*``, which in one column is the same.
Columns are set to the right and hold plain numbers, which ``\num`` of siunitx takes; its S columns would refuse the
intervals, dashes and marks in the same columns. No other package than booktabs is needed.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from vidmbench.core.text import printable
from vidmbench.reporting.tables.latex_text import breakable, escaped, extent
from vidmbench.reporting.tables.marks import SHORT
from vidmbench.reporting.tables.values import EMPTY, Cell, HeadLine, Panel, Table, column_blocks, numbered_notes

# In digits of \footnotesize (4.25 pt): the text width of the article class (345 pt), and a column of two (200 pt).
_WIDTH = 79.0
_COLUMN = 46.0
_COLUMN_GAP = 1.9
# What is longer is set in lines, in a box of this width.
_LONGEST_LABEL = 27.0
_LONGEST_HEAD = 20.0
_HEAD = r"""% {title}
% Needs \usepackage{{booktabs}}, no other package. Fits one column and two: what is wider than a column is a table*."""


def to_latex(table: Table, *, signatures: bool = False) -> str:
    """A table for a paper: one float per block, its caption above and its notes below the numbers.

    Args:
        table: The table.
        signatures: Whether the appendix of long signatures follows.

    Returns:
        A fragment without preamble.
    """
    numbers = numbered_notes(table)

    def fits(panel: Panel, columns: range) -> bool:
        return _width(panel, columns, numbers) <= _WIDTH

    blocks = [column_blocks(panel, fits) for panel in table.panels]
    numbers = numbered_notes(table, blocks)
    lines = [_HEAD.format(title=" ".join(escaped(table.title).split()))]
    for at, split in enumerate(blocks):
        label = f"tab:vidmbench-{table.name}" + (f"-{at + 1}" if len(table.panels) > 1 else "")
        lines += ["", *_float(table, at, split, numbers, re.sub(r"[^A-Za-z0-9:-]+", "-", label))]
    if not table.panels:
        lines += ["", escaped(EMPTY)]
    if signatures and table.signatures:
        lines += ["", *_appendix(table.signatures)]
    elif table.signatures:
        one = ["% Signature of all numbers:", f"% {printable(table.signature)}"] if table.signature else []
        lines += ["", *(one or ["% Signatures for the appendix: add --signatures"])]
    return "\n".join(lines) + "\n"


def _float(table: Table, at: int, split: Sequence[range], numbers: dict[str, int], label: str) -> list[str]:
    panel = table.panels[at]
    caption = _caption(table, panel)
    is_wide = max(_width(panel, columns, numbers) for columns in split) > _COLUMN
    kind = "table*" if is_wide else "table"
    lines = [
        rf"\begin{{{kind}}}[t]",
        r"  \sloppy\setlength{\belowcaptionskip}{6pt}",
        rf"  \caption{{{caption}}}",
        rf"  \label{{{label}}}",
        r"  \centering\footnotesize\setlength{\tabcolsep}{4pt}",
    ]
    for number, columns in enumerate(split):
        lines += [r"  \par\medskip"] * (number > 0)
        lines += [f"  {line}" for line in _tabular(panel, columns, numbers)]
    below = _below(table, at, numbers)
    if below:
        lines += [
            r"  \par\smallskip",
            r"  \begin{minipage}{\linewidth}\scriptsize\raggedright\frenchspacing",
            *(f"    {line}" for line in below),
            r"  \end{minipage}",
        ]
    return [*lines, rf"\end{{{kind}}}"]


def _caption(table: Table, panel: Panel) -> str:
    parts = [table.caption or f"{table.title.rstrip('.')}."]
    if panel.title and len(table.panels) > 1:
        parts.append(f"{panel.title}.")
    if panel.has_marks:
        parts.append(SHORT)
    return " ".join(map(breakable, parts))


def _tabular(panel: Panel, columns: range, numbers: dict[str, int]) -> list[str]:
    heads = []
    for line in panel.head_lines:
        heads += _head_line(line, panel, columns, numbers)
    body = [
        [
            _boxed(label, _LONGEST_LABEL, "l") + _raised(panel.notes_of_row(row), numbers),
            *(_set(cells[column], numbers) for column in columns),
        ]
        for row, (label, cells) in enumerate(zip(panel.rows, panel.cells, strict=True))
    ]
    return [
        rf"\begin{{tabular}}{{@{{}}l{'r' * len(columns)}@{{}}}}",
        r"  \toprule",
        *(f"  {line}" for line in heads),
        r"  \midrule",
        *(f"  {' & '.join(line)} \\\\" for line in body),
        r"  \bottomrule",
        r"\end{tabular}",
    ]


def _head_line(line: HeadLine, panel: Panel, columns: range, numbers: dict[str, int]) -> list[str]:
    """One line of heads; equal neighbours of a general line are one, with a rule below."""
    texts, rules, start = [], [], 2
    for text, width in line.of(columns).runs():
        head = _boxed(text, _LONGEST_HEAD * width, "r")
        if line.has_marks:
            head += _raised(panel.notes_of_column(columns[start - 2]), numbers)
        texts.append(rf"\multicolumn{{{width}}}{{c}}{{{head}}}" if width > 1 else head)
        rules += [rf"\cmidrule(lr){{{start}-{start + width - 1}}}"] * (width > 1)
        start += width
    return [f"{' & '.join(['', *texts])} \\\\".lstrip(), *([" ".join(rules)] if rules else [])]


def _below(table: Table, at: int, numbers: dict[str, int]) -> list[str]:
    """What is printed below the numbers of a block: the legend below the first, its own protocols and notes."""
    panel = table.panels[at]
    lines = [breakable(text) for text in table.legend_of_readers] if at == 0 else []
    if panel.protocols:
        lines += [rf"--- {breakable(text)}" for text in panel.protocols]
    used = dict.fromkeys(
        note
        for notes in (
            *panel.column_notes,
            *panel.row_notes,
            *(cell.notes for line in panel.cells for cell in line),
        )
        for note in notes
    )
    for note in sorted(used, key=numbers.__getitem__):
        lines.append(rf"\textsuperscript{{{numbers[note]}}}\,{breakable(note)}")
    return [rf"{line}\par" for line in lines]


def _appendix(signatures: Sequence[tuple[str, str]]) -> list[str]:
    lines = [r"\begingroup\footnotesize\raggedright\frenchspacing\setlength{\parindent}{0pt}", r"Signatures.\par"]
    for owners, signature in signatures:
        code = breakable("`" + signature.replace("`", "'") + "`")
        lines.append(rf"\hangindent=1.5em\hangafter=1 {breakable(owners)}:\newline {code}\par")
    return [*lines, r"\endgroup"]


def _boxed(text: str, longest: float, side: str) -> str:
    """A label as it is, or in lines where it is too long for one."""
    if extent(text) <= longest:
        return escaped(text)
    at, ragged = ("t", r"\raggedright") if side == "l" else ("b", r"\raggedleft")
    return rf"\parbox[{at}]{{{longest * 0.53:.0f}em}}{{{ragged}\strut {breakable(text)}\strut}}"


def _set(cell: Cell, numbers: dict[str, int]) -> str:
    text = escaped(cell.text)
    text = {"best": rf"\textbf{{{text}}}", "second": rf"\underline{{{text}}}", "": text}[cell.mark]
    return text + _raised(cell.notes, numbers)


def _raised(notes: Sequence[str], numbers: dict[str, int]) -> str:
    marks = _marks(notes, numbers)
    return rf"\textsuperscript{{{marks}}}" if marks else ""


def _marks(notes: Sequence[str], numbers: dict[str, int]) -> str:
    """The numbers of notes; three and more in a row as a range."""
    marks = sorted(numbers[note] for note in notes)
    runs = [[mark for _, mark in run] for _, run in groupby(enumerate(marks), lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}--{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def _width(panel: Panel, columns: range, numbers: dict[str, int]) -> float:
    """Approximate width of a block, in digits."""

    def with_marks(text: str, notes: Sequence[str], longest: float) -> float:
        return min(extent(text), longest) + 0.7 * len(_marks(notes, numbers).replace("--", "-"))

    first = max(
        (with_marks(label, panel.notes_of_row(row), _LONGEST_LABEL) for row, label in enumerate(panel.rows)),
        default=0.0,
    )
    widths = []
    for column in columns:
        notes = panel.notes_of_column(column)
        heads = [
            with_marks(line.texts[column], notes if line.has_marks else (), _LONGEST_HEAD) for line in panel.head_lines
        ]
        numbers_below = [with_marks(cells[column].text, cells[column].notes, 1e9) for cells in panel.cells]
        widths.append(max([*heads, *numbers_below]))
    return first + sum(width + _COLUMN_GAP for width in widths)
