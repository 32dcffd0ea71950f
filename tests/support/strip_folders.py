"""Folders of film strips opened as a baseline layout does it: for tests of strips alone."""

import os
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover
from vidmbench.videos.files.endings import PICTURE_SUFFIXES
from vidmbench.videos.files.listing import sort_files, sort_items
from vidmbench.videos.grids.strips import StripAxis, StripFile


def find_strips(folder: Path, *, axis: StripAxis = "horizontal", frames: int | None = None) -> list[StripFile]:
    """Lists the film strips in a folder and the folders below it; nothing is opened.

    Args:
        folder: An existing folder; each picture in it is one video.
        axis: How the frames lie in all of them.
        frames: How many frames each has; None if frames are square.

    Returns:
        The strips in natural order of their relative paths, for :func:`vidmbench.videos.files.inspection.survey`.

    Raises:
        DataError: There is no picture.
    """
    strips = []
    seen: set[str] = set()
    # As for videos, links are followed, but not one that leads back up.
    for root, folders, files in os.walk(folder, followlinks=True):
        if os.path.realpath(root) in seen:
            folders.clear()
            continue
        seen.add(os.path.realpath(root))
        folders[:] = sort_files(name for name in folders if not is_leftover(name))
        for file in sort_files(name for name in files if not is_leftover(name)):
            if PurePosixPath(file).suffix.lower() in PICTURE_SUFFIXES:
                path = Path(root) / file
                strips.append(StripFile(path.relative_to(folder).as_posix(), path, axis, frames))
    if not strips:
        raise DataError(
            f"no film strips in {Path(os.path.abspath(folder)).name}",
            expected=f"pictures ({', '.join(sorted(suffix[1:] for suffix in PICTURE_SUFFIXES))}), one a video",
            found="none in the folder and those below it",
            where=str(folder),
            fix="give the folder that holds the pictures",
        )
    order = {item.name: position for position, item in enumerate(sort_items(strips))}
    return sorted(strips, key=lambda strip: order[strip.name])
