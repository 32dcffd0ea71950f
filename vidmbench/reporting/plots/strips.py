"""Frames of a clip in a row."""

from collections.abc import Sequence

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.evaluation.clips import Clip
from vidmbench.videos.source import Source


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
    frames = source.read(clip.video, list(clip.indices))
    return strip_of(frames, np.linspace(0, len(frames) - 1, min(num_frames, len(frames))).round().astype(int).tolist())
