"""Structural similarity (Wang et al. 2004, "Image quality assessment"): one formula, many numbers.

    SSIM = (2 mx my + C1) (2 cxy + C2) / ((mx² + my² + C1) (vx + vy + C2)),   C1 = (0.01 R)², C2 = (0.03 R)²

with means m, variances v and covariance c under a sliding window, averaged over its places. Codes differ in colour,
window, what happens at the border, N or N-1 in the variances, and in R. All is computed in float64; codes that work in
float32 on 0..1 lose up to 5e-5 of it by cancellation in E[x²] - m².
"""

from typing import Literal

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.metrics.full_reference.windows import Padding, Window, local_sums, padded, weights

Range = Literal["255", "prediction"]

# Large frames are cut into strips of rows. Their numbers stay in the processor's cache, and arrays are so small that
# they reuse memory; for larger ones the system maps and clears new pages each time: 1080p frames took 4 times as long.
_NUMBERS_AT_ONCE, _LEAST_ROWS = 2**16, 16


def ssim(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    window: Window,
    padding: Padding,
    is_sample_covariance: bool,
    data_range: Range = "255",
) -> np.ndarray:
    """The similarity of each frame, over all its channels.

    Args:
        real: (frame, height, width, channel), uint8 or floats, 0..255.
        fake: The same.
        window: ``gaussian-11`` or ``uniform-7``.
        padding: ``valid``: only windows inside the frame; ``zero`` and ``reflect``: all pixels, beyond the border zeros
            or the frame mirrored.
        is_sample_covariance: Whether variances are over N - 1 of the window's N pixels.
        data_range: R: ``255``, or ``prediction``, the highest minus the lowest value of the scored frame (TecoGAN).

    Returns:
        float64 (frame,).

    Raises:
        DataError: Frames are smaller than the window.
    """
    taps = len(weights(window))
    if min(real.shape[1:3]) < taps:
        raise DataError(
            "frames are smaller than the window of SSIM",
            expected=f"{taps} x {taps} pixels or more",
            found=f"{real.shape[1]} x {real.shape[2]}",
            fix="score larger frames, or choose a convention with a smaller window: ssim-scikit-image has 7 x 7",
        )
    factor = taps**2 / (taps**2 - 1) if is_sample_covariance else 1.0
    similarities = []
    for one, other in zip(real, fake, strict=True):
        limit = 255.0 if data_range == "255" else float(other.max()) - float(other.min())
        similarities.append(_of_frame(one, other, window, padding, factor, limit))
    return np.array(similarities)


def _of_frame(
    real: np.ndarray, fake: np.ndarray, window: Window, padding: Padding, factor: float, data_range: float
) -> float:
    if data_range == 0:
        return 0.0  # C1 = C2 = 0: the covariance with a flat frame is 0, and rounding alone would decide
    x, y = (padded(image, window, padding) for image in (real, fake))
    rows_axis, more = (0 if window == "uniform-7" else 1), len(weights(window)) - 1
    rows = x.shape[rows_axis] - more
    strip = max(_LEAST_ROWS, _NUMBERS_AT_ONCE * x.shape[rows_axis] // x.size)
    total = 0.0
    for start in range(0, rows, strip):
        cut = np.s_[start : start + strip + more] if rows_axis == 0 else np.s_[:, start : start + strip + more]
        total += _of_strip(x[cut], y[cut], window, factor, data_range) * min(strip, rows - start)
    return float(total / rows)


def _of_strip(real: np.ndarray, fake: np.ndarray, window: Window, factor: float, data_range: float) -> float:
    # Whole numbers stay whole: sums under 7 x 7 pixels are below 2^15, and 49 times those of products below 2^31.
    is_exact = window == "uniform-7" and real.dtype == np.uint8
    x, y = (image.astype(np.int32 if is_exact else np.float64) for image in (real, fake))
    narrow = np.int16 if is_exact else np.float64
    x_sums, y_sums = (
        local_sums(image.astype(narrow, copy=False), window).astype(x.dtype, copy=False) for image in (x, y)
    )
    # The formula needs the two variances' sum alone, so four images are filtered and not five.
    products = np.multiply(x, y)
    np.square(x, out=x)
    np.square(y, out=y)
    np.add(x, y, out=x)
    of_products, of_squares = (local_sums(image, window) for image in (products, x))
    weight = round(weights(window).sum()) ** 2
    return _ratio(x_sums, y_sums, of_products, of_squares, weight, factor, data_range)


def _ratio(
    x: np.ndarray,
    y: np.ndarray,
    products: np.ndarray,
    squares: np.ndarray,
    weight: int,
    factor: float,
    data_range: float,
) -> float:
    """SSIM from local sums of x and y and of xy and x² + y², where the weights of a window sum up to `weight`.

    Numerators and denominators are weight² times those of the formula; the sample covariance's factor divides C2
    instead of multiplying every variance.
    """
    c1, c2 = ((weight * k * data_range) ** 2 for k in (0.01, 0.03))
    mean_product = x * y
    mean_product *= 2
    mean_squares = np.square(x)
    mean_squares += np.square(y)
    covariance = products * (2 * weight)
    covariance -= mean_product
    variances = squares * weight
    variances -= mean_squares
    above = np.add(mean_product, c1, dtype=np.float64)
    above *= covariance + c2 / factor
    below = np.add(mean_squares, c1, dtype=np.float64)
    below *= variances + c2 / factor
    above /= below
    return float(above.mean())
