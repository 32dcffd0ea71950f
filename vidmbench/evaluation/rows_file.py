"""A file of features that grows row by row, each row with a checksum of its own."""

import zlib
from io import FileIO
from pathlib import Path

import numpy as np

from vidmbench.core.arrays import Features
from vidmbench.core.locks import share
from vidmbench.core.progress import note

#: How a file of rows begins; another number where the rows are stored otherwise.
_HEAD = b"vidmbench rows 2"
# In the place of a row that is not known; it has a checksum too.
_OPEN = b"open"


class RowsFile:
    """Rows in any order, each float32 numbers and a CRC of them, the key and the row's number.

    Args:
        path: The file; it need not be there.
        key: What the features are, hashed.
        width: Numbers a row.
    """

    def __init__(self, path: Path, key: str, width: int) -> None:
        self._path, self._key, self._width = path, key, width
        self._stream: FileIO | None = None
        self._stored = self._end = 0

    @property
    def is_open(self) -> bool:
        """Whether rows can be put."""
        return self._stream is not None

    def load(self, num_rows: int) -> tuple[Features, np.ndarray]:
        """Reads the rows that are whole; says how many are damaged.

        Args:
            num_rows: Rows of the whole entry.

        Returns:
            float32 (row, width), NaN where a row is not known; and bool (row,), which are known.
        """
        features, is_there = np.full((num_rows, self._width), np.nan, "<f4"), np.zeros(num_rows, dtype=bool)
        data = self._path.read_bytes() if self._path.is_file() else b""
        size = 4 * self._width + 4
        is_ours = data[: len(_HEAD)] == _HEAD
        stored = [data[start : start + size] for start in range(len(_HEAD), len(data) - size + 1, size)]
        damaged = 0
        for row, record in enumerate(stored[:num_rows] if is_ours else ()):
            crc = int.from_bytes(record[-4:], "little")
            if crc == self._crc(row, record[:-4]):
                features[row], is_there[row] = np.frombuffer(record[:-4], "<f4"), True
            elif crc != self._crc(row, _OPEN):
                damaged += 1
        if data and not is_ours:
            note(f"cached features are computed again: {self._path} has no checksums or is damaged")
        if damaged:
            note(f"{damaged} of {len(stored)} rows of features are computed again: damaged in {self._path}")
        self._stored = len(stored) if is_ours else 0
        return features, is_there

    def open(self, num_rows: int) -> None:
        """Opens the file behind the rows that :meth:`load` found.

        Args:
            num_rows: Rows of the whole entry.

        Raises:
            OSError: It cannot be written to.
        """
        self._end = min(self._stored, num_rows)
        self._stream = FileIO(self._path, "r+" if self._stored else "w+")
        share(self._path)
        if not self._stored:
            self._write(0, _HEAD)
        self._stream.truncate(self._position(self._end))  # a killed run may have left half a row

    def put(self, row: int, feature: np.ndarray) -> None:
        """Writes a row through to the file; rows that are passed over stay open.

        Raises:
            OSError: It cannot be written; rows put before stay.
        """
        data = np.ascontiguousarray(feature, dtype="<f4").tobytes()
        for passed in range(self._end, row):
            self.leave_open(passed)
        self._write(self._position(row), data, self._crc(row, data))
        self._end = max(self._end, row + 1)

    def leave_open(self, row: int) -> None:
        """Writes that a row is not known.

        Raises:
            OSError: It cannot be written.
        """
        self._write(self._position(row), bytes(4 * self._width), self._crc(row, _OPEN))

    def close(self) -> None:
        """Closes the file; what was written stays."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _position(self, row: int) -> int:
        return len(_HEAD) + row * (4 * self._width + 4)

    def _crc(self, row: int, data: bytes) -> int:
        return zlib.crc32(data, zlib.crc32(f"{self._key} {row}".encode()))

    def _write(self, position: int, data: bytes, crc: int | None = None) -> None:
        if self._stream is None:
            raise OSError("the file is closed")
        left = memoryview(data if crc is None else data + crc.to_bytes(4, "little"))
        self._stream.seek(position)
        while left:
            left = left[self._stream.write(left) :]
