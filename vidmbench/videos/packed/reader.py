"""Reading prepared files, whose layout :mod:`vidmbench.videos.packed.format` documents."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.inputs import UnchangedFile, refuse_special
from vidmbench.core.progress import Progress
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.packed.format import (
    FRAMES_PER_GROUP,
    MAGIC,
    RECORD,
    Record,
    content_digest,
    damaged,
    decompress_group,
    open_unbuffered,
    read_head_and_index_bytes,
    read_header_and_index,
    read_tail,
    read_up_to,
)
from vidmbench.videos.pre_resize import PRE_RESIZE_VERSION
from vidmbench.videos.source import Skipped, Source, SourceDefaults


class PreparedFile(SourceDefaults):
    """A prepared file as a source.

    The constructor reads header and index only, and every ``read`` opens the file again: threads and processes may
    share the object, also pickled.

    Args:
        path: A file that :func:`vidmbench.videos.packed.writer.write_prepared` wrote.

    Attributes:
        label: Name of the data set and split.
        size: Height and width of the frames, in pixels.
        skipped: Videos of the source that could not be read.
        notes: Remarks on the source that belong into records.
        rule: Cropping and resizing the frames went through, see :func:`vidmbench.videos.pre_resize.pre_resized`.
        pixels: Resolution it was applied at, in pixels; None under the rule "none".
        framing: Version of the code that applied the rule.
        labels: Class of every video, counted from 0, None for a video without one; None without any classes.
        source_digest: Digest of the source the file was made from.
        content_digest: The sha256 over names, lengths, classes and pixels.
        compression: Lossy compression of the source, see :class:`vidmbench.videos.source.Source`.

    Raises:
        DataError: The file is missing, is not a prepared file, is incomplete, damaged, or of another version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        with suppress(OSError):  # reading its header says why it cannot be read
            self._unchanged = UnchangedFile(self.path)
        header, index = read_header_and_index(self.path)
        self.label: str = header["label"]
        self.size: tuple[int, int] = tuple(header["size"])
        self.skipped = tuple(Skipped(name, reason) for name, reason in header["skipped"])
        self.notes: tuple[str, ...] = tuple(header["notes"])
        self.compression: str = header["compression"]
        self.rule: str = header["rule"]
        self.pixels: int | None = header["pixels"]
        self.framing: int = header["framing"]
        self.labels: tuple[int | None, ...] | None = None if header["labels"] is None else tuple(header["labels"])
        self.source_digest: str = header["source_digest"]
        self.content_digest: str = index["content"]
        self._header = header
        self._names: list[str] = header["names"]
        self._lengths: list[int] = header["frames"]
        self._offsets: list[int] = index["offsets"]

    def __len__(self) -> int:
        """Number of videos."""
        return len(self._names)

    def name(self, index: int) -> str:
        """Name of a video in the source the file was made from."""
        return self._names[index]

    def num_frames(self, index: int) -> int:
        """Number of frames of a video."""
        return self._lengths[index]

    def class_of(self, index: int) -> int:
        """Class of a video, counted from 0.

        Raises:
            DataError: The video has none.
        """
        label = None if self.labels is None else self.labels[index]
        if label is None:
            raise DataError(
                f"{self.name(index)} has no class label",
                expected="a file prepared from a data set with classes",
                found="no label",
                where=str(self.path),
                fix="set num_classes = 0 in the recipe, or prepare a data set with classes",
            )
        return label

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """Reads frames of a video, in the order of ``frames``.

        Args:
            index: The video.
            frames: Frame indices, counted from 0; repetitions are allowed.

        Returns:
            uint8 (frame, height, width, 3), RGB, 0..255.

        Raises:
            DataError: The video has fewer frames, or the file is damaged.
            ChangedError: The file changed since it was opened.
        """
        check_frames(self.name(index), frames, self.num_frames(index))
        self.check_unchanged(index)
        try:
            pixels = self._pixels(index, frames)
        except (DataError, OSError):
            self.check_unchanged(index)
            raise
        self.check_unchanged(index)
        return pixels

    def check_unchanged(self, index: int) -> None:  # noqa: ARG002 (all videos are in one file)
        """See :class:`vidmbench.videos.source.Source`."""
        self._unchanged.check()

    def _pixels(self, index: int, frames: Sequence[int]) -> Frames:
        requested = np.asarray(frames, dtype=np.int64)
        groups, positions = np.divmod(requested, FRAMES_PER_GROUP)
        pixels = np.empty((len(requested), *self.size, 3), np.uint8)
        with open_unbuffered(self.path) as stream:
            bounds = self._group_bounds(stream, index)
            for group in np.unique(groups):
                is_here = groups == group
                within = positions[is_here]
                pixels[is_here] = self._read_group(stream, index, bounds, int(group), int(within.max()) + 1)[within]
        pixels[..., 0] += pixels[..., 1]
        pixels[..., 2] += pixels[..., 1]
        return pixels

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`; of increasing frames, each group is decompressed once.

        Raises:
            DataError: As :meth:`read`.
            ChangedError: As :meth:`read`; after the last frame at the latest.
        """
        for group, members in groupby(frames, key=lambda frame: frame // FRAMES_PER_GROUP):
            numbers = list(members)
            first = group * FRAMES_PER_GROUP
            pixels = self.read(index, range(first, max(numbers) + 1))
            for number in numbers:
                yield pixels[number - first]

    def digest(self) -> str:
        """Digest that the source would have if it were cropped and resized while it is read: scores are equal."""
        digest: str = self._header["digest"]
        return digest

    def verify(self, progress: Progress | None = None) -> None:
        """Reads the whole file and compares it with its checksums.

        Args:
            progress: Called with videos done, number of videos, and a label.

        Raises:
            DataError: Any byte differs from what was written.
        """
        digests = []
        with open_unbuffered(self.path) as stream:
            read_head_and_index_bytes(self.path, stream)
            ends = [*self._offsets[1:], read_tail(self.path, stream)[0]]
            for index, (begin, end) in enumerate(zip(self._offsets, ends, strict=True)):
                digests.append(self._verify_video(stream, index, begin, end))
                if progress is not None:
                    progress(index + 1, len(self), f"checking {self.path.name}")
        if content_digest(self._header, digests) != self.content_digest:
            raise damaged(self.path, "its content does not match its digest")

    def _verify_video(self, stream: FileIO, index: int, begin: int, end: int) -> bytes:
        """Compares a record with its CRC and its pixels with their digest, which it returns."""
        stream.seek(begin)
        record = Record(*RECORD.unpack(read_up_to(stream, RECORD.size)))
        body = read_up_to(stream, end - begin - RECORD.size)
        if (record.number, record.length, record.crc) != (index, len(body), zlib.crc32(body)):
            raise self._damaged_video(index)
        digest = hashlib.sha256()
        for start in range(0, self.num_frames(index), FRAMES_PER_GROUP):
            stop = min(start + FRAMES_PER_GROUP, self.num_frames(index))
            digest.update(self.read(index, range(start, stop)).data)
        if digest.digest() != record.sha256:
            raise self._damaged_video(index)
        return record.sha256

    def _group_bounds(self, stream: FileIO, index: int) -> np.ndarray:
        """Offsets in the file between which the groups of a video are stored, int64 (groups + 1)."""
        num_groups = -(-self.num_frames(index) // FRAMES_PER_GROUP)
        stream.seek(self._offsets[index])
        data = read_up_to(stream, RECORD.size + 4 * num_groups)
        if len(data) < RECORD.size + 4 * num_groups or RECORD.unpack_from(data)[0] != index:
            raise self._damaged_video(index)
        lengths = np.frombuffer(data, "<u4", offset=RECORD.size).astype(np.int64)
        return np.cumsum([self._offsets[index] + len(data), *lengths])

    def _read_group(self, stream: FileIO, index: int, bounds: np.ndarray, group: int, num_frames: int) -> Frames:
        """Reads the first frames of a group; green is still subtracted from red and blue."""
        stream.seek(bounds[group])
        length = int(bounds[group + 1] - bounds[group])
        shape = (min(FRAMES_PER_GROUP, self.num_frames(index) - group * FRAMES_PER_GROUP), *self.size, 3)
        # Checked before memory is allocated: a damaged length may be gigabytes.
        if not 0 < length <= 2 * int(np.prod(shape)) + 1024:
            raise self._damaged_video(index)
        differences = decompress_group(read_up_to(stream, length), shape)
        if differences is None:
            raise self._damaged_video(index)
        frames = differences[:num_frames].copy()
        for frame in range(1, num_frames):
            np.add(frames[frame], frames[frame - 1], out=frames[frame])
        return frames

    def _damaged_video(self, index: int) -> DataError:
        return damaged(self.path, f"the video {self.name(index)} cannot be read completely")


def open_prepared(
    path: Path | str, *, rule: str | None = None, pixels: int | None = None, label: str | None = None
) -> PreparedFile:
    """Opens a prepared file and checks that its frames are the requested ones.

    Args:
        path: The file.
        rule: The required rule of cropping and resizing; None accepts any.
        pixels: The required resolution in pixels; None accepts any.
        label: The required data set and split, such as ``ucf101@all``; None accepts any.

    Raises:
        DataError: The file cannot be used (see :class:`PreparedFile`), holds other videos, or was prepared with
            another rule, resolution or version of the code.
    """
    file = PreparedFile(path)
    if label is not None and file.label != label:
        name, _, split = file.label.partition("@")
        fix = f"request what it holds: --dataset {file.label} of run, --split {split} of data check"
        raise DataError(
            f"{file.path.name} holds other videos",
            expected=label,
            found=file.label,
            where=str(file.path),
            fix=fix if label.startswith(f"{name}@") else None,
        )
    is_same_code = rule == "none" or file.framing == PRE_RESIZE_VERSION
    if (rule is None or (rule == file.rule and is_same_code)) and (pixels is None or file.size == (pixels, pixels)):
        return file
    is_old = rule == file.rule and not is_same_code
    resolution = f"{pixels}x{pixels}" if pixels is not None else "any resolution"
    height, width = file.size
    raise DataError(
        f"{file.path.name} was prepared with other settings",
        expected=f"{rule or 'any rule'} at {resolution}"
        + (f", version {PRE_RESIZE_VERSION} of its code" if is_old else ""),
        found=f"{file.rule} at {height}x{width}" + (f", version {file.framing}" if is_old else ""),
        where=str(file.path),
        fix="prepare another file for this protocol and resolution with `vidmbench data prepare`, or request what this "
        "one holds",
    )


def is_prepared(path: Path) -> bool:
    """Whether a file begins as a prepared one does; it may still be damaged."""
    refuse_special(path)
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


if TYPE_CHECKING:
    _prepared: type[Source] = PreparedFile
