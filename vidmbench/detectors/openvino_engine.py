"""I3D on OpenVINO: the fastest engine on CPUs. The graph is built operation by operation, without conversion."""

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from vidmbench.detectors.base import Feature, Precision, Prepared
from vidmbench.detectors.i3d import Convolution, Triple, build


def _import_openvino() -> tuple[ModuleType, ModuleType]:
    """Imports OpenVINO without its telemetry package: scoring never sends anything anywhere.

    OpenVINO falls back on an empty stand-in of its own where that package cannot be imported.
    """
    name = "openvino_telemetry"
    hidden = name not in sys.modules
    if hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # None is how Python spells "refuse to import"
    try:
        import openvino
        from openvino import opset13
    finally:
        if hidden:
            del sys.modules[name]
    return openvino, opset13


class _OpenVinoOps:
    """The operations of the graph as OpenVINO nodes."""

    def __init__(self, opset: ModuleType) -> None:
        self._op = opset

    def conv(self, x: Any, layer: Convolution, *, stride: int = 1, relu: bool = True) -> Any:
        op, none = self._op, [0, 0, 0]
        y = op.convolution(x, op.constant(layer.weight), [stride] * 3, none, none, [1, 1, 1], auto_pad="same_upper")
        y = op.add(y, op.constant(layer.bias.reshape(1, -1, 1, 1, 1)))
        return op.relu(y) if relu else y

    def max_pool(self, x: Any, kernel: Triple, stride: Triple) -> Any:
        none = [0, 0, 0]
        pooled = self._op.max_pool(x, list(stride), [1, 1, 1], none, none, list(kernel), auto_pad="same_upper")
        return pooled.output(0)

    def mean_pool(self, x: Any, kernel: Triple) -> Any:
        none = [0, 0, 0]
        return self._op.avg_pool(x, [1, 1, 1], none, none, list(kernel), True, auto_pad="valid")

    def join(self, parts: Sequence[Any]) -> Any:
        return self._op.concat(list(parts), 1)


class OpenVinoEngine:
    """The network compiled for the CPU, one clip a request, one request a core.

    One-clip requests make a feature independent of its neighbours; several at once use the cores better than
    several threads on one clip.

    Args:
        layers: Folded convolutions.
        precision: ``fp32`` or ``bf16``.
        name: What the record says.
    """

    def __init__(self, layers: dict[str, Convolution], *, precision: Precision, name: str) -> None:
        self.name = name
        self._layers = layers
        self._precision = precision
        self._openvino, self._opset = _import_openvino()
        self._core = self._openvino.Core()
        self._num_requests = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        self._compiled: dict[tuple[int, ...], Any] = {}

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.base.Engine`."""
        running: deque[tuple[Any, Prepared]] = deque()  # the clip is kept: the request reads its memory
        try:
            for clip in clips:
                if len(running) == self._num_requests:
                    request, _ = running.popleft()
                    yield _result(request)
                else:
                    request = self._compile(clip.shape).create_infer_request()
                batch = np.ascontiguousarray(clip[None])
                request.start_async({0: batch}, share_inputs=True)
                running.append((request, batch))
            while running:
                yield _result(running.popleft()[0])
        finally:
            for request, _ in running:
                request.wait()

    def _compile(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._compiled:
            op = self._opset
            clips = op.parameter([1, *shape], np.float32, name="clips")
            x = op.transpose(clips, op.constant([0, 4, 1, 2, 3]))
            logits = build(x, _OpenVinoOps(op), self._layers)
            feature = op.reduce_mean(logits, op.constant([2, 3, 4]), False)
            model = self._openvino.Model([feature], [clips], "i3d")
            settings = {
                # Left alone, OpenVINO takes bf16 by itself on processors with matrix units for it.
                "INFERENCE_PRECISION_HINT": "f32" if self._precision == "fp32" else "bf16",
                "NUM_STREAMS": str(self._num_requests),
                "INFERENCE_NUM_THREADS": str(self._num_requests),
            }
            self._compiled[shape] = self._core.compile_model(model, "CPU", settings)
        return self._compiled[shape]


def _result(request: Any) -> Feature:
    request.wait()
    return np.array(request.get_output_tensor(0).data[0], dtype=np.float32)
