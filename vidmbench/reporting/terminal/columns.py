"""Plain tables for terminals: columns that line up, what is common to all rows said once above them."""

from collections.abc import Sequence

from vidmbench.core.text import printable

#: Between the columns, and before the first one.
GAP = "  "


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of equally many cells, set below each other; nothing at the end of a line.

    Args:
        lines: The cells, those of the header among them.
    """
    shown = [[printable(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        GAP + GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in shown
    ]


def without_constants(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, keep: Sequence[str]
) -> tuple[list[str], list[list[str]], dict[str, str]]:
    """Takes the columns out whose cells are all equal.

    Args:
        header: Names of the columns.
        rows: Their cells, of at least one row.
        keep: Columns that stay in any case.

    Returns:
        The header and the rows that are left, and the cell of every column taken out; columns of empty cells are
        taken out and named nowhere.
    """
    common = {
        name: cells[0]
        for name, cells in zip(header, zip(*rows, strict=True), strict=True)
        if name not in keep and len(set(cells)) == 1
    }
    places = [place for place, name in enumerate(header) if name not in common]
    kept = [[row[place] for place in places] for row in rows]
    return [header[place] for place in places], kept, {name: cell for name, cell in common.items() if cell}
