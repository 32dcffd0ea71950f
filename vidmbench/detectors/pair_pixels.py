"""Comparing a target's frames with a prediction's, side by side as :mod:`vidmbench.videos.pairs` gives them.

These are the ``prepare`` functions of the detectors that read pairs: squared errors and SSIM are numbers already when
a frame leaves the thread that read it; LPIPS prepares the frames that its network compares.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from vidmbench.detectors.pair_sizes import check_cut
from vidmbench.metrics.full_reference.colours import coloured, truncated_levels
from vidmbench.metrics.full_reference.psnr import mean_squared_errors
from vidmbench.metrics.full_reference.ssim import ssim
from vidmbench.protocols.pair_stages import LpipsStage, PairStage, PixelStage, SsimStage, VmafStage


def pair_preparation(stage: PairStage) -> Callable[[np.ndarray], np.ndarray]:
    """What compares pairs, or prepares them for a network.

    Args:
        stage: What is compared.

    Returns:
        A function of uint8 (frame, height, 2 width, 3) to float32 (frame, number), or, for a network, to uint8
        (frame, height, 2 width, 3), for VMAF (frame, height, 2 width).
    """
    if isinstance(stage, SsimStage):
        return lambda frames: _similarity(frames, stage)
    if isinstance(stage, PixelStage):
        return lambda frames: _errors(frames, stage)
    if isinstance(stage, LpipsStage):
        return lambda frames: np.concatenate(_framed(frames, stage), axis=2)
    if isinstance(stage, VmafStage):
        return lambda frames: _grey(frames, stage)
    raise TypeError(type(stage).__name__)


def halves(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions of frames side by side: views, uint8 (frame, height, width, 3)."""
    width = frames.shape[2] // 2
    return frames[:, :, :width], frames[:, :, width:]


def _errors(frames: np.ndarray, stage: PixelStage) -> np.ndarray:
    """Mean squared errors, float32 (frame, 3): those of the channels, or that of the one grey three times."""
    real, fake = (coloured(side, stage.colour) for side in _framed(frames, stage))
    errors = mean_squared_errors(real, fake)
    return np.broadcast_to(errors, (len(errors), 3)).astype(np.float32)


def _similarity(frames: np.ndarray, stage: SsimStage) -> np.ndarray:
    """SSIM, float32 (frame, 1)."""
    real, fake = (coloured(side, stage.colour) for side in _framed(frames, stage))
    found = ssim(
        real,
        fake,
        window=stage.window,
        padding=stage.padding,
        is_sample_covariance=stage.covariance == "n-1",
        data_range=stage.data_range,
    )
    return found[:, None].astype(np.float32)


def _grey(frames: np.ndarray, stage: VmafStage) -> np.ndarray:
    """Both sides in one grey, side by side: uint8 (frame, height, 2 width)."""
    return np.concatenate([coloured(side, stage.colour)[..., 0] for side in _framed(frames, stage)], axis=2)


def _framed(frames: np.ndarray, stage: PairStage) -> tuple[np.ndarray, np.ndarray]:
    """Both sides with the levels, size and cut that the stage says."""
    real, fake = halves(frames)
    if stage.levels == "truncated":
        real, fake = truncated_levels(real), truncated_levels(fake)
    real, fake = cut(real, stage), cut(fake, stage)
    if stage.frame_size is not None:
        real, fake = (_resized(side, stage.frame_size) for side in (real, fake))
    return real, fake


def cut(frames: np.ndarray, stage: PairStage) -> np.ndarray:
    """The part of frames, or of what has a value for each of their pixels, (frame, height, width, ...), that counts."""
    if stage.cut == "none":
        return frames
    sizes = check_cut((frames.shape[1], frames.shape[2]))
    top, left = ((length - size) // 2 for length, size in zip(frames.shape[1:3], sizes, strict=True))
    return frames[:, top : top + sizes[0], left : left + sizes[1]]


def _resized(frames: np.ndarray, size: int) -> np.ndarray:
    return np.stack(
        [np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.BILINEAR)) for frame in frames]
    )
