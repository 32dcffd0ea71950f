"""How many tiles lie one above the other and side by side, whatever their size in pixels; numbers only.

An image that was scaled after it had been put together has tiles of no whole number of pixels. So every number of
tiles is tried at equal distances that need not be whole, with lines of several widths between and around the tiles,
and is judged by all places at which it says there is a seam. A number that explains every second seam only collects
half of what the right one does, and one that asks for seams where none are loses by each of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vidmbench.videos.grids.seams import (
    NEUTRAL,
    NEUTRAL_LINE,
    NEUTRAL_WIDE,
    jump_rates,
    scored,
    seam_evidence,
    wide_rates,
)

#: Lines of pixels across the seams that are looked at; more do not change what share of them jumps.
_LINES = 512
#: Widths of the lines between tiles that are tried, pixels; each stands for those up to the next.
_WIDTHS = (0.0, 1.5, 3.0, 4.5)
#: Narrower tiles are tried although none is accepted, or a part of their seams would make tiles of several.
_MIN_PITCH = 12.0
#: The share of its seams that a number of tiles must find, and their mean score.
_MIN_SEAM_SHARE = 0.6
_MIN_MEAN_SCORE = 0.3
#: The share of the jump rate of the clearer seams at which one speaks neither for nor against.
_FAINT = 0.2
#: A seam that is the only one of its direction must be a clear one: one edge of a scene is not two videos.
_MIN_LONE_SCORE = 1.0
#: Tiles as high as wide are likely; how far the two may differ, as a share.
_SQUARE_BONUS = 1.5
_SQUARE = 0.02
#: Tiles this many times as long as wide are unlikely.
_SLIM = 2.6
_SLIM_COST = 3.0
#: Numbers of one direction that are combined with those of the other.
_KEPT = 8


class Counted(NamedTuple):
    """A number of rows and columns.

    Attributes:
        rows: Tiles one above the other.
        columns: Tiles side by side.
        score: How much speaks for it; a clear seam counts 2, and no seams at all 0.
        is_supported: There are seams in most of the places where it says so.
    """

    rows: int
    columns: int
    score: float
    is_supported: bool


@dataclass(frozen=True)
class _Number:
    """A number of tiles in one direction, at the distance ``pitch``."""

    count: int
    pitch: float
    score: float
    is_supported: bool


def count_tiles(luma: np.ndarray, rows: int | None = None, columns: int | None = None) -> list[Counted]:
    """Numbers of rows and columns, the likeliest first.

    Args:
        luma: Of the image, float32 (part, height, width), 0..255.
        rows: Their number, where it is known.
        columns: Their number, where it is known.

    Returns:
        Each pair of numbers once; one tile alone is among them unless the numbers are known.
    """
    axes = [
        (axis[:, :: max(1, axis.shape[1] // _LINES)], count)
        for axis, count in ((luma.swapaxes(1, 2), rows), (luma, columns))
    ]
    by_kind = [[_numbers(axis, kind, count) for axis, count in axes] for kind in ("step", "line", "wide")]
    # A direction whose seams are lines of another sharpness may show them in another way.
    sides = [_best_of_each(kinds[side] for kinds in by_kind) for side in (0, 1)]
    pairs = [_pair(row, column) for row in sides[0] for column in sides[1]]
    return sorted(pairs, key=lambda pair: -pair.score)


def _pair(row: _Number, column: _Number) -> Counted:
    score = row.score + column.score
    is_grid = row.count * column.count > 1
    if is_grid and abs(row.pitch / column.pitch - 1) <= _SQUARE:
        score += _SQUARE_BONUS
    if is_grid and not 1 / _SLIM <= row.pitch / column.pitch <= _SLIM:
        score -= _SLIM_COST
    return Counted(row.count, column.count, score, is_grid and row.is_supported and column.is_supported)


def _best_of_each(kinds: Iterator[list[_Number]]) -> list[_Number]:
    """The best of every number of tiles, the likeliest first; one tile is always kept."""
    best: dict[int, _Number] = {}
    for number in (number for numbers in kinds for number in numbers):
        if number.count not in best or number.score > best[number.count].score:
            best[number.count] = number
    ranked = sorted(best.values(), key=lambda number: -number.score)
    return [*ranked[:_KEPT], *(number for number in ranked[_KEPT:] if number.count == 1)]


def _numbers(luma: np.ndarray, kind: str, count: int | None) -> list[_Number]:
    """Every number of tiles along the last axis, each at the distances and line widths that suit it best."""
    size = luma.shape[2]
    if size < 2 * _MIN_PITCH:
        return [_Number(1, float(size), 0.0, True)] if count in (None, 1) else []
    typical = {"step": NEUTRAL, "line": NEUTRAL_LINE, "wide": NEUTRAL_WIDE}[kind]
    rates = wide_rates(luma) if kind == "wide" else jump_rates(luma, of_lines=kind == "line")
    counts: Sequence[int] = range(1, int(size // _MIN_PITCH) + 1) if count is None else (count,)
    numbers = []
    for width in _WIDTHS:
        highest, neutral = seam_evidence(rates, typical, reach=int(width / 2 + 1.25))
        for first, total in _extents(size, width):
            for number in counts:
                pitch = total / number
                # The tiny excess keeps a seam that computing puts just below a whole pixel on it.
                seams = np.floor(first + np.arange(1, number) * pitch + 1e-6).astype(int).clip(0, size)
                at = _scores_at(highest[seams], neutral[seams])
                numbers.append(_Number(number, pitch, float(at.sum()), _is_supported(at)))
    return numbers


def _scores_at(rates: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """Scores of the seams of one number of tiles: they should be about as clear as one another.

    An edge that the scenes of all tiles have in their middle is far less clear than the seams, and no seam.
    """
    if not len(rates):
        return rates
    clear = np.sort(rates)[3 * len(rates) // 4]
    return scored(rates, np.maximum(neutral, _FAINT * clear))


def _is_supported(at: np.ndarray) -> bool:
    if not len(at):
        return True
    is_seen = at.mean() >= _MIN_MEAN_SCORE and (at > 0).mean() >= _MIN_SEAM_SHARE
    return bool(is_seen and (len(at) > 1 or at[0] > _MIN_LONE_SCORE))


def _extents(size: int, width: float) -> set[tuple[float, float]]:
    """Where the middle of the first line lies and how far from it that of the last one, with lines of a width.

    Lines all around, between the tiles only, half as wide around, or on two sides.
    """
    half = width / 2
    return {
        (0.0, float(size)),
        (half, size - width),
        (-half, size + width),
        (-half, float(size)),
        (half, float(size)),
    }
