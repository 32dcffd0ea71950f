"""What full-reference metrics compare of an RGB frame: all three channels, or one of several kinds of grey.

Grey is not grey: the integer rules of OpenCV and of Pillow differ in a few pixels of a frame, and both from the luma
of video, which runs from 16 to 235, and for which FFmpeg has an integer rule of its own.
"""

from typing import Literal

import numpy as np

from vidmbench.core.arrays import Frames

Colour = Literal["rgb", "grey-opencv", "grey-pillow", "luma-16-235", "luma-ffmpeg"]

#: Weights of ITU-R BT.601's luma as TecoGAN's metrics.py has them (65.738, 129.057 and 25.064 over 256).
_LUMA = (0.256788235294118, 0.504129411764706, 0.097905882352941)
#: The same weights in 15 bits, and 16 with half a unit of the 6 bits kept, as FFmpeg's swscale has them.
_LUMA_FFMPEG, _SHIFT_FFMPEG = (8414, 16519, 3208), (16 << 15) + (1 << 8)


def coloured(frames: Frames, colour: Colour) -> np.ndarray:
    """The channels that are compared.

    Args:
        frames: uint8 (frame, height, width, 3), RGB, 0..255.
        colour: ``rgb``: as they are; ``grey-opencv``: ``cv2.cvtColor`` to grey, in 15-bit integers; ``grey-pillow``:
            ``Image.convert("L")``, in 16-bit integers; ``luma-16-235``: BT.601 in float32, TecoGAN's; ``luma-ffmpeg``:
            BT.601 from 16 to 235 in integers, what FFmpeg makes of RGB frames for yuv420p and yuv444p.

    Returns:
        (frame, height, width, channel) of one or three channels, 0..255: uint8, and float64 of float32 numbers for
        the luma.
    """
    if colour == "rgb":
        return frames
    if colour == "luma-16-235":
        weighted = 16 + frames.astype(np.float64) @ np.array(_LUMA)
        return np.asarray(weighted[..., None].astype(np.float32).astype(np.float64))
    if colour == "luma-ffmpeg":  # rounded twice: to 64ths, then to whole numbers
        sixty_fourths = (frames.astype(np.int32) @ np.array(_LUMA_FFMPEG, np.int32) + _SHIFT_FFMPEG) >> 9
        return np.asarray((sixty_fourths + 32) >> 6).astype(np.uint8)[..., None]
    weights, bits = ((9798, 19235, 3735), 15) if colour == "grey-opencv" else ((19595, 38470, 7471), 16)
    total = np.full((*frames.shape[:-1], 1), 1 << (bits - 1), np.uint32)
    for channel, weight in enumerate(weights):
        total += np.uint32(weight) * frames[..., channel : channel + 1]
    return np.asarray(total >> np.uint32(bits)).astype(np.uint8)


def truncated_levels(frames: Frames) -> Frames:
    """Frames that went from 0..255 to -1..1 and back in float32 and lost what a cast to uint8 cuts off.

    63 of the 256 levels fall by one. What MCVD's data transform, its inverse and torchvision's ToPILImage do.

    Args:
        frames: uint8 (frame, height, width, 3), 0..255.
    """
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    there_and_back = (np.float32(2) * levels - np.float32(1) + np.float32(1)) / np.float32(2)
    return np.asarray((there_and_back * np.float32(255)).astype(np.uint8)[frames])
