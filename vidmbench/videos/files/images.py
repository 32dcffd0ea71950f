"""Single images and gifs through Pillow: what people's own scripts see with ``convert("RGB")``.

Transparency in an image is dropped, not blended, because that is what Pillow does and what every public evaluation
script therefore scored. A gif's transparent pixels have no colour of their own; they become black, in every frame
alike, so that nothing flickers that a browser would show still.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.inputs import read_input
from vidmbench.videos.files.orientation import Picture

if TYPE_CHECKING:
    from PIL import Image

ALPHA_NOTE = "transparency was dropped, as Pillow's convert('RGB') does"
GIF_ALPHA_NOTE = "transparent pixels of gifs were made black"
DEPTH_NOTE = "16-bit pictures were cut to their high byte"

#: EXIF orientations that swap height and width.
_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION_TAG = 0x0112


def inspect_picture(data: bytes, where: str) -> tuple[int, int, tuple[str, ...]]:
    """Looks at an image and makes sure that all of it is there.

    Args:
        data: The file's bytes.
        where: The file, for messages.

    Returns:
        Height and width as displayed, and notes for the user.

    Raises:
        DataError: Not an image, damaged, cut off, or of a kind whose range is not declared.
    """
    with _opened(io.BytesIO(data), where) as image:
        _check_mode(image, where)
        if getattr(image, "n_frames", 1) > 1:
            raise DataError(
                "a picture that holds several frames stands where one frame is expected",
                expected="one frame a picture, or a video or gif file",
                found=f"{getattr(image, 'n_frames', 1)} frames in one {image.format} file",
                where=where,
                fix="save it as mp4 or gif, or its frames as images in a folder of their own",
            )
        notes = []
        if image.has_transparency_data:
            notes.append(ALPHA_NOTE)
        if image.mode.startswith("I;16") or ";16" in str(getattr(image, "tile", "")):
            notes.append(DEPTH_NOTE)
        width, height = image.size
        is_sideways = _orientation(image) in _SIDEWAYS
        if image.format == "PNG":
            image.verify()  # every chunk carries a checksum; no need to unpack the pixels
        elif image.format == "JPEG":
            image.draft("L", (max(1, width // 8), max(1, height // 8)))  # walks all the data at a fraction of the cost
            image.load()
        else:
            image.load()
    return (width, height, tuple(notes)) if is_sideways else (height, width, tuple(notes))


def read_picture(data: bytes, where: str) -> Picture:
    """One image as it is displayed (EXIF orientation applied).

    Args:
        data: The file's bytes.
        where: The file, for messages.

    Returns:
        uint8 (height, width, 3), RGB, 0..255.

    Raises:
        DataError: As :func:`inspect_picture`.
    """
    from PIL import ImageOps

    with _opened(io.BytesIO(data), where) as image:
        _check_mode(image, where)
        upright = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
        if upright.mode.startswith("I;16"):
            # convert("RGB") would clip at 255 and leave a white image.
            grey = (np.asarray(upright).astype(np.uint16) >> 8).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        if upright.has_transparency_data:
            upright = upright.convert("RGBA")  # Pillow warns where a palette with transparency goes straight to RGB
        return np.array(upright.convert("RGB"))


def inspect_gif(path: Path) -> tuple[int, int, int, tuple[str, ...]]:
    """Decodes a gif once from end to end.

    Returns:
        The number of frames, height, width and notes for the user.

    Raises:
        DataError: No gif, damaged or cut off.
    """
    num_frames, is_transparent = 0, False
    shape = (0, 0)
    for rgba in _gif_frames(path):
        num_frames += 1
        shape = rgba.shape[:2]
        is_transparent = is_transparent or bool((rgba[..., 3] < 255).any())
    return num_frames, *shape, (GIF_ALPHA_NOTE,) if is_transparent else ()


def read_gif(path: Path, frames: Sequence[int]) -> Frames:
    """Frames of a gif, each drawn over the ones before it as browsers do.

    Args:
        path: A gif.
        frames: Indices, in any order, all of them in the file; at least one.

    Returns:
        uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

    Raises:
        DataError: The file is damaged or has fewer frames.
    """
    needed = set(frames)
    pictures: dict[int, Picture] = {}
    for index, rgba in enumerate(_gif_frames(path)):
        if index in needed:
            pictures[index] = np.where(rgba[..., 3:] > 0, rgba[..., :3], np.uint8(0))
        if len(pictures) == len(needed):
            break
    missing = needed - pictures.keys()
    if missing:
        raise _unreadable(str(path), f"frame {min(missing)} is not there")
    return np.stack([pictures[index] for index in frames])


def _gif_frames(path: Path) -> "Iterator[np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]]":
    # In memory: Pillow goes back and forth in the file.
    with _opened(io.BytesIO(read_input(path)), str(path)) as image:
        if image.format != "GIF":
            raise _unreadable(str(path), f"it is a {image.format} file under the name of a gif")
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            yield np.array(image.convert("RGBA"))


@contextmanager
def _opened(stream: io.BytesIO, where: str) -> "Iterator[Image.Image]":
    from PIL import Image, UnidentifiedImageError

    if not stream.getbuffer().nbytes:
        raise _unreadable(where, "the file is empty (0 bytes)")
    try:
        with Image.open(stream) as image:
            yield image
    except UnidentifiedImageError as error:
        raise _unreadable(where, "it is no picture of a known kind") from error
    except (OSError, SyntaxError, ValueError, IndexError, struct.error, zlib.error) as error:
        raise _unreadable(where, str(error)) from error
    except Image.DecompressionBombError as error:
        raise _unreadable(where, "it claims to be larger than any frame") from error


def _orientation(image: "Image.Image") -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # asking Pillow would unpack the whole image, to look for a tag behind the pixels
    return int(image.getexif().get(_ORIENTATION_TAG, 1))


def _check_mode(image: "Image.Image", where: str) -> None:
    if image.mode in ("I", "F"):
        raise DataError(
            f"{Path(where).name} holds numbers whose range is not declared",
            expected="8 or 16 bits a channel",
            found=f"Pillow mode {image.mode} (32 bits)",
            where=where,
            fix="save the frames as 8-bit PNG",
        )


def _unreadable(where: str, reason: str) -> DataError:
    return DataError(
        f"{Path(where).name} cannot be read: {reason}",
        where=where,
        fix="export it again, or skip the video with --on-bad skip",
    )
