"""Structural similarity (Wang et al. 2004, "Image quality assessment"): one formula, many numbers.

    SSIM = (2 mx my + C1) (2 cxy + C2) / ((mx² + my² + C1) (vx + vy + C2)),   C1 = (0.01 R)², C2 = (0.03 R)²

with means m, variances v and covariance c under a sliding window, averaged over its places. Codes differ in colour,
window, what happens at the border, N or N-1 in the variances, and in R. All is computed in float64; codes that work in
float32 on 0..1 lose up to 5e-5 of it by cancellation in E[x²] - m².
"""

from typing import Literal

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.full_reference.windows import Padding, Window, local_means, padded, weights

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
    with one_blas_thread():
        return np.array(
            [
                _of_frame(
                    one,
                    other,
                    window,
                    padding,
                    taps**2 / (taps**2 - 1) if is_sample_covariance else 1.0,
                    255.0 if data_range == "255" else float(other.max()) - float(other.min()),
                )
                for one, other in zip(real, fake, strict=True)
            ]
        )


def _of_frame(
    real: np.ndarray, fake: np.ndarray, window: Window, padding: Padding, factor: float, data_range: float
) -> float:
    if data_range == 0:
        return 0.0  # C1 = C2 = 0: the covariance with a flat frame is 0, and rounding alone would decide
    # Sums and differences: their squares give E[x²] + E[y²] and E[xy], so four images are filtered and not five.
    x, y = (np.moveaxis(image, -1, 0).astype(np.float64) for image in (real, fake))
    images = np.empty((4, *x.shape))
    np.add(x, y, out=images[0])
    np.subtract(x, y, out=images[1])
    np.square(images[:2], out=images[2:])
    plus, minus, plus_squares, minus_squares = local_means(padded(images, window, padding), window)
    plus_mean, minus_mean = np.square(plus), np.square(minus)
    plus_variance = factor * (plus_squares - plus_mean)
    minus_variance = factor * (minus_squares - minus_mean)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    numerator = ((plus_mean - minus_mean) / 2 + c1) * ((plus_variance - minus_variance) / 2 + c2)
    denominator = ((plus_mean + minus_mean) / 2 + c1) * ((plus_variance + minus_variance) / 2 + c2)
    return float((numerator / denominator).mean())
