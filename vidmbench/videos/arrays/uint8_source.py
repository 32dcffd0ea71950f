"""Clips in arrays: in memory, in .npy files (read in place) and in .npz files."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of, sha256_of_chunks
from vidmbench.core.inputs import UnchangedFile
from vidmbench.videos.arrays.layout import described
from vidmbench.videos.arrays.levels import how_to_scale, only_levels, possible_ranges, scaling, unscaled
from vidmbench.videos.arrays.mapped import read_frames, read_mapped
from vidmbench.videos.arrays.stored import load_array, unreadable
from vidmbench.videos.arrays.values import BLACK_NOTE, Extent, extent_of, slabs
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.source import SourceDefaults

_EXPECTED = "uint8 (clip, frame, height, width, 3), RGB, 0..255"


def clip_name(index: int, samples: int = 1) -> str:
    """What a video in an array is called.

    Args:
        index: Its number, the predictions of one video next to each other.
        samples: Predictions of each video.
    """
    return f"clip{index:06d}" if samples == 1 else f"clip{index // samples:06d}_{index % samples}"


def samples_note(samples: int, num_videos: int) -> str:
    """What is said of an array with an axis of predictions."""
    return f"the array's second axis counts {samples} predictions of each of {num_videos} videos"


class ArrayVideos(SourceDefaults, ABC):
    """Videos of one length in one array: what :class:`ArraySource` and arrays of a declared layout share.

    Args:
        clips: (clip, frame, height, width, channel); it may be memory-mapped from disk.
        label: How messages and signatures name the source.
        digest: Gives the digest; None hashes the array.
        file: The file that the array is in, as it was before it was opened; None for one in memory.

    Attributes:
        samples: Predictions of each video, next to each other.
    """

    samples: int = 1

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
        """The video's number, such as ``clip000017``; ``clip000017_2`` where it is one of several predictions."""
        return clip_name(range(len(self))[index], self.samples)

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
        try:
            found = read_frames(self._clips[index], frames)
        except (DataError, OSError):
            self.check_unchanged(index)
            raise
        pixels = self._pixels(found)
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
        self.notes = check_clips(array, label)
        super().__init__(array, label, digest, file)

    def _pixels(self, frames: np.ndarray) -> Frames:
        return np.ascontiguousarray(frames)

    def _hash(self) -> str:
        chunks = (np.ascontiguousarray(read_mapped(clip)).tobytes() for clip in self._clips)
        return sha256_of_chunks(str(self._clips.shape), chunks, self._clips.nbytes)


def open_array(path: Path) -> ArraySource:
    """Opens a .npy or .npz file; pickled objects are never loaded.

    Args:
        path: A .npy file is read in place; a .npz file must hold ``clips`` or a single array. A sixth axis behind the
            first counts predictions of one video.

    Raises:
        DataError: It is damaged, holds something else, or several arrays of which none is called ``clips``.
    """
    try:
        file = UnchangedFile(path)
    except OSError as error:
        raise unreadable(path, error, _EXPECTED) from error
    array, samples = load_array(path, expected=_EXPECTED), 1
    if array.ndim == 6 and array.shape[-1] == 3:
        samples, array = array.shape[1], array.reshape(-1, *array.shape[2:])
    source = ArraySource(array, path.name, digest=lambda: sha256_of(path), file=file)
    if samples > 1:
        source.samples = samples
        source.notes = (*source.notes, samples_note(samples, len(source) // samples))
    return source


def check_clips(array: np.ndarray, where: str) -> tuple[str, ...]:
    """Refuses anything but uint8 clips, and says what to do about it.

    Args:
        array: Any array.
        where: The file or label, for the message.

    Returns:
        What a user should know about clips that were accepted, one sentence each.

    Raises:
        DataError: It is not uint8 (clip, frame, height, width, 3), or its values are floats that became uint8 unscaled.
    """
    form = described(array.shape, array.dtype)
    if array.dtype.kind not in "buif":
        raise _wrong("the array holds no numbers that can be pixels", form, where, "give the array of videos")
    if array.ndim != 5 or array.shape[-1] != 3:
        raise _wrong("the array does not have the shape of clips", form, where, _reshaping(array))
    if 0 in array.shape:
        what = ("videos", "frames", "rows", "columns")[array.shape.index(0)]
        raise _wrong("the array is empty", form, where, f"give videos again: this array has no {what}")
    if array.dtype != np.uint8:
        extent = extent_of(map(read_mapped, slabs(array)))
        found = f"{form}, {extent}" + (f", {extent.num_bad} are nan or infinite" if extent.num_bad else "")
        fix = _conversion(extent, is_float=array.dtype.kind == "f")
        raise _wrong("the array's range is not declared", found, where, fix)
    levels = only_levels(map(read_mapped, slabs(array)))
    problem_of_levels = unscaled(levels)
    if levels and problem_of_levels:
        found = f"{form}, values from {levels[0]} to {levels[-1]}"
        raise _wrong(problem_of_levels, found, where, how_to_scale(levels))
    return (BLACK_NOTE,) if levels == (0,) else ()


def _wrong(problem: str, found: str, where: str, fix: str | None = None) -> DataError:
    return DataError(problem, expected=_EXPECTED, found=found, where=where, fix=fix)


def _conversion(extent: Extent, *, is_float: bool) -> str:
    low, high, num_bad = extent
    if num_bad:
        return "find out why it holds NaN or infinity"
    possible = possible_ranges(low, high)
    if is_float and possible:
        return "; ".join(f"if the range is {name}: {scaling(name, clipped=beyond)}" for name, beyond in possible)
    if possible and low >= 0:
        return 'if 0 is black and 1 is white: x.astype("uint8") * 255'
    if possible:
        return f"if the range is -1..1: {scaling('-1..1')}"
    if low >= 0 and high <= 255:
        return 'if the range is 0..255: x.round().astype("uint8")' if is_float else 'x.astype("uint8")'
    return "bring the values to 0..255 in the way your generator defines its range, then convert to uint8"


def _reshaping(array: np.ndarray) -> str:
    shape = array.shape
    if array.ndim == 6:
        return "several predictions of each clip are (clip, prediction, frame, height, width, 3)"
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
