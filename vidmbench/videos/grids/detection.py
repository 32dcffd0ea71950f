"""Finds how an image of many videos is cut, from the seams between them; numbers only, see layout.py for the rest.

A seam is a place where pixels jump in very many rows at once. For every position across the image the *jump rate* is
the share of rows whose step there is the largest in the neighbourhood. Ordinary content reaches a few per cent
anywhere, a seam between two videos 25 to 90 per cent, whatever the contrast, the dithering of a gif or the blocks of a
codec. First the tiles are counted (counts.py), at any equal distances. Then the cut is found: in whole pixels where
that explains the image (whole_pixels.py), else clear of the lines between the tiles (lines.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.videos.grids.counts import Counted, count_tiles
from vidmbench.videos.grids.lines import Cut, is_clean, largest_clean_cut
from vidmbench.videos.grids.seams import mean_luma
from vidmbench.videos.grids.whole_pixels import GAIN, MIN_TILE, Guess, Wanted, fitting, is_clear, usual

#: How much better than the next the best number of rows and columns must be; a clear seam counts 2.
_COUNT_MARGIN = 1.5


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


def search(frames: Frames, declared: Wanted) -> Outcome:
    """Finds the geometry that explains the seams.

    Args:
        frames: Frames of the image, uint8 (frame, height, width, 3), RGB, 0..255.
        declared: What is known about it; if a tile, padding or border is, at least one geometry fits it and the size.

    Returns:
        The geometry, or the candidates where none is clearly the likeliest.
    """
    luma = mean_luma(frames)
    guesses = fitting(luma, declared)
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
        best.score - other.score >= (GAIN if other.rows * other.columns == 1 else _COUNT_MARGIN) for other in ranked[1:]
    )


def _cut_into(luma: np.ndarray, rows: int, columns: int, guesses: Sequence[Guess]) -> Outcome | None:
    """The cut into so many tiles: in whole pixels where that explains the image, else clear of all lines."""
    if is_clear(guesses) and guesses[0].cut[:2] == (rows, columns) and is_clean(luma, guesses[0].cut):
        return Outcome(guesses[0].cut)
    if not is_clear(guesses) or guesses[0].cut[:2] != (rows, columns):
        known = fitting(luma, Wanted(rows, columns, None, None, None))
        if is_clear(known) and is_clean(luma, known[0].cut):
            return Outcome(known[0].cut)
    cut = largest_clean_cut(luma, rows, columns)
    if cut is None:
        return None
    is_whole = luma.shape[1] % rows == luma.shape[2] % columns == 0
    return Outcome(cut, is_scaled=cut.padding > 0 or not is_whole)


def _uncounted(luma: np.ndarray, declared: Wanted, guesses: Sequence[Guess], ranked: Sequence[Counted]) -> Outcome:
    """Where seams at equal distances do not tell how many tiles there are."""
    if declared.rows is not None and declared.columns is not None:
        outcome = _of_whole_pixels(luma, declared, guesses)
        # Rows and columns are enough: where no line between the tiles is seen, none is cut away.
        return outcome if outcome.cut else Outcome(_plain(luma, declared.rows, declared.columns), is_seen=False)
    if is_clear(guesses) and _is_among_best(guesses[0].cut, ranked):
        return Outcome(guesses[0].cut)
    return _undecided(luma, declared, guesses, ranked)


def _is_among_best(cut: Cut, ranked: Sequence[Counted]) -> bool:
    near = [other for other in ranked if ranked[0].score - other.score < _COUNT_MARGIN]
    return any((other.rows, other.columns) == cut[:2] for other in near)


def _plain(luma: np.ndarray, rows: int, columns: int) -> Cut:
    """Tiles that touch."""
    return Cut(rows, columns, 0, 0, (luma.shape[1] // rows, luma.shape[2] // columns))


def _of_whole_pixels(luma: np.ndarray, declared: Wanted, guesses: Sequence[Guess]) -> Outcome:
    """The geometry where tiles, lines and border are whole pixels."""
    if is_clear(guesses):
        return Outcome(guesses[0].cut)
    likely = usual(luma.shape[1], luma.shape[2], declared)
    is_counted = declared.tile is not None or (declared.rows is not None and declared.columns is not None)
    if is_counted and len(likely) == 1:
        return Outcome(likely[0], is_seen=False, is_usual=True)
    return _undecided(luma, declared, guesses, ())


def _undecided(luma: np.ndarray, declared: Wanted, guesses: Sequence[Guess], ranked: Sequence[Counted]) -> Outcome:
    counted = [_plain(luma, pair.rows, pair.columns) for pair in ranked[:2] if pair.rows * pair.columns > 1]
    supported = [guess.cut for guess in guesses[:2] if guess.is_supported]
    likely = usual(luma.shape[1], luma.shape[2], declared)
    shown = {cut[:2] + cut[4]: cut for cut in reversed([*supported, *counted, *likely])}
    return Outcome(None, candidates=tuple(reversed(shown.values())))
