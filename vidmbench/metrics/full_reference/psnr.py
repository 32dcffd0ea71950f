"""Peak signal-to-noise ratio: one name for many numbers.

    PSNR = 10 log10(255² / mse)

Codes differ in what one mean squared error is taken over and in what they do about a mse of zero, so equal frames
count 80, 100, 186.6, 361.2 or infinity. Errors of uint8 frames are summed in integers, so every number here is exact
to float64's last digits; codes that work in float32 come within 1e-6 of it.
"""

from typing import Literal

import numpy as np

#: What one mean squared error is taken over.
ErrorOver = Literal["frame", "frame-and-channel", "clip"]
#: How a mean squared error of zero is kept from giving infinity.
Identical = Literal["infinite", "100-below-1e-10", "mse-at-least-1e-10", "mse-plus-1e-8", "rmse-plus-epsilon", "opencv"]

_FLOAT32_EPSILON = float(np.finfo(np.float32).eps)
_FLOAT64_EPSILON = float(np.finfo(np.float64).eps)


def mean_squared_errors(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The mean squared error of each frame and channel.

    Args:
        real: (frame, height, width, channel), uint8 or floats, 0..255.
        fake: The same.

    Returns:
        float64 (frame, channel), in squared levels of 0..255.
    """
    found = np.empty((len(real), real.shape[-1]))
    for index, (one, other) in enumerate(zip(real, fake, strict=True)):  # frame by frame: they stay in the cache
        height, width, channels = one.shape
        rows = _squares(one.reshape(height, -1), other.reshape(height, -1))
        found[index] = rows.reshape(width, channels).sum(0) / (height * width)
    return found


def _squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Squared differences summed over the first axis."""
    if one.dtype != np.uint8:
        return np.asarray(np.square(one - other).sum(0))
    apart = np.maximum(one, other)
    apart -= np.minimum(one, other)
    # A square of 255 just fits into 16 bits; a uint64 holds any sum.
    return np.asarray(np.multiply(apart, apart, dtype=np.uint16).sum(0, dtype=np.uint64))


def psnr(errors: np.ndarray, *, error_over: ErrorOver, identical: Identical) -> np.ndarray:
    """The ratio of each frame, or of each clip.

    Args:
        errors: float64 (..., frame, channel), what :func:`mean_squared_errors` gives.
        error_over: ``frame``: all channels of a frame; ``frame-and-channel``: each by itself, and the ratios' mean
            over channels; ``clip``: all frames and channels.
        identical: What equal frames give. ``infinite``; ``100-below-1e-10``: 100 where the mse on 0..1 is below 1e-10;
            ``mse-at-least-1e-10`` and ``mse-plus-1e-8``: on 0..1, so at most 100 and 80; ``rmse-plus-epsilon``:
            float32's epsilon on 0..255, at most 186.6; ``opencv``: float64's epsilon, at most 361.2.

    Returns:
        float64 (..., frame) in dB; (...,) for ``clip``.
    """
    axes: tuple[int, ...] = {"frame": (-1,), "clip": (-2, -1), "frame-and-channel": ()}[error_over]
    ratios = _ratio(errors.mean(axes) if axes else errors, identical)
    return np.asarray(ratios.mean(-1) if error_over == "frame-and-channel" else ratios)


def _ratio(mse: np.ndarray, identical: Identical) -> np.ndarray:
    scaled = mse / 255**2
    if identical == "mse-at-least-1e-10":
        scaled = np.maximum(scaled, 1e-10)
    elif identical == "mse-plus-1e-8":
        scaled = scaled + 1e-8
    elif identical in ("rmse-plus-epsilon", "opencv"):
        epsilon = _FLOAT32_EPSILON if identical == "rmse-plus-epsilon" else _FLOAT64_EPSILON
        scaled = ((np.sqrt(mse) + epsilon) / 255) ** 2
    with np.errstate(divide="ignore"):
        ratios = -10 * np.log10(scaled)
    return np.where(scaled < 1e-10, 100.0, ratios) if identical == "100-below-1e-10" else ratios
