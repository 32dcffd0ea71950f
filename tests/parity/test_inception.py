"""Our Inception-v3 against torch-fidelity's, on weights from a seed: the published ones are on no package registry."""

import importlib.util

import numpy as np
import pytest
import torch
from support.torch_fidelity_beside_cpu import import_torch_fidelity
from torch import nn

from vidmbench.detectors import inception_blocks
from vidmbench.detectors.inception import InceptionV3, layout, load, read_weights, seeded_weights
from vidmbench.detectors.inception_blocks import Block
from vidmbench.detectors.resize import resized
from vidmbench.sources.clevrer_mini.videos import ToyVideos

# Relative to the largest value of a layer. Both run the same operations in the same order: measured difference 0.
LAYER_TOLERANCE = 1e-6
# torch-fidelity computes logits alone in one fused operation; on logits of up to 11.
FUSED_TOLERANCE = 2e-5
# Two roundings of numbers up to 255: the axes are resized in another order. Intensity levels.
RESIZE_TOLERANCE = 3.1e-5
# The effect of that on features of up to 18: measured 3e-4.
FEATURE_TOLERANCE = 2e-3

OUTPUTS = {"pool": "2048", "logits-unbiased": "logits_unbiased", "logits": "logits"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch_fidelity") is None, reason="torch-fidelity is not installed"
)


@pytest.fixture(scope="module")
def fidelity():
    return import_torch_fidelity()


@pytest.fixture(scope="module")
def weights_path(tmp_path_factory):
    """Seeded weights in the format of the published file: a plain dict in PyTorch's older format."""
    path = tmp_path_factory.mktemp("inception") / "seeded.pth"
    tensors = {name: torch.from_numpy(array) for name, array in seeded_weights(0).items()}
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    yield path
    path.unlink()  # 95 MB


@pytest.fixture(scope="module")
def build_theirs(fidelity, weights_path):
    """Builds torch-fidelity's extractor of the given features."""

    def build(*features):
        return fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3(
            "inception-v3-compat", list(features), feature_extractor_weights_path=str(weights_path)
        )

    return build


@pytest.fixture(scope="module")
def tensors(weights_path):
    return read_weights(weights_path, sha256_prefix="")


def toy_frames():
    """uint8 (3, 3, 64, 64): frames of two videos and noise over the whole range."""
    videos = ToyVideos(num_videos=2, resolution=64)
    rendered = [videos.read(0, [0])[0], videos.read(1, [60])[0]]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return torch.from_numpy(np.stack([*rendered, noise])).permute(0, 3, 1, 2).contiguous()


def their_resized(fidelity, frames):
    resize = fidelity.interpolate_compat_tensorflow.interpolate_bilinear_2d_like_tensorflow1x
    return resize(frames.float(), size=(299, 299), align_corners=False)


@pytest.fixture(scope="module")
def inputs(fidelity):
    return (their_resized(fidelity, toy_frames()) - 128) / 128


def record_outputs(net):
    """Output of every submodule by name, filled in as the network runs."""
    outputs = {}
    for name, module in net.named_modules():
        if name:
            # A copy: the ReLU overwrites the output of the batch norm.
            module.register_forward_hook(lambda _, __, y, name=name: outputs.update({name: y.clone()}))
    return outputs


@torch.inference_mode()
def test_every_layer(build_theirs, tensors, inputs):
    extractor, net = build_theirs(*OUTPUTS.values()), load(tensors, output="pool").net
    expected, actual = record_outputs(extractor), record_outputs(net)
    expected_outputs = extractor(toy_frames())
    pool, unbiased, logits = net(inputs)
    assert len(actual) == 94 * 3 + 11
    assert expected.keys() - actual.keys() == {"MaxPool_1", "MaxPool_2", "AvgPool"}
    assert actual.keys() <= expected.keys()
    for name, y in actual.items():
        assert y.std() > 0.05, name
        np.testing.assert_allclose(y, expected[name], rtol=0, atol=LAYER_TOLERANCE * float(y.abs().max()), err_msg=name)
    for y, expected_output in zip((pool, unbiased, logits), expected_outputs, strict=True):
        assert y.dtype == expected_output.dtype == torch.float32
        np.testing.assert_allclose(y, expected_output, rtol=0, atol=LAYER_TOLERANCE * float(y.abs().max()))
    assert float((logits - unbiased).abs().max()) > 0.1


@torch.inference_mode()
@pytest.mark.parametrize("output", OUTPUTS)
def test_each_output_of_uint8_frames(output, build_theirs, tensors):
    frames = toy_frames()
    (expected,) = build_theirs(OUTPUTS[output])(frames)
    net = load(tensors, output=output)
    actual = net((resized(frames.float(), (299, 299), "bilinear-tf1") - 128) / 128)
    assert actual.shape == expected.shape == (3, 2048 if output == "pool" else 1008)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=FEATURE_TOLERANCE)
    assert actual.std(dim=0).mean() > 100 * FEATURE_TOLERANCE, "features differ between frames"
    # The range may be mapped before resizing, as vidmbench.detectors.resize.prepared does.
    actual = net(resized((frames.float() - 128) / 128, (299, 299), "bilinear-tf1"))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=FEATURE_TOLERANCE)
    other = net((resized(frames.float(), (299, 299), "bilinear-half-pixel") - 128) / 128)
    assert (other - expected).abs().max() > 100 * FEATURE_TOLERANCE, "another kernel would be noticed"


@torch.inference_mode()
def test_logits_alone(build_theirs, tensors, inputs):
    (expected,) = build_theirs("logits")(toy_frames())
    np.testing.assert_allclose(load(tensors, output="logits")(inputs), expected, rtol=0, atol=FUSED_TOLERANCE)


@pytest.mark.parametrize("size", [(64, 64), (360, 360), (128, 96), (240, 320), (299, 299)])
def test_resizing(size, fidelity):
    frames = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (2, 3, *size), dtype=np.uint8))
    expected = their_resized(fidelity, frames)
    actual = resized(frames.float(), (299, 299), "bilinear-tf1")
    np.testing.assert_allclose(actual, expected, rtol=0, atol=RESIZE_TOLERANCE)
    # Scaled first: exact numbers below 1, so that the same two roundings are 128 times smaller.
    actual = resized((frames.float() - 128) / 128, (299, 299), "bilinear-tf1")
    np.testing.assert_allclose(actual, (expected - 128) / 128, rtol=0, atol=RESIZE_TOLERANCE / 128)


def test_weights_load_strictly_in_both_directions(build_theirs):
    extractor, net = build_theirs("2048"), InceptionV3()
    net.load_state_dict(extractor.state_dict(), strict=True)
    extractor.load_state_dict(net.state_dict(), strict=True)
    shapes = {name: tuple(tensor.shape) for name, tensor in extractor.state_dict().items()}
    assert shapes == layout() | {name: () for name in shapes if name.endswith("num_batches_tracked")}
    assert len(layout()) == 472
    net.load_state_dict({name: torch.zeros(shape) for name, shape in layout().items()}, strict=True)


def change_eps(net, monkeypatch):
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-5


def change_last_pool(net, monkeypatch):
    net.Mixed_7c.branches = net.Mixed_7b.branches


def change_mean(net, monkeypatch):
    original = inception_blocks.F.avg_pool2d
    monkeypatch.setattr(
        inception_blocks.F, "avg_pool2d", lambda x, *sizes, **options: original(x, 3, stride=1, padding=1)
    )


def change_order(net, monkeypatch):
    for module in net.modules():
        if isinstance(module, Block):
            module.branches = (*module.branches[1:], module.branches[0])
            break


@torch.inference_mode()
@pytest.mark.parametrize("change", [change_eps, change_last_pool, change_mean, change_order])
def test_a_changed_graph_is_noticed(change, tensors, inputs, monkeypatch):
    net = load(tensors, output="pool").net
    unchanged = net(inputs).pool
    change(net, monkeypatch)
    assert (net(inputs).pool - unchanged).abs().max() > 100 * LAYER_TOLERANCE * unchanged.abs().max()


@torch.inference_mode()
def test_load_copies_the_tensors(tensors, inputs):
    given = {name: array.copy() for name, array in tensors.items()}
    net = load(given, output="pool")
    before = net(inputs[:1])
    for array in given.values():
        array[...] = 0
    assert torch.equal(net(inputs[:1]), before)
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())


@torch.inference_mode()
def test_features_of_a_frame_do_not_depend_on_the_batch(tensors, inputs):
    net = load(tensors, output="pool")
    batched = net(inputs)
    for frame, expected in zip(inputs, batched, strict=True):
        np.testing.assert_allclose(net(frame[None])[0], expected, rtol=0, atol=FEATURE_TOLERANCE)
