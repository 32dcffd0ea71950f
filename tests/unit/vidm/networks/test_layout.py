"""The networks of VIDM: names and shapes of the published checkpoints, places, switches, bad configurations."""

import pytest
import torch
from reference.vidm_layout import content_layout, coordinate_layout, motion_layout
from support.vidm_networks import PIXELS, count, on_meta, published, shapes, small

from vidmbench.core.declarations import validated
from vidmbench.core.errors import ProtocolError
from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.networks.blocks import AttentionBlock
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.networks.posgn import PosGN

# The layout of the published checkpoints.


def test_the_motion_generator_has_the_published_names_and_shapes():
    net = on_meta(MotionNet, published())
    assert shapes(net) == motion_layout()
    assert len(motion_layout()) == 988
    assert len(list(net.parameters())) == 986
    assert count(net) == 194_178_226
    assert (count(net.encoder), count(net.unet), count(net.spynet)) == (44_122_880, 148_615_046, 1_440_300)
    parts = (net.unet.input_blocks, net.unet.middle_block, net.unet.output_blocks, net.unet.out)
    assert [count(part) for part in parts] == [44_125_184, 13_649_920, 90_832_768, 7_174]
    assert shapes(on_meta(MotionNet, published(256))) == motion_layout()


@pytest.mark.parametrize(("resolution", "parameters"), [(128, 131_765_894), (256, 131_913_350)])
def test_the_content_generator_has_the_published_names_and_shapes(resolution, parameters):
    net = on_meta(ContentNet, published(resolution))
    assert shapes(net) == content_layout(resolution)
    assert len(content_layout()) == 507
    assert count(net) == parameters
    labelled = on_meta(ContentNet, published(resolution, num_classes=101))
    assert shapes(labelled) == content_layout(resolution) | {"label_emb.weight": (101, 512)}


@pytest.mark.parametrize("resolution", [128, 256])
def test_every_posgn_sees_the_published_feature_map(resolution):
    net, seen = on_meta(MotionNet, published(resolution)), {}
    for name, module in net.named_modules():
        if isinstance(module, PosGN):
            module.register_forward_pre_hook(
                lambda _, given, name=name: seen.update({name: (given[0].shape[0], *given[0].shape[2:], 2)})
            )
    pictures = torch.empty(3, 3, resolution, resolution, device="meta")
    numbers = torch.empty(3, dtype=torch.int64, device="meta")
    assert net(pictures, numbers, numbers, pictures, pictures).shape == (3, 6, resolution, resolution)
    buffers = coordinate_layout(resolution=resolution, batch=3)
    assert len(buffers) == 118
    assert seen == {name.removesuffix(".coords"): shape for name, shape in buffers.items() if name.endswith(".coords")}


# Blocks with attention, and the downsampling factor there: the official code reads 16 as a factor, the paper as a size.
AT_8 = ([10, 11], [6, 7, 8])
AT_16 = ([13, 14], [3, 4, 5])


@pytest.mark.parametrize(
    ("variant", "resolution", "places"),
    [("official", 128, AT_16), ("official", 256, AT_16), ("paper", 128, AT_8), ("paper", 256, AT_16)],
)
@pytest.mark.parametrize("kind", [ContentNet, MotionNet])
def test_where_attention_stands(kind, variant, resolution, places):
    net = on_meta(kind, VidmSpec(variant=variant, penalty=False, resolution=resolution))
    trunks = [net.unet, net.encoder] if kind is MotionNet else [net]

    def found(blocks):
        return [i for i, block in enumerate(blocks) if any(isinstance(member, AttentionBlock) for member in block)]

    assert [found(trunk.input_blocks) for trunk in trunks] == [places[0]] * len(trunks)
    assert found(trunks[0].output_blocks) == places[1]
    assert [type(member).__name__ for member in trunks[0].middle_block] == ["ResBlock", "AttentionBlock", "ResBlock"]
    assert {block.heads for block in net.modules() if isinstance(block, AttentionBlock)} <= {4, 8}


# Switches.


def first_convolution(net):
    return tuple(net.input_blocks[0][0].weight.shape[:2])


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_switches_of_the_motion_generator(variant):
    whole = on_meta(MotionNet, small(variant))
    assert first_convolution(whole.unet) == (8, 5)
    assert first_convolution(whole.encoder) == (8, 3)
    assert not hasattr(whole, "dt_embed")
    assert not hasattr(whole, "dn_embed")

    no_posgn = on_meta(MotionNet, small(variant, posgn=False))
    assert not any(isinstance(module, PosGN) for module in no_posgn.modules())
    assert [tuple(no_posgn.dn_embed[place].weight.shape) for place in (0, 2)] == [(32, 8), (32, 32)]
    assert first_convolution(no_posgn.unet) == (8, 5)

    no_flow = on_meta(MotionNet, small(variant, implicit_condition=False))
    assert no_flow.spynet is None
    assert first_convolution(no_flow.unet) == (8, 3)
    assert no_flow.flow(torch.zeros(1), torch.zeros(1)) is None

    no_residual = on_meta(MotionNet, small(variant, residual=False))
    assert no_residual.encoder is None
    assert first_convolution(no_residual.unet) == (8, 8)
    assert no_residual.residual(torch.zeros(1), torch.zeros(1), torch.zeros(1)) is None

    bare = on_meta(MotionNet, small(variant, residual=False, implicit_condition=False, posgn=False))
    assert first_convolution(bare.unet) == (8, 6)


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_switches_of_the_content_generator(variant):
    whole = on_meta(ContentNet, small(variant))
    assert first_convolution(whole) == (8, 6)
    assert whole.input.input.shape == (1, 3, PIXELS, PIXELS)
    assert whole.label_emb is None
    without = on_meta(ContentNet, small(variant, truncation=False))
    assert first_convolution(without) == (8, 3)
    assert without.input is None
    assert shapes(on_meta(ContentNet, small(variant, posgn=False, residual=False))) == shapes(whole)


# Configurations that cannot be built.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"resolution": 48}, "resolution = 48 cannot be halved 5 times, as 6 multipliers ask; take a multiple of 32"),
        ({"variant": "official"}, "the official variant trains with P2-weighted MSE: penalty must be false"),
        ({"motion": {"channels": 40}}, "motion: groups = 32 does not divide the 40 channels of a level"),
        ({"content": {"channels": 48, "groups": 16}}, "head_channels = 64 does not divide the 96 channels"),
        ({"motion": {"multipliers": []}}, "motion.multipliers"),
        ({"motion": {"channels": 33, "groups": 33}}, "motion: channels = 33 is odd: a timestep is embedded as pairs"),
        ({"resolution": 96}, "attention = 16 is not a size of a feature map here: 96, 48, 24, 12, 6, 3"),
        (
            {"motion": {"multipliers": [1, 1, 1], "attention": [32, 8]}},
            "attention = 8 is not a size of a feature map he",
        ),
        (
            {"variant": "official", "penalty": False, "content": {"multipliers": [1, 2, 2]}},
            "attention = 16 is not a downsampling factor here: 1, 2, 4",
        ),
        ({"num_frames": 1}, "num_frames"),
        ({"flow": {"widths": [8, 8]}}, "flow.widths"),
        ({"groups": 3}, "groups"),
    ],
    ids=str,
)
def test_bad_configurations_are_named(change, said):
    with pytest.raises(ProtocolError) as problem:
        validated({"resolution": 64} | change, VidmSpec, where="some/recipe.toml")
    assert said in str(problem.value)
    assert "1 mistake in recipe.toml" in str(problem.value) or "mistakes in recipe.toml" in str(problem.value)
