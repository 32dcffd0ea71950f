"""The data set clevrer-mini: toy videos made when they are read, so there is nothing to download."""

from collections.abc import Sequence

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, unknown
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.seeding import generator
from vidmbench.sources.clevrer_mini.physics import simulate
from vidmbench.sources.clevrer_mini.rendering import render
from vidmbench.sources.clevrer_mini.scenes import random_scene
from vidmbench.videos.source import SourceDefaults

NAME = "clevrer-mini"
SPLITS = ("train", "test")
RESOLUTIONS = (32, 64, 128)
NUM_FRAMES = 128

# Bump on any change to scenes, physics, shapes or rendering that can move a single pixel: digests, cached features
# and signatures know the videos by this number alone.
VERSION = 1


class ToyVideos(SourceDefaults):
    """One split of clevrer-mini as a source: 128 frames at 25 frames per second each.

    Video i depends on the seed, the split and i alone. A frame is drawn when it is asked for and does not depend on
    which others are asked for with it. The object keeps no state, so threads may share it.

    Args:
        split: "train" or "test".
        num_videos: How many videos; fewer are the beginning of more.
        resolution: Height and width in pixels: 32, 64 or 128.
        seed: Another seed gives other videos.

    Raises:
        ProtocolError: There is no such split.
        DataError: A number is out of range.
    """

    def __init__(self, split: str = "test", *, num_videos: int = 2048, resolution: int = 64, seed: int = 0) -> None:
        if split not in SPLITS:
            raise unknown(f"split of {NAME}", split, SPLITS)
        if resolution not in RESOLUTIONS:
            raise DataError(
                f"{NAME} is not available at this resolution",
                expected=f"one of {', '.join(map(str, RESOLUTIONS))}",
                found=str(resolution),
                where="resolution",
            )
        if num_videos < 1 or seed < 0:
            raise DataError(
                f"{NAME} needs at least one video and a seed that is not negative",
                expected="num_videos >= 1, seed >= 0",
                found=f"num_videos = {num_videos}, seed = {seed}",
            )
        self.split = split
        self.num_videos = num_videos
        self.resolution = resolution
        self.seed = seed
        self.label = f"{NAME}@{split}" + ("" if resolution == 64 else f"/{resolution}")
        self.size = (resolution, resolution)

    def __len__(self) -> int:
        """The number of videos."""
        return self.num_videos

    def name(self, index: int) -> str:
        """The video's name, such as ``video_00017``."""
        self._check_video(index)
        return f"video_{index:05d}"

    def num_frames(self, index: int) -> int:
        """128 for every video."""
        self._check_video(index)
        return NUM_FRAMES

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """Draws the frames asked for, and no others.

        Args:
            index: Which video, from 0.
            frames: Which frames, each 0 to 127, in any order; one may be asked for twice.

        Returns:
            uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

        Raises:
            DataError: There is no such video or frame.
        """
        self._check_video(index)
        indices = np.asarray(list(frames), dtype=np.int64)
        if indices.size and not 0 <= indices.min() <= indices.max() < NUM_FRAMES:
            raise DataError(
                "the video has no such frame",
                expected=f"frames 0 to {NUM_FRAMES - 1}",
                found=str(int(indices[(indices < 0) | (indices >= NUM_FRAMES)][0])),
                where=f"{self.label}, {self.name(index)}",
                fix="ask for shorter clips, or a smaller stride where it is above 1",
            )
        scene = random_scene(generator(self.seed, NAME, self.split, index))
        path = simulate(scene, int(indices.max(initial=0)) + 1)
        return render(scene, path.position[indices], path.angle[indices], self.resolution)

    def digest(self) -> str:
        """sha256 of what the videos are made from, as 64 hex digits: no pixel is drawn."""
        facts = (VERSION, self.split, self.seed, self.resolution, self.num_videos)
        return sha256_of_parts(NAME, *map(str, facts))

    def _check_video(self, index: int) -> None:
        if not 0 <= index < self.num_videos:
            raise DataError(
                "the source has no such video",
                expected=f"an index from 0 to {self.num_videos - 1}",
                found=str(index),
                where=self.label,
            )
