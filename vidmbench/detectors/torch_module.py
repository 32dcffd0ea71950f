"""Any torch module as a detector: the plug for networks from inside and outside the package."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from vidmbench.core.errors import ProtocolError
from vidmbench.core.torch_settings import without_tf32
from vidmbench.core.vocabulary import Precision
from vidmbench.detectors.device_stream import Clip, DeviceStream, does_not_fit
from vidmbench.detectors.plugins import imported, user_code
from vidmbench.detectors.types import Feature
from vidmbench.detectors.weights_local import load_other
from vidmbench.protocols.detector import DetectorSpec

# Frames that go through a network at once on a GPU: of one that reads clips, 16 clips of 16. A CPU takes one clip, so
# that a feature does not depend on its neighbours.
_FRAMES_OF_CLIPS, _FRAMES = 256, 128


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
        self._stream = None if self._device.type == "cpu" else self._stream_to(self._device)
        try:
            self._module = built(spec).to(self._device)
        except torch.OutOfMemoryError as error:
            raise does_not_fit(spec.name, error) from error

    def features(self, clips: Iterable[Clip]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`; of a network that reads frames, those of a clip in a row."""
        if self._stream is not None:
            yield from self._stream.features(clips)
            return
        for clip in clips:
            assert isinstance(clip, np.ndarray)
            with torch.inference_mode():
                feature: np.ndarray = self._compute(torch.from_numpy(clip[None]))[0].numpy()
            yield feature

    def _stream_to(self, device: torch.device) -> DeviceStream:
        is_by_frame = self._spec.reads == "frames"
        frames = _FRAMES if is_by_frame else _FRAMES_OF_CLIPS
        size = self._spec.input_size
        return DeviceStream(
            self._spec.name, self._compute, input_size=size, device=device, frames=frames, is_by_frame=is_by_frame
        )

    def _compute(self, x: torch.Tensor) -> torch.Tensor:
        """Features, float32 (clip, feature), of clips (clip, time, height, width, 3), both on the device."""
        if self._spec.reads == "frames":
            frames = x.flatten(0, 1).permute(0, 3, 1, 2)
            parts = torch.split(frames, len(frames) if self._stream is None else self._stream.frames)
        else:
            parts = (x.permute(0, 4, 1, 2, 3),)
        return torch.cat([self._of_part(part.contiguous()) for part in parts]).reshape(len(x), -1)

    def _of_part(self, x: torch.Tensor) -> torch.Tensor:
        with (
            without_tf32(),
            user_code(self._spec, "computing features", but=torch.OutOfMemoryError),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._is_bf16),
        ):
            given: Any = self._module(x)
        if not isinstance(given, torch.Tensor):
            raise ProtocolError(
                f"the network of {self._spec.name} gives no tensor",
                expected="a torch.Tensor",
                found=type(given).__name__,
                where=self._spec.network,
            )
        check_width(tuple(given.shape), len(x), self._spec)
        return given.float()
