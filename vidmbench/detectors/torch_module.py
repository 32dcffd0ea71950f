"""Any torch module as a detector: the plug for networks from inside and outside the package."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

import numpy as np
import torch

from vidmbench.core.errors import ProtocolError
from vidmbench.core.torch_settings import without_tf32
from vidmbench.core.vocabulary import Precision
from vidmbench.detectors.batches import Batches, does_not_fit
from vidmbench.detectors.plugins import imported, user_code
from vidmbench.detectors.types import Feature, Prepared
from vidmbench.detectors.weights_local import load_other
from vidmbench.protocols.detector import DetectorSpec

# Clips, or frames, that go through a network at once on a GPU. A CPU takes one clip, so that a feature does not depend
# on its neighbours.
_GPU_CLIPS, _GPU_FRAMES = 16, 128


def built(spec: DetectorSpec) -> torch.nn.Module:
    """A detector's module with its weights, ready to compute features on the CPU.

    Raises:
        WeightsError: The weights are not available.
        ProtocolError: The network's function cannot be imported, or gives no module.
    """
    assert spec.network is not None
    build, weights = imported(spec.network, spec.folder), load_other(spec)
    with user_code(spec, "building its network"):
        module = build(weights, **spec.options)
    if not isinstance(module, torch.nn.Module):
        raise ProtocolError(
            "the network's function gives no torch module",
            expected="a torch.nn.Module",
            found=type(module).__name__,
            where=spec.network,
        )
    return module.eval()


def check_width(shape: tuple[int, ...], count: int, spec: DetectorSpec) -> None:
    """Refuses features of another shape than (count, num_features).

    Raises:
        ProtocolError: The detector's file declares another number.
    """
    if shape != (count, spec.num_features):
        raise ProtocolError(
            f"the network of {spec.name} gives features of another shape than it declares",
            expected=str((count, spec.num_features)),
            found=str(shape),
            where=spec.network if spec.library is None else f"class {spec.class_name}, output {spec.output}",
            fix="fix num_features and reads in the detector's file, or the network",
        )


class ModuleEngine:
    """A detector's module on a PyTorch device.

    Args:
        spec: The detector; its ``network`` builds the module.
        device: ``cpu`` or ``cuda``.
        name: What the record says.
        precision: ``fp32``, or ``bf16``: products of matrices in bf16, weights and norms in float32.

    Raises:
        WeightsError: The weights are not available.
        ProtocolError: The network's function cannot be imported, or gives no module.
        UsageError: The network does not fit into the memory of the GPU.
    """

    def __init__(self, spec: DetectorSpec, *, device: str, name: str, precision: Precision = "fp32") -> None:
        self.name = name
        self._spec = spec
        self._device = torch.device(device)
        self._is_bf16 = precision == "bf16"
        self._is_by_clip = self._device.type == "cpu"
        self._clips_at_once = 1 if self._is_by_clip else _GPU_CLIPS
        at_once = _GPU_FRAMES if spec.reads == "frames" else self._clips_at_once
        self._batches = Batches(spec.name, spec.reads, at_once, are_filled=not self._is_by_clip)
        try:
            self._module = built(spec).to(self._device)
        except torch.OutOfMemoryError as error:
            raise does_not_fit(spec.name, error) from error

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`; of a network that reads frames, those of a clip in a row."""
        for _, equal in groupby(clips, key=lambda clip: clip.shape):  # a batch holds clips of one size
            while batch := list(islice(equal, self._clips_at_once)):
                yield from self._of_clips(batch)

    def _of_clips(self, clips: Sequence[Prepared]) -> Iterator[Feature]:
        if self._spec.reads == "frames":
            x = torch.from_numpy(np.concatenate(clips)).permute(0, 3, 1, 2)
            if self._is_by_clip:
                self._batches.at_once = len(x)
        else:
            x = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3)
        return iter(self._batches.features(x, self._batch).reshape(len(clips), -1))

    def _batch(self, x: torch.Tensor) -> np.ndarray:
        with (
            torch.inference_mode(),
            without_tf32(),
            user_code(self._spec, "computing features", but=torch.OutOfMemoryError),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_bf16),
        ):
            given: Any = self._module(x.to(self._device).contiguous())
        if not isinstance(given, torch.Tensor):
            raise ProtocolError(
                f"the network of {self._spec.name} gives no tensor",
                expected="a torch.Tensor",
                found=type(given).__name__,
                where=self._spec.network,
            )
        features: np.ndarray = given.float().cpu().numpy()
        check_width(features.shape, len(x), self._spec)
        return features
