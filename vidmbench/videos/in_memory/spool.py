"""Videos that come one after the other, kept on disk while they are scored, so that few of them are in memory."""

import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from vidmbench.core import resources
from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, ResultError
from vidmbench.core.files import sha256_of_chunks
from vidmbench.videos.arrays.uint8_source import clip_name
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.source import Source, SourceDefaults

_CHUNK = 1 << 20  # bytes hashed at once


class SpooledVideos(SourceDefaults):
    """Videos in a file without a name, which is gone when this object is, and when the process ends however it ends.

    Equal videos have the digest and the names of an array of them, so that features are shared.

    Args:
        file: The frames of all videos, one video after the other.
        lengths: Frames of each.
        size: Height and width of every frame, pixels.
        label: How messages and signatures name the source.

    Attributes:
        samples: Predictions of each video, next to each other.
    """

    samples: int = 1

    def __init__(self, file: IO[bytes], lengths: Sequence[int], size: tuple[int, int], label: str) -> None:
        self.label, self.size = label, size
        self._file, self._lengths = file, tuple(lengths)
        self._starts = [0, *np.cumsum(self._lengths).tolist()]
        self._lock = threading.Lock()  # of the file's position
        self._digest: str | None = None
        weakref.finalize(self, file.close)

    def __len__(self) -> int:
        """The number of videos."""
        return len(self._lengths)

    def name(self, index: int) -> str:
        """The video's number, such as ``clip000017``."""
        return clip_name(range(len(self))[index], self.samples)

    def num_frames(self, index: int) -> int:
        """The number of frames."""
        return self._lengths[index]

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The requested frames, uint8 (frame, height, width, 3), RGB, 0..255, in the order of ``frames``.

        Raises:
            DataError: The video has fewer frames.
        """
        check_frames(f"{self.label}:{self.name(index)}", frames, self.num_frames(index))
        height, width = self.size
        found = np.empty((len(frames), height, width, 3), np.uint8)
        each = height * width * 3
        with self._lock:
            for place, frame in enumerate(frames):
                self._file.seek((self._starts[index] + frame) * each)
                found[place] = np.frombuffer(self._file.read(each), np.uint8).reshape(height, width, 3)
        return found

    def digest(self) -> str:
        """The sha256 over pixels, numbers of frames and size."""
        with self._lock:
            if self._digest is None:
                shape = (*self.size, 3)
                is_even = len(set(self._lengths)) == 1
                head = str((len(self), self._lengths[0], *shape)) if is_even else f"{self._lengths} {shape}"
                self._digest = sha256_of_chunks(head, self._bytes(), self._starts[-1] * int(np.prod(shape)))
            return self._digest

    def _bytes(self) -> Iterator[bytes]:
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK):
            yield chunk


def spooled(clips: Iterable[Frames]) -> tuple[IO[bytes], list[int], tuple[int, int]]:
    """Writes videos to a file without a name in the user's cache.

    Args:
        clips: uint8 (frame, height, width, 3), of one height and width.

    Returns:
        The file, the frames of each video, and their height and width.

    Raises:
        DataError: There are none, or they differ in size.
        ResultError: The disk is full, or the cache cannot be written to. Nothing is left behind then.
    """
    folder = resources.cache_dir() / "streams"
    lengths: list[int] = []
    size: tuple[int, int] | None = None
    file: IO[bytes] | None = None
    try:
        for clip in clips:
            shape = (int(clip.shape[1]), int(clip.shape[2]))
            if size is not None and shape != size:
                raise _mixed(len(lengths), shape, size)
            size = shape
            if file is None:
                file = _new_file(folder)
            _write(file, clip, folder)
            lengths.append(len(clip))
        if file is None or size is None:
            raise DataError(
                "no videos",
                expected="at least 2",
                found="none",
                fix="give videos; a generator can be read only once, so make a new one for each call",
            )
    except BaseException:
        if file is not None:
            file.close()
        raise
    return file, lengths, size


def _new_file(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except OSError as error:
        raise _refused(folder, error) from error


def _write(file: IO[bytes], clip: Frames, folder: Path) -> None:
    data = np.ascontiguousarray(clip).data.cast("B")
    try:
        while data:
            data = data[file.write(data) :]
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(folder: Path, error: OSError) -> ResultError:
    return ResultError(
        "videos without a file of their own cannot be kept while they are scored",
        expected="a cache that can be written to, with room for their frames",
        found=error.strerror or str(error),
        where=str(folder),
        fix="free some space, take fewer videos, or set VIDMBENCH_CACHE to another folder; nothing was left behind",
    )


def _mixed(index: int, shape: tuple[int, int], size: tuple[int, int]) -> DataError:
    return DataError(
        "the videos differ in size",
        expected=f"{size[0]}x{size[1]} (height x width) as of the first",
        found=f"{shape[0]}x{shape[1]} of video {index}",
        fix="resize or crop them to one size",
    )


if TYPE_CHECKING:
    _source: type[Source] = SpooledVideos
