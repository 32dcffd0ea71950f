"""Which videos a folder holds: files, gifs and folders of frames, at any depth, in natural order."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover, natural_key
from vidmbench.core.text import counted
from vidmbench.videos.files.frame_names import sort_frames
from vidmbench.videos.files.video_files import FrameFolder, GifFile, Item, VideoFile

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".avi", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ts", ".m2ts", ".ogv", ".3gp")
)
GIF_SUFFIX = ".gif"
PICTURE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".webp"))
#: Files that may hold videos but are opened by their own path, never as part of a folder.
_OPENED_ALONE = frozenset((".npy", ".npz", ".zip", ".h5", ".hdf5"))

KINDS = (
    f"video files ({', '.join(sorted(suffix[1:] for suffix in (*VIDEO_SUFFIXES, GIF_SUFFIX)))}) "
    f"or folders of frames ({', '.join(sorted(suffix[1:] for suffix in PICTURE_SUFFIXES))})"
)


def find_videos(folder: Path) -> tuple[list[Item], list[str]]:
    """Lists the videos below a folder; nothing is opened.

    Every file with a video's suffix is a video, and so is every folder that directly holds images. Images beside
    video files or above folders of frames are thumbnails or grids and ignored, with a note.

    Args:
        folder: An existing folder.

    Returns:
        The videos in natural order of their relative paths, and notes for the user.

    Raises:
        DataError: There is none, or two of them differ in their ending only.
    """
    items: list[Item] = []
    notes: list[str] = []
    pictures: dict[str, list[str]] = {}
    other: Counter[str] = Counter()
    empty: list[str] = []
    with_videos: set[str] = set()
    for inner, files, is_empty in _walk(folder):
        if is_empty and inner != ".":
            empty.append(inner)
        for file in files:
            suffix = PurePosixPath(file).suffix.lower()
            name = str(PurePosixPath(inner) / file)
            if suffix in VIDEO_SUFFIXES or suffix == GIF_SUFFIX:
                kind = GifFile if suffix == GIF_SUFFIX else VideoFile
                items.append(kind(name, folder / name))
                with_videos.add(inner)
            elif suffix in PICTURE_SUFFIXES:
                pictures.setdefault(inner, []).append(file)
            else:
                other[suffix or "no suffix"] += 1
    for inner, files in pictures.items():
        if inner in with_videos or (inner == "." and (items or len(pictures) > 1)):
            notes.append(
                f"{len(files)} pictures beside videos were left aside (first: {inner}/{min(files, key=natural_key)})"
            )
            continue
        name = Path(os.path.abspath(folder)).name if inner == "." else inner
        if inner == ".":
            notes.append(f"the pictures lie in the folder itself: they were read as one video of {len(files)} frames")
        items.append(FrameFolder(name, folder / inner, sort_frames(files)))
    if not items:
        raise _nothing(folder, other, len(empty))
    _check_doubles(folder, items)
    if empty:
        notes.append(f"{len(empty)} empty folders were left aside (first: {empty[0]})")
    for suffix in sorted(_OPENED_ALONE & other.keys()):
        notes.append(f"{other[suffix]} {suffix} files were left aside; open one by its own path to read it")
    return sort_items(items), notes


def sort_items(items: Iterable[Item]) -> list[Item]:
    """Videos in natural order, folder by folder: ``a/2`` before ``a/10`` before ``b/1``."""
    return sorted(items, key=lambda item: [natural_key(part) for part in item.name.split("/")])


def sort_files(files: Iterable[str]) -> list[str]:
    """File names in natural order; ``frame2`` before ``frame10``."""
    return sorted(files, key=natural_key)


def _walk(folder: Path) -> Iterable[tuple[str, list[str], bool]]:
    """Every folder below, as (relative path, file names, whether nothing at all is in it)."""
    seen: set[str] = set()
    # Data sets are often assembled from links; a link that leads back up must not be followed forever.
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        is_empty = not folders and not files
        folders[:] = sort_files(name for name in folders if not is_leftover(name))
        inner = PurePosixPath(Path(root).relative_to(folder).as_posix())
        yield str(inner), [name for name in files if not is_leftover(name)], is_empty


def _nothing(folder: Path, other: Counter[str], num_empty: int) -> DataError:
    contents = [counted(count, f"{suffix} file") for suffix, count in other.most_common(5)]
    if num_empty:
        contents.append(counted(num_empty, "empty folder"))
    fix = "give the folder that holds the videos"
    if _OPENED_ALONE & other.keys():
        fix = "give one .npy, .npz or .zip file by its own path, or the folder that holds the videos"
    return DataError(
        f"no videos in {Path(os.path.abspath(folder)).name}",
        expected=KINDS,
        found=", ".join(contents) if contents else "an empty folder",
        where=str(folder),
        fix=fix,
    )


def _check_doubles(folder: Path, items: Sequence[Item]) -> None:
    stems: dict[str, list[str]] = defaultdict(list)
    for item in items:
        stem = item.name if isinstance(item, FrameFolder) else str(PurePosixPath(item.name).with_suffix(""))
        stems[stem].append(item.name)
    doubles = [names for names in stems.values() if len(names) > 1]
    if doubles:
        raise DataError(
            f"videos are in {Path(os.path.abspath(folder)).name} twice, in two formats",
            expected="one file or folder per video, so that none counts twice",
            found="; ".join(" and ".join(names) for names in doubles[:5]) + (" ..." if len(doubles) > 5 else ""),
            where=str(folder),
            fix="move one of the formats to a folder of its own (the lossy one, such as gif)",
        )
