"""The cache of features: entries that grow row by row, with a checksum for each row and one for the whole."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.numpy import load, save

from vidmbench.core.arrays import Features
from vidmbench.core.errors import ResultError
from vidmbench.core.files import replacing, sha256_of_parts
from vidmbench.core.locks import is_lock_missing, note_missing_locks, shared_lock
from vidmbench.core.progress import note
from vidmbench.evaluation.rows_file import RowsFile
from vidmbench.videos.source import Skipped

#: What is left of a block.
_ENDINGS = (".safetensors", ".rows", ".lock")


@dataclass
class CacheEntry:
    """One entry: whole (``.safetensors``), or growing (``.rows``, row by row).

    A row that could not be computed stays open: the entry then never becomes whole, and every run tries that row again.

    Attributes:
        folder: Where entries are stored.
        key: What the features are, hashed.
        num_rows: Rows of the whole entry.
        width: Numbers a row.
        skipped: The rows that this run could not compute, and why.
        damage: Why a whole entry that is there cannot be used; empty where it can.
        part_of: The entry of which this one is a block of rows; None for an entry of its own.
        first: Its first row there.
        is_claimed: Whether this process may write to it now.
    """

    folder: Path
    key: str
    num_rows: int
    width: int
    skipped: dict[int, Skipped] = field(default_factory=dict)
    damage: str = ""
    part_of: "CacheEntry | None" = field(default=None, repr=False)
    first: int = 0
    is_claimed: bool = field(default=False, repr=False)
    _features: Features | None = field(default=None, repr=False)
    _is_there: np.ndarray = field(init=False, repr=False)
    _computed: list[int] = field(default_factory=list, repr=False)
    _rows: RowsFile = field(init=False, repr=False)
    _refusal: OSError | None = field(default=None, repr=False)
    _lock: FileLock | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._is_there = np.zeros(self.num_rows, dtype=bool)
        self._rows = RowsFile(self._path(".rows"), self.key, self.width)

    def _path(self, ending: str) -> Path:
        return self.folder / f"{self.key}{ending}"

    @property
    def is_whole(self) -> bool:
        """Whether all rows are known."""
        return self._features is not None and bool(self._is_there.all())

    @property
    def missing(self) -> list[int]:
        """The rows that are not known, in order."""
        return [int(row) for row in np.flatnonzero(~self._is_there)]

    @property
    def num_done(self) -> int:
        """Rows that are known, or that this run could not compute."""
        return int(self._is_there.sum()) + len(self.skipped)

    def look(self) -> bool:
        """Reads a whole entry, if there is one; needs no lock and writes nothing.

        Returns:
            Whether all rows are known now; ``damage`` says why not, where there is an entry.
        """
        try:
            features = self._read_whole(self._path(".safetensors").read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self.damage = f"may not be read ({error.strerror or error})"
            return False
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.damage = "are damaged"
            return False
        if features is None:
            self.damage = "were written by an earlier version, without a checksum"
            return False
        self._features, self._is_there[:] = features, True
        return True

    def _look_again(self) -> bool:
        """Reads what another process has finished by now: this entry, or the one that it is a block of."""
        whole = self.part_of
        if self.look():
            return True
        if whole is None or whole.damage or not (whole.is_whole or whole.look()):
            return False
        assert whole._features is not None
        self._features = whole._features[self.first : self.first + self.num_rows]
        self._is_there[:] = True
        return True

    def _read_whole(self, data: bytes) -> Features | None:
        features: Features = load(data)["features"]
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        digest = header.get("__metadata__", {}).get("sha256")
        if digest is None:
            return None
        if features.shape != (self.num_rows, self.width) or digest != self._digest(features):
            raise ValueError("the checksum does not match")
        return features

    def _digest(self, features: Features) -> str:
        return sha256_of_parts(self.key, np.ascontiguousarray(features, "<f4").tobytes())

    @contextmanager
    def growing(self) -> Iterator[None]:
        """Keeps other processes out while missing rows are computed; the system frees the lock of one that dies.

        Raises:
            ResultError: The cache cannot be written to, and rows are missing that were never tried.
        """
        if not self.claim():
            note(f"waiting for another process that computes the same features ({self._path('.lock')})")
            self.claim(waits=True)
        try:
            yield
        finally:
            self.release()

    def claim(self, *, waits: bool = False) -> bool:
        """Begins :meth:`growing`: takes the lock, and reads what others have left.

        Args:
            waits: Whether to wait while another process has it.

        Returns:
            Whether this process has it now.

        Raises:
            ResultError: See :meth:`growing`.
        """
        lock = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = shared_lock(self._path(".lock"))
            lock.acquire(timeout=-1 if waits else 0)
        except Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            if lock is not None and is_lock_missing(error):
                note_missing_locks(self.folder)
            elif not isinstance(error, OSError):
                raise
            elif not self._path(".rows").is_file():
                raise self._refused(error) from error
            else:
                self._refusal = error  # the rows that are missing may be of videos that nobody can read
            lock = None
        self._lock, self.is_claimed = lock, True
        try:
            if not self._look_again():
                self._load_rows()
        except BaseException:
            self.release()
            raise
        return True

    def release(self) -> None:
        """Ends :meth:`growing`; rows that were kept stay."""
        self.close()
        self.is_claimed = False
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _load_rows(self) -> None:
        """The rows of earlier runs; what a power cut or a bad disk left of others is computed again."""
        self._features, self._is_there[:] = self._rows.load(self.num_rows)
        if self._refusal is None:
            try:
                self._rows.open(self.num_rows)
            except OSError as error:
                raise self._unwritten(error) from error

    def put(self, row: int, feature: np.ndarray) -> None:
        """Keeps a row, and writes it through to the file.

        Raises:
            ResultError: It cannot be written; rows kept before stay.
        """
        assert self._features is not None
        if not self._rows.is_open:
            raise self._refused(self._refusal or OSError("the entry is closed"))
        try:
            self._rows.put(row, feature)
        except OSError as error:
            raise self._unwritten(error) from error
        self._features[row], self._is_there[row] = feature, True
        self.skipped.pop(row, None)
        self._computed.append(row)

    def computed(self) -> tuple[int, ...]:
        """The rows that this run computed."""
        return tuple(self._computed)

    def drop(self, row: int) -> None:
        """Forgets a row that this run computed."""
        self._is_there[row] = False
        try:
            self._rows.leave_open(row)
        except OSError:
            self._path(".rows").unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the growing file; what was written stays."""
        self._rows.close()

    def finish(self) -> None:
        """Turns the growing entry into a whole one, unless rows are missing.

        Raises:
            ResultError: It cannot be written; the rows stay.
        """
        is_growing = self._rows.is_open
        self.close()
        if not is_growing or not self.is_whole:
            return
        self._write_whole()
        for ending in (".rows", ".skipped"):  # the latter of earlier versions
            self._path(ending).unlink(missing_ok=True)

    def _write_whole(self) -> None:
        assert self._features is not None
        data = save({"features": self._features}, metadata={"sha256": self._digest(self._features)})
        try:
            # A block lost in a power cut is computed again; waiting for the disk after each would cost more.
            with replacing(self._path(".safetensors"), is_synced=self.part_of is None) as temporary:
                temporary.write_bytes(data)
        except OSError as error:
            raise self._unwritten(error) from error

    def join(self, blocks: Sequence["CacheEntry"]) -> None:
        """Takes the rows of its blocks, in order; once all are known, they are one file instead of many.

        Raises:
            ResultError: That file cannot be written for lack of room; the blocks stay.
        """
        if not self.is_whole:
            self._features = np.full((self.num_rows, self.width), np.nan, "<f4")
            for block in blocks:
                rows = slice(block.first, block.first + block.num_rows)
                assert block._features is not None
                self._features[rows], self._is_there[rows] = block._features, block._is_there
                self.skipped |= {block.first + row: skipped for row, skipped in block.skipped.items()}
            if not self.is_whole or not os.access(self.folder, os.W_OK):
                return
            self._write_whole()
        for path in (*(block._path(ending) for block in blocks for ending in _ENDINGS), self._path(".rows")):
            with suppress(OSError):  # another process, which still has it open, removes it
                path.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> ResultError:
        return ResultError(
            "features are missing in the cache, and it cannot be written to",
            expected="a folder that this user may create and write to, or a cache that holds all features",
            found=error.strerror or str(error),
            where=str(self.folder),
            fix="set VIDMBENCH_CACHE to another folder, or give the same command as a user who may write to this one",
        )

    def _unwritten(self, error: OSError) -> ResultError:
        return ResultError(
            "features cannot be written to the cache",
            expected="room on the disk, and a folder that this user may write to",
            found=error.strerror or str(error),
            where=str(self.folder),
            fix=f"free some space, or choose another folder with VIDMBENCH_CACHE; {int(self._is_there.sum())} of "
            f"{self.num_rows} clips are kept in {self._path('.rows').name}, and the same command resumes there",
        )

    def read(self) -> tuple[Features, tuple[Skipped, ...]]:
        """The features that are known, in order, and the clips that this run skipped."""
        assert self._features is not None
        features = self._features if self._is_there.all() else self._features[self._is_there]
        return features, tuple(self.skipped[row] for row in sorted(self.skipped))
