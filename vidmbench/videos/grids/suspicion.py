"""Notices videos that look like grids although they were opened as single ones."""

from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.errors import VidmbenchError
from vidmbench.videos.grids.counts import Counted, count_tiles
from vidmbench.videos.grids.seams import mean_luma
from vidmbench.videos.grids.whole_pixels import MIN_TILE

if TYPE_CHECKING:
    from vidmbench.videos.source import Source

#: Of how many videos, and how many frames of each among the first ones: a look must cost little.
_VIDEOS = 3
_FRAMES = 4
_AMONG_FIRST = 16
#: How much must speak for a grid in every video that is looked at. Of 34 real clips none reaches it, of 300 of
#: clevrer-mini ten do, and three such would have to have the same rows and columns.
_MIN_SCORE = 5.0

#: How the notes of :func:`grid_notes` begin, after the name of a video.
_WORDS = "looks like a grid of"


def grid_notes(source: "Source", layout: str = "grid") -> tuple[str, ...]:
    """What to say of videos that show several videos each; nothing of others.

    Args:
        source: Videos that were opened as single ones; a few frames of at most three of them are read.
        layout: The ``--layout`` that would cut them.

    Returns:
        One sentence, or none.
    """
    if not len(source):
        return ()
    chosen = np.unique(np.linspace(0, len(source) - 1, min(len(source), _VIDEOS)).round().astype(int))
    seen = set()
    for index in chosen.tolist():
        counted = _look(source, index)
        if counted is None:
            return ()
        seen.add((counted.rows, counted.columns))
    if len(seen) > 1:
        return ()
    rows, columns = seen.pop()
    name = source.name(int(chosen[0]))
    cut = f"--layout {layout} cuts it" + (", and so does the source grid:PATH" if layout == "grid" else "")
    return (f"{name} {_WORDS} {rows} x {columns} videos and was read as one video: {cut}",)


def suspected(notes: tuple[str, ...]) -> str | None:
    """The note that :func:`grid_notes` left among others; None where it left none."""
    return next((note for note in notes if f" {_WORDS} " in note), None)


def _look(source: "Source", index: int) -> Counted | None:
    """How many rows and columns a video seems to show; None where it looks like one video."""
    among = min(source.num_frames(index), _AMONG_FIRST)
    frames = np.unique(np.linspace(0, among - 1, min(among, _FRAMES)).astype(int)).tolist()
    try:
        luma = mean_luma(source.read(index, frames))
    except VidmbenchError:
        return None  # whoever scores it says what is wrong with it
    best = count_tiles(luma)[0]
    is_large = min(luma.shape[1] / best.rows, luma.shape[2] / best.columns) >= MIN_TILE
    return best if best.is_supported and best.score >= _MIN_SCORE and is_large else None
