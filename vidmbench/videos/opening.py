"""Opens whatever people keep videos in."""

import os
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError
from vidmbench.core.files import expanded, visible
from vidmbench.core.inputs import refuse_special
from vidmbench.core.vocabulary import OnBad
from vidmbench.videos.arrays.array_video import ArrayVideo
from vidmbench.videos.arrays.uint8_source import ArraySource, open_array
from vidmbench.videos.files.animations import is_video_file, video_file
from vidmbench.videos.files.archives import find_archived_videos
from vidmbench.videos.files.endings import (
    ARCHIVE_SUFFIXES,
    ARRAY_SUFFIXES,
    KINDS,
    LIST_SUFFIXES,
    PICTURE_SUFFIXES,
)
from vidmbench.videos.files.folders import find_videos
from vidmbench.videos.files.inspection import FileSource, survey
from vidmbench.videos.files.named_files import find_given, find_listed, find_matching
from vidmbench.videos.files.patterns import is_pattern, label_of

if TYPE_CHECKING:
    from vidmbench.videos.source import Source

_PACKED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz", ".tar.zst")
_PACKED_SUFFIXES = frozenset((".7z", ".bz2", ".gz", ".rar", ".tgz", ".txz", ".xz", ".zst"))


def open_source(path: Path | str, *, on_bad: OnBad = "stop", progress: bool = False) -> FileSource | ArraySource:
    """Opens videos in a folder, an archive, an array file or a list of paths, those a glob matches, or a single one.

    Every video is looked at once, from the first frame to the last; what was found is remembered in the user's cache
    until the file changes.

    Args:
        path: A folder of videos or of folders of frames; a .zip or .tar archive of what a folder may hold; a .txt or
            .lst file with a path in each line; a glob; a .npy or .npz file; or one video file.
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
    suffix = path.suffix.lower()
    if not os.path.exists(path):  # where Path.exists raises, of names that are too long, it says no
        if not is_pattern(str(path)):
            raise _missing(path)
        source = survey(path, find_matching(str(path), ArrayVideo), on_bad=on_bad, progress=progress)
        source.label = label_of(str(path))
        return source
    if path.is_dir():
        return survey(path, find_videos(path, ArrayVideo), on_bad=on_bad, progress=progress)
    if suffix in ARRAY_SUFFIXES:
        return open_array(path)
    if suffix in ARCHIVE_SUFFIXES:
        return survey(path, find_archived_videos(path, ArrayVideo), on_bad=on_bad, progress=progress)
    if suffix in LIST_SUFFIXES:
        found, file = find_listed(path, ArrayVideo)
        return survey(path, found, on_bad=on_bad, progress=progress, listed_in=file)
    if is_video_file(path):
        return survey(path, [video_file(path.name, path)], progress=progress)
    raise _unsupported(path, suffix)


def open_paths(paths: Sequence[Path | str], *, on_bad: OnBad = "stop") -> FileSource:
    """Opens videos that are named one by one, as a folder that holds these alone is opened.

    Args:
        paths: Files and folders, at least one.
        on_bad: See :func:`open_source`.

    Raises:
        DataError: Some are not there, cannot be used, or are named twice.
    """
    root, found = find_given([expanded(path) for path in paths], ArrayVideo)
    return survey(root, found, on_bad=on_bad)


def _unsupported(path: Path, suffix: str) -> DataError:
    found = f"a file that ends in {suffix}" if suffix else "a file without a suffix"
    fix = "give the folder that holds the videos"
    if suffix in PICTURE_SUFFIXES:
        found = "one image, of one frame"
        fix = "give the folder of the frames; for images that each show all frames of a video: strips:PATH"
    elif path.name.lower().endswith(_PACKED_TARS):
        fix = "decompress it and give the .tar, or unpack it and give the folder"
    elif suffix in _PACKED_SUFFIXES:
        fix = "unpack it and give the folder"
    return DataError(
        f"{path.name} is not a supported video source",
        expected=f"a folder, .zip or .tar with {KINDS}; a .npy or .npz array; a .txt list of paths; a glob in quotes; "
        "or one video file",
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
        f"path not found: {path.name}",
        expected="an existing folder or file",
        found=f"{parent} has {', '.join(near)}" if near else f"nothing of a similar name in {parent}",
        where=str(path),
        fix=f"did you mean {near[0]}?" if near else "check the path",
    )


if TYPE_CHECKING:
    # Both kinds keep the promise of the protocol; mypy says so here, not at every caller.
    _files: type[Source] = FileSource
    _array: type[Source] = ArraySource
