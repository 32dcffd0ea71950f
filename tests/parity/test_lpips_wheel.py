"""LPIPS of both engines against the package lpips, whose trunks hold our weights.

All of them work in float32 and add up products in another order: 1e-6 absolute, five times what was measured.
"""

import importlib.util

import numpy as np
import pytest
import torch
from support.lpips_wheel import wheel_input, wheel_network

from vidmbench.detectors import engine as base
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos

PROTOCOLS = {"lpips-alex": False, "lpips-common-metrics": True, "lpips-vgg": False}  # and whether it is spatial
HAS_OPENVINO = importlib.util.find_spec("openvino") is not None

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def sides():
    """Five frames of a scene that moves, and each with noise; not square, and of no round size."""
    real = ToyVideos("test").read(0, range(5))[:, :, :51]
    noise = np.random.default_rng(0).integers(-30, 31, real.shape)
    return real, np.clip(real.astype(int) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "library", ["torch", pytest.param("openvino", marks=pytest.mark.skipif(not HAS_OPENVINO, reason="no OpenVINO"))]
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_engines_equal_the_package(lpips_weights, monkeypatch, sides, protocol, library):
    monkeypatch.setattr(base, "_choose", lambda *_, **__: f"{library}/cpu")
    stage = load_protocol(protocol).array
    with torch.no_grad():
        wheel = wheel_network(stage.detector, spatial=PROTOCOLS[protocol])
        expected = wheel(*(wheel_input(side) for side in sides)).mean((1, 2, 3)).numpy()
    (found,) = base.load_engine(stage).features([np.concatenate(sides, axis=2)])
    assert expected.min() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_trunk_as_a_detector_of_frames_equals_the_package(lpips_weights, sides):
    """The mean over the last map of the package's own VGG16."""
    stage = load_protocol("stream-t-lpips-vgg").array
    frames = np.concatenate(sides)
    with torch.no_grad():
        wheel = wheel_network("lpips-vgg16", spatial=False)
        maps = wheel.net(wheel.scaling_layer(wheel_input(frames)))
        expected = maps[-1].mean((2, 3)).numpy()
    (found,) = base.load_engine(stage).features([frames.astype(np.float32) / 127.5 - 1])
    assert expected.max() > 0.1
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=0, atol=2e-6)
