"""Best and second best: marked only where numbers compare and their order depends on neither chance nor doubt."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from vidmbench.records.measurement import overlap
from vidmbench.records.published import PublishedValue
from vidmbench.reporting.tables.values import Cell, Note, Table

# Made in another way than their neighbours, or not numbers of this cell: they are not ranked.
_OUTSIDE = ("other-protocol", "duplicate", "not-printed")
# These may be wrong. Repaired numbers are not among them: a second source confirms what was hard to read.
_DOUBTFUL = ("doubtful", "misprinted")
# More numbers in bold would say little: a note says instead that they are not distinguishable.
_MOST_SHARING = 2
TIED = Note("tie", "not distinguishable from the best: equal, or the intervals overlap")
SHORT = "Bold: best; underlined: second best, among numbers that compare."
UNMARKED = "No number is marked as best: none here is known to compare with another and to be better."


def marks_legend(table: Table, best: str = "Bold", second: str = "underlined") -> list[str]:
    """What the marks mean; nothing where there are none.

    Args:
        table: The table.
        best: How the best number is set.
        second: How the second best number is set.
    """
    if not table.has_marks:
        return []
    if not table.has_published:
        return [f"{best}: best; {second}: second best, among numbers with the same signature."]
    return [
        f"{best}: best; {second}: second best; by the arrow, and only among published numbers that were scored "
        "together (see the protocols) or measured ones with the same signature. A number without a mark is worse than "
        "the marked ones or does not compare with them. Two numbers whose intervals overlap share a mark; of more that "
        "are not distinguishable a note says so. Where no interval is printed, small differences may be chance. "
        "Doubtful numbers and controls have no mark."
    ]


def comparison_of(value: PublishedValue, group: int | None) -> str:
    """A key that is equal for published numbers that may be ranked together; empty if a number may not be ranked.

    Two numbers whose partial signatures agree may still differ in everything that their papers do not state. So they
    must also have been scored together by the same party, on the same split, both with or both without classes.

    Args:
        value: The number.
        group: Which group of methods that were scored together it belongs to.
    """
    if group is None or value.value is None or value.flag in _OUTSIDE:
        return ""
    return f"published together, group {group}, {value.split}, classes {value.class_conditional}"


def with_marks(cells: Sequence[Cell], better: Literal["lower", "higher"]) -> list[Cell]:
    """The cells of one case (data set, frames, metric) with marks.

    The first number, and one that it does not clearly beat, get a mark if they beat a reliable number; the next mark is
    given likewise, if the first was not shared. Where more share first place, or all numbers do, none is marked and
    each gets the note :data:`TIED`. A doubtful number is never marked and ends the marking: if it is wrong, so is the
    order below it. A measured number without an interval beats none.

    Args:
        cells: The cells; equal ``compared`` are ranked with each other.
        better: The direction of the metric.
    """
    marked = list(cells)
    sign = 1 if better == "lower" else -1
    for key in dict.fromkeys(cell.compared for cell in cells if cell.compared):
        values = [
            (sign * cell.value, i) for i, cell in enumerate(cells) if cell.compared == key and cell.value is not None
        ]
        order = [i for _, i in sorted(values)]
        marks: tuple[Literal["best", "second"], ...] = ("best", "second")
        for mark in marks:
            tier = [i for i in order if overlap(_ends(cells[order[0]]), _ends(cells[i]))]
            beaten = [i for i in order if i not in tier]
            reliable = [i for i in tier if _is_reliable(cells[i])]
            if len(reliable) < len(tier):
                # What has no interval may be anywhere; the others share first place all the same.
                is_known = cells[order[0]].kind != "published" and order[0] in reliable
                for i in reliable if mark == "best" and is_known and len(reliable) > 1 else ():
                    marked[i] = replace(cells[i], details=(*cells[i].details, TIED))
                break
            has_beaten = any(_is_reliable(cells[i]) for i in beaten)
            if mark == "best" and len(tier) > (_MOST_SHARING if has_beaten else 1):
                for i in tier:
                    marked[i] = replace(cells[i], details=(*cells[i].details, TIED))
                break
            if not has_beaten or len(tier) > _MOST_SHARING:
                break
            for i in tier:
                marked[i] = replace(cells[i], mark=mark)
            if len(tier) > 1:
                break
            order = beaten
    return marked


def _is_reliable(cell: Cell) -> bool:
    return cell.flag not in _DOUBTFUL and (cell.kind == "published" or cell.interval is not None)


def _ends(cell: Cell) -> tuple[float, float]:
    if cell.interval:
        return cell.interval
    if cell.kind != "published" or cell.value is None:
        return float("-inf"), float("inf")
    spread = cell.spread or 0.0
    return cell.value - spread, cell.value + spread
