"""Videos in one HDF5 file: all frames one after the other, and where each video begins.

TGAN and TGANv2 keep one array (frame, 3, height, width) and an index beside the file; VideoGPT and TATS one array
(frame, height, width, 3) a split, with the first frame of every video in another array.
"""

import math
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import ChangedError, DataError, VidmbenchError
from vidmbench.core.files import sha256_of, sha256_of_parts
from vidmbench.core.inputs import UnchangedFile, refuse_special
from vidmbench.videos.arrays.hdf5_index import Index
from vidmbench.videos.arrays.hdf5_keys import TGAN_KEY, index_of, key_of
from vidmbench.videos.arrays.hdf5_storage import check_written, storage_of
from vidmbench.videos.arrays.layout import ArrayLayout, as_pixels, check_form
from vidmbench.videos.arrays.values import check_values, notes_on
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.source import Skipped, Source, SourceDefaults

_SLAB = 1 << 22  # values looked at in one go
_MAX_OPEN = 4

#: Files held open by this process, with the stamp they had; the lock is held while one of them is read.
_OPEN: OrderedDict[Path, tuple[Any, str]] = OrderedDict()
_LOCK = threading.RLock()


class Hdf5Source(SourceDefaults):
    """Videos in an HDF5 file; frames are read when they are asked for.

    The file is opened by the first read of each process, so that a source may be forked and pickled; threads take
    turns.

    Args:
        file: The file, as it was before it was looked into.
        key: The array of frames.
        layout: Its axes and range; t comes first.
        index: Where each video begins and ends, and its class.
        shape: Of the array.
        notes: What a user should know about how the file was read.
        sources: Other files that the array takes its numbers from.

    Attributes:
        labels: The class of every video; None where the file has none.
        classes: Their names, in the order of their numbers.
    """

    skipped: tuple[Skipped, ...] = ()

    def __init__(
        self,
        file: UnchangedFile,
        key: str,
        layout: ArrayLayout,
        index: Index,
        shape: tuple[int, ...],
        notes: tuple[str, ...],
        sources: tuple[UnchangedFile, ...] = (),
    ) -> None:
        self.path = file.path
        self.label = file.path.name
        self.notes = notes
        sizes = dict(zip(layout.axes, shape, strict=True))
        self.size: tuple[int, int] = (sizes["h"], sizes["w"])
        self.labels = index.labels
        self.classes = index.classes
        self._unchanged = file
        self._sources = sources
        self._key = key
        self._layout = layout
        self._spans = index.spans

    def __len__(self) -> int:
        """The number of videos."""
        return len(self._spans)

    def name(self, index: int) -> str:
        """The video's number, such as ``video000017``."""
        return f"video{range(len(self))[index]:06d}"

    def num_frames(self, index: int) -> int:
        """From the video's first frame to the next video's."""
        start, end = self._spans[index]
        return end - start

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

        Raises:
            DataError: The video has fewer frames, or the file is damaged there.
            ChangedError: The file changed since it was opened.
        """
        name = f"{self.label}:{self.name(index)}"
        check_frames(name, frames, self.num_frames(index))
        if not len(frames):
            return np.zeros((0, *self.size, 3), np.uint8)
        first = self._spans[index][0]
        low, high = min(frames), max(frames)
        with _LOCK:
            try:
                data = self._file()[self._key][first + low : first + high + 1]
            except VidmbenchError:
                raise
            except Exception as error:  # a damaged file can fail in any way
                self.check_unchanged(index)
                raise DataError(
                    f"{name} cannot be read",
                    found=(str(error).splitlines() or [type(error).__name__])[0],
                    where=str(self.path),
                    fix="the file is damaged there: copy it again",
                ) from error
            self.check_unchanged(index)
        picked = np.asarray(data)[np.asarray(frames, dtype=np.intp) - low]
        return as_pixels(self._layout.arranged(picked), self._layout)

    def check_unchanged(self, index: int) -> None:  # noqa: ARG002 (all videos are in one file)
        """See :class:`vidmbench.videos.source.Source`."""
        try:
            for file in (self._unchanged, *self._sources):
                file.check()
        except ChangedError:
            _forget(self.path)
            raise

    def digest(self) -> str:
        """The sha256 of the file, and of what is read of it."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        spans = " ".join(f"{start}-{end}" for start, end in self._spans)
        others = [sha256_of(file.path) for file in self._sources]
        digest = sha256_of_parts(sha256_of(self.path), self._key, str(self._layout), spans, *others)
        self.check_unchanged(0)
        return digest

    def _file(self) -> Any:
        """The open file; held under the lock."""
        self.check_unchanged(0)
        stamp = self._unchanged.stamp
        known = _OPEN.get(self.path)
        if known is None or known[1] != stamp:
            _forget(self.path)
            _OPEN[self.path] = (_opened(self.path), stamp)
            while len(_OPEN) > _MAX_OPEN:
                _forget(next(iter(_OPEN)))
        _OPEN.move_to_end(self.path)
        return _OPEN[self.path][0]


def open_hdf5(path: Path, layout: ArrayLayout | None = None, split: str | None = None) -> Hdf5Source:
    """Opens a file of videos.

    Args:
        path: The file; an index of TGAN's form is stored next to it as JSON.
        layout: Axes, range and key where they are not the usual ones.
        split: ``train`` or ``test`` where the file holds several, or its name says which it holds.

    Raises:
        DataError: It is not an HDF5 file, is damaged, has not the expected keys, or its index does not fit.
    """
    refuse_special(path)
    if not path.is_file():
        raise DataError("path not found", where=str(path), fix="check the path")
    unchanged = UnchangedFile(path)
    with _looking_into(path) as file:
        key = key_of(file, path, layout, split)
        declared = layout or ArrayLayout("tchw" if key == TGAN_KEY else "thwc")
        if declared.axes[0] != "t" or "n" in declared.axes:
            raise DataError(
                f"the axes {declared.axes} are not those of an HDF5 file of videos",
                expected="t first and no n: all frames one after the other, such as tchw or thwc",
                found=f"axes {declared.axes!r}",
                where=f"{path}:{key}",
                fix="correct the axes",
            )
        frames = file[key]
        where = f"{path}:{key}"
        check_form(frames.shape, frames.dtype, declared, where)
        stored = storage_of(frames, path)
        sources = tuple(UnchangedFile(source) for source in stored.sources)
        index = index_of(file, key, path)
        check_written(stored, index.spans, where)
        extent = check_values(_slabs(frames, path), frames.shape, frames.dtype, declared, where, are_many=True)
        notes = list(notes_on(frames.shape, declared, extent))
        left = len(frames) - sum(end - start for start, end in index.spans)
        if left:
            notes.append(f"{left} of {len(frames)} frames belong to no video and were left aside")
        return Hdf5Source(unchanged, key, declared, index, frames.shape, tuple(notes), sources)


def _slabs(frames: Any, path: Path) -> Iterator[np.ndarray]:
    """All frames in pieces, the first of which are small: of bytes, few decide. Damaged bytes are found when read."""
    most = max(1, _SLAB // max(1, math.prod(frames.shape[1:])))
    start, step = 0, 1
    while start < len(frames):
        try:
            yield np.asarray(frames[start : start + step])
        except OSError as error:
            if frames.dtype != np.uint8:
                raise _unreadable(path, error) from error
        start, step = start + step, min(2 * step, most)


@contextmanager
def _looking_into(path: Path) -> Iterator[Any]:
    """The file, closed afterwards: nothing is left open that a fork would share."""
    with _LOCK, _opened(path) as file:
        try:
            yield file
        except VidmbenchError:
            raise
        except Exception as error:  # a damaged file can fail in any way
            raise _unreadable(path, error) from error


def _opened(path: Path) -> Any:
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise _unreadable(path, error) from error


def _forget(path: Path) -> None:
    known = _OPEN.pop(path, None)
    if known is not None:
        known[0].close()


def _child_begins_anew() -> None:
    """Files opened before the fork belong to the parent: the child opens its own."""
    _OPEN.clear()
    _LOCK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_child_begins_anew)


def _unreadable(path: Path, error: Exception) -> DataError:
    size = path.stat().st_size
    whole = re.search(r"stored_eof = (\d+)", str(error))
    if not size:
        why = "the file is empty"
    elif whole:
        why = f"it was cut off: {size} of {whole.group(1)} bytes are there"
    elif "signature not found" in str(error):
        why = "it is not an HDF5 file"
    else:
        why = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(
        f"{path.name} cannot be read: {why}", where=str(path), fix="give an HDF5 file (.h5, .hdf5), or copy it again"
    )


if TYPE_CHECKING:
    _hdf5: type[Source] = Hdf5Source
