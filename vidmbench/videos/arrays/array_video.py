"""One video in a .npy file of its own: in a folder, an archive, a list of paths."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of
from vidmbench.core.inputs import InputFile, size_of
from vidmbench.videos.arrays.layout import described
from vidmbench.videos.arrays.stored import Header, check_held, read_header
from vidmbench.videos.files.members import refuse_special_file, stamp_of_file
from vidmbench.videos.files.video_files import Facts, Item

_EXPECTED = "one video a file: uint8 (frame, height, width, 3), RGB, 0..255"


@dataclass(frozen=True)
class ArrayVideo:
    """One video in an array of its own, of which frames are read as they are asked for.

    Attributes:
        name: Unique within the source; a relative path with forward slashes.
        path: A .npy file, uint8 (frame, height, width, 3), RGB, 0..255.
    """

    name: str
    path: InputFile

    def stamp(self) -> str:
        """See :func:`vidmbench.videos.files.members.stamp_of_file`."""
        return stamp_of_file(self.path)

    def inspect(self) -> Facts:
        """Looks at its header and hashes the file once.

        Raises:
            DataError: The file cannot be read, or holds anything else.
        """
        refuse_special_file(self.path)
        with self.path.open("rb") as stream:
            num_frames, height, width, _ = self._header(stream).shape
        return Facts(num_frames, height, width, sha256_of(self.path))

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The frames asked for (all of them exist), uint8 (frame, height, width, 3), RGB, 0..255.

        Raises:
            DataError: The file changed since it was first looked at.
        """
        pictures = list(self.stream(frames, facts))
        return np.stack(pictures) if pictures else np.zeros((0, facts.height, facts.width, 3), np.uint8)

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same one by one; each is read by itself."""
        refuse_special_file(self.path)
        with self.path.open("rb") as stream:
            header = self._header(stream)
            if header.shape[:3] != (facts.num_frames, facts.height, facts.width):
                raise DataError(
                    f"{self.name} does not hold what it held when it was first read",
                    expected=f"{facts.num_frames} frames of {facts.height}x{facts.width}",
                    found=described(header.shape, header.dtype),
                    where=str(self.path),
                    fix="leave the files alone while they are scored, and start again",
                )
            for number in frames:
                yield _frame(stream, header, number)

    def _header(self, stream: BufferedIOBase) -> Header:
        try:
            header = read_header(stream)
            check_held(header, size_of(self.path) - header.offset)
        except EOFError as error:
            cut = f"{self.path.name} cannot be read as an array: it is cut off ({error})"
            raise self._wrong(cut, None, "save it again") from error
        except Exception as error:  # a damaged header can fail in any way
            text = str(error).split("\n")[0][:200] or type(error).__name__
            raise self._wrong(f"{self.path.name} cannot be read as an array: {text}", None, "save it again") from error
        shape, found = header.shape, described(header.shape, header.dtype)
        fix = 'save each video as uint8 (frame, height, width, 3); of other forms: --layout FILE.toml, kind = "arrays"'
        if len(shape) == 5:
            fix = "give an array of many videos by its own path" + ("" if isinstance(self.path, Path) else ", unpacked")
        if header.dtype != np.uint8 or len(shape) != 4 or shape[-1] != 3 or 0 in shape:
            raise self._wrong(f"{self.path.name} does not hold one video", found, fix)
        if header.order == "F":
            fix = "save it again in C order: np.save(path, np.ascontiguousarray(x))"
            raise self._wrong(f"{self.path.name} is stored in Fortran order, its frames scattered", found, fix)
        return header

    def _wrong(self, problem: str, found: str | None, fix: str) -> DataError:
        return DataError(problem, expected=_EXPECTED, found=found, where=str(self.path), fix=fix)


def _frame(stream: BufferedIOBase, header: Header, number: int) -> Image:
    """One frame, read from its place."""
    _, *form = header.shape
    size = int(np.prod(form))
    stream.seek(header.offset + number * size)
    data = stream.read(size)
    if len(data) < size:
        raise DataError("an array was cut off while it was read", fix="start again when nothing writes to it")
    return np.frombuffer(data, np.uint8).reshape(form)


if TYPE_CHECKING:
    _item: type[Item] = ArrayVideo
