"""Spatial and temporal information of ITU-T P.910, as VQEG's siti-tools computes them.

    SI = std over pixels of |Sobel(frame)|,    TI = std over pixels of (frame - frame before)

of luma in 0..255, population standard deviations; the border, where Sobel's window leaves the frame, does not count
for SI. In ``legacy`` mode, as P.910 was until 2021, luma is taken as it is coded. In ``pq`` mode, that of P.910 since
2022 and the tool's default, coded values go through a display (BT.1886, gamma 2.4, 0.1 to 300 cd/m²) and the
perceptual quantizer of BT.2100 first, which about halves the numbers: the modes are not comparable.
"""

from functools import cache
from typing import Literal

import numpy as np

from vidmbench.core.errors import DataError

SitiMode = Literal["legacy", "pq"]

_BLACK, _WHITE, _GAMMA = 0.1, 300.0, 2.4  # cd/m²: siti-tools' display
# SMPTE ST 2084, as BT.2100 gives them.
_M, _N, _C1, _C2, _C3, _PEAK = 78.84375, 0.1593017578125, 0.8359375, 18.8515625, 18.6875, 10000.0


def luma(frame: np.ndarray) -> np.ndarray:
    """Full-range BT.601 luma, uint8 (height, width), of RGB uint8 (height, width, 3)."""
    red, green, blue = np.moveaxis(frame.astype(np.uint32), -1, 0)
    return np.asarray((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)


def brightness(levels: np.ndarray, mode: SitiMode) -> np.ndarray:
    """What SI and TI are taken of, float64 (height, width) in 0..255, of luma uint8 (height, width)."""
    return np.asarray(_scale(mode)[levels])


@cache
def _scale(mode: SitiMode) -> np.ndarray:
    """The 256 levels, float64 (256,)."""
    levels = np.arange(256, dtype=np.float64)
    if mode == "legacy":
        return levels
    shown = (_WHITE - _BLACK) * (levels / 255) ** _GAMMA + _BLACK
    power = shown**_N
    return np.asarray(255 * ((_C1 * _PEAK**_N + _C2 * power) / (_PEAK**_N + _C3 * power)) ** _M)


def spatial_information(frame: np.ndarray) -> float:
    """SI of one frame, float64 (height, width).

    Raises:
        DataError: It is smaller than Sobel's window.
    """
    if min(frame.shape) < 3:
        raise DataError(
            "frames are smaller than the window of SI",
            expected="3 x 3 pixels or more",
            found=f"{frame.shape[0]} x {frame.shape[1]}",
            fix="score larger frames",
        )
    return float(np.hypot(_sobel(frame), _sobel(frame.T).T).std())


def _sobel(frame: np.ndarray) -> np.ndarray:
    """The derivative along the first axis where the window fits, float64 (height - 2, width - 2)."""
    change = frame[2:] - frame[:-2]
    return np.asarray(change[:, :-2] + 2 * change[:, 1:-1] + change[:, 2:])


def temporal_information(frame: np.ndarray, before: np.ndarray) -> float:
    """TI of one frame and the one before, both float64 (height, width)."""
    return float((frame - before).std())
