"""Clips to measure with: made in no time, and as smooth as films are, so that their files are of a usual size."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# Different pictures; what is more than these repeats them, with a mark in each that makes it another clip.
_PICTURES = 256


def made_clips(count: int, frames: int, pixels: int, seed: int) -> np.ndarray:
    """Soft coloured patches that move.

    Args:
        count: Clips.
        frames: Of each.
        pixels: Height and width.
        seed: Which clips.

    Returns:
        uint8 (count, frames, pixels, pixels, 3).
    """
    different = np.empty((min(count, _PICTURES), frames, pixels, pixels, 3), np.uint8)

    def make(index: int) -> None:
        random = np.random.default_rng([seed, index])
        across, down = np.linspace(0, 1, pixels, dtype=np.float32), np.linspace(0, 1, pixels + frames, dtype=np.float32)
        picture = np.full((pixels + frames, pixels, 3), 128, np.float32)
        for _ in range(6):
            top, left, width = random.random(3)
            patch = _bell(down, top, width)[:, None] * _bell(across, left, width)[None]
            picture += patch[..., None] * random.normal(0, 90, 3).astype(np.float32)
        grainy = np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        for frame in range(frames):
            different[index, frame] = grainy[frame : frame + pixels]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make, range(len(different))))
    clips = different[np.arange(count) % len(different)]
    clips[:, 0, 0, 0, 0] = np.arange(count) % 256
    clips[:, 0, 0, 0, 1] = np.arange(count) // 256
    return clips


def _bell(grid: np.ndarray, centre: float, width: float) -> np.ndarray:
    bell: np.ndarray = np.exp(-(((grid - centre) / (0.05 + 0.2 * width)) ** 2)).astype(np.float32)
    return bell
