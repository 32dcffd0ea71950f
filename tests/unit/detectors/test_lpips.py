"""LPIPS on random weights: two engines and the formula as it is written."""

import importlib.util

import numpy as np
import pytest
import torch
from torch.nn import functional

from vidmbench.core.errors import DataError, UsageError
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.lpips import averages, layers
from vidmbench.detectors.lpips_torch import TorchLpips
from vidmbench.detectors.pair_engine import LpipsEngine, SharedLpips
from vidmbench.protocols.protocol import load_protocol

CHANNELS = [(11, 3, 64), (5, 64, 192), (3, 192, 384), (3, 384, 256), (3, 256, 256)]


@pytest.fixture(scope="module")
def network():
    chance, tensors = np.random.default_rng(0), {}
    for index, (size, before, after) in enumerate(CHANNELS):
        kernel = chance.normal(size=(size, size, before, after)) / np.sqrt(size * size * before / 2)
        tensors[f"AlexNet_0/Conv_{index}/kernel"] = kernel.astype(np.float32)
        tensors[f"AlexNet_0/Conv_{index}/bias"] = chance.normal(size=after).astype(np.float32) / 10
        tensors[f"NetLinLayer_{index}/Conv_0/kernel"] = chance.random((1, 1, after, 1), np.float32)
    return layers(tensors, "alexnet")


def frames(number, height=40, width=56):
    return np.random.default_rng(number).integers(0, 256, (number, height, 2 * width, 3), np.uint8)


def by_the_formula(network, pairs):
    """In float64, one image at a time."""
    real, fake = np.split(pairs, 2, axis=2)
    return np.array([_of_pair(network, *pair) for pair in zip(real, fake, strict=True)])


def _of_pair(network, real, fake):
    maps = []
    for image in (real, fake):
        x = torch.from_numpy(image.astype(float)).permute(2, 0, 1)[None] / 255 * 2 - 1
        x = (x - torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)) / torch.tensor([0.458, 0.448, 0.450]).view(
            3, 1, 1
        )
        found = []
        for layer, pool in zip(network, (0, 3, 3, 0, 0), strict=True):
            x = functional.max_pool2d(x, pool, 2) if pool else x
            kernel, bias = torch.from_numpy(layer.kernel).double(), torch.from_numpy(layer.bias).double()
            x = functional.conv2d(x, kernel, bias, layer.stride, layer.padding).relu()
            found.append(x / (x.norm(dim=1, keepdim=True) + 1e-10))
        maps.append(found)
    plain, spatial = 0.0, 0.0
    for one, other, layer in zip(*maps, network, strict=True):
        apart = ((one - other) ** 2 * torch.from_numpy(layer.head).view(1, -1, 1, 1)).sum(1, keepdim=True)
        plain += float(apart.mean())
        spatial += float(functional.interpolate(apart, real.shape[:2], mode="bilinear", align_corners=False).mean())
    return plain, spatial


@pytest.fixture(params=["torch", "openvino"])
def engine(request, network):
    if request.param == "torch":
        return TorchLpips(network, device="cpu")
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("OpenVINO is an optional extra")
    from vidmbench.detectors.lpips_openvino import OpenVinoLpips

    return OpenVinoLpips(network)


@pytest.mark.parametrize("number", [1, 5])
def test_engines_compute_the_formula(engine, network, number):
    found = engine.distances(frames(number))
    # Float32: sums of up to 3456 products, whose errors are averaged over pixels and channels.
    np.testing.assert_allclose(found, by_the_formula(network, frames(number)), rtol=2e-6)
    assert abs(found[:, 0] / found[:, 1] - 1).min() > 1e-4  # the two means are two numbers


def test_a_distance_does_not_depend_on_its_neighbours(engine):
    pairs = frames(6)
    together = engine.distances(pairs)
    np.testing.assert_array_equal(engine.distances(pairs[::-1])[::-1], together)
    np.testing.assert_allclose(engine.distances(pairs[:1]), together[:1], rtol=1e-6)  # a batch of another size


def test_equal_frames_are_no_distance_apart(engine):
    same = np.concatenate([frames(2)[:, :, :56]] * 2, axis=2)
    assert not engine.distances(same).any()


@pytest.mark.parametrize("of_map", [(7, 7), (31, 15), (1, 2), (64, 64)])
def test_the_mean_of_a_resized_map(of_map):
    maps = np.random.default_rng(0).normal(size=of_map)
    resized = functional.interpolate(torch.from_numpy(maps)[None, None], (64, 64), mode="bilinear", align_corners=False)
    found = maps.reshape(-1) @ averages((64, 64), of_map)
    np.testing.assert_allclose(found, [maps.mean(), resized.mean()], atol=1e-7)


class Counting:
    """A network that counts what goes through it."""

    def __init__(self):
        self.num_pairs = 0

    def distances(self, pairs):
        self.num_pairs += len(pairs)
        return np.stack([np.arange(len(pairs)), np.full(len(pairs), 9.0)], axis=1)


def test_protocols_with_one_trunk_share_its_network():
    counting = Counting()
    shared = SharedLpips(counting, "alexnet")
    plain, spatial = (
        LpipsEngine(shared, load_protocol(name).array, name="") for name in ("lpips-alex", "lpips-common-metrics")
    )
    for length in (3, 4):  # two clips, compared by both in turn
        assert next(plain.features([frames(length)])).tolist() == list(range(length))
        assert next(spatial.features([frames(length)])).tolist() == [9] * length
    assert counting.num_pairs == 7


def test_what_is_remembered_does_not_grow():
    counting = Counting()
    shared = SharedLpips(counting, "alexnet")
    for number in range(1, 60):
        shared.distances(frames(number)[:1])
    assert len(shared._known) == 16


def test_frames_that_are_too_small_are_refused():
    with pytest.raises(DataError, match="31 x 31 pixels or more"):
        SharedLpips(Counting(), "alexnet").distances(frames(1, 30, 64))
    assert SharedLpips(Counting(), "alexnet").distances(frames(1, 31, 64)).shape == (1, 2)


def test_the_smallest_frames_leave_a_pixel_in_the_last_map(engine):
    assert np.isfinite(engine.distances(frames(1, 31, 31))).all()


@pytest.mark.parametrize("protocol", ["psnr-mcvd", "ssim-mcvd", "lpips-mcvd"])
def test_bf16_is_refused(protocol):
    """A number of fp32 must not be signed as one of bf16."""
    with pytest.raises(UsageError, match="runs in fp32 alone"):
        load_engine(load_protocol(protocol).array, precision="bf16", device="cpu")
