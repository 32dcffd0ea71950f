"""Refuses video and image files of floats that became bytes without a factor of 255; arrays are refused when opened."""

from collections.abc import Iterator, Sequence

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.core.errors import DataError, VidmbenchError
from vidmbench.evaluation.clips import Clip
from vidmbench.videos.arrays.levels import how_to_scale, only_levels, unscaled
from vidmbench.videos.files.inspection import FileSource
from vidmbench.videos.grids.tiles import TiledSource
from vidmbench.videos.source import Source

#: Clips that are looked at: one frame of the first of them nearly always decides.
_MOST = 64


def check_levels(source: Source, clips: Sequence[Clip]) -> None:
    """Refuses videos whose pixels are 0 and 1 alone, or the like: they look black, and give a plausible number.

    Args:
        source: One side.
        clips: All that will be read of it.

    Raises:
        DataError: No pixel has an ordinary intensity, and they are neither all black nor black and white.
    """
    if not isinstance(source, FileSource | TiledSource) or not clips:
        return
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(len(clips), _MOST)).round().astype(int))
    try:
        levels = only_levels(_frames(source, [clips[index] for index in chosen.tolist()]))
    except VidmbenchError:
        return  # scoring says what is wrong with the video
    problem = unscaled(levels, f"the videos of {source.label}")
    if problem is None or levels is None:
        return
    raise DataError(
        problem,
        expected="intensity levels from 0 to 255",
        found=f"only the levels {', '.join(map(str, levels))} in {len(chosen)} clips",
        where=source.label,
        fix=f"write the files again: {how_to_scale(levels)}",
    )


def _frames(source: Source, clips: Sequence[Clip]) -> Iterator[Image]:
    for clip in clips:
        yield from source.stream(clip.video, clip.indices)
