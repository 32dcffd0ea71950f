"""From uint8 frames to what a network is fed: crop and resize rules, each named after the code it matches."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from vidmbench.core.arrays import Frames
from vidmbench.detectors.types import Prepared
from vidmbench.protocols.array_values import FirstResize, Resize
from vidmbench.protocols.stages import ArrayStage

#: Mean and deviation of red, green and blue: of torchvision's ImageNet networks and most of transformers, and of CLIP.
COLOURS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}

Resized = UInt8[np.ndarray, "_time new_height new_width 3"]


def prepared(frames: Frames, stage: ArrayStage, *, size: int | tuple[int, int]) -> Prepared:
    """Resizes, crops and scales one clip as its protocol says.

    Args:
        frames: uint8 (time, height, width, 3), 0..255.
        stage: The protocol's array stage.
        size: Height and width the network is fed, pixels: one number for a square, which a protocol that crops needs.

    Returns:
        float32 (time, height, width, 3) in the protocol's range.
    """
    frames = in_uint8(frames, stage, size=size)
    new = resized_to(frames.shape[1:3], stage, size=size)
    with torch.inference_mode():
        # Interpolation is linear, so the range may come first: the frames are small then.
        x = resized(_floats(frames, stage, new[0]), new, stage.resize)
        if stage.crop == "short-side-centre":
            x = centre(centre(x, _side(size), dim=2), _side(size), dim=3)
        array: np.ndarray = x.permute(0, 2, 3, 1).contiguous().numpy()
    return array


def in_uint8(frames: Frames, stage: ArrayStage, *, size: int | tuple[int, int]) -> Resized:
    """What a protocol does to frames while they are uint8: all that rounds, and cutting out the middle square.

    Args:
        frames: uint8 (time, height, width, 3), 0..255.
        stage: The protocol's array stage.
        size: See :func:`prepared`.

    Returns:
        uint8 (time, new height, new width, 3); the frames themselves where there is nothing to do.
    """
    if stage.first_resize is not None:
        frames = first_resized(frames, stage.first_resize)
    if stage.crop == "centre-square":
        frames = _square(frames)
    if stage.resize == "bicubic-pil-uint8":
        frames = _bicubic_uint8(frames, resized_to(frames.shape[1:3], stage, size=size))
    return frames


def resized_to(old: tuple[int, ...], stage: ArrayStage, *, size: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width that frames are resized to: what the network is fed, or more where the middle is cut out of it.

    Args:
        old: Height and width of the frames.
        stage: The protocol's array stage.
        size: See :func:`prepared`.
    """
    if stage.crop == "short-side-centre":
        return _short_side(old[0], old[1], _side(size))
    return (size, size) if isinstance(size, int) else size


def size_in_uint8(old: tuple[int, int], stage: ArrayStage, *, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of what :func:`in_uint8` gives of frames of a height and a width."""
    if stage.first_resize is not None:
        old = stage.first_resize.shape
    if stage.crop == "centre-square":
        old = min(old), min(old)
    return resized_to(old, stage, size=size) if stage.resize == "bicubic-pil-uint8" else old


def _side(size: int | tuple[int, int]) -> int:
    """The side of the square that a protocol cuts out of the middle."""
    return size if isinstance(size, int) else size[0]


def _floats(frames: Frames, stage: ArrayStage, new_height: int) -> Tensor:
    """Frames in the network's interval, float32 (time, 3, height, width); rows that resizing never reads stay unset."""
    rows = _rows_read(stage.resize, frames.shape[1], new_height)
    if 2 * len(rows) > frames.shape[1]:
        # A view in channels-last order: the memory stays (time, height, width, 3) from end to end.
        given = torch.from_numpy(np.require(frames, requirements="W"))  # PyTorch warns of read-only memory
        return _scaled(given.permute(0, 3, 1, 2).float(), stage.range, colours=(3, 1, 1))
    x = np.empty(frames.shape, np.float32)
    x[:, rows] = _scaled(torch.from_numpy(frames[:, rows]).float(), stage.range, colours=(3,)).numpy()
    return torch.from_numpy(x).permute(0, 3, 1, 2)


@lru_cache(maxsize=64)
def _rows_read(kernel: Resize, old: int, new: int) -> np.ndarray:
    """Rows that resizing to another height reads, int64, increasing: of large frames few, unless it blurs."""
    if kernel not in ("bilinear-half-pixel", "bilinear-tf1"):
        return np.arange(old)
    shift = 0.5 if kernel == "bilinear-half-pixel" else 0.0
    position = (np.arange(new) + shift) * (old / new) - shift
    # Two neighbours each; where rounding decides which, those of both.
    low = np.floor([position - 1e-2, position + 1e-2]).astype(np.int64)
    return np.unique(np.clip([low, low + 1], 0, old - 1))


def _scaled(x: Tensor, interval: str, *, colours: tuple[int, ...]) -> Tensor:
    """0..255 to a network's interval, in place; a number for each colour is brought to the shape of ``colours``."""
    if interval in COLOURS:
        mean, deviation = (torch.tensor(values).reshape(colours) for values in COLOURS[interval])
        return x.div_(255).sub_(mean).div_(deviation)
    if interval == "-1..1":
        return x.mul_(2 / 255).sub_(1)
    if interval == "inception":
        return x.sub_(128).div_(128)
    return x.div_(255) if interval == "0..1" else x


def first_resized(frames: Frames, first: FirstResize) -> Resized:
    """What a protocol's first resizing leaves of uint8 frames, rounded to uint8 again.

    Args:
        frames: uint8 (time, height, width, 3).
        first: Size, kernel, and how many rows are kept.

    Returns:
        uint8 (time, new height, new width, 3).
    """
    size = (first.size, first.size) if isinstance(first.size, int) else first.size
    return resized_uint8(frames, size, first.resize)[:, size[0] - first.shape[0] :]


def resized_uint8(frames: Frames, size: tuple[int, int], kernel: Resize) -> Resized:
    """Squashes uint8 frames and rounds to uint8 again, as Pillow does on images.

    Args:
        frames: uint8 (time, height, width, 3).
        size: New height and width.
        kernel: See :func:`resized`.

    Returns:
        uint8 (time, new height, new width, 3).
    """
    if kernel in ("bicubic-pil", "bicubic-pil-uint8"):
        return _bicubic_uint8(frames, size)
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    rounded = resized(x, size, kernel).round_().clamp_(0, 255).to(torch.uint8)
    return rounded.permute(0, 2, 3, 1).contiguous().numpy()


def resized(x: Tensor, size: tuple[int, int], kernel: Resize) -> Tensor:
    """Resizes float frames.

    Args:
        x: float32 (time, channel, height, width).
        size: New height and width.
        kernel: ``bilinear-half-pixel``: PyTorch's interpolate with align_corners=False, which StyleGAN-V's
            detector uses. ``bilinear-tf1``: TensorFlow 1's resize_bilinear, which takes output pixel i from
            i * old / new without the half-pixel shift (the original FVD). Neither blurs what it shrinks.
            ``bilinear-antialias``: half-pixel, blurred where it shrinks. ``bicubic-pil``: Pillow's bicubic on floats,
            channel by channel (clean-fid), blurred where it shrinks. ``bicubic-pil-uint8``: on uint8 images, before
            anything else (torchvision's transforms of images), so nothing is left to do here.

    Returns:
        float32 (time, channel, new height, new width).
    """
    if tuple(x.shape[2:]) == size:
        return x
    if kernel == "bilinear-half-pixel":
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    if kernel == "bilinear-antialias":
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=True)
    if kernel in ("bicubic-pil", "bicubic-pil-uint8"):
        return _bicubic_pil(x, size)
    return _interpolated_tf1(_interpolated_tf1(x, size[0], dim=2), size[1], dim=3)


def _bicubic_uint8(frames: Frames, size: tuple[int, int]) -> UInt8[np.ndarray, "_time _height _width 3"]:
    from PIL import Image

    pictures = [Image.fromarray(frame).resize(size[::-1], Image.Resampling.BICUBIC) for frame in frames]
    return np.stack([np.asarray(picture) for picture in pictures])


def _square(frames: Frames) -> UInt8[np.ndarray, "_time _height _width 3"]:
    """The middle square; of an odd remainder the smaller half is above and left."""
    height, width = frames.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frames[:, top : top + side, left : left + side]


def _bicubic_pil(x: Tensor, size: tuple[int, int]) -> Tensor:
    from PIL import Image

    planes = x.contiguous().numpy().reshape(-1, *x.shape[2:])
    taken = [
        np.asarray(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BICUBIC), dtype=np.float32)
        for plane in planes
    ]
    return torch.from_numpy(np.stack(taken)).reshape(*x.shape[:2], *size)


def _interpolated_tf1(x: Tensor, size: int, *, dim: int) -> Tensor:
    """One axis: the two nearest input pixels, blended; past the last pixel it repeats."""
    length = x.shape[dim]
    # TensorFlow computes the positions in float32; so do we, to pick the same neighbours.
    position = torch.arange(size, dtype=torch.float32) * (torch.tensor(length, dtype=torch.float32) / size)
    low = position.floor().long()
    high = (low + 1).clamp(max=length - 1)
    shape = [1, 1, 1, 1]
    shape[dim] = size
    weight = (position - low).reshape(shape)
    return torch.lerp(x.index_select(dim, low), x.index_select(dim, high), weight)


def _short_side(height: int, width: int, size: int) -> tuple[int, int]:
    """The size whose shorter side is ``size``; the longer is rounded up, as VideoGPT's preprocess does."""
    if height < width:
        return size, -(-width * size // height)
    return -(-height * size // width), size


def centre(x: Tensor, size: int, *, dim: int) -> Tensor:
    """The middle of one axis; of an odd remainder the smaller half is before it."""
    return x.narrow(dim, (x.shape[dim] - size) // 2, size)
