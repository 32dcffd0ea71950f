"""The networks of VIDM: against an independent implementation, both variants, and what a batch may share."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import unet as plain
from reference.spynet import plain_flow
from support.vidm_networks import FRAMES, PIXELS, TIMESTEPS, built, inputs, on_meta, small
from torch import nn

from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.networks.posgn import PosGN, Position, coordinate


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Against the plain implementation.


def as_float64(net):
    return {name: value.double() for name, value in net.state_dict().items()}


def plain_motion(net, batch, *, official, flow=None):
    x_t, t, n, first, previous = batch
    if net.spynet is not None:
        weights = {name: value.double().numpy() for name, value in net.spynet.state_dict().items()}
        pairs = zip(first.double().numpy(), previous.double().numpy(), strict=True)
        flows = [plain_flow(weights, a, b, levels=2, maps_to_unit=not official) for a, b in pairs]
        flow = torch.from_numpy(np.stack(flows))
    return plain.motion(
        as_float64(net),
        x_t.double(),
        t,
        n,
        first.double(),
        flow,
        official=official,
        num_timesteps=TIMESTEPS,
        num_frames=FRAMES,
        groups=4,
        head_channels=4,
    )


def assert_agrees(found, expected):
    assert found.dtype == torch.float32
    assert expected.std() > 0.1  # else agreement would mean little
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-5 * float(expected.abs().max()))


SWITCHES = [{}, {"posgn": False}, {"implicit_condition": False}, {"residual": False}]
NAMES = ["whole", "no posgn", "no implicit condition", "no residual"]


@pytest.mark.parametrize("switches", SWITCHES, ids=NAMES)
@pytest.mark.parametrize("variant", ["official", "paper"])
def test_motion_agrees_with_the_plain_implementation(variant, switches):
    net, batch = built(MotionNet, small(variant, **switches)), inputs()
    expected = plain_motion(net, batch, official=variant == "official")
    assert expected.shape == (2, 6 if variant == "official" else 3, PIXELS, PIXELS)
    assert_agrees(net(*batch), expected)


@pytest.mark.parametrize("switches", [{}, {"truncation": False}, {"num_classes": 3}], ids=str)
@pytest.mark.parametrize("variant", ["official", "paper"])
def test_content_agrees_with_the_plain_implementation(variant, switches):
    net, (x_t, t, *_) = built(ContentNet, small(variant, **switches)), inputs()
    label = torch.tensor([2, 0]) if "num_classes" in switches else None
    expected = plain.content(as_float64(net), x_t.double(), t, label, groups=4, head_channels=4)
    assert expected.shape == (2, 6 if variant == "official" else 3, PIXELS, PIXELS)
    assert_agrees(net(x_t, t, label), expected)


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_parts_computed_once_give_the_same_as_the_whole(variant):
    net, (x_t, _, _, first, previous) = built(MotionNet, small(variant)), inputs()
    t, n = torch.tensor([40]), torch.tensor([3])
    shared = net.predict(x_t, t, n, first, net.flow(first, previous), net.residual(first, t, n))
    whole = net(x_t, t.expand(2), n.expand(2), first, previous)
    torch.testing.assert_close(shared, whole, rtol=0, atol=1e-5)
    alone = net(x_t[1:], t, n, first[1:], previous[1:])
    torch.testing.assert_close(whole[1:], alone, rtol=0, atol=1e-5)


# What the variants do differently.


@pytest.mark.parametrize(("variant", "order"), [("official", "tnhw"), ("paper", "hwnt")])
def test_order_of_the_coordinates(variant, order):
    layer = PosGN(4, 2, variant, has_frame=True).requires_grad_(False)
    for parameter in layer.parameters():
        parameter.zero_()
    # Channel i of the first layer, and so of alpha, is the sine of coordinate i alone.
    layer.linear_0.weight.copy_(torch.eye(4))
    layer.linear_1[0].weight[:4] = 20 * torch.eye(4)
    layer.linear_1[0].bias[:4] = 100.0  # where SiLU is the identity
    layer.linear_1[2].weight[:4, :4] = torch.eye(4)
    scale, shift = layer.maps(Position(torch.tensor([0.5, -0.25]), torch.tensor([0.75, 1.0])), 3, 5)
    assert shift.abs().max() == 0
    angle = (scale - (101 if variant == "official" else 100)) / 20
    expected = {
        "t": torch.tensor([0.5, -0.25]).view(2, 1, 1),
        "n": torch.tensor([0.75, 1.0]).view(2, 1, 1),
        "h": torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1),
        "w": torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]).view(1, 1, 5),
    }
    for channel, name in enumerate(order):
        torch.testing.assert_close(angle[:, channel], expected[name].sin().expand(2, 3, 5), rtol=0, atol=1e-5)


def test_coordinates_hold_both_ends():
    assert coordinate(torch.tensor([0, 999]), 1000).tolist() == [-1.0, 1.0]
    assert coordinate(torch.arange(5), 5).tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert coordinate(torch.tensor([3]), 128).item() == pytest.approx(2 * 3 / 127 - 1)
    assert coordinate(torch.tensor([0]), 1).item() == -1.0


@pytest.mark.parametrize(("variant", "scale"), [("official", 1.0), ("paper", 0.0)])
def test_scale_of_an_mlp_that_gives_zero(variant, scale):
    layer = PosGN(4, 2, variant, has_frame=False).requires_grad_(False)
    layer.linear_1[2].weight.zero_()
    layer.linear_1[2].bias.zero_()
    found, shift = layer.maps(Position(torch.tensor([0.5]), None), 2, 2)
    assert (found.unique().tolist(), shift.unique().tolist()) == ([scale], [0.0])


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_a_new_scale_is_near_one(variant):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        scale, shift = PosGN(64, 4, variant, has_frame=False).maps(Position(torch.tensor([0.5]), None), 4, 4)
    assert scale.mean().item() == pytest.approx(1.0, abs=0.1)
    assert shift.mean().item() == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("variant", "columns"), [("official", 4), ("paper", 3)])
@pytest.mark.parametrize("posgn", [True, False])
def test_only_the_official_encoder_sees_the_frame_number(variant, columns, posgn):
    net, (_, t, n, first, _) = built(MotionNet, small(variant, posgn=posgn)), inputs()
    one, other = net.residual(first, t, n), net.residual(first, t, n + 2)
    assert len(one) == len(net.unet.input_blocks)
    alike = [torch.equal(a, b) for a, b in zip(one, other, strict=True)]
    assert alike == [True] + [variant == "paper"] * 5
    assert not torch.equal(one[-1], net.residual(first, t - 1, n)[-1])
    if posgn:
        assert net.encoder.input_blocks[1][0].emb_layers.linear_0.weight.shape[1] == columns
        assert net.unet.input_blocks[1][0].emb_layers.linear_0.weight.shape[1] == 4


@pytest.mark.parametrize(("variant", "scale"), [("official", 0.2), ("paper", 1.0)])
def test_scale_of_the_features_beside_the_residual(variant, scale):
    net, (x_t, t, n, first, _) = built(MotionNet, small(variant)), inputs()
    # A residual of zeros leaves the scaled blocks; the first block is a convolution, so its output tells the scale.
    zeros = [torch.zeros_like(feature) for feature in net.residual(first, t, n)]
    seen = []
    net.unet.input_blocks[1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    net.predict(x_t, t, n, first, torch.zeros(2, 2, PIXELS, PIXELS), zeros)
    own = net.unet.input_blocks[0](torch.cat([x_t, torch.zeros(2, 2, PIXELS, PIXELS)], dim=1), None)
    torch.testing.assert_close(seen[0], scale * own, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("variant", "input_range"), [("official", "signed"), ("paper", "unit")])
def test_range_of_the_frames_that_spynet_is_given(variant, input_range):
    assert on_meta(MotionNet, small(variant)).spynet.input_range == input_range


# Training.


def test_the_constant_starts_as_noise_and_is_learned():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = ContentNet(small("paper"))
    assert net.input.input.std().item() == pytest.approx(1.0, abs=0.2)
    built_net, (x_t, t, *_) = built(ContentNet, small("paper")).requires_grad_(True), inputs()
    built_net(x_t, t).square().mean().backward()
    assert built_net.input.input.grad.abs().max() > 0


def test_class_conditioning_uses_the_label():
    net, (x_t, t, *_) = built(ContentNet, small("paper", num_classes=3)), inputs()
    one, other = net(x_t, t, torch.tensor([0, 1])), net(x_t, t, torch.tensor([0, 2]))
    assert torch.equal(one[0], other[0])
    assert not torch.allclose(one[1], other[1], atol=1e-3)


@pytest.mark.parametrize("kind", [ContentNet, MotionNet])
@pytest.mark.parametrize("variant", ["official", "paper"])
def test_a_new_network_predicts_zero_and_is_trainable_everywhere(kind, variant):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = kind(small(variant))
    x_t, t, n, first, previous = inputs()
    given = (x_t, t) if kind is ContentNet else (x_t, t, n, first, previous)
    assert net(*given).abs().max() == 0
    # The last layer of every block starts at zero as well (zero_module in guided-diffusion).
    last = ("out.2.weight", "out_layers.3.weight", "out_rest.1.weight", "proj_out.weight")
    weights = {name: value for name, value in net.named_parameters() if value.ndim > 1}
    assert {name for name, value in weights.items() if value.abs().max() == 0} == {
        n for n in weights if n.endswith(last)
    }
    net = built(kind, small(variant)).requires_grad_(True)
    net(*given).square().mean().backward()
    idle = [name for name, value in net.named_parameters() if value.grad is None or not value.grad.abs().max() > 0]
    # Of SpyNet only the last layers are sure to learn: in one as small, some ReLUs are off everywhere.
    assert [name for name in idle if ".basic_module.4." in name or not name.startswith("spynet.")] == []


# Maps shared by a batch.


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["official", "paper"]),
    st.booleans(),
    st.integers(0, TIMESTEPS - 1),
    st.integers(0, FRAMES - 1),
    st.integers(1, 5),
    st.integers(1, 6),
)
def test_shared_maps_equal_those_of_each_sample(variant, has_frame, t, n, height, width):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = PosGN(8, 2, variant, has_frame=has_frame).requires_grad_(False)
        nn.init.normal_(layer.out_rest[1].weight)
        x = torch.randn(3, 8, height, width)
    time = coordinate(torch.tensor([t]), TIMESTEPS)
    frame = coordinate(torch.tensor([n]), FRAMES) if has_frame else None
    shared = Position(time, frame)
    each = Position(time.expand(3), None if frame is None else frame.expand(3))
    for one, own in zip(layer.maps(shared, height, width), layer.maps(each, height, width), strict=True):
        assert one.shape == (1, 8, height, width)
        assert own.shape == (3, 8, height, width)
        torch.testing.assert_close(one.expand_as(own), own, rtol=0, atol=1e-6)
    torch.testing.assert_close(layer(x, shared), layer(x, each), rtol=0, atol=1e-5)
    assert math.isfinite(layer(x, shared).abs().max())
