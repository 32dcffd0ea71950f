"""Which videos a folder holds: files, gifs and folders of frames, at any depth, in natural order."""

import os
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.core.files import is_leftover
from vidmbench.core.inputs import InputFile
from vidmbench.videos.files.listing import ArrayItem, Found, Listing, sort_files, videos_among
from vidmbench.videos.files.video_files import FrameFolder, Item


class Folder:
    """A folder as the place of files; see :class:`vidmbench.videos.files.listing.Place`.

    Args:
        path: An existing folder.
    """

    loose = "the pictures lie in the folder itself"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.label = Path(os.path.abspath(path)).name

    def file(self, name: str) -> InputFile:
        """See :class:`Place`."""
        return self.path / name

    def frames(self, name: str, inner: str, files: tuple[str, ...]) -> Item:
        """See :class:`Place`."""
        return FrameFolder(name, self.path / inner, files)


def find_videos(folder: Path, of_array: ArrayItem | None = None) -> Found:
    """Lists the videos below a folder; see :func:`vidmbench.videos.files.listing.videos_among`.

    Args:
        folder: An existing folder.
        of_array: Makes a video of each .npy file where there are no others.

    Raises:
        DataError: There is none, two of them differ in their ending only, or a folder below cannot be listed.
    """
    listing = Listing()
    add_folder(listing, folder)
    return videos_among(listing, Folder(folder), of_array)


def add_folder(listing: Listing, top: Path, below: str = "") -> None:
    """Adds all that is in a folder to a listing.

    Args:
        listing: Is added to.
        top: Where names begin.
        below: The folder to list, as a path from there.

    Raises:
        DataError: A folder below cannot be listed.
    """
    seen: set[str] = set()
    # Data sets are often assembled from links; a link that leads back up must not be followed forever.
    for root, folders, files in os.walk(top / below, followlinks=True, onerror=_not_listed):
        real = os.path.realpath(root)
        inner = PurePosixPath(Path(root).relative_to(top).as_posix())
        if real in seen:
            folders.clear()
            listing.again.append(str(inner))
            continue
        seen.add(real)
        if not folders and not files and str(inner) != ".":
            listing.empty.append(str(inner))
        folders[:] = sort_files(name for name in folders if not is_leftover(name))
        for file in files:
            listing.add(str(inner / file))


def _not_listed(error: OSError) -> None:
    raise DataError(
        f"the folder {Path(str(error.filename)).name} cannot be listed: {error.strerror or error}",
        expected="folders that this user may read, so that no video is missed",
        where=str(error.filename),
        fix="make it readable, or move it out of the folder that is read",
    ) from error
