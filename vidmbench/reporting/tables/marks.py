"""Best and second best: marked only where numbers compare, and where the order does not hang on chance or doubt."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from vidmbench.records.published import PublishedValue
from vidmbench.records.record import overlap
from vidmbench.reporting.tables.values import Cell

# Known to be made in another way than their neighbours, or no number of their own: they are no part of a ranking.
_OUTSIDE = ("other-protocol", "duplicate", "not-printed")
# These may be wrong. A repaired one is not among them: its print was hard to read, and a second source has it.
_DOUBTFUL = ("doubtful", "misprinted")
SHORT = "Bold: best; underlined: second best, among numbers that compare."
UNMARKED = "No number is marked as best: none here is known to compare with another and to be better."


def legend(best: str = "Bold", second: str = "underlined") -> str:
    """What the marks mean.

    Args:
        best: How the best is set.
        second: How the second best is.
    """
    return (
        f"{best}: best; {second}: second best; by the arrow, and only among published numbers that were scored "
        "together (see the protocols) or measured ones with the same signature. A number without a mark is worse than "
        "the marked ones or does not compare with them. Numbers whose intervals overlap share a mark; where none is "
        "printed, small differences may be chance. Doubtful numbers and controls have no mark."
    )


def comparison_of(value: PublishedValue, group: int | None) -> str:
    """What a published number may be ranked with; empty where with nothing.

    Two numbers whose partial signatures do not contradict each other may still differ in all that their papers leave
    unsaid. So it takes more: the same party scored both together, on the same split, with or without classes.

    Args:
        value: The number.
        group: Which group of methods that were scored together it belongs to.
    """
    if group is None or value.value is None or value.flag in _OUTSIDE:
        return ""
    return f"published together, group {group}, {value.split}, classes {value.class_conditional}"


def with_marks(cells: Sequence[Cell], better: Literal["lower", "higher"]) -> list[Cell]:
    """The cells of one case (data set, frames, metric) with marks.

    A mark goes to the first number and to all that it does not clearly beat, if a sure number is left that it beats;
    the next mark likewise, if the first was not shared. A doubtful number is never marked, and marking stops where one
    stands: should it be wrong, the order below it would be, too. A measured number without an interval beats nothing.

    Args:
        cells: The cells; equal ``compared`` are ranked with each other.
        better: The direction of the metric.
    """
    marked = list(cells)
    sign = 1 if better == "lower" else -1
    for key in dict.fromkeys(cell.compared for cell in cells if cell.compared):
        left = [
            (sign * cell.value, at) for at, cell in enumerate(cells) if cell.compared == key and cell.value is not None
        ]
        order = [at for _, at in sorted(left)]
        marks: tuple[Literal["best", "second"], ...] = ("best", "second")
        for mark in marks:
            tier = [at for at in order if overlap(_ends(cells[order[0]]), _ends(cells[at]))]
            beaten = [at for at in order if at not in tier]
            if not all(_is_sure(cells[at]) for at in tier) or not any(_is_sure(cells[at]) for at in beaten):
                break
            for at in tier:
                marked[at] = replace(cells[at], mark=mark)
            if len(tier) > 1:
                break
            order = beaten
    return marked


def _is_sure(cell: Cell) -> bool:
    return cell.flag not in _DOUBTFUL and (cell.kind == "published" or cell.interval is not None)


def _ends(cell: Cell) -> tuple[float, float]:
    if cell.interval:
        return cell.interval
    if cell.kind != "published" or cell.value is None:
        return float("-inf"), float("inf")
    spread = cell.spread or 0.0
    return cell.value - spread, cell.value + spread
