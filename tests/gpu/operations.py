"""The arithmetic of I3D, counted from shapes alone, and a thin I3D for rehearsals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vidmbench.detectors.i3d import Convolution, Triple, body, fp32_layer, stem

Shape = tuple[int, int, int, int]
_CHANNELS = 2  # of every layer of the thin network


class _CountingOps:
    """The graph's operations on shapes (time, height, width, channels)."""

    def __init__(self) -> None:
        self.operations = 0

    def conv(self, x: Shape, layer: Convolution, *, stride: int = 1, relu: bool = True) -> Shape:
        time, height, width = (-(-size // stride) for size in x[:3])
        self.operations += 2 * time * height * width * layer.weight.size
        return time, height, width, len(layer.weight)

    def max_pool(self, x: Shape, kernel: Triple, stride: Triple) -> Shape:
        time, height, width = (-(-size // step) for size, step in zip(x[:3], stride, strict=True))
        return time, height, width, x[3]

    def mean_pool(self, x: Shape, kernel: Triple) -> Shape:
        time, height, width = (size - side + 1 for size, side in zip(x[:3], kernel, strict=True))
        return time, height, width, x[3]

    def join(self, parts: Sequence[Shape]) -> Shape:
        return *parts[0][:3], sum(part[3] for part in parts)


def operations_of_a_clip(layers: dict[str, Convolution], frames: int) -> int:
    """Multiplications and additions of I3D on one clip of 224 x 224 pixels; padding counts as data."""
    ops = _CountingOps()
    body(fp32_layer(stem((frames, 224, 224, 3), ops, layers), ops, layers), ops, layers)
    return ops.operations


class _Names(dict[str, Any]):
    """Stands for the layers of a network before there are any: each is its name."""

    def __missing__(self, name: str) -> str:
        return name


class _BuildingOps:
    """The graph's operations on numbers of channels; makes a layer wherever one is wanted."""

    def __init__(self) -> None:
        self.layers: dict[str, Convolution] = {}

    def conv(self, x: int, layer: str, *, stride: int = 1, relu: bool = True) -> int:
        side = 7 if "7x7" in layer else 3 if "3x3" in layer else 1
        out = 400 if layer.startswith("Logits") else _CHANNELS
        random = np.random.default_rng(len(self.layers))
        weight = random.normal(size=(out, x, side, side, side)) * np.sqrt(2 / (x * side**3))
        self.layers[layer] = Convolution(weight.astype(np.float32), np.full(out, 0.1, np.float32))
        return out

    def max_pool(self, x: int, kernel: Triple, stride: Triple) -> int:
        return x

    def mean_pool(self, x: int, kernel: Triple) -> int:
        return x

    def join(self, parts: Sequence[int]) -> int:
        return sum(parts)


def thin_layers() -> dict[str, Convolution]:
    """Random weights of I3D's graph with few channels: what a rehearsal runs."""
    ops, names = _BuildingOps(), _Names()
    body(fp32_layer(stem(3, ops, names), ops, names), ops, names)
    return ops.layers
