"""Archives of videos, of frames and of arrays: zip, and tar as WebDataset writes it."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import InputFile
from vidmbench.core.text import counted
from vidmbench.videos.files.frame_names import check_series
from vidmbench.videos.files.listing import ArrayItem, Found, Listing, sample_key, videos_among
from vidmbench.videos.files.members import Archive, Member
from vidmbench.videos.files.tar_archive import TarArchive
from vidmbench.videos.files.video_files import ArchivedFrames, Item
from vidmbench.videos.files.zip_archive import ZipArchive


class _Inside:
    """An archive as the place of files; see :class:`vidmbench.videos.files.listing.Place`.

    Args:
        archive: The archive.

    Attributes:
        folders: Where the frames of a WebDataset's samples are, by the sample's key.
    """

    loose = "the pictures lie in no folder"

    def __init__(self, archive: Archive) -> None:
        self.path = archive.path
        self.label = archive.path.stem
        self.folders: dict[str, str] = {}
        self._archive = archive

    def file(self, name: str) -> InputFile:
        """See :class:`Place`."""
        folder, _, file = name.rpartition("/")
        return Member(self._archive, _joined(self.folders.get(folder, folder), file))

    def frames(self, name: str, inner: str, files: tuple[str, ...]) -> Item:
        """See :class:`Place`."""
        folder = self.folders.get(inner, "" if inner == "." else inner)
        return ArchivedFrames(name, self._archive, folder, files)


def opened_archive(path: Path) -> Archive:
    """A zip or tar archive, by the ending of its name.

    Raises:
        DataError: It cannot be read, or holds what no archive of videos holds.
    """
    try:
        return TarArchive(path) if path.suffix.lower() == ".tar" else ZipArchive(path)
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {error.strerror or error}",
            where=str(path),
            fix="check that the file is there and may be read",
        ) from error


def find_archived_videos(path: Path, of_array: ArrayItem | None = None) -> Found:
    """Lists the videos in an archive as those in a folder are listed; see ``listing.videos_among``.

    In a tar archive, images whose names are equal up to the first dot are the frames of one sample of a WebDataset
    where each sample has several.

    Args:
        path: The archive.
        of_array: Makes a video of each .npy file where there are no others.

    Raises:
        DataError: The archive cannot be read or is unsafe, it holds no videos, or a video twice.
    """
    archive = opened_archive(path)
    try:
        return _videos_in(archive, of_array)
    except DataError:
        archive.close()
        raise


def _videos_in(archive: Archive, of_array: ArrayItem | None) -> Found:
    listing, place = Listing(num_folders=archive.num_folders), _Inside(archive)
    for name in archive.names:
        listing.add(name)
    _check_separators(archive.path, listing)
    if isinstance(archive, TarArchive):
        _divide_samples(listing, place)
    found = videos_among(listing, place, of_array)
    aside = _sidecars(listing, [item.name for item in found.items])
    return Found(found.items, [*found.notes, *aside], found.labels)


def _divide_samples(listing: Listing, place: _Inside) -> None:
    """Makes a folder of frames of each sample of a WebDataset whose frames are next to those of others."""
    with_videos = {name.rpartition("/")[0] or "." for name in listing.videos}
    for inner, files in list(listing.images.items()):
        samples: dict[str, list[str]] = {}
        for file in files:
            samples.setdefault(sample_key(file), []).append(file)
        if inner in with_videos or len(samples) < 2 or min(map(len, samples.values())) < 2:
            continue
        folder = "" if inner == "." else inner
        keys = {_joined(folder, key): frames for key, frames in samples.items()}
        in_order = _notes_on_order(files)
        is_unclear = in_order is not None and (not in_order or any(map(_notes_on_order, samples.values())))
        if is_unclear or keys.keys() & listing.images.keys():
            raise _unclear(place.path, inner, files, samples)
        del listing.images[inner]
        listing.images |= keys
        place.folders |= dict.fromkeys(keys, folder)


def _notes_on_order(files: Sequence[str]) -> tuple[str, ...] | None:
    """What would be noted if the files were the frames of one video; None if they cannot be: times may have dots."""
    try:
        return check_series("", tuple(files))
    except DataError:
        return None


def _unclear(path: Path, inner: str, files: Sequence[str], samples: dict[str, list[str]]) -> DataError:
    return DataError(
        f"the images in {path.name} can be read as one video or as several",
        expected="a folder for each video, or names that count its frames after the first dot, such as "
        "video1.frame000.png",
        found=f"{counted(len(files), 'image')} in {'no folder' if inner == '.' else inner}, of "
        f"{len(samples)} names up to the first dot, such as {', '.join(sorted(files)[:3])}",
        where=str(path),
        fix="pack each video's frames in a folder of its own",
    )


def _sidecars(listing: Listing, videos: Sequence[str]) -> list[str]:
    """A note on files that are neither videos nor labels that were used."""
    used = {PurePosixPath(name).suffix.lower() for name in videos} | {".cls"}
    left = {suffix: count for suffix, count in listing.other.items() if suffix not in used}
    if left == {".json": 1}:  # the labels of a data set that StyleGAN's tools packed
        return []
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(left.items()))
    return [f"files that are no videos were left aside: {kinds}"] if kinds else []


def _joined(folder: str, file: str) -> str:
    return f"{folder}/{file}" if folder else file


def _check_separators(path: Path, listing: Listing) -> None:
    """Refuses names with backslashes that would make one video of the frames of several."""
    for files in listing.images.values():
        if len({file.rpartition("\\")[0] for file in files}) > 1:
            name = next(file for file in files if "\\" in file)
            raise DataError(
                f"the names in {path.name} hold backslashes, so that nothing tells its folders",
                expected="folders and frames separated by /, such as video/frame00000.png",
                found=f"{name}, as some Windows programs write it",
                where=str(path),
                fix="unpack it, on Windows or with 7-Zip, and give the folder; or pack it again with another program",
            )
