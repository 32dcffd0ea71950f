"""Our Inception-v3 against torch-fidelity's, with weights from a seed: the published ones are on no registry."""

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

# Of the largest number a layer gives. Both run the same operations in the same order: measured difference 0.
LAYER = 1e-6
# torch-fidelity's logits without the unbiased ones are one fused operation; on logits of up to 11.
FUSED = 2e-5
# Two roundings of numbers up to 255: the axes are taken in another order. Grey levels.
RESIZED = 3.1e-5
# What these weights make of that on features of up to 18: measured 3e-4.
WHOLE = 2e-3

OUTPUTS = {"pool": "2048", "logits-unbiased": "logits_unbiased", "logits": "logits"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch_fidelity") is None, reason="torch-fidelity is not installed"
)


@pytest.fixture(scope="module")
def fidelity():
    return import_torch_fidelity()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Seeded weights as their converter writes the published ones: a plain dict in PyTorch's older format."""
    path = tmp_path_factory.mktemp("inception") / "seeded.pth"
    tensors = {name: torch.from_numpy(array) for name, array in seeded_weights(0).items()}
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    yield path
    path.unlink()  # 95 MB


@pytest.fixture(scope="module")
def theirs(fidelity, file):
    """Their extractor, by the features asked of it."""

    def extractor(*features):
        return fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3(
            "inception-v3-compat", list(features), feature_extractor_weights_path=str(file)
        )

    return extractor


@pytest.fixture(scope="module")
def tensors(file):
    return read_weights(file, sha256_prefix="")


def toy_frames():
    """uint8 (3, 3, 64, 64): frames of two videos and noise over the whole range."""
    videos = ToyVideos(num_videos=2, resolution=64)
    drawn = [videos.read(0, [0])[0], videos.read(1, [60])[0]]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return torch.from_numpy(np.stack([*drawn, noise])).permute(0, 3, 1, 2).contiguous()


def their_resized(fidelity, frames):
    resize = fidelity.interpolate_compat_tensorflow.interpolate_bilinear_2d_like_tensorflow1x
    return resize(frames.float(), size=(299, 299), align_corners=False)


@pytest.fixture(scope="module")
def inputs(fidelity):
    return (their_resized(fidelity, toy_frames()) - 128) / 128


def heard(net):
    """What every part of a network gives, filled in as it runs."""
    said = {}
    for name, part in net.named_modules():
        if name:
            # A copy: the ReLU overwrites what the batch norm gave.
            part.register_forward_hook(lambda _, __, y, name=name: said.update({name: y.clone()}))
    return said


@torch.inference_mode()
def test_every_layer(theirs, tensors, inputs):
    extractor, net = theirs(*OUTPUTS.values()), load(tensors, output="pool").net
    expected, found = heard(extractor), heard(net)
    outputs = extractor(toy_frames())
    pool, unbiased, logits = net(inputs)
    assert len(found) == 94 * 3 + 11
    assert expected.keys() - found.keys() == {"MaxPool_1", "MaxPool_2", "AvgPool"}
    assert found.keys() <= expected.keys()
    for name, y in found.items():
        assert y.std() > 0.05, name
        np.testing.assert_allclose(y, expected[name], rtol=0, atol=LAYER * float(y.abs().max()), err_msg=name)
    for y, wanted in zip((pool, unbiased, logits), outputs, strict=True):
        assert y.dtype == wanted.dtype == torch.float32
        np.testing.assert_allclose(y, wanted, rtol=0, atol=LAYER * float(y.abs().max()))
    assert float((logits - unbiased).abs().max()) > 0.1


@torch.inference_mode()
@pytest.mark.parametrize("output", OUTPUTS)
def test_each_output_from_uint8_frames_on(output, theirs, tensors):
    frames = toy_frames()
    (expected,) = theirs(OUTPUTS[output])(frames)
    net = load(tensors, output=output)
    found = net((resized(frames.float(), (299, 299), "bilinear-tf1") - 128) / 128)
    assert found.shape == expected.shape == (3, 2048 if output == "pool" else 1008)
    np.testing.assert_allclose(found, expected, rtol=0, atol=WHOLE)
    assert found.std(dim=0).mean() > 100 * WHOLE, "the frames give features of their own"
    # The range may come before the resizing, as vidmbench.detectors.resize.prepared has it.
    found = net(resized((frames.float() - 128) / 128, (299, 299), "bilinear-tf1"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=WHOLE)
    other = net((resized(frames.float(), (299, 299), "bilinear-half-pixel") - 128) / 128)
    assert (other - expected).abs().max() > 100 * WHOLE, "another kernel would be noticed"


@torch.inference_mode()
def test_logits_alone(theirs, tensors, inputs):
    (expected,) = theirs("logits")(toy_frames())
    np.testing.assert_allclose(load(tensors, output="logits")(inputs), expected, rtol=0, atol=FUSED)


@pytest.mark.parametrize("size", [(64, 64), (360, 360), (128, 96), (240, 320), (299, 299)])
def test_the_resizing(size, fidelity):
    frames = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (2, 3, *size), dtype=np.uint8))
    expected = their_resized(fidelity, frames)
    found = resized(frames.float(), (299, 299), "bilinear-tf1")
    np.testing.assert_allclose(found, expected, rtol=0, atol=RESIZED)
    # Scaled first: exact numbers below 1, so the same two roundings are 128 times smaller.
    found = resized((frames.float() - 128) / 128, (299, 299), "bilinear-tf1")
    np.testing.assert_allclose(found, (expected - 128) / 128, rtol=0, atol=RESIZED / 128)


def test_weights_load_strictly_either_way(theirs):
    extractor, net = theirs("2048"), InceptionV3()
    net.load_state_dict(extractor.state_dict(), strict=True)
    extractor.load_state_dict(net.state_dict(), strict=True)
    shapes = {name: tuple(tensor.shape) for name, tensor in extractor.state_dict().items()}
    assert shapes == layout() | {name: () for name in shapes if name.endswith("num_batches_tracked")}
    assert len(layout()) == 472
    net.load_state_dict({name: torch.zeros(shape) for name, shape in layout().items()}, strict=True)


def change_eps(net, monkeypatch):
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = 1e-5


def change_last_pool(net, monkeypatch):
    net.Mixed_7c.branches = net.Mixed_7b.branches


def change_mean(net, monkeypatch):
    true = inception_blocks.F.avg_pool2d
    monkeypatch.setattr(inception_blocks.F, "avg_pool2d", lambda x, *sizes, **options: true(x, 3, stride=1, padding=1))


def change_order(net, monkeypatch):
    for part in net.modules():
        if isinstance(part, Block):
            part.branches = (*part.branches[1:], part.branches[0])
            break


@torch.inference_mode()
@pytest.mark.parametrize("change", [change_eps, change_last_pool, change_mean, change_order])
def test_another_graph_would_be_noticed(change, tensors, inputs, monkeypatch):
    net = load(tensors, output="pool").net
    true = net(inputs).pool
    change(net, monkeypatch)
    assert (net(inputs).pool - true).abs().max() > 100 * LAYER * true.abs().max()


@torch.inference_mode()
def test_loading_keeps_nothing_of_the_callers(tensors, inputs):
    own = {name: array.copy() for name, array in tensors.items()}
    net = load(own, output="pool")
    before = net(inputs[:1])
    for array in own.values():
        array[...] = 0
    assert torch.equal(net(inputs[:1]), before)
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())


@torch.inference_mode()
def test_a_feature_depends_on_its_own_frame_alone(tensors, inputs):
    net = load(tensors, output="pool")
    together = net(inputs)
    for frame, expected in zip(inputs, together, strict=True):
        np.testing.assert_allclose(net(frame[None])[0], expected, rtol=0, atol=WHOLE)
