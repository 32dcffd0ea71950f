"""Image files that hold a whole video: gif, animated WebP and PNG, TIFF of several pages.

Each frame is drawn over the ones before it as browsers do. Transparent pixels have no colour of their own; they become
black, in every frame alike, so that nothing flickers that a browser would show still.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.arrays import Frames
from vidmbench.core.arrays import Image as Frame
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of
from vidmbench.core.inputs import InputFile
from vidmbench.videos.files.compression_labels import of_image
from vidmbench.videos.files.endings import CONTAINER_SUFFIXES, MAYBE_ANIMATED_SUFFIXES, VIDEO_SUFFIXES
from vidmbench.videos.files.first_look import changes_size
from vidmbench.videos.files.images import (
    DEPTH_NOTE,
    FAINT_NOTE,
    asks_for_a_turn,
    check_mode,
    notes_of,
    notes_together,
    opened,
    rgb_of,
    unreadable,
    with_faintness,
)
from vidmbench.videos.files.members import refuse_special_file, stamp_of_file
from vidmbench.videos.files.stream_notes import notes_of_stream, shown_rate
from vidmbench.videos.files.video_files import Facts, Item, VideoFile

if TYPE_CHECKING:
    from PIL import Image

GIF_ALPHA_NOTE = "transparent pixels of gifs were made black"
ALPHA_NOTE = "transparent pixels of animated images were made black, and partial transparency was dropped"
UNTURNED_NOTE = "the EXIF orientation of animated images was not applied: their frames are shown as they are stored"
SCREEN_NOTE = "frames that are larger than the screen of their gif were cut to it"

#: Pixels of an animation, of which each frame is drawn over a copy of the one before; 8K video has so many.
_MOST_PIXELS = 1 << 25
#: A gif whose screen is larger than this, and than so many times its first frame, was made to fill the memory.
_LARGE_SCREEN, _TIMES_FRAME = 1 << 22, 16
_MOST_CHUNKS = 1000  # before the pixels of a PNG; no program writes so many


@dataclass(frozen=True)
class AnimatedFile:
    """An image file that holds a video. An item of a source, see ``video_files.Item``.

    Attributes:
        name: Unique within the source; a relative path with forward slashes.
        path: The file.
    """

    name: str
    path: InputFile

    def stamp(self) -> str:
        """See :func:`vidmbench.videos.files.members.stamp_of_file`."""
        return stamp_of_file(self.path)

    def inspect(self) -> Facts:
        """Draws and hashes the file once.

        Raises:
            DataError: Of another format than its ending says, damaged, cut off, or with pages of several sizes.
        """
        notes: dict[str, None] = {}
        sizes: dict[tuple[int, int], int] = {}
        times = [0]  # when each frame is shown, in ms, and when the last one ends
        with _opened(self.path) as animation:
            for index in range(animation.num_frames):
                frame = animation.frame(index)
                sizes.setdefault(frame.shape[:2], index)
                notes.update(dict.fromkeys(animation.notes(frame)))
                times.append(times[-1] + animation.shown_for())
            compression = of_image(animation.image, animation.stream)
            num_frames = animation.num_frames
        if len(sizes) > 1:
            raise changes_size(self.path, sizes)
        (height, width) = next(iter(sizes))
        notes.update(
            dict.fromkeys(notes_of_stream((), (), times[:-1], time_base=0.001, num_streams=1, has_hidden_alpha=False))
        )
        return Facts(
            num_frames,
            height,
            width,
            sha256_of(self.path),
            notes=notes_together(notes),
            compression=compression,
            frame_rate=shown_rate(times[:-1], 0.001, 0.0),
        )

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The frames, drawn one over the other from the first."""
        numbers = sorted(set(frames))
        pictures = dict(zip(numbers, self.stream(numbers, facts), strict=True))
        if not pictures:
            return np.zeros((0, facts.height, facts.width, 3), np.uint8)
        return np.stack([pictures[index] for index in frames])

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Frame]:  # noqa: ARG002 (as others are called)
        """The same one by one, fastest in increasing order; of neighbours that are one frame it is drawn once."""
        last: tuple[int, Frame] | None = None
        with _opened(self.path) as animation:
            for index in frames:
                if last is None or last[0] != index:
                    rgba = animation.frame(index)
                    last = index, np.where(rgba[..., 3:] > 0, rgba[..., :3], np.uint8(0))
                yield last[1]


@dataclass(frozen=True)
class _Animation:
    """An open file; frames come fastest in rising order.

    Attributes:
        path: The file.
        image: What Pillow opened.
        stream: What it was opened from.
        first: Where the frames begin: what a PNG shows where it is not animated need not be one of them.
        screen: Height and width of a gif's screen.
    """

    path: InputFile
    image: "Image.Image"
    stream: io.BufferedIOBase
    first: int
    screen: tuple[int, int] | None

    @property
    def num_frames(self) -> int:
        return int(getattr(self.image, "n_frames", 1)) - self.first

    def frame(self, index: int) -> UInt8[np.ndarray, "height width 4"]:
        """One frame as it is shown, RGBA."""
        if self.image.format == "GIF":
            self._seek_in_gif(index)
        else:
            self.image.seek(self.first + index)
        check_mode(self.image, str(self.path))
        if (getattr(self.image, "dispose_op", 0), getattr(self.image, "blend_op", 0)) == (2, 1):
            # Pillow draws such a frame into the copy of the image before it that it should restore.
            raise unreadable(str(self.path), f"frame {index} is blended over others and then undone")
        if self.image.format == "TIFF" or self.image.mode.startswith("I;16"):
            rgb = rgb_of(self.image)
            return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
        rgba = np.array(self.image.convert("RGBA"))
        return rgba[: self.screen[0], : self.screen[1]] if self.screen else rgba

    def _seek_in_gif(self, index: int) -> None:
        """Pillow disposes of a frame that asks for nothing as of the one before it; browsers and ffmpeg keep it."""
        start = self.image.tell() if self.image.tell() <= index else 0
        for number in range(start, index + 1):
            self.image.disposal_method = 0  # type: ignore[attr-defined]
            self.image.seek(number)
            _check_pixels(self.image, self.path)

    def shown_for(self) -> int:
        """How long the frame that was read last is shown, in ms; 0 where the file does not say."""
        duration = self.image.info.get("duration", 0)
        return round(duration) if isinstance(duration, int | float) and 0 < duration < 1e9 else 0

    def notes(self, frame: UInt8[np.ndarray, "height width 4"]) -> list[str]:
        """What a user should know about the frame that was read last."""
        if self.image.format == "TIFF":
            return list(with_faintness(notes_of(self.image), frame[..., :3]))
        notes = [
            note for note in with_faintness(notes_of(self.image), frame[..., :3]) if note in (DEPTH_NOTE, FAINT_NOTE)
        ]
        if self.image.format != "GIF" and asks_for_a_turn(self.image):
            notes.append(UNTURNED_NOTE)
        if bool((frame[..., 3] < 255).any()):
            notes.append(GIF_ALPHA_NOTE if self.image.format == "GIF" else ALPHA_NOTE)
        if self.screen and self.screen != self.image.size[::-1]:
            notes.append(SCREEN_NOTE)
        return notes


@contextmanager
def _opened(path: InputFile) -> Iterator[_Animation]:
    refuse_special_file(path)
    with path.open("rb") as file:
        # In memory, because Pillow goes back and forth in the file; pages of TIFF are large and found by their place.
        stream = file if _is_tiff(file) else io.BytesIO(file.read())
        with opened(stream, str(path)) as image:
            if path.suffix.lower() == ".gif" and image.format != "GIF":
                raise unreadable(str(path), f"it is a {image.format} file under the name of a gif")
            _check_pixels(image, path)
            _check_screen(image, path)
            first = int(getattr(image, "default_image", False) and getattr(image, "n_frames", 1) > 1)
            if first:
                _check_first_frame(image, path)
            yield _Animation(path, image, stream, first, _gif_screen(stream) if image.format == "GIF" else None)


def _check_pixels(image: "Image.Image", path: InputFile) -> None:
    """Refuses an animation whose frames take gigabytes; pages of TIFF are not drawn over each other."""
    if image.format != "TIFF" and image.width * image.height > _MOST_PIXELS:
        size = f"{image.width}x{image.height}"
        raise unreadable(str(path), f"it declares frames of {size} pixels, more than 8K video has")


def _check_screen(image: "Image.Image", path: InputFile) -> None:
    """Refuses a gif, opened a moment ago, whose frames are lost on its screen."""
    tiles = getattr(image, "tile", None)
    pixels = image.width * image.height
    if image.format == "GIF" and pixels > _LARGE_SCREEN and tiles:
        left, top, right, bottom = tiles[0][1]
        if pixels > _TIMES_FRAME * (right - left) * (bottom - top):
            frame, screen = f"{right - left}x{bottom - top}", f"{image.width}x{image.height}"
            raise unreadable(str(path), f"its first frame of {frame} pixels is drawn on a screen of {screen}")


def _check_first_frame(image: "Image.Image", path: InputFile) -> None:
    """Pillow draws the first frame over the still image, where the standard wants it over nothing."""
    image.seek(1)
    covers = image.info.get("bbox") == (0, 0, *image.size)
    if not covers or (image.has_transparency_data and image.info.get("blend")):
        raise unreadable(str(path), "its first frame does not cover the still image that other programs show")


def _gif_screen(stream: io.BufferedIOBase) -> tuple[int, int] | None:
    """Height and width that a gif declares; None where it declares none, and the frames decide as in browsers."""
    place = stream.tell()
    stream.seek(6)
    width, height = struct.unpack("<HH", stream.read(4))
    stream.seek(place)
    return (height, width) if height and width else None


def is_video_file(path: InputFile) -> bool:
    """Whether a file is opened as one video: by its ending, and for images that may hold several frames by content."""
    suffix = path.suffix.lower()
    if suffix in MAYBE_ANIMATED_SUFFIXES:
        return holds_frames(path)
    return suffix in VIDEO_SUFFIXES


def video_file(name: str, path: InputFile) -> Item:
    """One video file as an item of a source, whatever it is stored as.

    Args:
        name: Unique within the source; a relative path with forward slashes.
        path: A file for which :func:`is_video_file` holds.
    """
    return VideoFile(name, path) if path.suffix.lower() in CONTAINER_SUFFIXES else AnimatedFile(name, path)


def holds_frames(path: InputFile) -> bool:
    """Whether an image holds several frames, from its first bytes; a file that cannot be read does not."""
    if isinstance(path, Path) and not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(21)
            if head.startswith(b"\x89PNG"):
                return _is_animated_png(stream)
            if _is_tiff(stream):
                return _has_pages(stream)
            # Bit 1 of the flags of an extended WebP says that it is animated.
            is_webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20:] and head[20] & 2)
            return is_webp or head.startswith(b"GIF8")
    except (OSError, struct.error, DataError):  # inspecting it says what is wrong
        return False


def _is_animated_png(stream: io.BufferedIOBase) -> bool:
    """Whether a chunk acTL comes before the pixels."""
    stream.seek(8)
    for _ in range(_MOST_CHUNKS):
        length, kind = struct.unpack(">I4s", stream.read(8))
        if kind in (b"acTL", b"IDAT", b"IEND"):
            return bool(kind == b"acTL")
        stream.seek(length + 4, io.SEEK_CUR)
    return False


def _is_tiff(stream: io.BufferedIOBase) -> bool:
    stream.seek(0)
    head = stream.read(4)
    stream.seek(0)
    return head in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _has_pages(stream: io.BufferedIOBase) -> bool:
    """Whether the first directory of a TIFF names a second one."""
    head = stream.read(16)
    order, is_big = "<" if head[:2] == b"II" else ">", b"+" in head[2:4]
    place, count, entry = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    stream.seek(struct.unpack_from(order + place, head, 8 if is_big else 4)[0])
    (num_entries,) = struct.unpack(order + count, stream.read(struct.calcsize(order + count)))
    stream.seek(num_entries * entry, io.SEEK_CUR)
    (following,) = struct.unpack(order + place, stream.read(struct.calcsize(order + place)))
    return bool(following)
