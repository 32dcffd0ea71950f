"""Opens whatever people keep videos in."""

import os
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError
from vidmbench.core.files import expanded, visible
from vidmbench.core.inputs import refuse_special
from vidmbench.core.vocabulary import OnBad
from vidmbench.videos.arrays.uint8_source import ArraySource, open_array
from vidmbench.videos.files.animations import is_video_file, video_file
from vidmbench.videos.files.archives import find_archived_videos
from vidmbench.videos.files.endings import ARRAY_SUFFIXES, KINDS, PICTURE_SUFFIXES
from vidmbench.videos.files.folders import find_videos
from vidmbench.videos.files.inspection import FileSource, survey

if TYPE_CHECKING:
    from vidmbench.videos.source import Source

_PACKED_SUFFIXES = frozenset((".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".txz", ".xz", ".zst"))


def open_source(path: Path | str, *, on_bad: OnBad = "stop", progress: bool = False) -> FileSource | ArraySource:
    """Opens a folder of videos or of frame folders, a zip of frames, an array file, or a single video.

    Every video is looked at once, from the first frame to the last; what was found is remembered in the user's cache
    until the file changes.

    Args:
        path: A folder, .zip, .npy, .npz or video file.
        on_bad: What to do about videos that cannot be used: "stop" names up to five of them in one error, "skip" skips
            them and lists them in ``skipped``, together with those of another size than most.
        progress: Show a bar on stderr, if that is a terminal.

    Returns:
        A source (see :class:`vidmbench.videos.source.Source`) that also knows ``size``, its (height, width), and
        ``notes``, sentences about how the videos were read.

    Raises:
        DataError: Nothing is there, nothing can be used, or something is bad and ``on_bad`` is "stop".
    """
    path = expanded(path)
    refuse_special(path)
    if not os.path.exists(path):  # where Path.exists raises, of names that are too long, it says no
        raise _missing(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        items, notes = find_videos(path)
        return survey(path, items, on_bad=on_bad, progress=progress, notes=notes)
    if suffix in ARRAY_SUFFIXES:
        return open_array(path)
    if suffix == ".zip":
        items, notes = find_archived_videos(path)
        return survey(path, items, on_bad=on_bad, progress=progress, notes=notes)
    if is_video_file(path):
        return survey(path, [video_file(path.name, path)], progress=progress)
    raise _unsupported(path, suffix)


def _unsupported(path: Path, suffix: str) -> DataError:
    found = f"a file that ends in {suffix}" if suffix else "a file without a suffix"
    fix = "give the folder that holds the videos"
    if suffix in PICTURE_SUFFIXES:
        found = "one image, of one frame"
        fix = "give the folder of the frames; for images that each show all frames of a video: strips:PATH"
    elif suffix in _PACKED_SUFFIXES:
        fix = "unpack it and give the folder"
    return DataError(
        f"{path.name} is not a supported video source",
        expected=f"a folder with {KINDS}; a .zip of frames; a .npy or .npz array; or one video file",
        found=found,
        where=str(path),
        fix=fix,
    )


def _missing(path: Path) -> DataError:
    if os.path.islink(path):
        return DataError(
            f"{path.name} is a link that leads nowhere",
            expected="an existing folder or file",
            found=f"a link to {os.readlink(path)}",
            where=str(path),
            fix="give the folder or file itself",
        )
    parent = path.parent
    while not os.path.exists(parent):  # the nearest folder that is there tells most
        parent, path = parent.parent, parent
    names = []
    with suppress(OSError):  # a file, or a folder that may not be listed
        names = [entry.name for entry in visible(parent.iterdir())]
    near = get_close_matches(path.name, names, n=3, cutoff=0.5)
    return DataError(
        f"there is no {path.name}",
        expected="an existing folder or file",
        found=f"{parent} has {', '.join(near)}" if near else f"nothing of a similar name in {parent}",
        where=str(path),
        fix=f"did you mean {near[0]}?" if near else "check the path",
    )


if TYPE_CHECKING:
    # Both kinds keep the promise of the protocol; mypy says so here, not at every caller.
    _files: type[Source] = FileSource
    _array: type[Source] = ArraySource
