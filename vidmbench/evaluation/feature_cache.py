"""The cache of features: entries that grow row by row and are never seen half-written."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vidmbench.core.arrays import Features
from vidmbench.core.files import replacing, write_text
from vidmbench.videos.source import Skipped


@dataclass
class CacheEntry:
    """One entry: whole (``.safetensors``), or growing (``.rows`` and ``.skipped``).

    Attributes:
        folder: Where entries lie.
        key: What the features are, hashed.
        num_rows: Rows of the whole entry.
        width: Numbers a row.
        rows: Rows written so far.
    """

    folder: Path
    key: str
    num_rows: int
    width: int
    rows: int = 0
    _stream: IO[bytes] | None = field(default=None, repr=False)

    def _path(self, ending: str) -> Path:
        return self.folder / f"{self.key}{ending}"

    @property
    def is_whole(self) -> bool:
        """Whether all rows are there."""
        return self._path(".safetensors").is_file()

    def lock(self) -> FileLock:
        """A lock between processes; the system frees it when its holder dies."""
        return FileLock(self._path(".lock"))

    def start(self) -> None:
        """Opens the growing file behind its last whole row: a killed run may have left half of one."""
        growing = self._path(".rows")
        size = growing.stat().st_size if growing.is_file() else 0
        self.rows = min(size // (4 * self.width), self.num_rows)
        self._stream = growing.open("r+b" if size else "wb")
        self._stream.truncate(self.rows * 4 * self.width)
        self._stream.seek(self.rows * 4 * self.width)
        self._keep_skips_of_rows()

    def _keep_skips_of_rows(self) -> None:
        """A kill between reason and row leaves a reason without its row, or half a reason: such lines go."""
        skipped, lines = self._path(".skipped"), []
        if not skipped.is_file():
            return
        for line in skipped.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)[0] < self.rows:
                    lines.append(f"{line}\n")
            except ValueError:
                break
        write_text(skipped, "".join(lines))

    def append(self, row: np.ndarray) -> None:
        """Writes the next row through to the file."""
        assert self._stream is not None
        self._stream.write(np.ascontiguousarray(row, dtype="<f4").tobytes())
        self._stream.flush()
        self.rows += 1

    def skip(self, video: Skipped) -> None:
        """A clip that could not be read: a line with the reason first, then a row of NaN in its place."""
        with self._path(".skipped").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([self.rows, video.name, video.reason]) + "\n")
        self.append(np.full(self.width, np.nan, dtype=np.float32))

    def close(self) -> None:
        """Closes the growing file; what was written stays."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def finish(self) -> None:
        """Turns the growing entry into a whole one."""
        self.close()
        growing, skipped = self._path(".rows"), self._path(".skipped")
        features = np.fromfile(growing, dtype="<f4").reshape(-1, self.width)
        reasons = self._reasons()
        with replacing(self._path(".safetensors")) as temporary:
            save_file({"features": features}, temporary, metadata={"skipped": json.dumps(reasons)})
        growing.unlink(missing_ok=True)
        skipped.unlink(missing_ok=True)

    def _reasons(self) -> dict[str, list[str]]:
        """Row to name and reason of every clip skipped so far."""
        if self.is_whole:
            with safe_open(self._path(".safetensors"), framework="numpy") as stored:
                reasons: dict[str, list[str]] = json.loads((stored.metadata() or {}).get("skipped", "{}"))
                return reasons
        skipped = self._path(".skipped")
        lines = skipped.read_text(encoding="utf-8").splitlines() if skipped.is_file() else []
        return {str(row): [name, reason] for row, name, reason in map(json.loads, lines)}

    def skipped(self) -> tuple[Skipped, ...]:
        """The clips skipped so far, in order."""
        reasons = self._reasons()
        return tuple(Skipped(*reasons[row]) for row in sorted(reasons, key=int))

    def read(self) -> tuple[Features, tuple[Skipped, ...]]:
        """The features of a whole entry in order, and the skipped clips."""
        with safe_open(self._path(".safetensors"), framework="numpy") as stored:
            features: np.ndarray = stored.get_tensor("features")
        usable = np.setdiff1d(np.arange(len(features)), [int(row) for row in self._reasons()])
        return features[usable], self.skipped()

    def drop_if_damaged(self) -> None:
        """A whole entry that does not open or has another shape is made anew."""
        if self.is_whole:
            try:
                with safe_open(self._path(".safetensors"), framework="numpy") as stored:
                    if stored.get_slice("features").get_shape() == [self.num_rows, self.width]:
                        return
            except (SafetensorError, OSError):
                pass
            self._path(".safetensors").unlink()
