"""Two sides whose scores for each video are known: some copies, some darker clips, some of no relation."""

import numpy as np

from vidmbench.evaluation.choices import Choices

CHOICES = Choices(protocols=("prdc-i3d",), frames=(9,), num_real=10, num_fake=8)


def real_and_fake() -> tuple[np.ndarray, np.ndarray]:
    """10 real and 8 scored clips, uint8 (clip, 9, 8, 8, 3); the first 3 scored ones are copies, the next 3 darker."""
    random = np.random.default_rng(0)
    real = random.integers(0, 256, (10, 9, 8, 8, 3), dtype=np.uint8)
    fake = np.concatenate([real[:3], random.integers(0, 256, (5, 9, 8, 8, 3), dtype=np.uint8)])
    fake[3:6] //= 4
    return real, fake
