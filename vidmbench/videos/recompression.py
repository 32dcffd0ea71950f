"""Frames through the compressions that generators' own scripts and people's archives use."""

import io
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.videos.files.pyav import load_pyav
from vidmbench.videos.transformed import ClipChange

_FPS = Fraction(25)


class Compression(NamedTuple):
    """One way through a lossy file.

    Attributes:
        label: What reading such a file says of it, see :mod:`vidmbench.videos.files.compression_labels`.
        begin: Gives what compresses and decompresses one clip.
    """

    label: str
    begin: Callable[[], ClipChange]


def _jpeg(quality: int) -> Callable[[], ClipChange]:
    from PIL import Image as Pictures

    def through(frame: Image) -> Image:
        packed = io.BytesIO()
        Pictures.fromarray(np.ascontiguousarray(frame)).save(packed, format="JPEG", quality=quality)
        return np.asarray(Pictures.open(packed).convert("RGB"))

    return lambda: ClipChange(through)


def _gif(frame: Image) -> Image:
    from PIL import Image as Pictures

    # Median cut without dithering: what Pillow does with an RGB image that is saved as gif.
    return np.asarray(Pictures.fromarray(np.ascontiguousarray(frame)).quantize(256).convert("RGB"))


class _ThroughVideo(ClipChange):
    """Compresses frames as they come; decompresses them, one by one, at the end."""

    def __init__(self, codec: str, options: dict[str, str]) -> None:
        self._codec, self._options = codec, options
        self._packed = io.BytesIO()
        self._container: Any = None
        self._stream: Any = None
        self._size = (0, 0)

    def put(self, frame: Image) -> Iterable[Image]:
        load_pyav()
        import av

        height, width = self._size = frame.shape[:2]
        even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")  # 4:2:0 needs it
        if self._container is None:
            self._open(*even.shape[:2])
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        self._container.mux(self._stream.encode(picture))
        return ()

    def end(self) -> Iterator[Image]:
        import av

        if self._container is None:
            return
        self._container.mux(self._stream.encode())
        self._container.close()
        height, width = self._size
        self._packed.seek(0)
        with av.open(self._packed, "r") as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")[:height, :width]

    def _open(self, height: int, width: int) -> None:
        import av

        self._container = av.open(self._packed, "w", format="matroska")
        self._stream = self._container.add_stream(self._codec, rate=_FPS)
        self._stream.height, self._stream.width = height, width
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.thread_count = 1  # the result does not depend on the number of cores
        self._stream.options = self._options


def _video(codec: str, options: dict[str, str]) -> Callable[[], ClipChange]:
    return lambda: _ThroughVideo(codec, options)


COMPRESSIONS: dict[str, Compression] = {
    "jpeg-95": Compression("jpeg quality 95 4:2:0", _jpeg(95)),
    "jpeg-75": Compression("jpeg quality 75 4:2:0", _jpeg(75)),
    "gif": Compression("gif, 256 colours", lambda: ClipChange(_gif)),
    # Without assembler: what x264's AVX code gives differs from processor to processor, and with AVX-512, for widths
    # that 64 does not divide, from one call to the next (about 1 in 100 here).
    "h264": Compression("h264 yuv420p", _video("libx264", {"crf": "23", "x264-params": "asm=0"})),
    "mpeg4": Compression("mpeg4 yuv420p", _video("mpeg4", {"qmin": "4", "qmax": "4"})),
}
