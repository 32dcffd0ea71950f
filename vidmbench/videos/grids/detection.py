"""Finds how an image of many videos is cut, from the seams between them; numbers only, see grids.py for the rest.

A seam is a place where pixels jump in very many rows at once. For every position across the image the *jump rate* is
the share of rows whose step there is the largest in the neighbourhood. Ordinary content reaches a few per cent
anywhere, a seam between two videos 25 to 90 per cent, whatever the contrast, the dithering of a gif or the blocks of a
codec. A geometry is judged by all positions at which it says there is a seam, so that one that explains every second
seam only, or asks for seams where none are, loses to the right one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.videos.grids.counts import Counted, count_tiles
from vidmbench.videos.grids.lines import Cut, is_clean, largest_clean_cut
from vidmbench.videos.grids.seams import NEIGHBOURS, NEUTRAL, NEUTRAL_LINE, jump_rates, mean_luma, seam_scores

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
#: The same for a number of rows and columns, whatever the tiles' size in pixels.
_COUNT_MARGIN = 1.5


class Wanted(NamedTuple):
    """What is declared; None is open. ``tile`` is (height, width)."""

    rows: int | None
    columns: int | None
    padding: int | None
    border: int | None
    tile: tuple[int, int] | None


@dataclass(frozen=True)
class Outcome:
    """What a search gave.

    Attributes:
        cut: The geometry, or None where the image does not decide.
        is_scaled: The tiles or the lines between them begin between whole pixels, because the image was scaled after it
            had been put together; the tiles are then cut inside the lines.
        is_seen: The pixels decided, and not what is declared.
        is_usual: Where they did not: no other usual geometry fits what is declared.
        candidates: Where nothing was decided: the likely geometries, the likeliest first.
        score: How much speaks for the number of rows and columns, where these were found; a clear seam counts 2.
        next_best: The rows, columns and score of the next in line.
    """

    cut: Cut | None
    is_scaled: bool = False
    is_seen: bool = True
    is_usual: bool = False
    candidates: tuple[Cut, ...] = ()
    score: float = 0.0
    next_best: Counted | None = None


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
        declared: What is known about it; if a tile, padding or border is, at least one geometry fits it and the size.

    Returns:
        The geometry, or the candidates where none is clearly the likeliest.
    """
    luma = mean_luma(frames)
    guesses = _fitting(luma, declared)
    if declared.padding is not None or declared.border is not None or declared.tile is not None:
        return _of_whole_pixels(luma, declared, guesses)
    ranked = count_tiles(luma, declared.rows, declared.columns)
    best = ranked[0]
    others = [other for other in ranked[1:] if other.score > 0]
    if not _is_counted(ranked):
        return _uncounted(luma, declared, guesses, ranked)
    cut = _cut_into(luma, best.rows, best.columns, guesses)
    if cut is None or min(luma.shape[1] / best.rows, luma.shape[2] / best.columns) < MIN_TILE:
        return _undecided(luma, declared, guesses, ranked)
    return replace(cut, score=best.score, next_best=others[0] if others else None)


def explains(frames: Frames, cut: Cut, found: Outcome) -> bool:
    """Whether a geometry explains the seams about as well as the one that was found.

    Args:
        frames: Frames of the image, uint8 (frame, height, width, 3), RGB, 0..255.
        cut: The geometry.
        found: What :func:`search` gave with nothing declared, with a cut.
    """
    luma = mean_luma(frames)
    if found.cut is not None and cut[:2] == found.cut[:2]:
        return cut == found.cut or is_clean(luma, cut)
    return count_tiles(luma, cut.rows, cut.columns)[0].score > found.score - 2 * _COUNT_MARGIN


def _is_counted(ranked: Sequence[Counted]) -> bool:
    """Whether one number of rows and columns is clearly the likeliest."""
    best = ranked[0]
    return best.is_supported and all(
        best.score - other.score >= (_GAIN if other.rows * other.columns == 1 else _COUNT_MARGIN)
        for other in ranked[1:]
    )


def _cut_into(luma: np.ndarray, rows: int, columns: int, guesses: Sequence["_Guess"]) -> Outcome | None:
    """The cut into so many tiles: in whole pixels where that explains the picture, else clear of all lines."""
    if _is_clear(guesses) and guesses[0].cut[:2] == (rows, columns) and is_clean(luma, guesses[0].cut):
        return Outcome(guesses[0].cut)
    if not _is_clear(guesses) or guesses[0].cut[:2] != (rows, columns):
        known = _fitting(luma, Wanted(rows, columns, None, None, None))
        if _is_clear(known) and is_clean(luma, known[0].cut):
            return Outcome(known[0].cut)
    cut = largest_clean_cut(luma, rows, columns)
    if cut is None:
        return None
    is_whole = luma.shape[1] % rows == luma.shape[2] % columns == 0
    return Outcome(cut, is_scaled=cut.padding > 0 or not is_whole)


def _uncounted(
    luma: np.ndarray, declared: Wanted, guesses: Sequence["_Guess"], ranked: Sequence[Counted]
) -> Outcome:
    """Where seams at equal distances do not tell how many tiles there are."""
    if declared.rows is not None and declared.columns is not None:
        outcome = _of_whole_pixels(luma, declared, guesses)
        # Rows and columns are enough: where no line between the tiles is seen, none is cut away.
        return outcome if outcome.cut else Outcome(_plain(luma, declared.rows, declared.columns), is_seen=False)
    if _is_clear(guesses) and _is_among_best(guesses[0].cut, ranked):
        return Outcome(guesses[0].cut)
    return _undecided(luma, declared, guesses, ranked)


def _is_among_best(cut: Cut, ranked: Sequence[Counted]) -> bool:
    near = [other for other in ranked if ranked[0].score - other.score < _COUNT_MARGIN]
    return any((other.rows, other.columns) == cut[:2] for other in near)


def _plain(luma: np.ndarray, rows: int, columns: int) -> Cut:
    """Tiles that touch."""
    return Cut(rows, columns, 0, 0, (luma.shape[1] // rows, luma.shape[2] // columns))


def _of_whole_pixels(luma: np.ndarray, declared: Wanted, guesses: Sequence["_Guess"]) -> Outcome:
    """The geometry where tiles, lines and border are whole pixels."""
    if _is_clear(guesses):
        return Outcome(guesses[0].cut)
    likely = usual(luma.shape[1], luma.shape[2], declared)
    is_counted = declared.tile is not None or (declared.rows is not None and declared.columns is not None)
    if is_counted and len(likely) == 1:
        return Outcome(likely[0], is_seen=False, is_usual=True)
    return _undecided(luma, declared, guesses, ())


def _undecided(
    luma: np.ndarray, declared: Wanted, guesses: Sequence["_Guess"], ranked: Sequence[Counted]
) -> Outcome:
    counted = [_plain(luma, pair.rows, pair.columns) for pair in ranked[:2] if pair.rows * pair.columns > 1]
    supported = [guess.cut for guess in guesses[:2] if guess.is_supported]
    likely = usual(luma.shape[1], luma.shape[2], declared)
    shown = {cut[:2] + cut[4]: cut for cut in reversed([*supported, *counted, *likely])}
    return Outcome(None, candidates=tuple(reversed(shown.values())))


def _fitting(luma: np.ndarray, declared: Wanted) -> list["_Guess"]:
    """The geometries in whole pixels, the likeliest first."""
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
