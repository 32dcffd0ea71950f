"""From a decoded frame to RGB, with the same result on every processor.

FFmpeg has two ways. 8-bit 4:2:0 and 4:2:2 of an even height, which nearly all videos are, go through a fast converter
in which each chroma sample serves all its pixels. It is written anew for each kind of processor, and no two agree: on
ARM half of all values are one intensity level off those of x86. Every other layout, 10-bit and odd heights among them,
goes through the general converter, which interpolates chroma between samples and gives the same bits everywhere. Both
convert an interlaced frame field by field. So the fast converter of x86 is written down here, and takes over wherever
FFmpeg's gives anything else.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int32, UInt8

from vidmbench.videos.files.orientation import Picture
from vidmbench.videos.files.pyav import load_pyav

if TYPE_CHECKING:
    import av
    from av.video.reformatter import VideoReformatter

#: Layouts of the fast converter, with how many rows share a row of chroma.
_FAST_LAYOUTS = {"yuv420p": 2, "yuvj420p": 2, "yuva420p": 2, "yuv422p": 1, "yuvj422p": 1}
#: Weights of chroma in 16.16 fixed point, by matrix as ITU-T H.273 numbers it: of Cr in red, of Cb in blue, of Cb and
#: of Cr in green, where they are subtracted. From ``ff_yuv2rgb_coeffs`` of FFmpeg's libswscale/yuv2rgb.c.
_BT601 = (104597, 132201, 25675, 53279)
_MATRICES = {
    1: (117489, 138438, 13975, 34925),
    4: (104448, 132798, 24759, 53109),
    7: (117579, 136230, 16907, 35559),
    9: (110013, 140363, 12277, 42626),
}
#: What FFmpeg's converter takes for BT.601, and so does this one; it refuses all matrices beyond these.
_AS_BT601 = frozenset((0, 2, 3, 5, 6))
_FULL_RANGE = 2
_RESERVED, _SMPTE170M = 3, 5
Luma = UInt8[np.ndarray, "height width"]
Chroma = UInt8[np.ndarray, "chroma_rows chroma_columns"]


def to_rgb(frame: "av.VideoFrame", reformatter: "VideoReformatter") -> Picture:
    """A frame in RGB.

    Args:
        frame: As it was decoded; colours are taken as it declares them, BT.601 where it declares nothing.
        reformatter: Kept from frame to frame, because setting one up takes longer than converting a small frame.

    Returns:
        uint8 (height, width, 3), 0..255.
    """
    rows = _FAST_LAYOUTS.get(frame.format.name)
    # An interlaced frame goes through the fast converter where its fields have an even height.
    heights_of_fields = 4 if frame.interlaced_frame else 2
    is_known = int(frame.colorspace) in _AS_BT601 | _MATRICES.keys()
    if rows is None or not is_known or frame.height % heights_of_fields or _swscale_is_fast_as_on_x86():
        # A reserved matrix declares nothing, and FFmpeg refuses it.
        matrix = {"src_colorspace": _SMPTE170M, "dst_colorspace": _SMPTE170M} if frame.colorspace == _RESERVED else {}
        picture: Picture = reformatter.reformat(frame, format="rgb24", threads=1, **matrix).to_ndarray()
        return picture
    return fast_conversion(frame)


def fast_conversion(frame: "av.VideoFrame") -> Picture:
    """What the fast converter of FFmpeg gives on x86, bit for bit.

    Args:
        frame: 8-bit 4:2:0 or 4:2:2; its height even, or a multiple of four where it is interlaced.

    Returns:
        uint8 (height, width, 3), 0..255.
    """
    luma, blue, red = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes[:3]
    )
    is_full = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    weights = _MATRICES.get(int(frame.colorspace), _BT601)
    rows = _FAST_LAYOUTS[frame.format.name]
    picture = np.empty((frame.height, frame.width, 3), np.uint8)
    for field in (slice(0, None, 2), slice(1, None, 2)) if frame.interlaced_frame else (slice(None),):
        picture[field] = _converted(luma[field], blue[field], red[field], rows, weights, is_full=is_full)
    return picture


def _converted(
    luma: Luma, blue: Chroma, red: Chroma, rows: int, weights: tuple[int, int, int, int], *, is_full: bool
) -> Picture:
    # ff_yuv2rgb_c_init_tables of libswscale/yuv2rgb.c: weights are rounded to 3.13 fixed point ...
    scale, offset = (1 << 16, 0) if is_full else ((1 << 16) * 255 // 219, 16)
    red_of_cr, blue_of_cb, green_of_cb, green_of_cr = (
        _rounded(sign * (weight * 224 // 255 if is_full else weight))
        for sign, weight in zip((1, 1, -1, -1), weights, strict=True)
    )
    # ... and yuv2rgb of libswscale/x86/yuv_2_rgb.asm: samples are multiplied by 8, and the upper 16 bits of products
    # kept, each product for itself.
    y = ((luma.astype(np.int32) - offset) * 8 * _rounded(scale)) >> 16
    cb, cr = ((plane.astype(np.int32) - 128) * 8 for plane in (blue, red))

    def spread(chroma: Int32[np.ndarray, "chroma_rows chroma_columns"]) -> Int32[np.ndarray, "height width"]:
        return chroma.repeat(rows, axis=0)[: y.shape[0]].repeat(2, axis=1)[:, : y.shape[1]]

    channels = (
        y + spread((cr * red_of_cr) >> 16),
        y + spread(((cb * green_of_cb) >> 16) + ((cr * green_of_cr) >> 16)),
        y + spread((cb * blue_of_cb) >> 16),
    )
    picture: Picture = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.uint8)
    return picture


def _rounded(weight: int) -> int:
    return (weight * (1 << 13) + (1 << 15)) >> 16


@cache
def _swscale_is_fast_as_on_x86() -> bool:
    """Whether FFmpeg's own converter gives what this one does, on frames of all values."""
    load_pyav()
    import av
    from av.video.reformatter import VideoReformatter

    values = np.arange(256, dtype=np.uint8)
    reformatter = VideoReformatter()
    for layout in ("yuv420p", "yuvj420p", "yuv422p"):
        frame = av.VideoFrame(256, 256, layout)
        for plane, shift in zip(frame.planes, (0, 1, 2), strict=True):
            samples = np.zeros((plane.height, plane.line_size), np.uint8)
            grid = values[:, None] * (1, 3, 5)[shift] + values[None, :] * (7, 1, 11)[shift]
            samples[:, : plane.width] = grid[: plane.height, : plane.width]
            plane.update(samples.tobytes())
        if not np.array_equal(
            reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray(), fast_conversion(frame)
        ):
            return False
    return True
