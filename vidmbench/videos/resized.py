"""Videos brought to the size of others: what IRASim does to predictions of another size than their targets."""

from collections.abc import Iterator, Sequence

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.torch_settings import one_torch_thread
from vidmbench.videos.source import Source, WrappedSource


class ResizedSource(WrappedSource):
    """Another source at another size: bilinear with antialias, in float32, rounded.

    Source: torchvision's ``resize(..., antialias=True)`` of uint8, in bytedance/IRASim@c72b6da,
    evaluate/compute_psnr_ssim.py.

    Args:
        base: The source underneath.
        size: Height and width, pixels.
    """

    def __init__(self, base: Source, size: tuple[int, int]) -> None:
        super().__init__(base)
        self.size = size

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """See :class:`vidmbench.videos.source.Source`."""
        pictures = list(self.stream(index, frames))
        return np.stack(pictures) if pictures else np.zeros((0, *self.size, 3), np.uint8)

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`."""
        for frame in self.base.stream(index, frames):
            yield self._resized(frame)

    def digest(self) -> str:
        """The base's digest with the size."""
        return sha256_of_parts(self.base.digest(), "bilinear, antialias, rounded", repr(self.size))

    def _resized(self, frame: Image) -> np.ndarray:
        import torch
        from torch.nn import functional

        with one_torch_thread(), torch.inference_mode():
            pixels = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None].float()
            pixels = functional.interpolate(pixels, self.size, mode="bilinear", align_corners=False, antialias=True)
            found: np.ndarray = pixels.round_().clamp_(0, 255).to(torch.uint8)[0].permute(1, 2, 0).contiguous().numpy()
        return found
