"""Reading prepared files, the layout of which stands in packing.py."""

import hashlib
import zlib
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError

#: Told videos done, videos in all, and what is being done.
from vidmbench.core.progress import Progress
from vidmbench.videos.files.decoding import check_frames
from vidmbench.videos.packed.format import (
    FRAMES_A_GROUP,
    MAGIC,
    RECORD,
    Record,
    broken,
    check_whole,
    content_digest,
    exactly,
    header_and_index,
    opened,
    tail_of,
    unpacked,
)
from vidmbench.videos.pre_resize import PRE_RESIZE_VERSION
from vidmbench.videos.source import Skipped, Source, SourceDefaults


class PreparedFile(SourceDefaults):
    """A prepared file as a source.

    Only what stands before and after the videos is read at first; the file is opened anew by every ``read``, so that
    threads and processes may share the object, also pickled.

    Args:
        path: A file that :func:`vidmbench.videos.packed.writer.write_prepared` wrote.

    Attributes:
        rule: How its frames were pre_resized, see :func:`vidmbench.videos.pre_resize.pre_resized`.
        pixels: At what resolution; None under "none".
        framing: The version of the code that did it.
        labels: The class of every video, None where it has none; None where there are no classes.
        source_digest: The digest of the source it was made from.
        content_digest: The sha256 over names, lengths, classes and pixels.
        compression: What the frames went through before, see :class:`vidmbench.videos.source.Source`.

    Raises:
        DataError: It is not there, is something else, is not whole, is damaged, or is of a newer version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        header, index = header_and_index(self.path)
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
        """The number of videos."""
        return len(self._names)

    def name(self, index: int) -> str:
        """The video's name, as its source named it."""
        return self._names[index]

    def num_frames(self, index: int) -> int:
        """The number of frames."""
        return self._lengths[index]

    def class_of(self, index: int) -> int:
        """The video's class, counted from 0.

        Raises:
            DataError: The file holds none.
        """
        found = None if self.labels is None else self.labels[index]
        if found is None:
            raise DataError(
                f"{self.name(index)} has no class label",
                expected="a file prepared from a data set with classes",
                found="no label",
                where=str(self.path),
                fix="set num_classes = 0 in the recipe, or prepare a data set with classes",
            )
        return found

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

        Raises:
            DataError: The video has fewer frames, or the file is damaged there.
        """
        check_frames(self.name(index), frames, self.num_frames(index))
        wanted = np.asarray(frames, dtype=np.int64)
        found = np.empty((len(wanted), *self.size, 3), np.uint8)
        with opened(self.path) as stream:
            ends = self._ends(stream, index)
            for group in np.unique(wanted // FRAMES_A_GROUP):
                chosen = wanted // FRAMES_A_GROUP == group
                within = wanted[chosen] % FRAMES_A_GROUP
                found[chosen] = self._group(stream, index, ends, int(group), int(within.max()) + 1)[within]
        found[..., 0] += found[..., 1]
        found[..., 2] += found[..., 1]
        return found

    def digest(self) -> str:
        """The digest of the same source, framed as it is read: what is scored is the same either way."""
        digest: str = self._header["digest"]
        return digest

    def verify(self, progress: Progress | None = None) -> None:
        """Reads everything once and compares it with the digests inside.

        Args:
            progress: Told videos done, videos in all, and the file's name.

        Raises:
            DataError: Any byte is not what was written.
        """
        pixels = []
        with opened(self.path) as stream:
            check_whole(self.path, stream)
            ends = [*self._offsets[1:], tail_of(self.path, stream)[0]]
            for index, (begin, end) in enumerate(zip(self._offsets, ends, strict=True)):
                stream.seek(begin)
                record = Record(*RECORD.unpack(exactly(stream, RECORD.size)))
                body = exactly(stream, end - begin - RECORD.size)
                if (record.number, record.length, record.crc) != (index, len(body), zlib.crc32(body)):
                    raise self._damaged(index)
                total = hashlib.sha256()
                for start in range(0, self.num_frames(index), FRAMES_A_GROUP):
                    stop = min(start + FRAMES_A_GROUP, self.num_frames(index))
                    total.update(self.read(index, range(start, stop)).data)
                if total.digest() != record.sha256:
                    raise self._damaged(index)
                pixels.append(record.sha256)
                if progress is not None:
                    progress(index + 1, len(self), f"checking {self.path.name}")
        if content_digest(self._header, pixels) != self.content_digest:
            raise broken(self.path, "its content is not what its digest says")

    def _ends(self, stream: FileIO, index: int) -> np.ndarray:
        """Where each group ends, and before them where the first begins; bytes from the file's beginning."""
        groups = -(-self.num_frames(index) // FRAMES_A_GROUP)
        stream.seek(self._offsets[index])
        data = exactly(stream, RECORD.size + 4 * groups)
        if len(data) < RECORD.size + 4 * groups or RECORD.unpack_from(data)[0] != index:
            raise self._damaged(index)
        lengths = np.frombuffer(data, "<u4", offset=RECORD.size).astype(np.int64)
        return np.cumsum([self._offsets[index] + len(data), *lengths])

    def _group(self, stream: FileIO, index: int, ends: np.ndarray, group: int, num_frames: int) -> Frames:
        """The first frames of a group, red and blue still less green."""
        stream.seek(ends[group])
        held = min(FRAMES_A_GROUP, self.num_frames(index) - group * FRAMES_A_GROUP)
        # Checked before it is asked for: a damaged length may be gigabytes.
        if not 0 < ends[group + 1] - ends[group] <= 2 * held * self.size[0] * self.size[1] * 3 + 1024:
            raise self._damaged(index)
        differences = unpacked(exactly(stream, int(ends[group + 1] - ends[group])), (held, *self.size, 3))
        if differences is None:
            raise self._damaged(index)
        found = differences[:num_frames].copy()
        for frame in range(1, num_frames):
            np.add(found[frame], found[frame - 1], out=found[frame])
        return found

    def _damaged(self, index: int) -> DataError:
        return broken(self.path, f"the video {self.name(index)} cannot be read whole")


def open_prepared(
    path: Path | str, *, rule: str | None = None, pixels: int | None = None, label: str | None = None
) -> PreparedFile:
    """Opens a prepared file and refuses it where it holds other frames than are asked for.

    Args:
        path: The file.
        rule: The rule for framing its frames must have gone through; None takes any.
        pixels: The resolution they must have; None takes any.
        label: The data set and split it must hold, such as ``ucf101@all``; None takes any.

    Raises:
        DataError: It cannot be used (see :class:`PreparedFile`), holds something else, or was prepared otherwise.
    """
    file = PreparedFile(path)
    if label is not None and file.label != label:
        name, _, split = file.label.partition("@")
        words = f"ask for what it holds: --dataset {file.label} of run, --split {split} of data check"
        raise DataError(
            f"{file.path.name} holds something else",
            expected=label,
            found=file.label,
            where=str(file.path),
            fix=words if label.startswith(f"{name}@") else None,
        )
    has_rule = rule is None or (rule == file.rule and (rule == "none" or file.framing == PRE_RESIZE_VERSION))
    if has_rule and (pixels is None or file.size == (pixels, pixels)):
        return file
    is_old = rule == file.rule and not has_rule
    asked = f"{pixels}x{pixels}" if pixels is not None else "any resolution"
    height, width = file.size
    raise DataError(
        f"{file.path.name} was prepared otherwise",
        expected=f"{rule or 'any rule'} at {asked}" + (f", version {PRE_RESIZE_VERSION} of its code" if is_old else ""),
        found=f"{file.rule} at {height}x{width}" + (f", version {file.framing}" if is_old else ""),
        where=str(file.path),
        fix="prepare another file for this protocol and resolution with `vidmbench data prepare`, or ask for what this "
        "one holds",
    )


def is_prepared(path: Path) -> bool:
    """Whether a file says of itself that it is a prepared one; it may still be damaged."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


if TYPE_CHECKING:
    _prepared: type[Source] = PreparedFile
