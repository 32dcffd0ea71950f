"""Single images through Pillow: what people's own scripts see with ``convert("RGB")``.

Transparency in an image is dropped, not blended, because that is what Pillow does and what every public evaluation
script therefore scored.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np
from jaxtyping import UInt8

from vidmbench.core.errors import DataError
from vidmbench.videos.files.orientation import EXIF_TURNS, UPRIGHT, Picture, Turn

if TYPE_CHECKING:
    from PIL import Image

ALPHA_NOTE = "transparency was dropped, as Pillow's convert('RGB') does"
DEPTH_NOTE = "16-bit pictures were cut to their high byte"
FAINT_NOTE = (
    "16-bit pictures were cut to their high byte and are nearly black, because no value exceeds 4095 of 65535; if they"
    " hold 12 bits or fewer, scale them to the full range (12 bits times 16) or save them as 8-bit PNG"
)
TURNED_NOTE = "the EXIF orientation was applied; images were turned or mirrored from how they are stored"

_FAINT = 4095 >> 8
_ORIENTATION_TAG = 0x0112
#: Modes of Pillow that have 8 or 16 bits per channel and that it turns into RGB.
_MODES = frozenset(("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"))
_DEEP = "I;16"


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
    with opened(io.BytesIO(data), where) as image:
        check_mode(image, where)
        num_frames = getattr(image, "n_frames", 1)
        if num_frames > 1:
            raise DataError(
                "a picture that holds several frames stands where one frame is expected",
                expected="one frame a picture, or a video or gif file",
                found=f"{num_frames} frames in one {image.format} file",
                where=where,
                fix="keep images of several frames in a folder of their own, where each is a video",
            )
        notes = notes_of(image)
        size = _turn_of(image).size(image.height, image.width)
        if image.format == "PNG":
            image.verify()  # every chunk carries a checksum; no need to unpack the pixels
        elif image.format == "JPEG":
            width, height = image.size
            image.draft("L", (max(1, width // 8), max(1, height // 8)))  # walks all the data at a fraction of the cost
            image.load()
        else:
            image.load()
    if DEPTH_NOTE in notes:
        notes = with_faintness(notes, read_picture(data, where))
    return *size, notes


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
    with opened(io.BytesIO(data), where) as image:
        check_mode(image, where)
        turn = _turn_of(image)
        return np.ascontiguousarray(turn.apply(rgb_of(image)))


def notes_of(image: "Image.Image") -> tuple[str, ...]:
    """What is lost where an image becomes 8-bit RGB."""
    is_deep = image.mode.startswith(_DEEP) or ";16" in str(getattr(image, "tile", ""))
    notes = {ALPHA_NOTE: image.has_transparency_data, DEPTH_NOTE: is_deep, TURNED_NOTE: asks_for_a_turn(image)}
    return tuple(note for note, applies in notes.items() if applies)


def asks_for_a_turn(image: "Image.Image") -> bool:
    """Whether the EXIF orientation of an open image is another than upright."""
    return EXIF_TURNS.get(_orientation_of(image), UPRIGHT) != UPRIGHT


def with_faintness(notes: Iterable[str], picture: UInt8[np.ndarray, "height width channel"]) -> tuple[str, ...]:
    """Notes on one image, where a faint one of 16 bits has a note of its own; RGB, 0..255."""
    is_faint = int(picture.max(initial=0)) <= _FAINT
    return tuple(FAINT_NOTE if note == DEPTH_NOTE and is_faint else note for note in notes)


def notes_together(notes: Iterable[str]) -> tuple[str, ...]:
    """Notes on several images, each once: they are not faint if one of them uses the whole range."""
    every = dict.fromkeys(notes)
    return tuple(note for note in every if note != FAINT_NOTE or DEPTH_NOTE not in every)


def rgb_of(image: "Image.Image") -> Picture:
    """An open image as it is stored, uint8 (height, width, 3)."""
    if image.mode.startswith(_DEEP):
        # convert("RGB") would clip at 255 and leave a white image.
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")  # Pillow warns where a palette with transparency goes straight to RGB
    return np.array(image.convert("RGB"))


def check_mode(image: "Image.Image", where: str) -> None:
    """Refuses pixels whose range is not known.

    Raises:
        DataError: 32 bits or floats, 12 bits in 16, or colours that Pillow does not turn into RGB.
    """
    # TIFF of 12 bits is opened as one of 16, whose high byte would be nearly black.
    is_deep = image.mode.startswith(_DEEP) and "I;12" not in str(getattr(image, "tile", ""))
    if image.mode in _MODES or is_deep:
        return
    raise DataError(
        f"{Path(where).name} holds numbers whose range is not declared",
        expected="8 or 16 bits per channel",
        found={"I": "Pillow mode I (32 bits)", "F": "Pillow mode F (32 bits)"}.get(
            image.mode, "12 bits per channel" if image.mode.startswith(_DEEP) else f"Pillow mode {image.mode}"
        ),
        where=where,
        fix="save the frames as 8-bit PNG",
    )


#: Four times 8K video, and a grid of 10 x 10 videos of 1024 pixels; a small file may declare any number.
_MOST_PIXELS = 1 << 27


@contextmanager
def opened(stream: io.BufferedIOBase, where: str) -> "Iterator[Image.Image]":
    """An image, opened by Pillow; whatever Pillow raises in the block becomes one message.

    Raises:
        DataError: Not an image, damaged or cut off.
    """
    from PIL import Image, UnidentifiedImageError

    if not stream.read(1):
        raise unreadable(where, "the file is empty (0 bytes)")
    stream.seek(0)
    try:
        with Image.open(cast(IO[bytes], stream)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise unreadable(where, f"it declares {image.width}x{image.height} pixels, which no frame has")
            yield image
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise unreadable(where, "it is no picture of a known kind") from error
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise unreadable(where, f"it declares more than {limit:,} pixels, which no frame has") from error
    except Exception as error:  # decoders of damaged data raise nearly every class that there is
        raise unreadable(where, str(error) or type(error).__name__) from error


def unreadable(where: str, reason: str) -> DataError:
    """The error for an image that cannot be read."""
    return DataError(
        f"{Path(where).name} cannot be read: {reason}",
        where=where,
        fix="export it again, or skip the video with --on-bad skip",
    )


def _turn_of(image: "Image.Image") -> Turn:
    """What the EXIF orientation asks for and Pillow leaves to us: it turns TIFF itself."""
    return UPRIGHT if image.format == "TIFF" else EXIF_TURNS.get(_orientation_of(image), UPRIGHT)


def _orientation_of(image: "Image.Image") -> int:
    """What EXIF says; 1, which is upright, where it says nothing or cannot be read: viewers do so too."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # asking Pillow would unpack the whole image, to look for a tag behind the pixels
    try:
        tags = image.tag_v2 if image.format == "TIFF" else image.getexif()  # type: ignore[attr-defined]
        orientation = tags.get(_ORIENTATION_TAG, 1)
    except Exception:  # the tags are damaged, which says nothing about the pixels
        return 1
    return orientation if isinstance(orientation, int) else 1
