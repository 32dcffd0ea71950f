"""I3D on OpenVINO: the fastest engine on CPUs. The graph is built operation by operation, without conversion."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from vidmbench.core.vocabulary import Precision
from vidmbench.core.workers import cores
from vidmbench.detectors.i3d import PUBLISHED_HEAD, Convolution, Head, Triple, body, fp32_layer, stem
from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino
from vidmbench.detectors.types import Feature, Prepared


class OpenVinoOps:
    """The operations of the graph as OpenVINO nodes."""

    def __init__(self, opset: ModuleType) -> None:
        self._op = opset

    def conv(self, x: Any, layer: Convolution, *, stride: int = 1, relu: bool = True) -> Any:
        """Convolution, bias and, unless told otherwise, ReLU."""
        op, none = self._op, [0, 0, 0]
        y = op.convolution(x, op.constant(layer.weight), [stride] * 3, none, none, [1, 1, 1], auto_pad="same_upper")
        y = op.add(y, op.constant(layer.bias.reshape(1, -1, 1, 1, 1)))
        return op.relu(y) if relu else y

    def max_pool(self, x: Any, kernel: Triple, stride: Triple) -> Any:
        """Maximum over windows."""
        none = [0, 0, 0]
        pooled = self._op.max_pool(x, list(stride), [1, 1, 1], none, none, list(kernel), auto_pad="same_upper")
        return pooled.output(0)

    def mean_pool(self, x: Any, kernel: Triple) -> Any:
        """Mean over windows, stride 1, no padding."""
        none = [0, 0, 0]
        return self._op.avg_pool(x, [1, 1, 1], none, none, list(kernel), True, auto_pad="valid")

    def join(self, parts: Sequence[Any]) -> Any:
        """Channels one after the other."""
        return self._op.concat(list(parts), 1)


class _Chain:
    """One clip's way through the compiled parts of the network; each part reads what the one before wrote."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._requests = [part.create_infer_request() for part in parts]
        for before, after in pairwise(self._requests):
            after.set_input_tensor(0, before.get_output_tensor(0))

    def __call__(self, clip: Prepared) -> Feature:
        self._requests[0].infer({0: np.ascontiguousarray(clip[None])}, share_inputs=True)
        for request in self._requests[1:]:
            request.infer()
        return np.array(self._requests[-1].get_output_tensor(0).data[0], dtype=np.float32)


class OpenVinoEngine:
    """The network compiled for the CPU, one clip a core.

    One clip at a time makes a feature independent of its neighbours; several clips side by side use the cores better
    than several threads on one clip.

    Args:
        layers: Folded convolutions.
        precision: ``fp32`` or ``bf16``.
        name: What the record says.
        head: The last layers.
    """

    def __init__(
        self, layers: dict[str, Convolution], *, precision: Precision, name: str, head: Head = PUBLISHED_HEAD
    ) -> None:
        self.name = name
        self._layers, self._head = layers, head
        self._body = partial(body, head=head)
        self._precision = precision
        self._openvino, self._opset = import_openvino()
        self._num_chains = cores()
        self._chains: dict[tuple[int, ...], list[_Chain]] = {}

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`."""
        running: deque[tuple[Future[Feature], _Chain]] = deque()
        with ThreadPoolExecutor(self._num_chains, thread_name_prefix="vidmbench-score") as pool:
            for clip in clips:
                if len(running) == self._num_chains:
                    future, _ = running.popleft()
                    yield future.result()
                busy = [chain for _, chain in running]
                chain = next(chain for chain in self._compiled(clip.shape) if chain not in busy)
                running.append((pool.submit(chain, clip), chain))
            while running:
                yield running.popleft()[0].result()

    def _compiled(self, shape: tuple[int, ...]) -> list[_Chain]:
        """Chains for clips of one shape, one a core; compiled when the first such clip comes."""
        if shape not in self._chains:
            if self._precision == "fp32":
                parts = [self._part([1, *shape], (stem, fp32_layer, self._body), "f32")]
            else:
                parts = [self._part([1, *shape], (stem,), "bf16")]
                parts.append(self._part(_output_shape(parts[-1]), (fp32_layer,), "f32"))
                parts.append(self._part(_output_shape(parts[-1]), (self._body,), "bf16"))
            self._chains[shape] = [_Chain(parts) for _ in range(self._num_chains)]
        return self._chains[shape]

    def _part(self, shape: list[int], functions: Sequence[Callable[..., Any]], precision: str) -> Any:
        """Compiles neighbouring parts of the network as one model."""
        op = self._opset
        node = given = op.parameter(shape, np.float32)
        if stem in functions:
            node = op.transpose(node, op.constant([0, 4, 1, 2, 3]))
        for function in functions:
            node = function(node, OpenVinoOps(op), self._layers)
        if self._body in functions:
            node = op.reduce_mean(node, op.constant([2] if self._head.keeps_columns else [2, 3, 4]), False)
            node = op.reshape(node, op.constant([1, -1]), False)
        model = self._openvino.Model([node], [given], "i3d")
        return compile_for_cpu(model, precision=precision, num_streams=self._num_chains)


def _output_shape(part: Any) -> list[int]:
    return list(part.outputs[0].shape)
