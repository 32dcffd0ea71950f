"""Inception-v3 as FID and IS of images use it: TensorFlow's graph of 2015-12-05 and the weights trained with it.

It differs from torchvision's Inception-v3: mean pooling does not count positions outside the image, the last block
pools the maximum, there are 1008 classes, and pixels are scaled to (u - 128) / 128. Names and shapes of the weights are
those of torch-fidelity's checkpoint. Frames must already be 299 x 299, resized by ``bilinear-tf1`` (see
:mod:`vidmbench.detectors.resize`). Why it is not torch-fidelity's network: docs/architecture.md, "Decisions".
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from vidmbench.core.errors import WeightsError
from vidmbench.core.files import sha256_of
from vidmbench.core.inputs import refuse_special
from vidmbench.core.seeding import generator
from vidmbench.detectors.inception_blocks import (
    ConvBatchNorm,
    block_8,
    block_17,
    block_17_to_8,
    block_35,
    block_35_to_17,
)
from vidmbench.detectors.types import Tensors

Output = Literal["pool", "logits", "logits-unbiased"]

WEIGHTS_FILE = "weights-inception-2015-12-05-6726825d.pth"
# Of the published file, which has two names; torch.hub puts the first eight digits of the hash into a file's name.
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
_PUBLISHED = (
    f"get {WEIGHTS_FILE} from release v0.2.0 of toshas/torch-fidelity on GitHub, or the same file, "
    "pt_inception-2015-12-05-6726825d.pth, from release fid_weights of mseitzer/pytorch-fid"
)
# Suffix of the counters of training steps that PyTorch stores with a batch norm; scoring never reads them.
_COUNTER_SUFFIX = ".num_batches_tracked"


class Outputs(NamedTuple):
    """Outputs of the network for a batch of frames, float32.

    Attributes:
        pool: Last block, averaged over the image: the features of FID, KID, precision and recall.
        logits_unbiased: Last layer without its bias: what torch-fidelity computes the Inception Score from.
        logits: Last layer.
    """

    pool: Float32[Tensor, "frame 2048"]
    logits_unbiased: Float32[Tensor, "frame 1008"]
    logits: Float32[Tensor, "frame 1008"]


class InceptionV3(nn.Module):
    """The network, with random weights; see :func:`load`."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = ConvBatchNorm(3, 32, 3, stride=2, is_padded=False)
        self.Conv2d_2a_3x3 = ConvBatchNorm(32, 32, 3, is_padded=False)
        self.Conv2d_2b_3x3 = ConvBatchNorm(32, 64, 3)
        self.Conv2d_3b_1x1 = ConvBatchNorm(64, 80)
        self.Conv2d_4a_3x3 = ConvBatchNorm(80, 192, 3, is_padded=False)
        self.Mixed_5b = block_35(192, pool_channels=32)
        self.Mixed_5c = block_35(256, pool_channels=64)
        self.Mixed_5d = block_35(288, pool_channels=64)
        self.Mixed_6a = block_35_to_17(288)
        self.Mixed_6b = block_17(768, inner_channels=128)
        self.Mixed_6c = block_17(768, inner_channels=160)
        self.Mixed_6d = block_17(768, inner_channels=160)
        self.Mixed_6e = block_17(768, inner_channels=192)
        self.Mixed_7a = block_17_to_8(768)
        self.Mixed_7b = block_8(1280, pool="mean")
        self.Mixed_7c = block_8(2048, pool="max")
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x: Float32[Tensor, "frame 3 299 299"]) -> Outputs:
        """Computes all outputs.

        Args:
            x: Resized frames, (u - 128) / 128 with u in 0..255.

        Returns:
            Features and logits, float32.
        """
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        pool = F.adaptive_avg_pool2d(x, 1).flatten(1)
        unbiased = pool.mm(self.fc.weight.T)
        return Outputs(pool, unbiased, unbiased + self.fc.bias)


class _SelectedOutput(nn.Module):
    """The network, reduced to one of its outputs."""

    def __init__(self, net: InceptionV3, output: Output) -> None:
        super().__init__()
        self.net = net
        self.output: Output = output

    def forward(self, x: Float32[Tensor, "frame 3 299 299"]) -> Float32[Tensor, "frame feature"]:
        outputs: Outputs = self.net(x)
        if self.output == "pool":
            return outputs.pool
        return outputs.logits if self.output == "logits" else outputs.logits_unbiased


def load(tensors: Tensors, *, output: Output) -> nn.Module:
    """Builds the network with weights, on the CPU.

    Args:
        tensors: From :func:`read_weights`; copied.
        output: ``pool``: 2048 features for FID, KID, precision and recall; ``logits``: 1008 logits;
            ``logits-unbiased``: logits without the last layer's bias, for torch-fidelity's IS.

    Returns:
        A module in evaluation mode, without gradients: float32 (frame, 3, 299, 299), scaled to (u - 128) / 128, to
        float32 (frame, feature).

    Raises:
        WeightsError: A tensor is missing, additional or of the wrong shape.
    """
    _check(tensors, where="the tensors given", fix="take them from read_weights")
    with torch.device("meta"):
        net = InceptionV3()
    net.load_state_dict({name: torch.tensor(tensors[name]) for name in layout()}, assign=True)
    return _SelectedOutput(net, output).eval().requires_grad_(False)


@cache
def layout() -> dict[str, tuple[int, ...]]:
    """Maps names of the 472 float32 tensors to their shapes, in the network's order."""
    with torch.device("meta"):
        state = InceptionV3().state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items() if not name.endswith(_COUNTER_SUFFIX)}


def read_weights(path: Path, *, sha256_prefix: str = SHA256) -> Tensors:
    """Reads a weights file as data; no code in it is run.

    Args:
        path: The published file (PyTorch, either of its formats), or a copy of its tensors as safetensors.
        sha256_prefix: First digits, or all 64, of the sha256 the file must have. A converted copy has another hash
            than the published file: give that one, or "" to check names and shapes only.

    Returns:
        Maps names as in :func:`layout` to float32 arrays that own their data, without the counters of training steps.

    Raises:
        WeightsError: The file is missing, truncated or another one, holds anything but tensors, or a tensor is
            missing, additional or of the wrong shape.
    """
    refuse_special(path, WeightsError)
    if not path.is_file():
        raise WeightsError(
            "no such weights file of Inception-v3",
            expected=WEIGHTS_FILE,
            found="a folder" if path.is_dir() else "nothing",
            where=str(path),
            fix=f"check the path, or {_PUBLISHED}",
        )
    digest = sha256_of(path)
    if not digest.startswith(sha256_prefix.lower()):
        raise WeightsError(
            "this is not the weights file of Inception-v3, or it is truncated",
            expected=f"a sha256 that begins with {sha256_prefix}",
            found=f"{path.stat().st_size} bytes with sha256 {digest}",
            where=str(path),
            fix=_PUBLISHED,
        )
    content = _content(path)
    tensors = {str(name): value for name, value in content.items() if not str(name).endswith(_COUNTER_SUFFIX)}
    _check(tensors, where=str(path), fix=_PUBLISHED)
    return {name: np.array(_array(tensors[name])) for name in layout()}


def _content(path: Path) -> Mapping[Any, Any]:
    """Content of the file; tensors are memory-mapped where the format allows it."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"  # PyTorch's format since 1.6; the published file has the older one
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except Exception as error:  # a damaged archive or pickle can fail in any way
        # PyTorch's message suggests weights_only=False, which would run code of the file: it is not passed on.
        reference = re.search(r"GLOBAL (\S+)", str(error))
        raise WeightsError(
            "this is not a weights file of Inception-v3, or it is truncated",
            expected="a whole safetensors file, or a PyTorch file of tensors and nothing else; no code of it was run",
            found=f"a reference to {reference[1].rstrip('.,')}"
            if reference
            else f"{path.stat().st_size} bytes that cannot be read as such ({type(error).__name__})",
            where=str(path),
            fix=_PUBLISHED,
        ) from error
    return content if isinstance(content, dict) else {}


def _check(tensors: Mapping[str, Any], *, where: str, fix: str) -> None:
    """Refuses tensors that are not the network's; the message names the first three."""
    shapes = layout()
    problems = [f"no {name}" for name in shapes if name not in tensors]
    problems += [f"additional {name}" for name in tensors if name not in shapes]
    for name, shape in shapes.items():
        problems += _problems(name, tensors[name], shape) if name in tensors else []
    if problems:
        more = f"; {len(problems) - 3} more such" if len(problems) > 3 else ""
        raise WeightsError(
            "these are not the weights of Inception-v3 (2015-12-05)",
            expected=f"{len(shapes)} float32 tensors, from {next(iter(shapes))} to {next(reversed(shapes))}",
            found="; ".join(problems[:3]) + more,
            where=where,
            fix=fix,
        )


def _problems(name: str, value: Any, shape: tuple[int, ...]) -> list[str]:
    dtype = str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")
    if isinstance(value, Tensor) and value.layout != torch.strided:
        dtype = f"a {str(value.layout).removeprefix('torch.')} tensor"
    if dtype != "float32":
        return [f"{name} is {dtype}, not float32"]
    if tuple(value.shape) != shape:
        return [f"{name} has shape {tuple(value.shape)}, not {shape}"]
    return [] if np.isfinite(_array(value)).all() else [f"{name} holds numbers that are not finite"]


def _array(value: Any) -> np.ndarray:
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)


def seeded_weights(seed: int) -> Tensors:
    """Samples weights from a seed, for tests only: features computed with them mean nothing.

    Args:
        seed: 0 or more.

    Returns:
        Arrays as in :func:`layout`; activations on natural frames stay below about 30.
    """
    return {
        name: _seeded(name, shape, generator(seed, "inception-for-tests", name)) for name, shape in layout().items()
    }


def _seeded(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if name.endswith("running_var"):
        values = random.uniform(0.5, 1.5, shape)
    elif name.endswith("bn.weight"):
        values = random.uniform(0.7, 1.3, shape)
    elif len(shape) > 1:
        # Filters that sum to zero pass local contrast and suppress the mean.
        values = random.normal(size=(shape[0], int(np.prod(shape[1:]))))
        values -= values.mean(axis=1, keepdims=True)
        values = (values * (1.7 / np.sqrt(values.shape[1]))).reshape(shape)
    else:
        values = random.normal(0, 0.2, shape)
    return values.astype(np.float32)
