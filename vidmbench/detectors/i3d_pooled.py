"""I3D without its last layer, for studies that look at both: the logits are linear in what this gives."""

import numpy as np
from jaxtyping import Float32

from vidmbench.detectors.i3d import Convolution, Triple, body, fp32_layer, stem
from vidmbench.detectors.i3d_openvino import OpenVinoOps
from vidmbench.detectors.openvino_import import import_openvino, openvino_core
from vidmbench.detectors.types import Prepared


class _UpToThePool(OpenVinoOps):
    """The graph's operations, but the last pool keeps the time steps apart, and the logits are omitted."""

    def mean_pool(self, x: object, kernel: Triple) -> object:
        return super().mean_pool(x, (1, *kernel[1:]))

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

    def __call__(self, clip: Prepared) -> Float32[np.ndarray, "1024 step"]:
        """Features of one clip.

        Args:
            clip: float32 (time, 224, 224, 3), as the network takes it.

        Returns:
            Means over the image at each of the network's time steps.
        """
        if clip.shape not in self._requests:
            self._requests[clip.shape] = self._compiled(clip.shape)
        request = self._requests[clip.shape]
        request.infer({0: np.ascontiguousarray(clip[None])})  # type: ignore[attr-defined]
        data = request.get_output_tensor(0).data  # type: ignore[attr-defined]
        return np.array(data[0, :, :, 0, 0], dtype=np.float32)

    def _compiled(self, shape: tuple[int, ...]) -> object:
        openvino, op = import_openvino()
        node = given = op.parameter([1, *shape], np.float32)
        node = op.transpose(node, op.constant([0, 4, 1, 2, 3]))
        for function in (stem, fp32_layer, body):
            node = function(node, _UpToThePool(op), self._layers)
        settings = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1"}
        model = openvino_core().compile_model(openvino.Model([node], [given], "i3d"), "CPU", settings)
        return model.create_infer_request()
