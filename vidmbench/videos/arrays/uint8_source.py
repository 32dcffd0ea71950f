"""Clips in arrays: in memory, in .npy files (read in place) and in .npz files."""

import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of, sha256_of_parts
from vidmbench.core.inputs import UnchangedFile
from vidmbench.videos.arrays.mapped import read_mapped
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.source import SourceDefaults

_EXPECTED = "uint8 (clip, frame, height, width, 3), RGB, 0..255"
_KEY = "clips"


class ArrayVideos(SourceDefaults, ABC):
    """Videos of one length in one array: what :class:`ArraySource` and arrays of a declared layout share.

    Args:
        clips: (clip, frame, height, width, channel); it may be memory-mapped from disk.
        label: How messages and signatures name the source.
        digest: Gives the digest; None hashes the array.
        file: The file that the array is in, as it was before it was opened; None for one in memory.
    """

    def __init__(
        self, clips: np.ndarray, label: str, digest: Callable[[], str] | None, file: UnchangedFile | None
    ) -> None:
        self.label = label
        self.size: tuple[int, int] = (int(clips.shape[2]), int(clips.shape[3]))
        self._clips = clips
        self._given_digest = digest
        self._file = file
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """The number of videos."""
        return len(self._clips)

    def name(self, index: int) -> str:
        """The video's number, such as ``clip000017``."""
        return f"clip{range(len(self))[index]:06d}"

    def num_frames(self, index: int) -> int:  # noqa: ARG002 (all videos are equally long)
        """The same for every video."""
        return int(self._clips.shape[1])

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The requested frames, uint8 (frame, height, width, 3), RGB, 0..255, as a copy in the order of ``frames``.

        Raises:
            DataError: The video has fewer frames.
            ChangedError: The file changed since it was opened.
        """
        check_frames(f"{self.label}:{self.name(index)}", frames, self.num_frames(index))
        if not len(frames):
            return np.zeros((0, *self.size, 3), np.uint8)
        self.check_unchanged(index)
        first = min(frames)
        try:
            part = read_mapped(self._clips[index][first : max(frames) + 1])
        except (DataError, OSError):
            self.check_unchanged(index)
            raise
        pixels = self._pixels(part[np.asarray(frames, dtype=np.intp) - first])
        self.check_unchanged(index)
        return pixels

    def check_unchanged(self, index: int) -> None:  # noqa: ARG002 (all videos are in one file)
        """See :class:`vidmbench.videos.source.Source`."""
        if self._file is not None:
            self._file.check()

    @abstractmethod
    def _pixels(self, frames: np.ndarray) -> Frames:
        """Frames of the array as uint8 RGB."""

    @abstractmethod
    def _hash(self) -> str:
        """The digest of the array itself."""

    def digest(self) -> str:
        """The sha256 of the file, or of the array with its shape and of what is declared."""
        with self._lock:  # hashing gigabytes once is enough
            return self._digest

    @cached_property
    def _digest(self) -> str:
        digest = self._given_digest() if self._given_digest else self._hash()
        if self._file is not None:
            self._file.check()
        return digest


class ArraySource(ArrayVideos):
    """Clips in one array.

    Args:
        array: uint8 (clip, frame, height, width, 3), RGB, 0..255; it may be memory-mapped from disk.
        label: How messages and signatures name the source.
        digest: Gives the digest; by default the array itself is hashed.
        file: The file that the array is in, as it was before it was opened; None for one in memory.

    Raises:
        DataError: The array has another form; the message says how to bring it to this one.
    """

    def __init__(
        self,
        array: np.ndarray,
        label: str = "array",
        *,
        digest: Callable[[], str] | None = None,
        file: UnchangedFile | None = None,
    ) -> None:
        check_clips(array, label)
        super().__init__(array, label, digest, file)

    def _pixels(self, frames: np.ndarray) -> Frames:
        return np.ascontiguousarray(frames)

    def _hash(self) -> str:
        return sha256_of_parts(str(self._clips.shape), np.ascontiguousarray(self._clips).tobytes())


def open_array(path: Path) -> ArraySource:
    """Opens a .npy or .npz file; pickled objects are never loaded.

    Args:
        path: A .npy file is read in place; a .npz file must hold ``clips`` or a single array.

    Raises:
        DataError: It is damaged, holds something else, or several arrays of which none is called ``clips``.
    """
    try:
        file = UnchangedFile(path)
        array = _load_npz(path) if path.suffix.lower() == ".npz" else np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, KeyError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path, error) from error
    # np.load goes by content: a .npz file under the name .npy gives an archive
    if not isinstance(array, np.ndarray):
        raise _unreadable(path, ValueError("it is an archive of arrays; its name should end in .npz"))
    return ArraySource(array, path.name, digest=lambda: sha256_of(path), file=file)


def check_clips(array: np.ndarray, where: str) -> None:
    """Refuses anything but uint8 clips, and says what to do about it.

    Args:
        array: Any array.
        where: The file or label, for the message.

    Raises:
        DataError: It is not uint8 (clip, frame, height, width, 3).
    """
    shape = f"{array.dtype} {array.shape}"
    if array.ndim != 5 or array.shape[-1] != 3:
        raise DataError(
            "the array does not have the shape of clips",
            expected=_EXPECTED,
            found=shape,
            where=where,
            fix=_reshaping(array),
        )
    if 0 in array.shape:
        raise DataError("the array is empty", expected=_EXPECTED, found=shape, where=where)
    if array.dtype != np.uint8:
        low, high = array.min(), array.max()
        raise DataError(
            "the array's range is not declared",
            expected=_EXPECTED,
            found=f"{shape}, values from {low:.6g} to {high:.6g}",
            where=where,
            fix=_conversion(float(low), float(high), is_float=array.dtype.kind == "f"),
        )


def _conversion(low: float, high: float, *, is_float: bool) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return "find out why it holds NaN or infinity"
    if is_float and low >= 0 and high <= 1:
        return 'if the range is 0..1: (x * 255).round().astype("uint8")'
    if is_float and low >= -1.01 and high <= 1.01:
        return 'if the range is -1..1: ((x.clip(-1, 1) + 1) * 127.5).round().astype("uint8")'
    if low >= 0 and high <= 255:
        return 'if the range is 0..255: x.round().astype("uint8")' if is_float else 'x.astype("uint8")'
    return "bring the values to 0..255 in the way your generator defines its range, then convert to uint8"


def _reshaping(array: np.ndarray) -> str:
    shape = array.shape
    if array.ndim == 5 and shape[1] == 3:
        return "channels seem to come second, (N,3,T,H,W): x.transpose(0, 2, 3, 4, 1)"
    if array.ndim == 5 and shape[2] == 3:
        return "channels seem to come third, (N,T,3,H,W): x.transpose(0, 1, 3, 4, 2)"
    if array.ndim == 5 and shape[-1] == 1:
        return "the clips are grey: x.repeat(3, axis=-1)"
    if array.ndim == 5 and shape[-1] == 4:
        return "the clips carry transparency: x[..., :3]"
    if array.ndim == 4 and shape[-1] == 3:
        return "a single clip needs a clip axis: x[None]"
    if array.ndim == 4 and shape[1] == 3:
        return "it seems to be a single clip (T,3,H,W): x.transpose(0, 2, 3, 1)[None]"
    if array.ndim == 4 and array.dtype.kind in "iu":
        return "grey clips (N,T,H,W) need x[..., None].repeat(3, axis=-1); token numbers must be decoded first"
    return "save the clips as one array with these five axes"


def _load_npz(path: Path) -> np.ndarray:
    # numpy leaves a file that it opened itself and cannot read open
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array; its name should end in .npy")
        keys = list(archive.files)
        if _KEY not in keys and len(keys) != 1:
            raise DataError(
                f"{path.name} holds several arrays, none of them called {_KEY}" if keys else f"{path.name} is empty",
                expected=f"the key {_KEY!r}, or a single array",
                found=", ".join(keys) or "no array",
                where=str(path),
                fix=f"np.savez_compressed(path, {_KEY}=x)",
            )
        array: np.ndarray = archive[_KEY if _KEY in keys else keys[0]]
        return array


def _unreadable(path: Path, error: Exception) -> DataError:
    text = str(error)
    fix = "save or copy it again"
    if any(words in text for words in ("allow_pickle", "Object arrays", "Python objects", "pickle")):
        text = "it holds Python objects, which are never loaded"
        fix = "save a plain uint8 array, not a list or an array of dtype object"
    elif path.stat().st_size == 0:
        text = "the file is empty (0 bytes)"
    elif "mmap length" in text or isinstance(error, EOFError) or "reshape" in text:
        text = f"it is cut off ({text})"
    return DataError(
        f"{path.name} cannot be read as an array: {text}",
        expected=f"{_EXPECTED}, written by np.save or np.savez",
        where=str(path),
        fix=fix,
    )
