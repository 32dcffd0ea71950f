"""What frames went through before they were read: codec, colour format, JPEG quality, a gif's palette."""

import io
import re
import struct
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.videos.files.images import opened

if TYPE_CHECKING:
    from PIL import Image

GIF = "gif, 256 colours"
#: Codecs and colour formats that give back what was put in.
_LOSSLESS_CODECS = frozenset(("ffv1", "huffyuv", "ffvhuff", "utvideo", "png", "bmp", "qtrle", "gif"))
_LOSSY_TIFF = frozenset(("jpeg", "tiff_jpeg", "webp"))
_RGB_LAYOUTS = ("gbr", "rgb", "bgr", "0rgb", "argb")
#: Luminance table of ITU-T T.81, Annex K.1, in the zigzag order in which files hold it; the IJG library scales it by
#: quality, and Pillow and OpenCV write files with it.
_LUMINANCE = np.array(
    [16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51,
     61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77,
     113, 121, 112, 100, 120, 92, 101, 103, 99]
)  # fmt: skip
_NATURAL = np.array(
    [0, 1, 5, 6, 14, 15, 27, 28, 2, 4, 7, 13, 16, 26, 29, 42, 3, 8, 12, 17, 25, 30, 41, 43, 9, 11, 18, 24, 31, 40, 44,
     53, 10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38, 46, 51, 55, 60, 21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48,
     49, 57, 58, 62, 63]
)  # fmt: skip
_CHROMA = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}
_SHOWN = 3


def of_stream(codec: str, layout: str) -> str:
    """What a video stream's frames went through, such as ``h264 yuv420p``; empty where nothing was lost.

    H.264 in RGB counts as lossless: it is written for that purpose.

    Args:
        codec: As FFmpeg names it.
        layout: Its pixel format.
    """
    is_rgb = layout.startswith(_RGB_LAYOUTS)
    if (codec in _LOSSLESS_CODECS or codec in ("rawvideo", "h264", "libx264rgb")) and is_rgb:
        return ""
    return f"{codec} {layout}".strip()


def of_picture(data: bytes) -> str:
    """What an image went through, such as ``jpeg quality 75 4:2:0``; empty where nothing was lost.

    Args:
        data: The file's bytes; only the head is read. What cannot be read gives nothing: reading it is refused
            elsewhere.
    """
    stream = io.BytesIO(data)
    try:
        with opened(stream, "") as image:
            return of_image(image, stream)
    except DataError:
        return ""


def of_image(image: "Image.Image", stream: io.BufferedIOBase) -> str:
    """The same of an open image, which may hold several frames.

    Args:
        image: What Pillow opened.
        stream: What it was opened from.
    """
    from PIL import JpegImagePlugin

    if isinstance(image, JpegImagePlugin.JpegImageFile):
        chroma = _CHROMA.get(JpegImagePlugin.get_sampling(image), "")
        return f"jpeg quality {jpeg_quality(image.quantization[0])} {chroma}".strip()
    if image.format == "GIF":
        return GIF
    if image.format == "TIFF":
        packed = str(image.info.get("compression", ""))
        return f"tiff {packed.removeprefix('tiff_')}" if packed in _LOSSY_TIFF else ""
    return "webp" if image.format == "WEBP" and not _is_lossless_webp(stream) else ""


def _is_lossless_webp(stream: io.BufferedIOBase) -> bool:
    """Whether all frames of a WebP are lossless: none is in a chunk ``VP8`` with a space at its end."""
    stream.seek(12)
    while len(head := stream.read(8)) == 8:
        kind, length = struct.unpack("<4sI", head)
        if kind == b"VP8 ":
            return False
        # A frame of an animation holds chunks of its own behind 16 bytes of its place and time.
        stream.seek(16 if kind == b"ANMF" else length + length % 2, io.SEEK_CUR)
    return True


def jpeg_quality(luminance: Sequence[int]) -> int:
    """The quality, 1 to 100, whose IJG table is nearest to a file's.

    Args:
        luminance: The file's 64 quantisation steps of luminance, row by row, as Pillow gives them.
    """
    table = np.asarray(luminance, dtype=np.int64)
    base = _LUMINANCE[_NATURAL]
    qualities = np.arange(1, 101)
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((base * scale[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(tables - table).sum(axis=1).argmin()])


def joined(labels: Iterable[str]) -> str:
    """One label for frames or videos that went through several things; qualities become a range."""
    kinds: dict[str, set[int]] = {}
    for label in set(labels):
        number = re.search(r"(?<=quality )[0-9]+", label)
        kinds.setdefault(re.sub(r"(?<=quality )[0-9]+", "#", label) or "none", set()).update(
            [int(number.group())] if number else []
        )
    if set(kinds) == {"none"}:
        return ""
    shown = [
        kind.replace("#", str(min(qualities)) if len(qualities) == 1 else f"{min(qualities)} to {max(qualities)}")
        if qualities
        else kind
        for kind, qualities in sorted(kinds.items())
    ]
    more = len(shown) - _SHOWN
    return "; ".join(shown[:_SHOWN]) + (f"; {more} more" if more > 0 else "")
