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
    x, y = (padded(image.transpose(2, 0, 1), window, padding) for image in (real, fake))
    # Whole numbers stay whole: sums under 7 x 7 pixels are below 2^15, and 49 times those of products below 2^31.
    is_exact = window == "uniform-7" and real.dtype == np.uint8
    values = np.empty((2, *x.shape), np.int16 if is_exact else np.float64)
    products = np.empty((2, *x.shape), np.int32 if is_exact else np.float64)
    values[0], values[1] = x, y
    # The formula needs the two variances' sum alone, so four images are filtered and not five.
    np.multiply(values[0], values[1], out=products[0], dtype=products.dtype)
    np.square(values[0], out=products[1], dtype=products.dtype)
    products[1] += np.square(values[1], dtype=products.dtype)
    means = local_sums(values, window).astype(products.dtype, copy=False)
    return _ratio(means, local_sums(products, window), round(weights(window).sum()) ** 2, factor, data_range)


def _ratio(sums: np.ndarray, products: np.ndarray, weight: int, factor: float, data_range: float) -> float:
    """SSIM from local sums of x and y and of xy and x² + y², where the weights of a window sum up to `weight`.

    Numerators and denominators are weight² times those of the formula; the sample covariance's factor divides C2
    instead of multiplying every variance.
    """
    c1, c2 = ((weight * k * data_range) ** 2 for k in (0.01, 0.03))
    product = sums[0] * sums[1]
    product *= 2
    squares = np.square(sums[0])
    squares += np.square(sums[1])
    covariance = products[0] * (2 * weight)
    covariance -= product
    variances = products[1] * weight
    variances -= squares
    above = np.add(product, c1, dtype=np.float64)
    above *= covariance + c2 / factor
    below = np.add(squares, c1, dtype=np.float64)
    below *= variances + c2 / factor
    above /= below
    return float(above.mean())
