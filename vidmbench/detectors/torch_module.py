"""Any torch module as a detector: the plug for networks from inside and outside the package."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from vidmbench.core.errors import ProtocolError, UsageError
from vidmbench.core.torch_settings import without_tf32
from vidmbench.detectors.plugins import imported, user_code
from vidmbench.detectors.types import Feature, Prepared
from vidmbench.detectors.weights_local import load_other
from vidmbench.protocols.detector import DetectorSpec


@contextmanager
def _memory(spec: DetectorSpec) -> Iterator[None]:
    """Says that the GPU's memory is too small, where it is.

    Raises:
        UsageError: It is.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UsageError(
            f"{spec.name} does not fit into the memory of this GPU",
            found=str(error).partition(". ")[0],
            where="--device cuda",
            fix="end other programs on this GPU, or take --device cpu",
        ) from error


class ModuleEngine:
    """A detector's module on a PyTorch device, one clip at a time, in float32.

    Args:
        spec: The detector; its ``network`` builds the module.
        device: ``cpu`` or ``cuda``.
        name: What the record says.

    Raises:
        WeightsError: The weights are not available.
        ProtocolError: The network's function cannot be imported, or gives no module.
    """

    def __init__(self, spec: DetectorSpec, *, device: str, name: str) -> None:
        assert spec.network is not None
        self.name = name
        self._spec = spec
        self._device = torch.device(device)
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
        with _memory(spec):
            self._module = module.eval().to(self._device)

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`; of a network that reads frames, those of a clip in a row."""
        for clip in clips:
            with torch.inference_mode(), without_tf32():
                x = torch.from_numpy(np.ascontiguousarray(clip)).to(self._device)
                x = x.permute(0, 3, 1, 2) if self._spec.reads == "frames" else x.permute(3, 0, 1, 2)[None]
                with user_code(self._spec, "computing features"), _memory(self._spec):
                    given = self._module(x.contiguous())
                if not isinstance(given, torch.Tensor):
                    raise ProtocolError(
                        f"the network of {self._spec.name} gives no tensor",
                        expected="a torch.Tensor",
                        found=type(given).__name__,
                        where=self._spec.network,
                    )
                features: np.ndarray = given.float().cpu().numpy()
            rows = len(clip) if self._spec.reads == "frames" else 1
            if features.shape != (rows, self._spec.num_features):
                raise ProtocolError(
                    f"the network of {self._spec.name} gives features of another shape than it declares",
                    expected=str((rows, self._spec.num_features)),
                    found=str(features.shape),
                    where=self._spec.network,
                    fix="fix num_features and reads in the detector's file, or the network",
                )
            yield features.reshape(-1)
