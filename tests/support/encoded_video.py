"""Video files written for a test from arrays, by any encoder that PyAV carries."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidmbench.core.arrays import Frames

_SOUND_RATE = 44_100


def moving(num_frames: int = 24, height: int = 64, width: int = 96, seed: int = 0) -> Frames:
    """Noise that drifts to the left, uint8 (frame, height, width, 3): every frame differs from every other."""
    rng = np.random.default_rng(seed)
    background = rng.integers(0, 256, (height, width + num_frames, 3), dtype=np.uint8)
    return np.stack([background[:, index : index + width] for index in range(num_frames)])


def encode(
    path: Path,
    clip: Frames,
    codec: str = "libx264",
    layout: str = "yuv420p",
    options: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    rotation: int | None = None,
    rate: Fraction | int = 25,
    colours: dict[str, int] | None = None,
    file_options: dict[str, str] | None = None,
    sound: tuple[str, float] | None = None,
) -> Path:
    """Writes one video stream, and sound where it is asked for.

    Args:
        path: Where to; the suffix chooses the container.
        clip: uint8 (frame, height, width, 3).
        codec: As FFmpeg names the encoder.
        layout: Pixel format.
        options: Of the encoder.
        times: When each frame is shown, in frames.
        rotation: Degrees of the display matrix.
        rate: Frames a second.
        colours: What is declared of each frame: ``colorspace``, ``color_range``, ``color_trc``, ``color_primaries``.
        file_options: Of the container.
        sound: Encoder and seconds of noise.
    """
    path.parent.mkdir(exist_ok=True)
    with _usual_priority(), av.open(str(path), "w", options=file_options or {}) as container:
        stream: Any = container.add_stream(codec, rate=Fraction(rate))
        stream.height, stream.width, stream.pix_fmt = *clip.shape[1:3], layout
        stream.options = options or {}
        if rotation:
            stream.set_display_rotation(rotation)
        for key, value in (colours or {}).items():
            setattr(stream.codec_context, key, value)
        noise = _Noise(container, *sound) if sound else None
        for index, picture in enumerate(clip):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=layout)
            frame.pts = int(times[index]) if times is not None else index
            for key, value in (colours or {}).items():
                setattr(frame, key, value)
            container.mux(stream.encode(frame))
            if noise:
                noise.write_until((index + 1) / rate)
        container.mux(stream.encode())
        if noise:
            noise.finish()
    return path


@contextmanager
def _usual_priority() -> Iterator[None]:
    """Restores how the calling thread is scheduled.

    Started by root, SVT-AV1 gives the thread that opens it real-time priority (SCHED_FIFO, 99), which every later
    thread and process of the test run would inherit: more of these than cores, one of them waiting busily, never end.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


class _Noise:
    """Sound beside a video, written as the video goes on."""

    def __init__(self, container: Any, codec: str, seconds: float) -> None:
        self.container, self.seconds, self.written = container, seconds, 0
        self.stream = container.add_stream(codec, rate=_SOUND_RATE)
        self.stream.layout = "mono"

    def write_until(self, seconds: float) -> None:
        while self.written < min(seconds, self.seconds) * _SOUND_RATE:
            samples = np.random.default_rng(self.written).integers(-3000, 3000, (1, 1024), dtype=np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, self.written, Fraction(1, _SOUND_RATE)
            self.written += 1024
            self.container.mux(self.stream.encode(frame))

    def finish(self) -> None:
        self.write_until(self.seconds)
        self.container.mux(self.stream.encode())


def all_frames(path: Path) -> Frames:
    """Every frame, decoded from the start by PyAV: what any other way of reading must give."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
