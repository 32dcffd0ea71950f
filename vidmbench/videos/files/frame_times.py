"""When each frame of a video is shown and which are key frames, packed into a few characters for the index."""

import base64
import binascii
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class FrameTimes:
    """The frames of a file that can be searched, in the order in which they are shown.

    Attributes:
        times: Presentation times in the stream's own unit, strictly increasing, one a frame.
        key_frames: Numbers of the frames from which decoding may start, increasing.
    """

    times: tuple[int, ...]
    key_frames: tuple[int, ...]

    def key_frame_before(self, frame: int) -> int | None:
        """The last key frame at or before a frame; None where there is none."""
        place = bisect_right(self.key_frames, frame)
        return self.key_frames[place - 1] if place else None

    def starts_at(self, time: int | None) -> bool:
        """Whether a key frame is shown at this time."""
        if time is None:
            return False
        frame = bisect_left(self.times, time)
        place = bisect_left(self.key_frames, frame)
        return self.times[frame : frame + 1] == (time,) and self.key_frames[place : place + 1] == (frame,)

    def packed(self) -> str:
        """Text that :func:`unpacked` reads; 200,000 frames at a constant rate take about a kilobyte."""
        steps = np.diff(np.asarray(self.times, dtype="<i8"), prepend=0) * 2
        steps[list(self.key_frames)] += 1
        return base64.b64encode(zlib.compress(steps.astype("<i8").tobytes(), 6)).decode("ascii")


@lru_cache(maxsize=256)
def unpacked(text: str) -> FrameTimes | None:
    """What :meth:`FrameTimes.packed` wrote; None for anything else."""
    try:
        steps = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), dtype="<i8")
    except (binascii.Error, zlib.error, ValueError):
        return None
    times = np.cumsum(steps >> 1)
    return FrameTimes(tuple(times.tolist()), tuple(np.flatnonzero(steps & 1).tolist()))


def frame_times(times: Sequence[int | None], key_frames: Sequence[int]) -> FrameTimes | None:
    """The times of all frames; None unless each frame has one and they increase."""
    known = [time for time in times if time is not None]
    if not known or len(known) < len(times) or any(later <= time for time, later in pairwise(known)):
        return None
    return FrameTimes(tuple(known), tuple(key_frames))
