"""A video that codecs find neither trivial nor hopeless."""

import numpy as np
import torch


def drifting_frames(num_frames: int, height: int = 240, width: int = 320) -> np.ndarray:
    """A soft texture that drifts, a square that crosses it, and a little grain; uint8 (frame, height, width, 3)."""
    random = np.random.default_rng(0)
    coarse = torch.from_numpy(random.uniform(0, 255, (1, 3, 40, 48)))
    still = torch.nn.functional.interpolate(coarse, size=(400, 480), mode="bicubic")[0].permute(1, 2, 0).numpy()
    video = np.empty((num_frames, height, width, 3), np.uint8)
    for t in range(num_frames):
        frame = still[t // 4 : t // 4 + height, t // 3 : t // 3 + width] + random.normal(0, 2, (height, width, 3))
        frame[80:140, t % 260 : t % 260 + 60] = (200, 40, 90)
        video[t] = np.clip(frame, 0, 255)
    return video
