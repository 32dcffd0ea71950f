"""How a named data set's frames are brought to a square resolution first: rules named after the code they match.

Each keeps its code's own rounding, also where that darkens an image. What a network is fed afterwards is another
matter: see :mod:`vidmbench.detectors.resize`.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from vidmbench.core.arrays import Frames, Image, Resized
from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.torch_settings import one_torch_thread
from vidmbench.protocols.stages import PreResizeRule
from vidmbench.videos.source import Source, WrappedSource

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage
    from PIL.Image import Resampling
    from torch import Tensor

#: Raised on any change here that can move a pixel.
PRE_RESIZE_VERSION = 1


PRE_RESIZE_RULES: tuple[str, ...] = get_args(PreResizeRule)

#: What ``save(..., q=95)`` really writes: Pillow does not know ``q`` and takes its own quality.
_STYLEGAN_V_QUALITY = 75
_STYLEGAN_V_COMPRESSION = "jpeg quality 75 4:2:0"


def pre_resized(frames: Frames, rule: str, pixels: int | None = None) -> Resized:
    """Brings frames to a square resolution as one of the published codes does.

    ========================================  =========================================================================
    none                                      as they are
    centre-bilinear                           DIGAN, PVDM: middle square, bilinear without antialias, truncated
    centre-bilinear-rounded                   the same, rounded: nearest to VIDM's training, which keeps floats
    centre-lanczos                            MoCoGAN-HD, TATS's frame folders: middle square, Pillow's Lanczos
    short-side-bilinear-centre                VideoGPT, TATS: short side bilinear, long side rounded up, middle
    short-side-bilinear-antialias-centre      cd-fvd's loader: the same with antialias, long side rounded down
    short-side-lanczos-centre                 StyleGAN-V's convert_videos_to_frames.py before it writes
    short-side-lanczos-centre-jpeg75          ... and after its JPEG files
    squash-bicubic-pil                        VIDM's evaluate_FVD.py: Pillow's bicubic, aspect ignored
    squash-lanczos, squash-lanczos-jpeg75     StyleGAN-V's crop_video_dataset.py --resize, before and after JPEG
    ========================================  =========================================================================

    Frames that have the resolution already stay as they are, but for JPEG, and for "short-side-bilinear-centre": that
    code goes to -0.5..0.5 and back in float32 and then truncates, which takes one off 63 of the 256 intensity levels.

    Args:
        frames: uint8 (frame, height, width, 3), 0..255.
        rule: One of :data:`PRE_RESIZE_RULES`.
        pixels: Height and width of the result. "none" needs none, and then refuses frames of another size.

    Returns:
        uint8 (frame, pixels, pixels, 3), 0..255.

    Raises:
        UsageError: There is no such rule, or it needs ``pixels``.
        DataError: "none" was to give another size than the frames have.
    """
    height, width = pre_resized_size((frames.shape[1], frames.shape[2]), rule, pixels)
    if rule == "none":
        return frames
    if not len(frames):
        return np.zeros((0, height, width, 3), np.uint8)
    resized = np.empty((len(frames), height, width, 3), np.uint8)
    with one_torch_thread() if rule in _ON_TORCH else nullcontext():
        for number in range(len(frames)):  # one by one: as floats, large frames take four times their bytes
            resized[number : number + 1] = _RULES[rule](frames[number : number + 1], height)
    return resized


def pre_resized_size(size: tuple[int, int], rule: str, pixels: int | None) -> tuple[int, int]:
    """Height and width after a rule, for frames of a height and width; the checks of :func:`pre_resized`.

    Raises:
        UsageError: There is no such rule, or it needs ``pixels``.
        DataError: "none" was to give another size than the frames have.
    """
    if rule not in PRE_RESIZE_RULES:
        raise unknown("rule for framing", rule, PRE_RESIZE_RULES, error=UsageError)
    if pixels is not None and pixels < 1:
        raise UsageError("a resolution is a positive number of pixels", expected="1 or more", found=str(pixels))
    if rule != "none":
        if pixels is None:
            raise UsageError(f"the rule {rule} needs a resolution", expected="a number of pixels, such as 128")
        return pixels, pixels
    if pixels is not None and size != (pixels, pixels):
        raise DataError(
            'the rule "none" leaves frames as they are, and these are not of the resolution asked for',
            expected=f"frames of {pixels}x{pixels}",
            found=f"{size[0]}x{size[1]}",
            fix="ask for no resolution, or take a protocol whose pre_resize says how to get there",
        )
    return size


class PreResizedSource(WrappedSource):
    """Another source, its frames brought to a square resolution.

    Under "none" nothing changes, the digest included.

    Args:
        base: The source underneath.
        rule: One of :data:`PRE_RESIZE_RULES`.
        pixels: The resolution; None only under "none".

    Raises:
        UsageError: There is no such rule, or it needs ``pixels``.
        DataError: "none" was to give another size than the frames have.
    """

    def __init__(self, base: Source, rule: str, pixels: int | None = None) -> None:
        super().__init__(base)
        self.rule = rule
        self.size = pre_resized_size(base.size, rule, pixels)
        self.pixels = pixels
        self.compression = _compression(base, rule)
        if rule != "none":
            self.notes = (*base.notes, f"frames were brought to {pixels}x{pixels} by {rule}")

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """The frames asked for, pre_resized; see :class:`vidmbench.videos.source.Source`."""
        return pre_resized(self.base.read(index, frames), self.rule, self.pixels)

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`."""
        for frame in self.base.stream(index, frames):
            yield pre_resized(frame[None], self.rule, self.pixels)[0]

    def digest(self) -> str:
        """The base's digest with the rule, the resolution and the version of this code; under "none" the base's."""
        if self.rule == "none":
            return self.base.digest()
        return sha256_of_parts("framed", str(PRE_RESIZE_VERSION), self.rule, str(self.pixels), self.base.digest())


def _compression(base: Source, rule: str) -> str:
    before = base.compression
    if not rule.endswith("-jpeg75"):
        return before
    return f"{before}; {_STYLEGAN_V_COMPRESSION}" if before else _STYLEGAN_V_COMPRESSION


def _middle_square(frames: Frames) -> Resized:
    height, width = frames.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frames[:, top : top + side, left : left + side]


def _centre_bilinear(frames: Frames, pixels: int, *, is_rounded: bool) -> Resized:
    """DIGAN's resize_crop on float 0..255, as it does with UCF-101, and its truncation before the I3D network."""
    import torch.nn.functional as F  # reading, listing and checking must not load torch

    x = F.interpolate(_tensor(_middle_square(frames)).float(), size=pixels, mode="bilinear", align_corners=False)
    x = x.round().clamp(0, 255) if is_rounded else x
    array: Resized = x.byte().permute(0, 2, 3, 1).contiguous().numpy()
    return array


def _short_side_bilinear(frames: Frames, pixels: int) -> Resized:
    """VideoGPT's preprocess, to which TATS's is equal, and the way back to uint8 in both compute_fvd scripts."""
    import torch.nn.functional as F

    height, width = frames.shape[1:3]
    # In floating point as there: for some sizes (75 x 525 to 64) the long side comes out one pixel longer than exact.
    scale = pixels / min(height, width)
    size = (pixels, math.ceil(width * scale)) if height < width else (math.ceil(height * scale), pixels)
    x = F.interpolate(_tensor(frames).float().div_(255.0), size=size, mode="bilinear", align_corners=False)
    top, left = (x.shape[2] - pixels) // 2, (x.shape[3] - pixels) // 2
    x = x[:, :, top : top + pixels, left : left + pixels] - 0.5
    array: Resized = ((x + 0.5) * 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    return array


def _short_side_antialias(frames: Frames, pixels: int) -> Resized:
    """cd-fvd's loader (cdfvd/utils/data_utils.py): Resize and CenterCrop of torchvision on 0..1, and .byte() after."""
    import torch.nn.functional as F

    height, width = frames.shape[1:3]
    long = int(pixels * max(height, width) / min(height, width))
    size = (pixels, long) if height <= width else (long, pixels)
    x = F.interpolate(_tensor(frames).float().div_(255.0), size, mode="bilinear", align_corners=False, antialias=True)
    top, left = (round((length - pixels) / 2.0) for length in size)
    x = x[:, :, top : top + pixels, left : left + pixels]
    array: Resized = (x * 255).clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()
    return array


def _tensor(frames: Frames) -> "Tensor":
    """A view in channels-last order."""
    import torch

    # PyTorch knows no negative strides and warns of read-only memory.
    return torch.from_numpy(np.require(frames, requirements=("C", "W"))).permute(0, 3, 1, 2)


def _pictures(change: "Callable[[PilImage, int], PilImage]") -> Callable[[Frames, int], Resized]:
    """A rule from what is done to one Pillow image."""

    def rule(frames: Frames, pixels: int) -> Resized:
        from PIL import Image

        return np.stack([np.asarray(change(Image.fromarray(np.ascontiguousarray(x)), pixels)) for x in frames])

    return rule


def _lanczos(picture: "PilImage", pixels: int) -> "PilImage":
    return picture.resize((pixels, pixels), _filter("LANCZOS"))


def _bicubic(picture: "PilImage", pixels: int) -> "PilImage":
    return picture.resize((pixels, pixels), _filter("BICUBIC"))


def _short_side_lanczos(picture: "PilImage", pixels: int) -> "PilImage":
    """What torchvision's resize and center_crop do to a Pillow image."""
    width, height = picture.size
    # torchvision drops the fraction of the long side, and rounds half-pixel corners to even, as Python does.
    long = int(pixels * max(width, height) / min(width, height))
    size = (pixels, long) if width <= height else (long, pixels)
    picture = picture.resize(size, _filter("LANCZOS"))
    left, top = (round((length - pixels) / 2.0) for length in size)
    return picture.crop((left, top, left + pixels, top + pixels))


def _through_jpeg(change: "Callable[[PilImage, int], PilImage]") -> "Callable[[PilImage, int], PilImage]":
    def through(picture: "PilImage", pixels: int) -> "PilImage":
        from PIL import Image

        stored = io.BytesIO()
        change(picture, pixels).save(stored, format="JPEG", quality=_STYLEGAN_V_QUALITY)
        return Image.open(stored)

    return through


def _filter(name: Literal["LANCZOS", "BICUBIC"]) -> "Resampling":
    from PIL import Image

    return Image.Resampling[name]


_RULES: dict[str, Callable[[Frames, int], Resized]] = {
    "centre-bilinear": lambda frames, pixels: _centre_bilinear(frames, pixels, is_rounded=False),
    "centre-bilinear-rounded": lambda frames, pixels: _centre_bilinear(frames, pixels, is_rounded=True),
    "centre-lanczos": lambda frames, pixels: _pictures(_lanczos)(_middle_square(frames), pixels),
    "short-side-bilinear-centre": _short_side_bilinear,
    "short-side-bilinear-antialias-centre": _short_side_antialias,
    "short-side-lanczos-centre": _pictures(_short_side_lanczos),
    "short-side-lanczos-centre-jpeg75": _pictures(_through_jpeg(_short_side_lanczos)),
    "squash-bicubic-pil": _pictures(_bicubic),
    "squash-lanczos": _pictures(_lanczos),
    "squash-lanczos-jpeg75": _pictures(_through_jpeg(_lanczos)),
}

_ON_TORCH = {
    "centre-bilinear",
    "centre-bilinear-rounded",
    "short-side-bilinear-centre",
    "short-side-bilinear-antialias-centre",
}

if TYPE_CHECKING:
    _framed: type[Source] = PreResizedSource
