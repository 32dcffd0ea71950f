"""Opens whatever people keep videos in."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError
from vidmbench.core.files import expanded, visible
from vidmbench.core.vocabulary import OnBad
from vidmbench.videos.arrays.uint8_source import ArraySource, open_array
from vidmbench.videos.files.archives import find_archived_videos
from vidmbench.videos.files.folders import GIF_SUFFIX, KINDS, VIDEO_SUFFIXES, find_videos
from vidmbench.videos.files.inspection import FileSource, survey
from vidmbench.videos.files.video_files import GifFile, VideoFile

if TYPE_CHECKING:
    from vidmbench.videos.source import Source

_ARRAY_SUFFIXES = frozenset((".npy", ".npz"))


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
    if not path.exists():
        raise _missing(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        items, notes = find_videos(path)
        return survey(path, items, on_bad=on_bad, progress=progress, notes=notes)
    if suffix in _ARRAY_SUFFIXES:
        return open_array(path)
    if suffix == ".zip":
        items, notes = find_archived_videos(path)
        return survey(path, items, on_bad=on_bad, progress=progress, notes=notes)
    if suffix == GIF_SUFFIX:
        return survey(path, [GifFile(path.name, path)], progress=progress)
    if suffix in VIDEO_SUFFIXES:
        return survey(path, [VideoFile(path.name, path)], progress=progress)
    raise DataError(
        f"{path.name} is not a supported video source",
        expected=f"a folder with {KINDS}; a .zip of frames; a .npy or .npz array; or one video file",
        found=f"a file that ends in {suffix}" if suffix else "a file without a suffix",
        where=str(path),
        fix="give the folder that holds the videos",
    )


def _missing(path: Path) -> DataError:
    parent = path.parent
    while not parent.exists():  # the nearest folder that is there tells most
        parent, path = parent.parent, parent
    names = [entry.name for entry in visible(parent.iterdir())] if parent.is_dir() else []
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
