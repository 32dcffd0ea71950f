"""I3D without its last layer, for studies that look at both: the logits are linear in what this gives."""

import numpy as np
from jaxtyping import Float32

from vidmbench.detectors.i3d import Convolution, Triple, body, fp32_layer, stem
from vidmbench.detectors.i3d_openvino import OpenVinoOps
from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino
from vidmbench.detectors.types import Prepared

# Places along one side of a square image that the last pool spans.
_PLACES = 7


class _UpToThePool(OpenVinoOps):
    """The graph's operations, but the last pool and the logits are omitted."""

    def mean_pool(self, x: object, kernel: Triple) -> object:  # noqa: ARG002
        return x

    def conv(self, x: object, layer: Convolution, *, stride: int = 1, relu: bool = True) -> object:
        return super().conv(x, layer, stride=stride) if relu else x


class PooledI3d:
    """The network on OpenVINO, one core.

    Args:
        layers: Folded convolutions.
    """

    def __init__(self, layers: dict[str, Convolution]) -> None:
        self._layers = layers
        self._requests: dict[tuple[int, ...], object] = {}

    def __call__(self, clip: Prepared) -> Float32[np.ndarray, "1024 step *place"]:
        """Features of one clip.

        Args:
            clip: float32 (time, 224, width, 3), as the network takes it.

        Returns:
            At each of the network's time steps the mean over the image of 7 x 7 places. Of a wider image there is a
            further axis: the means over 7 x 7 places from the left to the right, and last that over all.
        """
        if clip.shape not in self._requests:
            self._requests[clip.shape] = self._compiled(clip.shape)
        request = self._requests[clip.shape]
        request.infer({0: np.ascontiguousarray(clip[None])})  # type: ignore[attr-defined]
        data = request.get_output_tensor(0).data  # type: ignore[attr-defined]
        columns = np.array(data[0], dtype=np.float64).mean(axis=2)  # rows of places: a pool spans all of them
        means: np.ndarray = columns.mean(axis=-1)
        if columns.shape[-1] > _PLACES:
            windows = np.lib.stride_tricks.sliding_window_view(columns, _PLACES, axis=-1).mean(axis=-1)
            means = np.concatenate([windows, means[..., None]], axis=-1)
        return means.astype(np.float32)

    def _compiled(self, shape: tuple[int, ...]) -> object:
        openvino, op = import_openvino()
        node = given = op.parameter([1, *shape], np.float32)
        node = op.transpose(node, op.constant([0, 4, 1, 2, 3]))
        for function in (stem, fp32_layer, body):
            node = function(node, _UpToThePool(op), self._layers)
        model = openvino.Model([node], [given], "i3d")
        return compile_for_cpu(model, precision="f32", num_streams=1).create_infer_request()
