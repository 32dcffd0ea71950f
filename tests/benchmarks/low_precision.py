"""How far I3D's FVD moves, and how much time a clip takes, where groups of its layers run in bf16 or int8.

    python tests/benchmarks/low_precision.py [CLIPS [WORDS]]

OpenVINO on this machine's CPU; weights of I3D at hand. CLIPS clips of clevrer-mini against as many of its shuffled
control, and, where ../shared/golden is there, the real sky clips against generated ones. int8 is what post-training
quantisation does: weights symmetric for each output channel, inputs of convolutions by the largest value that some
other clips have there. With WORDS, only variants that have them in their names run, beside fp32.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from support.paths import ROOT

from vidmbench.core.workers import cores
from vidmbench.detectors import i3d
from vidmbench.detectors.i3d_openvino import OpenVinoOps
from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.controls import control
from vidmbench.videos import open_source
from vidmbench.videos.source import Source

STAGE = load_protocol("fvd-stylegan-v").array
GROUPS = ("stem", "2b", "2c", "3", "4", "5")
_OPENVINO, _OP = import_openvino()
# What runs in other than fp32, group by group.
VARIANTS = {
    "fp32": {},
    "bf16 (--precision bf16)": {name: "bf16" for name in GROUPS if name != "2b"},
    "bf16: the first layer": {"stem": "bf16"},
    "bf16: layer 2c": {"2c": "bf16"},
    "bf16: blocks 3": {"3": "bf16"},
    "bf16: blocks 4 and 5": {"4": "bf16", "5": "bf16"},
    "bf16: the first layer and 2c": {"stem": "bf16", "2c": "bf16"},
    "int8: blocks 4 and 5": {"4": "int8", "5": "int8"},
    "int8: from blocks 3 on": {name: "int8" for name in GROUPS[3:]},
    "int8: all": dict.fromkeys(GROUPS, "int8"),
}


class Ops(OpenVinoOps):
    """The operations of one group; in int8, convolutions get their inputs and weights rounded."""

    def __init__(self, quantised: bool, ranges: Iterator[float] | None = None) -> None:
        super().__init__(_OP)
        self._is_quantised, self._ranges = quantised, ranges
        self.inputs: list[Any] = []

    def conv(self, x: Any, layer: i3d.Convolution, *, stride: int = 1, relu: bool = True) -> Any:
        """As in fp32, or with 8 bits for each value."""
        self.inputs.append(x)
        if self._ranges is not None:
            least, most = (-1.0, 1.0) if layer.weight.shape[1] == 3 else (0.0, next(self._ranges))
            if self._is_quantised:
                x = _OP.fake_quantize(x, *(np.float32(end) for end in (least, most, least, most)), 256)
                scale = np.abs(layer.weight).max(axis=(1, 2, 3, 4), keepdims=True) / 127
                weight = np.round(layer.weight / scale).astype(np.int8)
                weights = _OP.multiply(_OP.convert(_OP.constant(weight), "f32"), _OP.constant(scale))
                none = [0, 0, 0]
                y = _OP.convolution(x, weights, [stride] * 3, none, none, [1, 1, 1], auto_pad="same_upper")
                y = _OP.add(y, _OP.constant(layer.bias.reshape(1, -1, 1, 1, 1)))
                return _OP.relu(y) if relu else y
        return super().conv(x, layer, stride=stride, relu=relu)


def functions(layers: dict[str, i3d.Convolution]) -> dict[str, Callable[[Any, Ops], Any]]:
    """The network, group by group."""

    def blocks(number: str, before: Callable[[Any, Ops], Any]) -> Callable[[Any, Ops], Any]:
        names = [name for name in i3d._BLOCKS if name.startswith(f"Mixed_{number}")]

        def group(x: Any, ops: Ops) -> Any:
            x = before(x, ops)
            for name in names:
                x = i3d._inception(x, ops, layers, name)
            return x

        return group

    def last(x: Any, ops: Ops) -> Any:
        x = blocks("5", lambda x, ops: ops.max_pool(x, (2, 2, 2), (2, 2, 2)))(x, ops)
        x = ops.conv(ops.mean_pool(x, (2, 7, 7)), layers["Logits/Conv3d_0c_1x1"], relu=False)
        return _OP.reshape(_OP.reduce_mean(x, _OP.constant([2, 3, 4]), False), _OP.constant([1, -1]), False)

    return {
        "stem": lambda x, ops: i3d.stem(_OP.transpose(x, _OP.constant([0, 4, 1, 2, 3])), ops, layers),
        "2b": lambda x, ops: i3d.fp32_layer(x, ops, layers),
        "2c": lambda x, ops: ops.conv(x, layers["Conv3d_2c_3x3"]),
        "3": blocks("3", lambda x, ops: ops.max_pool(x, (1, 3, 3), (1, 2, 2))),
        "4": blocks("4", lambda x, ops: ops.max_pool(x, (3, 3, 3), (2, 2, 2))),
        "5": last,
    }


def compiled(layers: dict[str, i3d.Convolution], chosen: dict[str, str], ranges: Sequence[float]) -> list[Any]:
    """The network in as many models as there are changes of precision."""
    rounded = i3d.rounded_to_bf16(layers)
    plain, in_bf16, left = functions(layers), functions(rounded), iter(ranges)
    models: list[Any] = []
    shape, groups = [1, 16, 224, 224, 3], list(GROUPS)
    while groups:
        is_bf16 = chosen.get(groups[0]) == "bf16"
        node = given = _OP.parameter(shape, np.float32)
        while groups and (chosen.get(groups[0]) == "bf16") == is_bf16:
            name = groups.pop(0)
            node = (in_bf16 if is_bf16 else plain)[name](node, Ops(chosen.get(name) == "int8", left))
        model = _OPENVINO.Model([node], [given], "i3d")
        models.append(compile_for_cpu(model, precision="bf16" if is_bf16 else "f32", num_streams=cores()))
        shape = list(models[-1].outputs[0].shape)
    return models


def ranges_of(layers: dict[str, i3d.Convolution], clips: Sequence[np.ndarray]) -> list[float]:
    """The largest input of each convolution but the first, in the order of the graph."""
    ops = Ops(quantised=False)
    node = given = _OP.parameter([1, 16, 224, 224, 3], np.float32)
    for function in functions(layers).values():
        node = function(node, ops)
    axes = _OP.constant([0, 1, 2, 3, 4])
    model = _OPENVINO.Model([_OP.reduce_max(x, axes, False) for x in ops.inputs[1:]], [given], "ranges")
    request = compile_for_cpu(model, precision="f32", num_streams=1).create_infer_request()
    found = [list(request.infer({0: clip[None]}).values()) for clip in clips]
    return [float(value) for value in np.max(np.array(found), axis=0)]


def features(models: Sequence[Any], clips: Sequence[np.ndarray]) -> np.ndarray:
    """float32 (clip, 400), a chain of requests a core."""

    def chain(part: int) -> list[np.ndarray]:
        requests = [model.create_infer_request() for model in models]
        found = []
        for clip in clips[part :: cores()]:
            x = np.ascontiguousarray(clip[None])
            for request in requests:
                x = request.infer({0: x}, share_inputs=True, share_outputs=True)[0]
            found.append(np.array(x[0]))
        return found

    with ThreadPoolExecutor(cores()) as pool:
        parts = list(pool.map(chain, range(cores())))
    whole = np.empty((len(clips), 400), dtype=np.float32)
    for part, values in enumerate(parts):
        whole[part :: cores()] = values
    return whole


def sides(count: int) -> dict[str, tuple[list[np.ndarray], list[np.ndarray]]]:
    """Pairs of sides, prepared."""
    pairs: dict[str, tuple[Source, Source]] = {}
    pairs["clevrer-mini"] = ToyVideos("test"), control("shuffled", ToyVideos("train"))
    sky = ROOT.parent / "shared" / "golden" / "conventions"
    if (sky / "sky_real.npz").exists():
        pairs["sky"] = open_source(sky / "sky_real.npz"), open_source(sky / "sky_fake.npz")

    def clips(source: Source) -> list[np.ndarray]:
        return [prepared(source.read(index, range(16)), STAGE, size=224) for index in range(min(count, len(source)))]

    return {name: (clips(real), clips(fake)) for name, (real, fake) in pairs.items()}


def main() -> None:
    """Prints a line for each variant."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    layers = i3d.folded(load_weights(load_detector("i3d-kinetics400")), eps=1e-3)
    calibration = [prepared(ToyVideos("train").read(index, range(16)), STAGE, size=224) for index in range(500, 508)]
    ranges = ranges_of(layers, calibration)
    pairs = sides(count)
    exact: dict[str, float] = {}
    for label, chosen in VARIANTS.items():
        if label != "fp32" and not all(word in label for word in sys.argv[2:]):
            continue
        models = compiled(layers, chosen, ranges)
        features(models, calibration[: cores()])
        words = []
        for name, (real, fake) in pairs.items():
            started = time.perf_counter()
            found = [Moments.of(features(models, clips)) for clips in (real, fake)]
            seconds = (time.perf_counter() - started) / (len(real) + len(fake))
            value = frechet_distance(*found, normalisation="n")
            exact.setdefault(name, value)
            words.append(f"{name} {value:.3f} ({value / exact[name] - 1:+.3%}), {1e3 * seconds:.0f} ms a clip")
        print(f"{label:28}", *words, sep="  ", flush=True)


if __name__ == "__main__":
    main()
