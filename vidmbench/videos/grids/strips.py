"""Images that hold a whole video, its frames side by side or one above the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.inputs import read_input, stamp_of
from vidmbench.videos.files.compression_labels import of_picture
from vidmbench.videos.files.images import inspect_picture, read_picture
from vidmbench.videos.files.video_files import Facts, Item

StripAxis = Literal["horizontal", "vertical"]


@dataclass(frozen=True)
class StripFile:
    """A film strip: one image that shows all frames of a video. An item of a source, see ``items.Item``.

    Attributes:
        name: Unique within the source; a relative path with forward slashes.
        path: The image. What it is decides its content, not its suffix.
        axis: "horizontal" if the frames lie side by side, "vertical" if one above the other.
        frames: How many there are; None if they are square.
    """

    name: str
    path: Path
    axis: StripAxis = "horizontal"
    frames: int | None = None

    def stamp(self) -> str:
        """The file's stamp, and how it is cut."""
        return f"{stamp_of(self.path)}-{self.axis}-{self.frames}"

    def inspect(self) -> Facts:
        """Looks at the image once.

        Raises:
            DataError: It cannot be read, or does not hold a whole number of frames.
        """
        data = read_input(self.path)
        height, width, notes = inspect_picture(data, str(self.path))
        num_frames = self._count(height, width)
        # The same bytes cut otherwise are another video.
        digest = sha256_of_parts(data, self.axis, str(num_frames))
        if self.axis == "horizontal":
            width //= num_frames
        else:
            height //= num_frames
        return Facts(num_frames, height, width, digest, notes=notes, compression=of_picture(data))

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The frames asked for (all of them exist), uint8 (frame, height, width, 3), RGB, 0..255.

        Raises:
            DataError: The image changed since it was first looked at.
        """
        if not len(frames):
            return np.zeros((0, facts.height, facts.width, 3), np.uint8)
        picture = read_picture(read_input(self.path), str(self.path))
        across = self.axis == "horizontal"
        expected = (
            facts.height * (1 if across else facts.num_frames),
            facts.width * (facts.num_frames if across else 1),
        )
        if picture.shape[:2] != expected:
            raise DataError(
                f"{self.name} does not hold what it held when it was first read",
                expected=f"a strip of {expected[0]}x{expected[1]}",
                found=f"{picture.shape[0]}x{picture.shape[1]}",
                where=str(self.path),
                fix="leave the files alone while they are scored, and start again",
            )
        size = facts.width if across else facts.height
        return np.stack(
            [picture[:, k * size : (k + 1) * size] if across else picture[k * size : (k + 1) * size] for k in frames]
        )

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same one by one; the file holds them together, so it is read once."""
        yield from self.read(frames, facts)

    def _count(self, height: int, width: int) -> int:
        """The number of frames in an image of this size."""
        along, across, side = (width, height, "wide") if self.axis == "horizontal" else (height, width, "high")
        if self.frames is not None and self.frames > 0 and along % self.frames == 0:
            return self.frames
        if self.frames is None and along % across == 0:
            return along // across
        other = "vertical" if self.axis == "horizontal" else "horizontal"
        if self.frames is None:
            expected = f"square frames of {across}x{across}, so a strip that is a multiple of {across} pixels {side}"
            fix = "declare how many frames a strip has"
            if across % along == 0:
                fix += f", or that the frames lie along the {other} axis"
        else:
            expected = f"{self.frames} frames of one size, so a strip that is a multiple of {self.frames} pixels {side}"
            fix = f"declare another number of frames, or that they lie along the {other} axis"
        raise DataError(
            f"{self.path.name} cannot be cut into frames",
            expected=expected,
            found=f"a picture of {height}x{width}",
            where=str(self.path),
            fix=f"{fix}; skip single images with --on-bad skip",
        )


if TYPE_CHECKING:
    _strip: type[Item] = StripFile
