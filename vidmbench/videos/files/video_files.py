"""One video: a file, a folder of frames, frames in an archive."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of, sha256_of_parts
from vidmbench.core.inputs import InputFile, read_input, stamp_of
from vidmbench.videos.files.compression_labels import joined, of_picture
from vidmbench.videos.files.decoding import decode, decoded_frames
from vidmbench.videos.files.first_look import VideoFacts, inspect_video
from vidmbench.videos.files.frame_names import check_series
from vidmbench.videos.files.images import inspect_picture, notes_together, read_picture
from vidmbench.videos.files.members import Archive, refuse_special_file, stamp_of_file
from vidmbench.videos.files.raw_video import check_raw_video

REPEATS_NOTE = (
    "frames repeat the one before at equal distances, as if a frame rate was raised, and were read as they are"
)
_FEWEST_REPEATS = 3  # two may be chance


@dataclass(frozen=True)
class Facts:
    """What the first look at a video found; kept in the index.

    Attributes:
        num_frames: Frames that can really be read.
        height: Rows as displayed.
        width: Columns as displayed.
        sha256: Of the content: the file's bytes, or all frame files' bytes in order.
        frame_times: For video files, see :class:`vidmbench.videos.files.first_look.VideoFacts`.
        notes: What a user should know, one sentence each; what follows a colon is of this video alone.
        compression: What the frames went through, such as ``jpeg quality 75 4:2:0``; empty where nothing was lost.
        frame_rate: Frames per second; 0 for what declares none.
    """

    num_frames: int
    height: int
    width: int
    sha256: str
    frame_times: str = ""
    notes: tuple[str, ...] = ()
    compression: str = ""
    frame_rate: float = 0.0


@runtime_checkable
class Item(Protocol):
    """One video of a source.

    Attributes:
        name: Unique within the source; a relative path with forward slashes.
    """

    @property
    def name(self) -> str:
        """The video's name."""
        ...

    def stamp(self) -> str:
        """Changes whenever the content may have changed; cheap."""
        ...

    def inspect(self) -> Facts:
        """Looks at the whole content once; raises DataError where it cannot be used."""
        ...

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The frames asked for (all of them exist), uint8 (frame, height, width, 3)."""
        ...

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same frames one by one, so that few of a large video are in memory; not to be written to."""
        ...


@dataclass(frozen=True)
class VideoFile:
    """A video in a container that PyAV opens."""

    name: str
    path: InputFile

    def stamp(self) -> str:
        """See :func:`vidmbench.videos.files.members.stamp_of_file`."""
        return stamp_of_file(self.path)

    def inspect(self) -> Facts:
        """Decodes and hashes the file once."""
        facts = inspect_video(self.path)
        if self.path.suffix.lower() == ".y4m":
            check_raw_video(self.path, facts.num_frames)
        return Facts(
            facts.num_frames,
            facts.height,
            facts.width,
            sha256_of(self.path),
            frame_times=facts.frame_times,
            notes=facts.notes,
            frame_rate=facts.frame_rate,
            compression=facts.compression,
        )

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """Frames, from the nearest key frame where the file can be searched."""
        return decode(self.path, frames, facts=self._known(facts))

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same as they are decoded."""
        return decoded_frames(self.path, frames, facts=self._known(facts))

    def _known(self, facts: Facts) -> VideoFacts:
        refuse_special_file(self.path)
        return VideoFacts(facts.num_frames, facts.height, facts.width, facts.frame_times)


@dataclass(frozen=True)
class FrameFolder:
    """A folder with one image per frame, in natural order of their names."""

    name: str
    folder: Path
    files: tuple[str, ...]

    def stamp(self) -> str:
        """Names and stamps of all frames."""
        folder = f"{self.folder}{os.sep}"  # joined as text: a video may have thousands of frames
        return sha256_of_parts(*(f"{file} {self._stamp(folder, file)}" for file in self.files))

    def inspect(self) -> Facts:
        """Reads every frame file once."""
        return inspect_frames(str(self.folder), self.files, read=self._data)

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The images asked for."""
        return read_frames(str(self.folder), self.files, frames, facts, read=self._data)

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same as they are read."""
        return stream_frames(str(self.folder), self.files, frames, facts, read=self._data)

    def _data(self, file: str) -> bytes:
        return read_input(self.folder / file)

    def _stamp(self, folder: str, file: str) -> str:
        path = folder + file
        try:
            return stamp_of(path)
        except FileNotFoundError as error:
            if not os.path.islink(path):
                raise
            raise DataError(
                f"{self.name}/{file} is a link to a file that is not there",
                expected="a link to a frame",
                found=os.readlink(path),
                where=path,
                fix="correct or remove the link, or skip the video with --on-bad skip",
            ) from error


@dataclass(frozen=True)
class ArchivedFrames:
    """The frames in one folder of an archive.

    Attributes:
        name: The video's.
        archive: The open archive.
        folder: Its path in the archive, empty for frames at the archive's root.
        files: Frame names in order.
    """

    name: str
    archive: Archive
    folder: str
    files: tuple[str, ...]

    def stamp(self) -> str:
        """The archive's stamp, and what its table of contents says of all frames."""
        return sha256_of_parts(self.archive.stamp(), *(self.archive.entry(self._path(file)) for file in self.files))

    def inspect(self) -> Facts:
        """Reads every frame once."""
        return inspect_frames(self._where, self.files, read=self._data)

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The images asked for."""
        return read_frames(self._where, self.files, frames, facts, read=self._data)

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same as they are read."""
        return stream_frames(self._where, self.files, frames, facts, read=self._data)

    @property
    def _where(self) -> str:
        return f"{self.archive.path}:{self.folder}"

    def _path(self, file: str) -> str:
        return f"{self.folder}/{file}" if self.folder else file

    def _data(self, file: str) -> bytes:
        return self.archive.read(self._path(file))


@runtime_checkable
class _Read(Protocol):
    def __call__(self, file: str, /) -> bytes: ...


def inspect_frames(where: str, files: Sequence[str], read: _Read) -> Facts:
    """Reads every frame of a video once.

    Args:
        where: The folder, for messages.
        files: The frames' names, in order.
        read: Gives a frame file's bytes.

    Raises:
        DataError: The names are of several series, the sizes differ, or a frame is damaged.
    """
    notes = dict.fromkeys(check_series(where, files))
    sizes: dict[tuple[int, int], str] = {}
    hashes, compressions = [], set()
    for file in files:
        data = read(file)
        compressions.add(of_picture(data))
        height, width, image_notes = inspect_picture(data, f"{where}/{file}")
        sizes.setdefault((height, width), file)
        notes.update(dict.fromkeys(image_notes))
        hashes.append(sha256_of_parts(data))
    if len(sizes) > 1:
        raise DataError(
            f"the frames in {PurePosixPath(where).name} differ in size",
            expected="one height x width in the whole video",
            found=", ".join(f"{height}x{width} ({file})" for (height, width), file in list(sizes.items())[:5]),
            where=where,
            fix="cut the film strips into frames first, one folder a strip"
            if all(_is_strip(*size) for size in sizes)
            else "bring them to one size, or skip the video with --on-bad skip",
        )
    (height, width) = next(iter(sizes))
    if _is_strip(height, width):
        notes[f"pictures of {height}x{width} look like film strips, one a video; they were read as one frame each"] = (
            None
        )
    step = _step_of_repeats(hashes)
    if step:
        notes[f"{REPEATS_NOTE}: one of every {step}"] = None
    digest = sha256_of_parts(*hashes)
    return Facts(len(files), height, width, digest, notes=notes_together(notes), compression=joined(compressions))


def _step_of_repeats(hashes: Sequence[str]) -> int:
    """How many frames lie from one that repeats the one before to the next; 0 where the distances are not equal.

    Videos that stand still repeat all their frames, which is another matter.
    """
    places = [place for place in range(1, len(hashes)) if hashes[place] == hashes[place - 1]]
    steps = {later - place for place, later in pairwise(places)}
    if len(places) < _FEWEST_REPEATS or len(steps) != 1:
        return 0
    (step,) = steps
    is_throughout = places[0] <= step and len(hashes) - places[-1] <= step
    return step if step > 1 and is_throughout else 0


def _is_strip(height: int, width: int) -> bool:
    return width >= 4 * height and width % height == 0


def read_frames(where: str, files: Sequence[str], frames: Sequence[int], facts: Facts, read: _Read) -> Frames:
    """The images asked for, uint8 (frame, height, width, 3)."""
    numbers = list(dict.fromkeys(frames))
    pictures = dict(zip(numbers, stream_frames(where, files, numbers, facts, read), strict=True))
    if not pictures:
        return np.zeros((0, facts.height, facts.width, 3), np.uint8)
    return np.stack([pictures[index] for index in frames])


def stream_frames(
    where: str, files: Sequence[str], frames: Sequence[int], facts: Facts, read: _Read
) -> Iterator[Image]:
    """The images asked for, one by one, uint8 (height, width, 3); of neighbours that are one image it is read once."""
    last: tuple[int, Image] | None = None
    for index in frames:
        if last is None or last[0] != index:
            picture = read_picture(read(files[index]), f"{where}/{files[index]}")
            if picture.shape != (facts.height, facts.width, 3):
                raise DataError(
                    f"{files[index]} does not hold what it held when it was first read",
                    expected=f"a frame of {facts.height}x{facts.width}",
                    found=f"{picture.shape[0]}x{picture.shape[1]}",
                    where=where,
                    fix="leave the files alone while they are scored, and start again",
                )
            last = index, picture
        yield last[1]
