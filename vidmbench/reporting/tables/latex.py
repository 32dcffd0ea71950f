r"""Tables in LaTeX: floats set with booktabs, the notes below them as text that may run over pages.

Columns are set to the right and hold plain numbers, which ``\num`` of siunitx takes; its S columns would refuse the
intervals, dashes and marks in the same columns. No other package than booktabs is needed.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from vidmbench.core.text import printable
from vidmbench.reporting.tables.marks import SHORT, legend
from vidmbench.reporting.tables.values import (
    EMPTY,
    PROTOCOLS,
    Cell,
    Panel,
    Span,
    Table,
    column_blocks,
    numbered_notes,
    spans,
)

# The text width of the article class (345 pt) in digits of \footnotesize (4.25 pt).
_WIDTH = 79.0
_COLUMN_GAP = 1.9
_SIGNATURE = 120  # characters; a longer note contains one
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "#": r"\#",
    "$": r"\$",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "[": "{[}",  # after a line end, LaTeX would take a bare one for an optional argument
    "*": "{*}",
    '"': "''",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "→": r"$\to$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "’": "'",
}
_HEAD = r"""% {title}
% Needs \usepackage{{booktabs}}, no other package. In two columns write table* for table.
% Columns are set to the right and hold plain numbers, which \num of siunitx takes; S columns would refuse the
% intervals, dashes and marks beside them."""


def to_latex(table: Table) -> str:
    """A table for a paper: one float per panel, wide ones split into blocks, and below them legend and notes.

    Args:
        table: The table.

    Returns:
        A fragment without preamble.
    """
    numbers = numbered_notes(table)

    def fits(panel: Panel, columns: range) -> bool:
        return _width(panel, columns, numbers) <= _WIDTH

    blocks = [column_blocks(panel, fits) for panel in table.panels]
    numbers = numbered_notes(table, blocks)
    lines = [_HEAD.format(title=" ".join(table.title.split()))]
    for at, (panel, split) in enumerate(zip(table.panels, blocks, strict=True), start=1):
        lines += ["", *_float(table, panel, split, numbers, f"tab:vidmbench-{table.name}-{at}")]
    return "\n".join([*lines, "", *_below(table, numbers)]) + "\n"


def _float(table: Table, panel: Panel, split: Sequence[range], numbers: dict[str, int], label: str) -> list[str]:
    caption = f"{escaped(table.title)}. {escaped(panel.title)}."
    if panel.has_marks:
        caption += " " + escaped(SHORT)
    lines = [
        r"\begin{table}[htbp]",
        r"  \centering\footnotesize\setlength{\tabcolsep}{4pt}\setlength{\belowcaptionskip}{6pt}",
        rf"  \caption{{{caption}}}",
        rf"  \label{{{re.sub(r'[^A-Za-z0-9:-]+', '-', label)}}}",
    ]
    for number, columns in enumerate(split):
        lines += [r"", r"  \medskip"] * (number > 0) + [f"  {line}" for line in _tabular(panel, columns, numbers)]
    return [*lines, r"\end{table}"]


def _tabular(panel: Panel, columns: range, numbers: dict[str, int]) -> list[str]:
    heads = [["", *(escaped(panel.columns[column]) for column in columns)]]
    if panel.venues:
        heads.append(["", *(escaped(panel.venues[column]) for column in columns)])
    body = [
        [escaped(label), *(_set(cells[column], numbers) for column in columns)]
        for label, cells in zip(panel.rows, panel.cells, strict=True)
    ]
    return [
        rf"\begin{{tabular}}{{@{{}}l{'r' * len(columns)}@{{}}}}",
        r"  \toprule",
        *(f"  {' & '.join(line)} \\\\" for line in heads),
        r"  \midrule",
        *(f"  {' & '.join(line)} \\\\" for line in body),
        r"  \bottomrule",
        r"\end{tabular}",
    ]


def _below(table: Table, numbers: dict[str, int]) -> list[str]:
    """Legend, protocols and notes, as text: a float cannot break across pages, and signatures are long."""
    marks = [legend()] if table.has_marks else []
    lines = [escaped(text) + r"\par" for text in (*table.legend, *marks)]
    for panel in table.panels:
        if panel.protocols:
            lines.append(rf"\medskip {escaped(panel.title)}. {escaped(PROTOCOLS)}\par")
            lines += [rf"\hangindent=1.5em\hangafter=1 --- {_lines(text)}\par" for text in panel.protocols]
    if not table.panels:
        lines.append(escaped(EMPTY) + r"\par")
    if numbers:
        lines.append(r"\medskip Notes:\par")
    for text, number in numbers.items():
        mark = rf"\makebox[1.5em][l]{{\textsuperscript{{{number}}}}}"
        note = _lines(text) if len(text) > _SIGNATURE else escaped(text)
        lines.append(rf"\hangindent=1.5em\hangafter=1 {mark}{note}\par")
    return [r"\begingroup\footnotesize\raggedright\frenchspacing\setlength{\parindent}{0pt}", *lines, r"\endgroup"]


def _lines(text: str) -> str:
    """A text with each signature on a separate line."""
    return escaped(text).replace(r" \texttt{", r"\newline \texttt{")


def _set(cell: Cell, numbers: dict[str, int]) -> str:
    text = escaped(cell.text)
    text = {"best": rf"\textbf{{{text}}}", "second": rf"\underline{{{text}}}", "": text}[cell.mark]
    marks = _marks(cell, numbers)
    return text + (rf"\textsuperscript{{{marks}}}" if marks else "")


def _marks(cell: Cell, numbers: dict[str, int]) -> str:
    """The numbers of a cell's notes; three and more in a row as a range."""
    marks = sorted(numbers[note] for note in cell.notes)
    runs = [[mark for _, mark in run] for _, run in groupby(enumerate(marks), lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}--{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def escaped(text: str) -> str:
    """A text with backticks and carets as LaTeX, every special character escaped."""
    text = "".join(_span(span) for span in spans(text))
    return re.sub(r" (?=\$\\(down|up)arrow\$)", "~", text)  # an arrow stays with its metric


def _span(span: Span) -> str:
    unescaped = "|<>" if span.kind == "code" else ""  # typewriter has these where ASCII has them
    # Separated by an empty group, the two hyphens of an option do not become a dash.
    text = "-{}-".join(
        "".join(s if s in unescaped else _escaped_character(s) for s in part) for part in span.text.split("--")
    )
    return {"plain": "{}", "code": r"\texttt{{{}}}", "raised": r"\textsuperscript{{{}}}"}[span.kind].format(text)


def _escaped_character(character: str) -> str:
    """One character; those that plain LaTeX fonts lack are printed as their code point, so that the text compiles."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isspace():
        return " "
    is_accented = ord(character) <= 0xFF and unicodedata.normalize("NFD", character)[0].isascii()
    return (
        character
        if (printable(character) == character and is_accented) or character in "ßæøåÆØÅ"
        else f"U+{ord(character):04X}"
    )


def _width(panel: Panel, columns: range, numbers: dict[str, int]) -> float:
    """Approximate width of a block, in digits."""
    first = max((_extent(label) for label in panel.rows), default=0.0)
    widths = [
        max(
            _extent(panel.columns[column]),
            _extent(panel.venues[column]) if panel.venues else 0.0,
            *(
                _extent(cells[column].text) + 0.7 * len(_marks(cells[column], numbers).replace("--", "-"))
                for cells in panel.cells
            ),
        )
        for column in columns
    ]
    return first + sum(width + _COLUMN_GAP for width in widths)


def _extent(text: str) -> float:
    return sum(
        1.45 if character.isupper() or character in "mwMW±†‡" else 0.6 if character in "il.,:'|[]() " else 1.0
        for character in text
    )
