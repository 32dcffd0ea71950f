"""Frames for training, decoded once into one file; each has a CRC-32, which every read compares.

The file is read and not mapped: a mapped file that is cut, or a mapped hole on a full disk, ends the process.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import numpy as np

from vidmbench.core.arrays import Frames, Resized
from vidmbench.core.files import replacing, unwritable
from vidmbench.core.locks import shared_lock

_CRC_BYTES = 4


class FrameCache:
    """Frames of videos of one length in a file; threads and processes may share it.

    Args:
        path: The file.
        shape: (videos, frames, height, width, 3).
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.path = path
        self._shape = shape
        self._record = _CRC_BYTES + int(np.prod(shape[2:]))
        self._seed = zlib.crc32(path.name.encode())  # the name says which videos these are

    def is_there(self) -> bool:
        """Whether the file exists and is as long as it should be."""
        try:
            return self.path.stat().st_size == self._shape[0] * self._shape[1] * self._record
        except OSError:
            return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Waits until no other process writes the file.

        Raises:
            ResultError: The folder cannot be written to.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = shared_lock(Path(f"{self.path}.lock"))
            lock.acquire()
        except OSError as error:
            raise unwritable(self.path.parent, error) from error
        try:
            yield
        finally:
            lock.release()

    def read(self, index: int, frames: Sequence[int]) -> Frames | None:
        """Frames of one video, uint8 (frame, height, width, 3); None where the file is not what was written."""
        pixels = np.empty((len(frames), *self._shape[2:]), np.uint8)
        try:
            with FileIO(self.path) as stream:
                for row, frame in enumerate(frames):
                    number = index * self._shape[1] + frame
                    stream.seek(number * self._record)
                    data = stream.read(self._record)
                    body = memoryview(data)[_CRC_BYTES:]
                    if len(data) < self._record or self._crc(number, body) != data[:_CRC_BYTES]:
                        return None
                    pixels[row] = np.frombuffer(body, np.uint8).reshape(self._shape[2:])
        except OSError:
            return None
        return pixels

    def write(self, videos: Iterable[Resized]) -> None:
        """Writes all frames of all videos; the file appears whole or not at all.

        Raises:
            ResultError: The file cannot be written; the disk may be full.
        """
        with replacing(self.path) as temporary, temporary.open("wb") as stream:
            number = 0
            for frames in videos:
                for frame in np.ascontiguousarray(frames):
                    stream.write(self._crc(number, memoryview(frame.reshape(-1))))
                    stream.write(frame.data)
                    number += 1
        self.path.with_suffix(".npy").unlink(missing_ok=True)  # of earlier versions, without checksums

    def _crc(self, number: int, pixels: memoryview) -> bytes:
        """Of a frame, its place and the file's name, so that frames and files that changed places are noticed too."""
        return zlib.crc32(pixels, zlib.crc32(number.to_bytes(8, "little"), self._seed)).to_bytes(_CRC_BYTES, "little")
