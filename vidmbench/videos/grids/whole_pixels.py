"""Geometries in whole pixels: which fit an image's size, and how well each explains the seams; numbers only.

A geometry is judged by all positions at which it says there is a seam, so that one that explains every second seam
only, or asks for seams where none are, loses to the right one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vidmbench.videos.grids.lines import Cut
from vidmbench.videos.grids.seams import NEIGHBOURS, NEUTRAL, NEUTRAL_LINE, jump_rates, seam_scores

#: (padding, border) that public code writes: none; VideoGPT and TATS; make_grid; a frame around each tile of 1 or 2.
USUAL_PADDINGS = ((0, 0), (1, 1), (2, 2), (2, 1), (4, 2), (1, 0), (2, 0))
USUAL_SIZES = (32, 64, 128, 192, 256)
#: Tiles that are not declared are no smaller, or any texture would make a grid.
MIN_TILE = 24
#: Padding and border that are tried where they are not declared, pixels.
MAX_PADDING = 8

_MIN_MEAN_SCORE = 0.3
_MIN_SEAM_SHARE = 0.6
#: Intensity levels by which padding may differ from one colour: compression blurs it. All of it, and its worst line.
_FLAT = 14.0
_FLAT_LINE = 24.0
#: How much better than the next the best geometry must be; a clear seam counts 2.
_MARGIN = 1.0
#: How much better than no grid at all: one seam alone does not make two videos.
GAIN = 2.5
#: Cuts of one direction that are combined with those of the other.
_KEPT = 6


class Wanted(NamedTuple):
    """What is declared; None is open. ``tile`` is (height, width)."""

    rows: int | None
    columns: int | None
    padding: int | None
    border: int | None
    tile: tuple[int, int] | None


@dataclass(frozen=True)
class _Axis:
    """One direction; ``luma`` runs along it last."""

    luma: np.ndarray
    count: int | None
    tile: int | None

    @property
    def size(self) -> int:
        return int(self.luma.shape[-1])


@dataclass(frozen=True)
class _Part:
    """A geometry of one direction."""

    count: int
    tile: int
    score: float
    is_supported: bool


class Guess(NamedTuple):
    """A geometry, what speaks for it, and whether there are seams in most of the places where it says so."""

    cut: Cut
    score: float
    is_supported: bool


def fitting(luma: np.ndarray, declared: Wanted) -> list[Guess]:
    """The geometries in whole pixels that fit what is declared, the likeliest first.

    Args:
        luma: Of the image, float32 (part, height, width), 0..255.
        declared: What is known.
    """
    tile = declared.tile or (None, None)
    axes = (
        _Axis(luma.swapaxes(1, 2), declared.rows, tile[0]),
        _Axis(luma, declared.columns, tile[1]),
    )
    guesses = []
    for of_lines in (False, True):
        typical = NEUTRAL_LINE if of_lines else NEUTRAL
        scores = [seam_scores(jump_rates(axis.luma, of_lines=of_lines), typical) for axis in axes]
        pairs = [pair for pair in paddings(declared) if (0 < pair[0] <= NEIGHBOURS) == of_lines]
        guesses += _ranked(axes, scores, pairs)
    return sorted(guesses, key=lambda guess: -guess.score)


def paddings(declared: Wanted) -> list[tuple[int, int]]:
    """All (padding, border) that may be tried."""
    tried = range(MAX_PADDING + 1)
    inner = tried if declared.padding is None else (declared.padding,)
    outer = tried if declared.border is None else (declared.border,)
    return [(padding, border) for padding in inner for border in outer]


def divisions(size: int, count: int | None, tile: int | None, padding: int, border: int) -> list[tuple[int, int]]:
    """All (count, tile) that fill ``size`` pixels exactly with this padding and border."""
    if count is not None:
        counts: Sequence[int] = (count,)
    else:
        counts = range(1, max(1, size // (tile or MIN_TILE)) + 1)
    fitting = []
    for number in counts:
        pixels, rest = divmod(size - 2 * border - (number - 1) * padding, number)
        if not rest and pixels > 0 and tile in (None, pixels):
            fitting.append((number, pixels))
    return fitting


def usual(height: int, width: int, declared: Wanted) -> list[Cut]:
    """Geometries people use, of those that fit: with usual paddings, square tiles, usual sizes if there are any."""
    cuts = []
    for padding, border in paddings(declared):
        if (padding, border) not in USUAL_PADDINGS and declared.padding is None and declared.border is None:
            continue
        tile = declared.tile or (None, None)
        for rows, tile_height in divisions(height, declared.rows, tile[0], padding, border):
            for columns, tile_width in divisions(width, declared.columns, tile[1], padding, border):
                if rows * columns > 1:
                    cuts.append(Cut(rows, columns, padding, border, (tile_height, tile_width)))
    for is_kept in (lambda cut: cut.tile[0] == cut.tile[1], lambda cut: cut.tile[0] in USUAL_SIZES):
        cuts = [cut for cut in cuts if is_kept(cut)] or cuts
    return cuts


def _ranked(axes: Sequence[_Axis], scores: Sequence[np.ndarray], pairs: Sequence[tuple[int, int]]) -> list[Guess]:
    """The geometries that fit the size, the likeliest first."""
    guesses = []
    for padding, border in pairs:
        parts = [_parts(axis, score, padding, border) for axis, score in zip(axes, scores, strict=True)]
        guesses += [_combined(rows, columns, padding, border) for rows in parts[0] for columns in parts[1]]
    return sorted(guesses, key=lambda guess: -guess.score)


def _combined(rows: _Part, columns: _Part, padding: int, border: int) -> Guess:
    score = rows.score + columns.score
    score += 1.5 * (rows.tile == columns.tile)
    score += 0.5 * (rows.tile in USUAL_SIZES) + 0.5 * (columns.tile in USUAL_SIZES)
    score += 0.5 * ((padding, border) in USUAL_PADDINGS)
    is_grid = rows.count * columns.count > 1
    cut = Cut(rows.count, columns.count, padding, border, (rows.tile, columns.tile))
    return Guess(cut, score, is_grid and rows.is_supported and columns.is_supported)


def _parts(axis: _Axis, scores: np.ndarray, padding: int, border: int) -> list[_Part]:
    """The likeliest ways to cut one direction with this padding and border."""
    divided = []
    for count, tile in divisions(axis.size, axis.count, axis.tile, padding, border):
        starts = border + np.arange(count) * (tile + padding)
        seams = np.union1d(starts, starts + tile)
        at = scores[seams[(seams > 0) & (seams < axis.size)]]
        is_supported = not len(at) or bool(
            at.mean() >= _MIN_MEAN_SCORE and (at > 0).mean() >= _MIN_SEAM_SHARE and (len(at) > 1 or at[0] > 1)
        )
        is_supported = is_supported and _is_flat(axis.luma, starts, tile)
        score = float(at.sum())
        divided.append(_Part(count, tile, score if is_supported else min(score, 0.0), is_supported))
    return sorted(divided, key=lambda part: -part.score)[:_KEPT]


def _is_flat(luma: np.ndarray, starts: np.ndarray, tile: int) -> bool:
    """Whether all that is said to be padding has one colour."""
    is_padding = np.ones(luma.shape[-1], bool)
    for start in starts:
        is_padding[start : start + tile] = False
    lines = luma[:, :, is_padding]
    if not lines.size:
        return True
    deviation = np.abs(lines - np.median(lines)).mean(axis=(0, 1))
    return bool(deviation.mean() <= _FLAT and deviation.max() <= _FLAT_LINE)


def is_clear(guesses: Sequence[Guess]) -> bool:
    """Whether the first of some ranked geometries is clearly the likeliest."""
    if not guesses or not guesses[0].is_supported:
        return False
    best = guesses[0].score
    return all(
        best - other.score >= (GAIN if other.cut.rows * other.cut.columns == 1 else _MARGIN) for other in guesses[1:]
    )
