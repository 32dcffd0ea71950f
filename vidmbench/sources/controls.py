"""Controls: sources made from real videos whose scores are the scale a model's score is read against."""

from collections.abc import Callable

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.seeding import generator
from vidmbench.sources.names import control_label, static_label
from vidmbench.videos.recompression import COMPRESSIONS
from vidmbench.videos.source import Source, Transformed

# Raised on any change that moves a pixel of a control.
_VERSION = 1
_NOISE_SD = 8.0  # intensity levels, 0..255
_BLUR_SIGMA = 1 / 64  # of the frame's height

KINDS: dict[str, str] = {
    "real": "other real videos: the floor of the scale",
    "static": "each clip's first frame repeated: no motion at all",
    "reversed": "each clip backwards",
    "shuffled": "each clip's frames in a seeded random order",
    "blurred": "each frame blurred, sigma = height / 64 pixels",
    "noise": "each frame with Gaussian noise, sigma = 8 intensity levels of 255",
    **{name: f"through {compression.title}" for name, compression in COMPRESSIONS.items()},
}


def control(kind: str, base: Source, *, seed: int = 0, is_paired: bool = False) -> Transformed:
    """A control.

    Args:
        kind: One of :data:`KINDS`.
        base: The videos it is made from.
        seed: Seed of permutations and noise; clip i depends on the seed and its video's name alone.
        is_paired: Whether ``base`` is the real side itself.

    Returns:
        A source as long as ``base``.
    """
    change: dict[str, Callable[[Frames, str], Frames]] = {
        "real": lambda frames, _: frames,
        "static": lambda frames, _: np.repeat(frames[:1], len(frames), axis=0),
        "reversed": lambda frames, _: np.ascontiguousarray(frames[::-1]),
        "shuffled": lambda frames, name: frames[
            generator(seed, "shuffled", name, len(frames)).permutation(len(frames))
        ],
        "blurred": lambda frames, _: _blurred(frames),
        "noise": lambda frames, name: _noisy(frames, generator(seed, "noise", name, len(frames))),
    }
    compression = COMPRESSIONS.get(kind)
    if compression is not None:
        change[kind] = lambda frames, _: compression.through(frames)
    source = Transformed(
        base,
        change[kind],
        label=control_label(kind),
        digest=sha256_of_parts("control", kind, str(_VERSION), str(seed), base.digest()),
        is_paired=is_paired,
    )
    if compression is not None:
        source.compression = compression.label
    return source


def static_of(base: Source) -> Transformed:
    """The static baseline of any source, each clip's first frame repeated: its score is that of no motion at all."""
    static = control("static", base)
    return Transformed(base, static.change, label=static_label(base.label), digest=static.digest(), is_paired=False)


def _blurred(frames: Frames) -> Frames:
    from scipy.ndimage import gaussian_filter1d

    sigma = frames.shape[1] * _BLUR_SIGMA
    rows = gaussian_filter1d(frames.astype(np.float32), sigma, axis=1, mode="nearest")
    return _rounded(gaussian_filter1d(rows, sigma, axis=2, mode="nearest"))


def _noisy(frames: Frames, random: np.random.Generator) -> Frames:
    return _rounded(frames + random.normal(0.0, _NOISE_SD, frames.shape).astype(np.float32))


def _rounded(values: np.ndarray) -> Frames:
    rounded: Frames = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
