"""VMAF v0.6.1 of pairs of frames, by the package vmaf-torch.

VMAF (Netflix) is a support vector machine on six numbers of a frame: the detail that is left (ADM), visual information
at four scales (VIF), and the target's change to its neighbours. vmaf-torch has libvmaf's filters in float32, where
libvmaf has integers. docs/paired.md says how far both are apart.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.torch_settings import use_one_torch_thread, without_tf32
from vidmbench.core.workers import cores
from vidmbench.detectors.types import Feature, Prepared
from vidmbench.detectors.vmaf_import import import_vmaf
from vidmbench.protocols.pair_stages import VmafStage

# Frames together; the maps of VIF take 100 bytes and more a pixel.
_PIXELS_AT_ONCE = 1 << 19


class _Border:
    """A tenth of a length, and at least the half that vmaf-torch takes off before it rounds down.

    ADM omits a border. libvmaf's is 0 where a map has fewer than 5 pixels along a side, as the last map of frames below
    80 pixels has; vmaf-torch 1.1.0 rounds to -1 and so divides by another area.
    """

    def __rmul__(self, length: Tensor) -> Tensor:
        return (length * 0.1).clamp(min=0.5)


class VmafEngine:
    """VMAF of each frame, not clipped.

    Args:
        stage: What is compared.
        name: What the record says.
        device: ``cpu`` or ``cuda``.
    """

    def __init__(self, stage: VmafStage, *, name: str, device: str) -> None:
        self.name = name
        self._motion, self._device = stage.motion, torch.device(device)
        self._model = import_vmaf().VMAF(clip_score=False).to(self._device).eval()
        self._model.adm.border_factor = _Border()
        # One thread of PyTorch in each of ours, as for LPIPS.
        workers = cores() if self._device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(workers, "vidmbench-score", use_one_torch_thread)

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """VMAF of each frame of each clip, float32 (frame,)."""
        for clip in clips:
            yield self._scores(clip)

    def _scores(self, clip: Prepared) -> np.ndarray:
        """Of uint8 (frame, height, 2 width), the target left: float32 (frame,)."""
        at_once = max(1, _PIXELS_AT_ONCE // (clip.shape[1] * clip.shape[2] // 2))
        starts = range(0, len(clip), at_once)
        found = list(self._pool.map(lambda start: self._numbers(clip, start, start + at_once), starts))
        detail, change, information = (torch.cat(parts) for parts in zip(*found, strict=True))
        with torch.inference_mode():
            scores = self._model.predict(detail, self._motion_of(change), information)[:, 0]
        return np.asarray(scores.cpu().numpy())

    def _motion_of(self, change: Tensor) -> Tensor:
        """The motion of each frame, float32 (frame, 1), of the target's change from the frame before."""
        if self._motion == "none":
            return torch.zeros_like(change)
        motion = torch.minimum(change, torch.cat([change[1:], change[-1:]]))
        motion[0] = 0
        return motion

    def _numbers(self, clip: Prepared, start: int, end: int) -> tuple[Tensor, Tensor, Tensor]:
        """ADM (frame, 1), change (frame, 1) and VIF (frame, 4) of some frames, float32."""
        before = max(start - 1, 0)
        both = torch.from_numpy(np.ascontiguousarray(clip[before:end])).to(self._device)[:, None].float()
        with torch.inference_mode(), without_tf32():
            target, prediction = both.chunk(2, 3)
            change = self._model.compute_motion(target)[start - before :]
            target, prediction = target[start - before :], prediction[start - before :]
            detail = self._model.compute_adm_score(target, prediction)
            return detail, change, self._model.compute_vif_features(target, prediction)
