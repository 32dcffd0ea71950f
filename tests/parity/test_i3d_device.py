"""The I3D engine for accelerators, on the CPU, against the engine that runs there."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
import torch
from support.paths import environment

from vidmbench.detectors.i3d import Head, folded, same_padding
from vidmbench.detectors.i3d_device import DeviceI3d, DeviceOps, in_blocks
from vidmbench.detectors.i3d_torch import TorchEngine, _TorchOps
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.types import Unresized
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.protocol import load_protocol

#: Of the length of a feature: float32 sums in another order.
FP32, BF16 = 1e-5, 0.05
#: The last pool over frames of 32 pixels, which take a fiftieth of the time of 224.
SMALL = Head((2, 1, 1))


@pytest.fixture
def layers(weights):
    return folded(load_weights(load_detectors()["i3d-kinetics400"]), eps=1e-3)


def clips_of(frames, height=32, width=32, count=2):
    made = np.random.default_rng(frames).uniform(-1, 1, (count, frames, height, width, 3))
    return list(made.astype(np.float32))


def errors(found, wanted):
    found, wanted = np.stack(found), np.stack(wanted)
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    return np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("frames", "width", "head"),
    [(9, 32, SMALL), (10, 32, SMALL), (16, 32, SMALL), (9, 64, Head((1, 1, 1))), (9, 64, Head((2, 1, 1), True))],
)
def test_features_are_those_of_the_engine_on_cpus(layers, frames, width, head):
    clips = clips_of(frames, width=width)
    wanted = list(TorchEngine(layers, precision="fp32", name="torch", head=head).features(clips))
    options = {"device": "cpu", "name": "device", "head": head, "frames": 32}
    found = list(DeviceI3d(layers, precision="fp32", **options).features(clips))
    assert errors(found, wanted).max() <= FP32
    rough = list(DeviceI3d(layers, precision="bf16", **options).features(clips))
    assert FP32 < errors(rough, wanted).max() <= BF16


@pytest.mark.weights
def test_frames_as_they_were_read_are_resized_on_the_device(layers):
    stage = load_protocol("fvd-videogpt").array
    frames = np.random.default_rng(0).integers(0, 256, (9, 40, 52, 3), dtype=np.uint8)
    wanted = list(TorchEngine(layers, precision="fp32", name="torch").features([prepared(frames, stage, size=224)]))
    engine = DeviceI3d(layers, precision="fp32", device="cpu", name="device", frames=9)
    found = list(engine.features([Unresized(frames, stage)]))
    assert errors(found, wanted).max() <= FP32


@pytest.mark.parametrize("frames", [9, 10, 16])
def test_blocks_of_pixels_hold_the_first_layers_padded_input(frames):
    x = torch.rand(1, frames, 8, 12, 3)
    blocks, shift = in_blocks(x, torch.float32)
    counts = blocks.shape[1:4]
    whole = blocks.reshape(1, *counts, 2, 2, 2, 3).permute(0, 1, 4, 2, 5, 3, 6, 7)
    whole = whole.reshape(*(2 * count for count in counts), 3)
    t, h, w = (same_padding(size, 7, 2)[0] for size in (frames, 8, 12))
    assert torch.equal(whole[t + shift :][:frames, h : h + 8, w : w + 12], x[0])
    assert torch.isclose(whole.sum(), x.sum())  # the rest is zeros


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    ("kernel", "stride"),
    [((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2)), ((3, 3, 3), (1, 1, 1))],
)
def test_the_pools_are_those_of_the_engine_on_cpus(kernel, stride, dtype):
    for size in ((5, 7, 8, 70), (4, 6, 6, 64)):
        x = torch.rand(2, *size).to(dtype)
        wanted = _TorchOps({}, dtype).max_pool(x.permute(0, 4, 1, 2, 3), kernel, stride).permute(0, 2, 3, 4, 1)
        assert torch.equal(DeviceOps({}, torch.device("cpu"), dtype).max_pool(x, kernel, stride), wanted)


def test_the_kernel_for_pools_gives_the_same_bits():
    """In Triton's interpreter, in a process of its own: it is chosen when Triton is imported."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip("Triton is not installed; a CUDA build of PyTorch brings it")
    script = """
import torch
from vidmbench.detectors import max_pool_kernel
from vidmbench.detectors.i3d_device import DeviceOps
place = torch.device("cpu")
assert max_pool_kernel.is_usable(place)
for kernel, stride in (((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2)), ((3, 3, 3), (1, 1, 1))):
    x = torch.rand(2, 5, 7, 8, 70).bfloat16()
    ops = DeviceOps({}, place, torch.bfloat16)
    ops._is_pooled_at_once = False
    assert torch.equal(max_pool_kernel.max_pool(x, kernel, stride), ops.max_pool(x, kernel, stride))
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={**environment(), "TRITON_INTERPRET": "1"})
