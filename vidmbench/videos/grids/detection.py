"""Finds how an image of many videos is cut, from the seams between them; numbers only, see grids.py for the rest.

A seam is a place where pixels jump in very many rows at once. For every position across the image the *jump rate* is
the share of rows whose step there is the largest in the neighbourhood. Ordinary content reaches a few per cent
anywhere, a seam between two videos 25 to 90 per cent, whatever the contrast, the dithering of a gif or the blocks of a
codec. A geometry is judged by all positions at which it says there is a seam, so that one that explains every second
seam only, or asks for seams where none are, loses to the right one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.videos.grids.seams import _NEIGHBOURS, NEUTRAL, NEUTRAL_LINE, jump_rates, mean_luma, seam_scores

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
_GAIN = 2.5
#: Cuts of one direction that are combined with those of the other.
_KEPT = 6
#: Intensity levels by which a line differs from both its sides, on average.
_LINE = 8.0
#: How much of a line's colour may shine through at the edge of a tile, and at how many edges more.
_SHINE = 0.3
_SHINING_EDGES = 0.1


class Wanted(NamedTuple):
    """What is declared; None is open. ``tile`` is (height, width)."""

    rows: int | None
    columns: int | None
    padding: int | None
    border: int | None
    tile: tuple[int, int] | None


class Cut(NamedTuple):
    """A geometry; ``tile`` is (height, width)."""

    rows: int
    columns: int
    padding: int
    border: int
    tile: tuple[int, int]


@dataclass(frozen=True)
class Outcome:
    """What a search gave.

    Attributes:
        cut: The geometry, or None where the image does not decide.
        is_scaled: The lines between the tiles fall between whole pixels, because the image was scaled after it had
            been put together; the tiles are then cut inside the lines.
        is_seen: The pixels decided, and not that no other usual geometry fits what is wanted.
        candidates: Where nothing was decided: the likely geometries, the likeliest first.
    """

    cut: Cut | None
    is_scaled: bool = False
    is_seen: bool = True
    candidates: tuple[Cut, ...] = ()


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


class _Guess(NamedTuple):
    cut: Cut
    score: float
    is_supported: bool


def search(frames: Frames, declared: Wanted) -> Outcome:
    """Finds the geometry that explains the seams.

    Args:
        frames: Frames of the image, uint8 (frame, height, width, 3), RGB, 0..255.
        declared: What is known about it; at least one geometry fits it and the image's size.

    Returns:
        The geometry, or the candidates where none is clearly the likeliest.
    """
    luma = mean_luma(frames)
    tile = declared.tile or (None, None)
    axes = (
        _Axis(luma.swapaxes(1, 2), declared.rows, tile[0]),
        _Axis(luma, declared.columns, tile[1]),
    )
    guesses = []
    for of_lines in (False, True):
        typical = NEUTRAL_LINE if of_lines else NEUTRAL
        scores = [seam_scores(jump_rates(axis.luma, of_lines=of_lines), typical) for axis in axes]
        pairs = [pair for pair in paddings(declared) if (0 < pair[0] <= _NEIGHBOURS) == of_lines]
        guesses += _ranked(axes, scores, pairs)
    guesses.sort(key=lambda guess: -guess.score)
    best = guesses[0].cut if _is_clear(guesses) else None
    is_open = declared.padding is None and declared.border is None and declared.tile is None
    # Tiles that seem to touch may do so because a thin line between them was scaled.
    if is_open and (best is None or best.padding == best.border == 0):
        scaled = _search_scaled(axes)
        if scaled is not None and (best is None or scaled.border):
            return Outcome(scaled, is_scaled=scaled.border > 0)
    if best is not None:
        return Outcome(best)
    likely = usual(luma.shape[1], luma.shape[2], declared)
    is_counted = declared.tile is not None or (declared.rows is not None and declared.columns is not None)
    if is_counted and len(likely) == 1:
        return Outcome(likely[0], is_seen=False)
    shown = dict.fromkeys([*(guess.cut for guess in guesses[:2] if guess.is_supported), *likely])
    return Outcome(None, candidates=tuple(shown))


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


def _ranked(axes: Sequence[_Axis], scores: Sequence[np.ndarray], pairs: Sequence[tuple[int, int]]) -> list[_Guess]:
    """The geometries that fit the size, the likeliest first."""
    guesses = []
    for padding, border in pairs:
        parts = [_parts(axis, score, padding, border) for axis, score in zip(axes, scores, strict=True)]
        guesses += [_guess(rows, columns, padding, border) for rows in parts[0] for columns in parts[1]]
    return sorted(guesses, key=lambda guess: -guess.score)


def _guess(rows: _Part, columns: _Part, padding: int, border: int) -> _Guess:
    score = rows.score + columns.score
    score += 1.5 * (rows.tile == columns.tile)
    score += 0.5 * (rows.tile in USUAL_SIZES) + 0.5 * (columns.tile in USUAL_SIZES)
    score += 0.5 * ((padding, border) in USUAL_PADDINGS)
    is_grid = rows.count * columns.count > 1
    cut = Cut(rows.count, columns.count, padding, border, (rows.tile, columns.tile))
    return _Guess(cut, score, is_grid and rows.is_supported and columns.is_supported)


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


def _is_clear(guesses: Sequence[_Guess]) -> bool:
    if not guesses or not guesses[0].is_supported:
        return False
    best = guesses[0].score
    return all(
        best - other.score >= (_GAIN if other.cut.rows * other.cut.columns == 1 else _MARGIN) for other in guesses[1:]
    )


def _search_scaled(axes: tuple[_Axis, _Axis]) -> Cut | None:
    """Looks for equal steps with seams near them, and cuts the largest tiles that keep clear of the seams."""
    scores = [seam_scores(jump_rates(axis.luma), is_near=True) for axis in axes]
    guesses = _ranked(axes, scores, [(0, 0)])
    if not _is_clear(guesses) or guesses[0].cut.rows + guesses[0].cut.columns < 5:
        return None
    cut = guesses[0].cut
    counted = [(axis, count) for axis, count in zip(axes, (cut.rows, cut.columns), strict=True) if count > 1]
    for border in range(MAX_PADDING // 2 + 1):
        # One direction is enough, as lines are equally wide in both: in the other all videos may have a dark rim.
        if any(_is_clean(axis, count, border) for axis, count in counted):
            tile = (cut.tile[0] - 2 * border, cut.tile[1] - 2 * border)
            return Cut(cut.rows, cut.columns, 2 * border, border, tile)
    return None


def _is_clean(axis: _Axis, count: int, border: int) -> bool:
    """Whether the edges of tiles cut ``border`` inside equal steps look like the pixels further in, not like a line."""
    level = axis.luma.mean(axis=(0, 1))
    pitch = axis.size // count
    seams = np.arange(1, count) * pitch
    sides = np.stack([level[seams - 5], level[seams + 4]])
    around = np.stack([level[seams + shift] for shift in (-2, -1, 0, 1)])
    darker = float(np.median(sides.min(axis=0) - around.min(axis=0)))
    brighter = float(np.median(around.max(axis=0) - sides.max(axis=0)))
    if max(darker, brighter) < _LINE:
        return True
    line = level.min() if darker > brighter else level.max()
    first = np.arange(count) * pitch + border
    last = first + pitch - 2 * border - 1
    edges = np.concatenate([level[first], level[last]])
    inside = np.concatenate([(level[first + 1] + level[first + 2]) / 2, (level[last - 1] + level[last - 2]) / 2])
    shine = (inside - edges) / np.where(np.abs(inside - line) < 1, 1, inside - line)
    return bool((shine > _SHINE).mean() <= _SHINING_EDGES)
