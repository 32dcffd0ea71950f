"""Frames of a clip in a row."""

from collections.abc import Sequence

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.evaluation.clips import Clip
from vidmbench.videos.source import Source

#: Pixels of the longer side of a frame that is shown.
_LARGEST = 640


def strip_of(video: Frames, indices: Sequence[int]) -> Image:
    """Some frames of a video in a row, a white line of one pixel around each; white where the video has ended.

    Args:
        video: uint8 (frame, height, width, 3).
        indices: Which frames.

    Returns:
        uint8 (height + 2, len(indices) * (width + 2), 3).
    """
    blank = np.full(video.shape[1:], 255, np.uint8)
    frames = [video[index] if index < len(video) else blank for index in indices]
    framed = [np.pad(frame, ((1, 1), (1, 1), (0, 0)), constant_values=255) for frame in frames]
    strip: Image = np.concatenate(framed, axis=1)
    return strip


def clip_strip(source: Source, clip: Clip, num_frames: int) -> Image:
    """A clip from its first frame to its last, as evenly spaced frames in a row; see :func:`strip_of`.

    Args:
        source: The clip's source.
        clip: The clip.
        num_frames: Frames shown at most.
    """
    chosen = set(np.linspace(0, clip.frames - 1, min(num_frames, clip.frames)).round().astype(int).tolist())
    # All frames are read, because how a control changes one may depend on those before it.
    frames = enumerate(source.stream(clip.video, list(clip.indices)))
    shown = np.stack([reduced(frame) for number, frame in frames if number in chosen])
    return strip_of(shown, range(len(shown)))


def reduced(frame: Image) -> Image:
    """A frame as large as it can be seen in a figure or page: of a larger one, blocks of pixels are averaged.

    Args:
        frame: uint8 (height, width, 3).
    """
    factor = -(-max(frame.shape[:2]) // _LARGEST)
    if factor == 1:
        return frame
    from PIL import Image as Images

    return np.asarray(Images.fromarray(np.ascontiguousarray(frame)).reduce(factor))
