"""C3D fine-tuned on UCF-101: the network of the video Inception Score and of TGANv2's "FID".

The weights are two files, conv3d_deepnetA_ucf.npz and mean2.npz, of the releases page of github rezoo/tgan2, v1.0.
Three lineages feed the same network differently:

    lineage      frames to 112x112                      mean taken off                        published output
    tgan         cubic to 128x128, middle cut           rows 8..119, columns 29..140: centre  prob
    tganv2       bilinear, aligned corners, straight    rows and columns 8..119: off centre   prob; fc7 for "FID"
    stylegan-v   inside its detector file: assumed to be as tganv2                            prob

Pools are Chainer's, which also pool what is left over at the end (``cover_all``): 7x7 becomes 4x4 before fc6. Ports
that pad both sides instead put the windows elsewhere.
"""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from vidmbench.core.errors import DataError, WeightsError
from vidmbench.core.inputs import refuse_special
from vidmbench.core.seeding import generator
from vidmbench.detectors.types import Tensors

Output = Literal["fc6", "fc7", "fc8", "prob"]
Lineage = Literal["tgan", "tganv2", "stylegan-v"]

MODEL_FILE, MEAN_FILE = "conv3d_deepnetA_ucf.npz", "mean2.npz"
FRAMES, SIZE = 16, 112
MEAN_SHAPE = (3, FRAMES, 128, 171)  # blue, green, red

_CONVOLUTIONS = ("conv1a", "conv2a", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b")
_DENSE = ("fc6", "fc7", "fc8")
_POOLED = ("conv1a", "conv2a", "conv3b", "conv4b", "conv5b")  # a pool follows; the first keeps time
_RELEASES = "the releases page of github rezoo/tgan2, v1.0"
# Where each code cuts the 128x171 mean: tgan takes columns 21..148 first and then 8..119 of those.
_LEFT = {"tgan": 29, "tganv2": 8, "stylegan-v": 8}
_TOP = 8


@dataclass(frozen=True)
class Widths:
    """Widths of the layers; the defaults are the published ones.

    Attributes:
        convolutions: Channels of conv1a to conv5b.
        dense: Outputs of fc6 and fc7.
        classes: Outputs of fc8.
    """

    convolutions: tuple[int, ...] = (64, 128, 256, 256, 512, 512, 512, 512)
    dense: tuple[int, int] = (4096, 4096)
    classes: int = 101

    def shapes(self, *, frames: int = FRAMES, size: int = SIZE) -> dict[str, tuple[int, ...]]:
        """Shape of every weight under its published name, for clips of other sizes too."""
        channels = (3, *self.convolutions)
        outputs: dict[str, tuple[int, ...]] = {}
        for name, (before, after) in zip(_CONVOLUTIONS, pairwise(channels), strict=True):
            outputs[name] = (after, before, 3, 3, 3)
        flat = channels[-1] * -(-frames // 16) * (-(-size // 32)) ** 2
        for name, (before, after) in zip(_DENSE, pairwise((flat, *self.dense, self.classes)), strict=True):
            outputs[name] = (after, before)
        return {f"{name}/{part}": s if part == "W" else s[:1] for name, s in outputs.items() for part in "Wb"}


PUBLISHED = Widths()


class C3D(nn.Module):
    """Eight 3x3x3 convolutions, five pools, three dense layers. The layers bear their published names.

    Dropout of one half behind fc6 and fc7 is off unless ``train()`` was called. TGAN's script leaves it on by mistake
    (``with A and B`` enters only B), so its published scores are of a noisier classifier.

    Args:
        widths: Channels and outputs.
        frames: Frames of a clip.
        size: Height and width of a clip, pixels.
    """

    def __init__(self, widths: Widths = PUBLISHED, *, frames: int = FRAMES, size: int = SIZE) -> None:
        super().__init__()
        shapes = widths.shapes(frames=frames, size=size)
        for name in _CONVOLUTIONS:
            after, before = shapes[f"{name}/W"][:2]
            self.add_module(name, nn.Conv3d(before, after, 3, padding=1))
        for name in _DENSE:
            after, before = shapes[f"{name}/W"]
            self.add_module(name, nn.Linear(before, after))

    def forward(self, x: Tensor, output: Output = "prob") -> Tensor:
        """Features of clips.

        Args:
            x: float32 (clip, 3, frame, height, width): blue, green, red, less the mean.
            output: ``fc6`` and ``fc7`` behind their ReLU, ``fc8`` the logits, ``prob`` their softmax.

        Returns:
            float32 (clip, feature).
        """
        for name in _CONVOLUTIONS:
            x = F.relu(self.get_submodule(name)(x))
            if name in _POOLED:
                window = (1 if name == "conv1a" else 2, 2, 2)
                x = F.max_pool3d(x, window, ceil_mode=True)
        x = x.flatten(1)
        for name in ("fc6", "fc7"):
            x = F.dropout(F.relu(self.get_submodule(name)(x)), 0.5, training=self.training)
            if output == name:
                return x
        x = self.get_submodule("fc8")(x)
        return x if output == "fc8" else F.softmax(x, dim=1)

    def take(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Puts in weights under their published names; float32 arrays are shared, not copied."""
        state = {}
        for name in (*_CONVOLUTIONS, *_DENSE):
            for parameter, part in (("weight", "W"), ("bias", "b")):
                array = np.require(tensors[f"{name}/{part}"], np.float32, ["C", "W"])
                state[f"{name}.{parameter}"] = torch.from_numpy(array)
        self.load_state_dict(state, assign=True)


class _FedAsPublished(nn.Module):
    """A network behind the input arithmetic of its lineage: x - shift + offset, in float32 and in that order."""

    shift: Tensor
    offset: Tensor

    def __init__(self, network: C3D, mean: np.ndarray, lineage: Lineage, output: Output) -> None:
        super().__init__()
        self.network, self.output = network, output
        cut = mean[:, :, _TOP : _TOP + SIZE, _LEFT[lineage] : _LEFT[lineage] + SIZE]
        # tgan takes the mean off as it is. The others go from -1..1 to -128..128 and add 128 - mean.
        shift, offset = (0.0, -cut.astype(np.float32)) if lineage == "tgan" else (128.0, (128 - cut).astype(np.float32))
        self.register_buffer("shift", torch.tensor(shift))
        self.register_buffer("offset", torch.from_numpy(offset))

    def fed(self, clips: Float32[Tensor, "clip 3 frame height width"]) -> Float32[Tensor, "clip 3 frame height width"]:
        """What the network itself sees."""
        if tuple(clips.shape[1:]) != (3, FRAMES, SIZE, SIZE):
            raise DataError(
                "C3D cannot take these clips",
                expected=f"(clip, 3, {FRAMES}, {SIZE}, {SIZE})",
                found=str(tuple(clips.shape)),
            )
        return clips.flip(1) - self.shift + self.offset

    def forward(self, clips: Float32[Tensor, "clip 3 frame height width"]) -> Float32[Tensor, "clip feature"]:
        """See :func:`load`."""
        features: Tensor = self.network(self.fed(clips), self.output)
        return features


def load(tensors: Tensors, *, output: Output, lineage: Lineage) -> nn.Module:
    """The network of a lineage.

    All start from 0..255 here. Their generators are scored as floats x * 128 + 128 of -1..1, which reach 256: clips
    that were stored as uint8 before differ from that by their rounding and by how -1..1 became 0..255.

    Args:
        tensors: Weights and ``mean`` under their published names, as of :func:`read_weights` or
            :func:`seeded_weights`; widths are taken from their shapes.
        output: ``fc6`` and ``fc7`` behind their ReLU, ``fc8`` the logits, ``prob`` the 101 probabilities.
        lineage: Whose arithmetic the clips go through. ``stylegan-v`` is ASSUMED to be that of ``tganv2``: its
            detector file c3d_ucf101.pt could not be read. Known from its callers: it takes uint8 RGB 0..255 of any
            size, resizes by itself, returns 101 probabilities, and a comment says that it reproduces TGANv2's network.
            Not known: its resize kernel, and whether 255 becomes 255 or 256 (x / 127.5 - 1, times 128, plus 128).

    Returns:
        A module in evaluation mode: float32 RGB clips (clip, 3, 16, 112, 112), 0..255, resized by
        :func:`vidmbench.detectors.resize_c3d.resized_for_c3d`, to float32 (clip, feature).

    Raises:
        WeightsError: An array is missing, left over or ill-shaped.
    """
    widths = _widths_of(tensors)
    _check(tensors, widths.shapes() | {"mean": MEAN_SHAPE}, where="tensors")
    with torch.device("meta"):  # no initial weights: 78 million random numbers are slow
        network = C3D(widths)
    network.take(tensors)
    return _FedAsPublished(network, tensors["mean"], lineage, output).eval().requires_grad_(False)


def read_weights(model: Path, mean: Path | None = None, *, widths: Widths = PUBLISHED) -> Tensors:
    """Reads the two published files without running any code they may hold.

    Args:
        model: conv3d_deepnetA_ucf.npz, or a folder that has both files under their published names.
        mean: mean2.npz; omitted where ``model`` is a folder.
        widths: Those of the published network; others are for tests.

    Returns:
        Published names to arrays, and ``mean`` (3, 16, 128, 171): 23 of them.

    Raises:
        WeightsError: A file is missing, damaged or pickled, or an array in it is missing, left over or ill-shaped.
    """
    refuse_special(model, WeightsError)
    if model.is_dir():
        model, mean = model / MODEL_FILE, mean or model / MEAN_FILE
    if mean is None:
        expected = f"{MODEL_FILE} and {MEAN_FILE}, or a folder with both"
        problem = "C3D needs its mean too" if model.exists() else "no such weights file or folder"
        raise _refused(problem, expected=expected, found="one path", where=str(model))
    tensors, means = _read(model), _read(mean)
    _check(tensors, widths.shapes(), where=str(model))
    _check(means, {"mean": MEAN_SHAPE}, where=str(mean))
    return tensors | means


def seeded_weights(seed: int, *, widths: Widths = PUBLISHED) -> Tensors:
    """RANDOM weights in the published layout, for tests only: what they score means nothing.

    Spread so that no probability is saturated on clips of 0..255.

    Args:
        seed: The seed.
        widths: Narrow ones are quick; the published ones take 310 MB.

    Returns:
        float32 arrays under the published names, and ``mean``.
    """
    tensors: Tensors = {}
    for name, shape in widths.shapes().items():
        drawn = generator(seed, "c3d", name).standard_normal(shape, dtype=np.float32)
        if name.endswith("/b"):
            tensors[name] = drawn * np.float32(0.1)
        else:
            # Keeps the spread from layer to layer; the first also takes 0..255 to below 1.
            scale = np.sqrt(2 / np.prod(shape[1:])) / (256 if name == "conv1a/W" else 1)
            tensors[name] = drawn * np.float32(scale)
    noise = generator(seed, "c3d", "mean").standard_normal(MEAN_SHAPE, dtype=np.float32)
    tensors["mean"] = np.array([90, 98, 101], np.float32).reshape(3, 1, 1, 1) + 10 * noise
    return tensors


def _read(path: Path) -> Tensors:
    """All arrays of an npz."""
    refuse_special(path, WeightsError)
    if not path.is_file():
        raise _refused("no such weights file", expected=path.name, found="nothing", where=str(path))
    try:
        with path.open("rb") as file:  # numpy leaves a file of its own open where it fails
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("one bare array")
            return {name: np.asarray(archive[name]) for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise _refused(
            "this is not a whole archive of plain arrays",
            expected="an npz file without pickled objects; nothing was run",
            found=str(error) or type(error).__name__,
            where=str(path),
        ) from error


def _widths_of(tensors: Mapping[str, np.ndarray]) -> Widths:
    """Widths that the biases speak of; the published ones where biases are missing."""
    widths = {name: tensors[f"{name}/b"].size for name in (*_CONVOLUTIONS, *_DENSE) if f"{name}/b" in tensors}
    if len(widths) < len(_CONVOLUTIONS) + len(_DENSE):
        return PUBLISHED
    return Widths(tuple(widths[name] for name in _CONVOLUTIONS), (widths["fc6"], widths["fc7"]), widths["fc8"])


def _check(tensors: Mapping[str, np.ndarray], shapes: dict[str, tuple[int, ...]], *, where: str) -> None:
    missing, extra = sorted(shapes.keys() - tensors.keys()), sorted(tensors.keys() - shapes.keys())
    wrong = [name for name, shape in shapes.items() if name in tensors and not _is_right(tensors[name], shape)]
    if missing or extra:
        expected = f"{len(shapes)} arrays: {', '.join(shapes)}"
        actual = "; ".join(f"{word} {', '.join(names)}" for word, names in (("no", missing), ("also", extra)) if names)
    elif wrong:
        array = tensors[wrong[0]]
        expected = f"{wrong[0]} {shapes[wrong[0]]}, finite floats"
        actual = f"{array.shape} {array.dtype}" + (", not all finite" if _is_odd(array) else "")
    else:
        return
    raise _refused("these are not the weights of C3D", expected=expected, found=actual, where=where)


def _refused(problem: str, *, expected: str, found: str, where: str) -> WeightsError:
    fix = f"get {MODEL_FILE} and {MEAN_FILE} from {_RELEASES}, and check the path"
    return WeightsError(problem, expected=expected, found=found, where=where, fix=fix)


def _is_right(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    return array.shape == shape and np.issubdtype(array.dtype, np.floating) and not _is_odd(array)


def _is_odd(array: np.ndarray) -> bool:
    return np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all()
