"""Arrays and tensors in files, read as declared: all videos in one, or one a video."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of, sha256_of_parts
from vidmbench.core.inputs import UnchangedFile, refuse_special, stamp_of
from vidmbench.videos.arrays.layout import ArrayLayout, as_pixels, check_form
from vidmbench.videos.arrays.mapped import read_frames, read_mapped
from vidmbench.videos.arrays.stored import load_array, unreadable
from vidmbench.videos.arrays.uint8_source import ArrayVideos
from vidmbench.videos.arrays.values import check_values, notes_on, slabs
from vidmbench.videos.files.video_files import Facts, Item
from vidmbench.videos.source import Source


class DeclaredArraySource(ArrayVideos):
    """Many videos in one array whose axes and range are declared; a clip is converted when it is read.

    Args:
        array: Numbers with the axes and in the range declared; it may be memory-mapped from disk.
        layout: What is declared; its axes have n.
        label: How messages and signatures name the source.
        digest: Gives the digest; by default the array itself is hashed.
        file: The file that the array is in, as it was before it was opened; None for one in memory.

    Raises:
        DataError: The array is not what is declared; see :func:`vidmbench.videos.arrays.values.to_clips`.
    """

    def __init__(
        self,
        array: np.ndarray,
        layout: ArrayLayout,
        label: str = "array",
        *,
        digest: Callable[[], str] | None = None,
        file: UnchangedFile | None = None,
    ) -> None:
        _check_videos(layout, label, are_many=True)
        check_form(array.shape, array.dtype, layout, label)
        extent = check_values(map(read_mapped, slabs(array)), array.shape, array.dtype, layout, label)
        super().__init__(layout.arranged(array), label, digest, file)
        self.notes = notes_on(array.shape, layout, extent)
        self.layout = layout

    def _pixels(self, frames: np.ndarray) -> Frames:
        return as_pixels(frames, self.layout)

    def _hash(self) -> str:
        clips = self._clips
        form = f"{clips.shape} {clips.dtype.str} {self.layout.range} {self.layout.rounding}"
        return sha256_of_parts(form, *(np.ascontiguousarray(clip).tobytes() for clip in clips))


@dataclass(frozen=True)
class ArrayFile:
    """One video in an array of its own. An item of a source, see ``items.Item``.

    Attributes:
        name: Unique within the source; a relative path with forward slashes.
        path: A .npy, .npz, .pt or .pth file.
        layout: What its numbers mean; its axes have no n.
    """

    name: str
    path: Path
    layout: ArrayLayout

    def stamp(self) -> str:
        """The file's stamp, and what is declared."""
        return f"{stamp_of(self.path)}-{self.layout}, key {self.layout.key}"

    def inspect(self) -> Facts:
        """Looks at all values and hashes the file once.

        Raises:
            DataError: The file cannot be read, or is not what is declared.
        """
        where = str(self.path)
        _check_videos(self.layout, where, are_many=False)
        array = load_array(self.path, self.layout.key)
        check_form(array.shape, array.dtype, self.layout, where)
        extent = check_values(map(read_mapped, slabs(array)), array.shape, array.dtype, self.layout, where)
        num_frames, height, width, _ = self.layout.arranged(array).shape
        notes = notes_on(array.shape, self.layout, extent)
        return Facts(num_frames, height, width, _file_digest(self.path, self.layout), notes=notes)

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The frames asked for (all of them exist), uint8 (frame, height, width, 3), RGB, 0..255.

        Raises:
            DataError: The file changed since it was first looked at.
        """
        refuse_special(self.path)
        array = load_array(self.path, self.layout.key)
        check_form(array.shape, array.dtype, self.layout, str(self.path))
        video = self.layout.arranged(array)
        if video.shape[:3] != (facts.num_frames, facts.height, facts.width):
            raise DataError(
                f"{self.name} does not hold what it held when it was first read",
                expected=f"{facts.num_frames} frames of {facts.height}x{facts.width}",
                found=f"{video.shape[0]} frames of {video.shape[1]}x{video.shape[2]}",
                where=str(self.path),
                fix="leave the files alone while they are scored, and start again",
            )
        if not len(frames):
            return np.zeros((0, facts.height, facts.width, 3), np.uint8)
        return as_pixels(read_frames(video, frames), self.layout)

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same one by one; the file holds them together, so it is read once."""
        yield from self.read(frames, facts)


def open_declared(path: Path, layout: ArrayLayout) -> DeclaredArraySource:
    """Opens one array of many videos.

    Args:
        path: A .npy, .npz, .pt or .pth file; see :func:`vidmbench.videos.arrays.stored.load_array`.
        layout: What its numbers mean; its axes have n.

    Raises:
        DataError: The file cannot be read, or is not what is declared.
    """
    try:
        file = UnchangedFile(path)
    except OSError as error:
        raise unreadable(path, error, "numbers alone, written by np.save, np.savez or torch.save") from error
    array = load_array(path, layout.key)
    return DeclaredArraySource(array, layout, path.name, digest=lambda: _file_digest(path, layout), file=file)


def _check_videos(layout: ArrayLayout, where: str, *, are_many: bool) -> None:
    if ("n" in layout.axes) != are_many:
        raise DataError(
            "the axes declared do not go with the kind of file",
            expected="an axis n of videos, such as nthwc" if are_many else "one video a file, so no axis n",
            found=f"axes {layout.axes}",
            where=where,
            fix=f'declare kind = "{"arrays" if are_many else "array"}", or {"with" if are_many else "without"} n',
        )


def _file_digest(path: Path, layout: ArrayLayout) -> str:
    return sha256_of_parts(sha256_of(path), str(layout), layout.key or "")


if TYPE_CHECKING:
    _source: type[Source] = DeclaredArraySource
    _item: type[Item] = ArrayFile
