"""Controls: sources made from real videos whose scores are the scale a model's score is read against."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from vidmbench.core.arrays import Image
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.seeding import generator
from vidmbench.sources.names import control_label, static_label
from vidmbench.videos.recompression import COMPRESSIONS
from vidmbench.videos.source import Source
from vidmbench.videos.transformed import ClipChange, Remade, Reordered, Transformed

# Raised on any change that moves a pixel of a control.
_VERSION = 1
_VERSIONS = {"h264": 2}  # of controls that gave other frames once
_NOISE_SD = 8.0  # intensity levels, 0..255
_BLUR_SIGMA = 1 / 64  # of the frame's height
_NOISE_AT_ONCE = 2**18  # values


def control(kind: str, base: Source, *, seed: int = 0, context: int = 0, is_paired: bool = False) -> Transformed:
    """A control.

    Args:
        kind: One of :data:`vidmbench.sources.control_kinds.KINDS`.
        base: The videos it is made from.
        seed: Seed of permutations and noise; clip i depends on the seed and its video's name alone.
        context: Frames at the start of each clip that a model was given: ``static`` keeps them, then repeats the last.
        is_paired: Whether ``base`` is the real side itself.

    Returns:
        A source as long as ``base``.
    """
    label = control_label(kind)
    digest = sha256_of_parts("control", kind, str(_VERSIONS.get(kind, _VERSION)), str(seed), base.digest())
    if kind == "static" and context > 1:  # of one frame given, that is the first
        digest = sha256_of_parts(digest, "context", str(context))
    if kind in _ORDERS:
        order = partial(_ORDERS[kind], seed=seed, context=context)
        return Reordered(base, order, label=label, digest=digest, is_paired=is_paired)
    if kind in COMPRESSIONS:
        compression = COMPRESSIONS[kind]
        made = Remade(base, lambda *_: compression.begin(), label=label, digest=digest, is_paired=is_paired)
        made.compression = compression.label
        return made
    change = partial(_CHANGES[kind], seed=seed)
    return Remade(base, change, label=label, digest=digest, is_paired=is_paired)


class StaticBaseline(Reordered):
    """A model's videos without motion; a video of it belongs to whatever target the model's belongs to."""


def static_of(base: Source, context: int = 0) -> StaticBaseline:
    """The static baseline of any source: its score is that of no motion at all.

    Args:
        base: The model's videos.
        context: Frames at the start of each clip that the model was given: they are kept, and the last is repeated.
            Without any the first is.
    """
    digest = control("static", base, context=context).digest()
    order = partial(_static, seed=0, context=context)
    return StaticBaseline(base, order, label=static_label(base.label), digest=digest, is_paired=False)


def _real(name: str, length: int, *, seed: int, context: int) -> Sequence[int]:
    del name, seed, context
    return range(length)


def _static(name: str, length: int, *, seed: int, context: int) -> Sequence[int]:
    del name, seed
    last = max(context - 1, 0)
    return [min(number, last) for number in range(length)]


def _shifted(name: str, length: int, *, seed: int, context: int) -> Sequence[int]:
    del name, seed, context
    return [max(number - 1, 0) for number in range(length)]


def _reversed(name: str, length: int, *, seed: int, context: int) -> Sequence[int]:
    del name, seed, context
    return range(length)[::-1]


def _shuffled(name: str, length: int, *, seed: int, context: int) -> Sequence[int]:
    del context
    order: list[int] = generator(seed, "shuffled", name, length).permutation(length).tolist()
    return order


def _blurred(name: str, length: int, *, seed: int) -> ClipChange:
    del name, length, seed
    return ClipChange(_blurred_frame)


def _noisy(name: str, length: int, *, seed: int) -> ClipChange:
    # One generator for the clip: its frames come in order, each with noise of its own.
    return ClipChange(partial(_noisy_frame, random=generator(seed, "noise", name, length)))


_ORDERS = {
    "real": _real,
    "static": _static,
    "reversed": _reversed,
    "shuffled": _shuffled,
    "shifted": _shifted,
}
_CHANGES = {"blurred": _blurred, "noise": _noisy}


def _blurred_frame(frame: Image) -> Image:
    from scipy.ndimage import gaussian_filter1d

    sigma = frame.shape[0] * _BLUR_SIGMA
    blurred = np.empty_like(frame)
    for channel in range(3):  # one after the other: as floats, a large frame takes four times its bytes
        rows = gaussian_filter1d(frame[..., channel].astype(np.float32), sigma, axis=0, mode="nearest")
        blurred[..., channel] = _rounded(gaussian_filter1d(rows, sigma, axis=1, mode="nearest"))
    return blurred


def _noisy_frame(frame: Image, random: np.random.Generator) -> Image:
    noisy = np.empty_like(frame)
    step = max(1, _NOISE_AT_ONCE // (frame.shape[1] * 3))
    for top in range(0, len(frame), step):
        rows = frame[top : top + step]
        noisy[top : top + step] = _rounded(rows + random.normal(0.0, _NOISE_SD, rows.shape).astype(np.float32))
    return noisy


def _rounded(values: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
