"""Writing a data set that vidmbench generates as files: what ``data make`` does."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.files import checked_output
from vidmbench.core.locks import locked
from vidmbench.core.progress import Progress
from vidmbench.core.vocabulary import DatasetFormat
from vidmbench.sources.datasets.opening import open_dataset
from vidmbench.sources.datasets.spec import ProceduralDatasetSpec, load_dataset
from vidmbench.videos import write_mp4, write_npz
from vidmbench.videos.source import Source
from vidmbench.videos.writing.manifest import FILE_NAME, declare
from vidmbench.videos.writing.sums import FileSums
from vidmbench.videos.writing.verification import array_is_whole, is_whole


@dataclass(frozen=True)
class Generation:
    """Videos to write, all mistakes of the request excluded.

    Attributes:
        source: The videos.
        dataset: The data set's name.
        split: The split.
        num_videos: The first so many are written.
        num_frames: The first so many of each.
        fps: Frames per second of mp4 files.
    """

    source: Source
    dataset: str
    split: str
    num_videos: int
    num_frames: int
    fps: float

    def write(self, folder: Path, form: DatasetFormat, progress: Progress) -> int:
        """Writes the files; each is written whole or not at all, whole ones are kept and damaged ones written again.

        Args:
            folder: Created where it does not exist.
            form: One lossless mp4 per video, or one npz of all.
            progress: Called after each video.

        Returns:
            How many videos were there already.

        Raises:
            ResultError: The folder cannot be written to, holds something else, or another process is writing to it.
        """
        folder = checked_output(folder)
        facts: dict[str, str | int | float | None] = {
            "dataset": self.dataset,
            "split": self.split,
            "frames": self.num_frames,
            "digest": self.source.digest(),
            "format": form,
        }
        with locked(folder / FILE_NAME, "writing videos beside"):
            declare(folder, facts)
            return self._write_mp4s(folder, progress) if form == "mp4" else self._write_npz(folder, progress)

    def _write_mp4s(self, folder: Path, progress: Progress) -> int:
        num_existing, sums = 0, FileSums(folder)
        for index in range(self.num_videos):
            target = folder / f"{self.source.name(index)}.mp4"
            if sums.holds(target) is not False and is_whole(target, self.num_frames, self.source.size):
                num_existing += 1
            else:
                write_mp4(target, self.source.read(index, range(self.num_frames)), fps=self.fps, lossless=True)
                sums.add(target)
            progress(index + 1, self.num_videos, self.source.label)
        return num_existing

    def _write_npz(self, folder: Path, progress: Progress) -> int:
        """Writes the array again unless it is whole and holds as many videos already."""
        target = folder / f"{self.source.label.replace('@', '-').replace('/', '-')}.npz"
        shape = (self.num_videos, self.num_frames, *self.source.size, 3)
        sums = FileSums(folder)
        if sums.holds(target) is not False and array_is_whole(target, shape):
            return self.num_videos
        clips = np.empty(shape, np.uint8)
        for index in range(self.num_videos):
            clips[index] = self.source.read(index, range(self.num_frames))
            progress(index + 1, self.num_videos, self.source.label)
        write_npz(target, clips)
        sums.add(target)
        return 0


def prepare_generation(
    name: str, *, split: str | None, num_videos: int, num_frames: int | None, resolution: int | None
) -> Generation:
    """Resolves ``vidmbench data make``.

    Args:
        name: A data set that vidmbench generates.
        split: None takes its default split.
        num_videos: The first so many.
        num_frames: The first so many of each; None takes all.
        resolution: Height and width; None takes its own.

    Raises:
        DataError: It is real footage, or has fewer videos or frames.
        ProtocolError: There is no such data set, split or resolution.
    """
    spec = load_dataset(name)
    if not isinstance(spec, ProceduralDatasetSpec):
        raise DataError(
            f"{name} cannot be generated: it is real footage",
            expected="clevrer-mini, which vidmbench renders itself",
            found=name,
            fix=f"get it: {spec.get}; then vidmbench data check {name} --data-root DIR",
        )
    split = split or spec.default_split
    source = open_dataset(spec, split, resolution=resolution)
    num_frames = spec.frames if num_frames is None else num_frames
    for option, number, most in (("--num-videos", num_videos, len(source)), ("--frames", num_frames, spec.frames)):
        if number > most:
            raise DataError(
                f"{name} has fewer {option[2:].removeprefix('num-')} than requested",
                expected=f"at most {most}",
                found=f"{option} {number}",
                where=option,
                fix=f"{option} {most} works",
            )
    return Generation(source, name, split, num_videos, num_frames, float(spec.fps))
