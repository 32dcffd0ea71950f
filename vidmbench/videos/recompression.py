"""Frames through the compressions that generators' own scripts and people's archives use."""

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from vidmbench.core.arrays import Frames

_FPS = Fraction(25)


class Compression(NamedTuple):
    """One way through a lossy file.

    Attributes:
        title: A line for people, with who writes so.
        label: What reading such a file says of it, see :mod:`vidmbench.videos.files.compression_labels`.
        through: Compresses and decompresses uint8 (frame, height, width, 3).
    """

    title: str
    label: str
    through: Callable[[Frames], Frames]


def _jpeg(quality: int) -> Callable[[Frames], Frames]:
    from PIL import Image

    def picture(frame: np.ndarray) -> np.ndarray:
        packed = io.BytesIO()
        Image.fromarray(frame).save(packed, format="JPEG", quality=quality)
        return np.asarray(Image.open(packed).convert("RGB"))

    return lambda frames: np.stack([picture(np.ascontiguousarray(frame)) for frame in frames])


def _gif(frames: Frames) -> Frames:
    from PIL import Image

    # Median cut without dithering: what Pillow does with an RGB image that is saved as gif.
    reduced = [Image.fromarray(np.ascontiguousarray(frame)).quantize(256).convert("RGB") for frame in frames]
    return np.stack([np.asarray(frame) for frame in reduced])


def _video(codec: str, options: dict[str, str]) -> Callable[[Frames], Frames]:
    def through(frames: Frames) -> Frames:
        import av

        height, width = frames.shape[1:3]
        even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")  # 4:2:0 needs it
        packed = io.BytesIO()
        with av.open(packed, "w", format="matroska") as container:
            stream: Any = container.add_stream(codec, rate=_FPS)
            stream.height, stream.width = even.shape[1:3]
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 1  # the result does not depend on the machine
            stream.options = options
            for frame in even:
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        packed.seek(0)
        with av.open(packed, "r") as container:
            decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return np.stack(decoded)[:, :height, :width]

    return through


COMPRESSIONS: dict[str, Compression] = {
    "jpeg-95": Compression("JPEG of quality 95, 4:2:0", "jpeg quality 95 4:2:0", _jpeg(95)),
    "jpeg-75": Compression("JPEG of quality 75, 4:2:0: StyleGAN-V's frames", "jpeg quality 75 4:2:0", _jpeg(75)),
    "gif": Compression("gif, 256 colours a frame", "gif, 256 colours", _gif),
    "h264": Compression(
        "H.264 at x264's own rate factor 23: torchvision's and most mp4",
        "h264 yuv420p",
        _video("libx264", {"crf": "23"}),
    ),
    "mpeg4": Compression(
        "MPEG-4 part 2 at quantiser 4: OpenCV's mp4v, UCF-101's avi",
        "mpeg4 yuv420p",
        _video("mpeg4", {"qmin": "4", "qmax": "4"}),
    ),
}
