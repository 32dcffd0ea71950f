"""LPIPS on OpenVINO: the fastest engine on CPUs. The graph is built operation by operation, without conversion."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.workers import cores
from vidmbench.detectors.lpips import EPSILON, SCALE, SHIFT, Layer, averages, in_batches, pairs_at_once
from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino

# Graphs that are kept: of one clip, conventions compare frames whole, cut and resized.
_MOST_GRAPHS = 8


class OpenVinoLpips:
    """The network compiled for the CPU; the pairs of a clip are spread over the cores.

    Args:
        layers: The network.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._openvino, self._op = import_openvino()
        self._cores = cores()
        self._pool = ThreadPoolExecutor(self._cores, thread_name_prefix="vidmbench-score")
        self._compiled: OrderedDict[tuple[int, ...], list[Any]] = OrderedDict()

    def distances(self, pairs: Frames) -> np.ndarray:
        """See :class:`vidmbench.detectors.pair_engine.LpipsNetwork`."""
        at_once = pairs_at_once(pairs, self._cores)
        requests = self._requests((at_once, *pairs.shape[1:]))
        return in_batches(pairs, at_once, [partial(_infer, request) for request in requests], self._pool)

    def _requests(self, shape: tuple[int, ...]) -> list[Any]:
        """Requests for batches of one shape, one a core; compiled when the first such batch comes."""
        if shape not in self._compiled:
            model = compile_for_cpu(self._model(shape), precision="f32", num_streams=self._cores)
            self._compiled[shape] = [model.create_infer_request() for _ in range(self._cores)]
        self._compiled.move_to_end(shape)
        while len(self._compiled) > _MOST_GRAPHS:
            self._compiled.popitem(last=False)
        return self._compiled[shape]

    def _model(self, shape: tuple[int, ...]) -> Any:
        """uint8 (pair, height, 2 width, 3) to float32 (pair, 2)."""
        op = self._op
        given = op.parameter(list(shape), np.uint8)
        sides = op.split(op.convert(given, "f32"), op.constant(np.int64(2)), 2).outputs()
        x = op.transpose(op.concat(sides, 0), op.constant([0, 3, 1, 2]))
        shift, scale = (np.array(constant).reshape(1, 3, 1, 1) for constant in (SHIFT, SCALE))
        # 2 (u / 255) - 1 and the network's own shift and scale, folded into one multiplication and one addition.
        x = op.multiply(x, op.constant((2 / 255 / scale).astype(np.float32)))
        x = op.add(x, op.constant(((-1 - shift) / scale).astype(np.float32)))
        total = None
        for layer in self._layers:
            if layer.pool:
                none = [0, 0]
                x = op.max_pool(x, [2, 2], [1, 1], none, none, [layer.pool] * 2, "floor", "explicit").output(0)
            padding = [layer.padding] * 2
            x = op.convolution(x, op.constant(layer.kernel), [layer.stride] * 2, padding, padding, [1, 1])
            x = op.relu(op.add(x, op.constant(layer.bias.reshape(1, -1, 1, 1))))
            if layer.head is not None:
                means = self._means(x, layer.head, (shape[1], shape[2] // 2))
                total = means if total is None else op.add(total, means)
        return self._openvino.Model([total], [given], "lpips")

    def _means(self, x: Any, head: np.ndarray, size: tuple[int, int]) -> Any:
        """Both means of one layer's distances: (pair, 2)."""
        op, channels = self._op, self._op.constant([1])
        length = op.sqrt(op.reduce_sum(op.multiply(x, x), channels, True))
        unit = op.divide(x, op.add(length, op.constant(np.float32(EPSILON))))
        one, other = op.split(unit, op.constant(np.int64(0)), 2).outputs()
        apart = op.subtract(one, other)
        weighted = op.multiply(op.multiply(apart, apart), op.constant(head.reshape(1, -1, 1, 1)))
        height, width = x.get_output_shape(0)[2:]
        maps = op.reshape(op.reduce_sum(weighted, channels, False), op.constant([-1, height * width]), False)
        return op.matmul(maps, op.constant(averages(size, (height, width))), False, False)


def _infer(request: Any, pairs: Frames) -> np.ndarray:
    request.infer({0: pairs}, share_inputs=True)
    return np.array(request.get_output_tensor(0).data)
