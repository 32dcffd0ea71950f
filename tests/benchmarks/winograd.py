"""Whether Winograd's transform makes I3D faster on this machine's CPU. Answer so far: by less than is worth its code.

    python tests/benchmarks/winograd.py [CLIPS]

F(4 x 4, 3 x 3) over height and width, with float32 in every step: Lavin and Gray (2015, "Fast algorithms for
convolutional neural networks"). Tiles of 6 x 6 pixels are transformed, multiplied with transformed weights in 36 matrix
products (the three taps in time are one sum with the channels), and give 4 x 4 outputs: 36 instead of 144
multiplications. The three largest layers of 3 x 3 x 3, which are half of I3D's operations, go this way: the transforms
in PyTorch, the products in OpenVINO, which runs the rest of the network in between. Blocks 4 and 5 have maps of 14 and
7 pixels, of which tiles waste a third.
"""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from vidmbench.core.torch_settings import use_one_torch_thread
from vidmbench.core.workers import cores
from vidmbench.detectors import i3d
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.i3d_openvino import OpenVinoOps
from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.controls import control

STAGE = load_protocol("fvd-stylegan-v").array
TILE, OUT = 6, 4
# Of the points 0, 1, -1, 2, -2 and infinity.
_INPUT = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
                   [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]], dtype=float)  # fmt: skip
_WEIGHT = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
                    [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]])  # fmt: skip
_OUTPUT = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], dtype=float)
_OPENVINO, _OP = import_openvino()


class Winograd:
    """One layer: float32 (1, channel, time, side, side) to the same with its own channels, bias and ReLU included."""

    def __init__(self, layer: i3d.Convolution, frames: int, side: int) -> None:
        num_out, num_in = layer.weight.shape[:2]
        tiles = -(-side // OUT)
        assert side % OUT == 0
        weight = np.einsum("aj,octjk,bk->abotc", _WEIGHT, layer.weight.astype(np.float64), _WEIGHT)
        weight = weight.reshape(TILE * TILE, num_out, 3 * num_in).astype(np.float32)
        given = _OP.parameter([TILE * TILE, 3 * num_in, frames * tiles * tiles], np.float32)
        product = _OPENVINO.Model([_OP.matmul(_OP.constant(weight), given, False, False)], [given], "products")
        self._product = compile_for_cpu(product, precision="f32", num_streams=cores()).create_infer_request()
        self._to_tiles = torch.from_numpy(np.kron(_INPUT, _INPUT).astype(np.float32))
        self._to_pixels = torch.from_numpy(np.kron(_OUTPUT, _OUTPUT).astype(np.float32))
        self._bias = torch.from_numpy(layer.bias).view(-1, 1, 1, 1)
        self._frames, self._side = frames, side
        length = tiles * OUT + 2
        self._padded = torch.zeros(frames + 2, num_in, length, length)
        self._tiles = torch.empty(TILE, TILE, num_in, frames + 2, tiles, tiles)
        self._transformed = torch.empty(TILE * TILE, num_in, frames + 2, tiles * tiles)
        self._columns = torch.empty(TILE * TILE, 3, num_in, frames, tiles * tiles)
        shared = self._columns.view(TILE * TILE, 3 * num_in, frames * tiles * tiles).numpy()
        self._product.set_input_tensor(0, _OPENVINO.Tensor(shared, shared_memory=True))
        self._sums = torch.empty(OUT * OUT, num_out * frames * tiles * tiles)
        self._result = torch.empty(num_out, frames, tiles, OUT, tiles, OUT)

    def __call__(self, maps: np.ndarray) -> np.ndarray:
        """The layer's output, valid until the next call."""
        frames, side = self._frames, self._side
        self._padded[1 : frames + 1, :, 1 : side + 1, 1 : side + 1] = torch.from_numpy(maps[0]).transpose(0, 1)
        time_step, channel, row, column = self._padded.stride()
        strides = (row, column, channel, time_step, row * OUT, column * OUT)
        self._tiles.copy_(self._padded.as_strided(self._tiles.shape, strides))
        torch.mm(self._to_tiles, self._tiles.view(TILE * TILE, -1), out=self._transformed.view(TILE * TILE, -1))
        for tap in range(3):
            self._columns[:, tap].copy_(self._transformed[:, :, tap : tap + frames])
        self._product.infer()
        products = torch.from_numpy(np.asarray(self._product.get_output_tensor(0).data))
        torch.mm(self._to_pixels, products.view(TILE * TILE, -1), out=self._sums)
        num_out, _, tiles = self._result.shape[:3]
        self._result.copy_(self._sums.view(OUT, OUT, num_out, frames, tiles, tiles).permute(2, 3, 4, 0, 5, 1))
        return self._result.view(num_out, frames, side, side).add_(self._bias).relu_()[None].numpy()


class Parts:
    """The network with the three layers taken out."""

    def __init__(self, layers: dict[str, i3d.Convolution]) -> None:
        ops = OpenVinoOps(_OP)

        def before_the_layer(x: Any, name: str) -> list[Any]:
            first = [ops.conv(x, layers[f"{name}/Branch_{branch}/Conv3d_0a_1x1"]) for branch in (0, 1, 2)]
            others = [ops.conv(first[2], layers[f"{name}/Branch_2/Conv3d_0b_3x3"])]
            others.append(ops.conv(ops.max_pool(x, (3, 3, 3), (1, 1, 1)), layers[f"{name}/Branch_3/Conv3d_0b_1x1"]))
            return [first[0], first[1], ops.join(others)]

        def from_block_4(x: Any) -> list[Any]:
            for name in i3d._BLOCKS[2:]:
                if name in ("Mixed_4b", "Mixed_5b"):
                    x = ops.max_pool(x, *(((3, 3, 3), (2, 2, 2)) if name == "Mixed_4b" else ((2, 2, 2), (2, 2, 2))))
                x = i3d._inception(x, ops, layers, name)
            x = ops.conv(ops.mean_pool(x, (2, 7, 7)), layers["Logits/Conv3d_0c_1x1"], relu=False)
            return [_OP.reshape(_OP.reduce_mean(x, _OP.constant([2, 3, 4]), False), _OP.constant([1, -1]), False)]

        def stem(x: Any) -> list[Any]:
            return [i3d.fp32_layer(i3d.stem(_OP.transpose(x, _OP.constant([0, 4, 1, 2, 3])), ops, layers), ops, layers)]

        self.models = [self._model([(1, 16, 224, 224, 3)], stem)]
        shapes = [(1, 192, 8, 56, 56)]
        self.models.append(
            self._model(shapes, lambda x: before_the_layer(ops.max_pool(x, (1, 3, 3), (1, 2, 2)), "Mixed_3b"))
        )
        first, _, others = self._outputs()
        self.models.append(
            self._model([first, (1, 128, 8, 28, 28), others], lambda *x: before_the_layer(ops.join(x), "Mixed_3c"))
        )
        first, _, others = self._outputs()
        self.models.append(self._model([first, (1, 192, 8, 28, 28), others], lambda *x: from_block_4(ops.join(x))))

    def _outputs(self) -> list[tuple[int, ...]]:
        return [tuple(output.shape) for output in self.models[-1].outputs]

    def _model(self, shapes: Sequence[tuple[int, ...]], function: Callable[..., list[Any]]) -> Any:
        given = [_OP.parameter(list(shape), np.float32) for shape in shapes]
        return compile_for_cpu(_OPENVINO.Model(function(*given), given, "part"), precision="f32", num_streams=cores())


def chain(parts: Parts, layers: dict[str, i3d.Convolution]) -> Callable[[np.ndarray], np.ndarray]:
    """One clip's way through the network."""
    requests = [model.create_infer_request() for model in parts.models]
    fast = [Winograd(layers["Conv3d_2c_3x3"], 8, 56)]
    fast += [Winograd(layers[f"Mixed_3{block}/Branch_1/Conv3d_0b_3x3"], 8, 28) for block in "bc"]

    def run(request: Any, *maps: np.ndarray) -> list[np.ndarray]:
        found = request.infer(dict(enumerate(maps)), share_inputs=True, share_outputs=True)
        return [found[index] for index in range(len(found))]

    def feature(clip: np.ndarray) -> np.ndarray:
        (maps,) = run(requests[0], np.ascontiguousarray(clip[None]))
        first, inner, others = run(requests[1], fast[0](maps))
        first, inner, others = run(requests[2], first, fast[1](inner), others)
        return run(requests[3], first, fast[2](inner), others)[0][0].copy()

    return feature


def main() -> None:
    """Prints the time of a clip with and without, and how far features and the FVD move; the second round counts."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    torch.set_grad_enabled(False)
    layers = i3d.folded(load_weights(load_detector("i3d-kinetics400")), eps=1e-3)
    sources = ToyVideos("test"), control("shuffled", ToyVideos("train"))
    clips = [prepared(each.read(index, range(16)), STAGE, size=224) for each in sources for index in range(count // 2)]
    engine, parts = load_engine(STAGE), Parts(layers)
    chains = [chain(parts, layers) for _ in range(cores())]

    def by_winograd() -> np.ndarray:
        found = np.empty((len(clips), 400), dtype=np.float32)
        with ThreadPoolExecutor(cores(), initializer=use_one_torch_thread) as pool:
            for number, part in enumerate(
                pool.map(lambda number: [chains[number](clip) for clip in clips[number :: cores()]], range(cores()))
            ):
                found[number :: cores()] = part
        return found

    def fvd(features: np.ndarray) -> float:
        half = len(features) // 2
        return frechet_distance(Moments.of(features[:half]), Moments.of(features[half:]), normalisation="n")

    for _ in range(2):
        started = time.perf_counter()
        direct = np.stack(list(engine.features(clips)))
        between = time.perf_counter()
        fast = by_winograd()
        seconds = between - started, time.perf_counter() - between
        print(
            f"{1e3 * seconds[0] / len(clips):.0f} ms a clip, by Winograd {1e3 * seconds[1] / len(clips):.0f}: "
            f"{seconds[0] / seconds[1]:.2f} times faster; features, of at most {np.abs(direct).max():.1f}, move by "
            f"{np.abs(fast - direct).max():.1e}, the FVD by {abs(fvd(fast) / fvd(direct) - 1):.1e}"
        )


if __name__ == "__main__":
    main()
