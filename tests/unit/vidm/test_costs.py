"""Costs of VIDM: operations against hand counts, estimates against shipped recipes and the page that quotes them."""

import re
from itertools import pairwise

import pytest
import torch
from support.paths import ROOT
from support.vidm_networks import FLOW, PIXELS, TIMESTEPS, on_meta, published, small
from torch import nn

from vidmbench.vidm import costs
from vidmbench.vidm.config import PARTS
from vidmbench.vidm.networks.blocks import AttentionBlock
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import load_recipe, recipe_names

PAGE = ROOT / "docs" / "vidm.md"


def hand_count(net, *inputs):
    """Operations by the formula of each layer, from the shapes that pass through it: no counting by PyTorch."""
    total = 0

    def note(layer, given, output):
        nonlocal total
        if isinstance(layer, (nn.Conv2d, nn.Conv1d)):
            total += 2 * output.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += 2 * output.numel() * layer.in_features
        elif isinstance(layer, AttentionBlock):  # scores and mixture; its convolutions are counted above
            batch, channels, height, width = given[0].shape
            total += 2 * 2 * batch * channels * (height * width) ** 2

    hooks = [layer.register_forward_hook(note) for layer in net.modules()]
    with torch.no_grad():
        net(*inputs)
    for hook in hooks:
        hook.remove()
    return total


def test_a_convolution_counts_two_operations_for_each_multiplication():
    channels = (8, *FLOW.widths, 2)
    pixels = PIXELS**2 + (PIXELS // 2) ** 2
    kernels = sum(before * after for before, after in pairwise(channels)) * 7 * 7
    assert costs.network_cost(small("paper")).flow == 2 * kernels * pixels


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_the_counts_are_those_of_the_layers(variant):
    spec = small(variant)
    cost = costs.network_cost(spec)
    frames = torch.empty(1, 3, PIXELS, PIXELS, device="meta")
    number = torch.full((1,), TIMESTEPS // 2, device="meta")
    assert cost.content == hand_count(on_meta(ContentNet, spec), frames, number)
    assert cost.unet + cost.encoder + cost.flow == hand_count(
        on_meta(MotionNet, spec), frames, number, number, frames, frames
    )
    assert cost.of_training("content") == 3 * cost.content
    assert cost.of_training("motion") == 3 * (cost.encoder + cost.unet + cost.flow)


def test_what_is_switched_off_costs_nothing():
    bare = small("paper", implicit_condition=False, residual=False, posgn=False)
    cost, whole = costs.network_cost(bare), costs.network_cost(small("paper"))
    assert (cost.flow, cost.encoder) == (0, 0)
    assert 0 < cost.unet < whole.unet
    assert costs.parameters(bare)["motion"] < costs.parameters(small("paper"))["motion"]


def test_samples_that_share_t_and_n_share_the_positional_maps():
    alone, together = costs.network_cost(small("paper")), costs.network_cost(small("paper"), batch=16)
    assert together.unet < alone.unet
    assert together.encoder < alone.encoder
    assert together.flow == alone.flow


def test_the_published_sizes():
    cost = costs.network_cost(published())
    gflop = [round(count / 1e9) for count in (cost.content, cost.encoder, cost.unet, cost.flow)]
    assert gflop == [139, 47, 175, 10]
    assert costs.parameters(published()) == {"content": 131_765_894, "motion": 194_178_226}


def test_kept_activations_are_the_bytes_that_autograd_saves():
    # Of one convolution, SiLU and a second convolution: the input, the first output, and its SiLU.
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.SiLU(), nn.Conv2d(4, 2, 1)).to("meta")
    kept = costs._kept_bytes(net, lambda: net(torch.empty(1, 3, 8, 8, device="meta")))
    assert kept == 4 * 8 * 8 * (3 + 4 + 4)
    twice = costs._kept_bytes(net, lambda: net(torch.empty(2, 3, 8, 8, device="meta")))
    assert twice == 2 * kept


def test_drawing_takes_as_long_as_its_frames_and_steps():
    spec = small("paper")
    cost = costs.network_cost(spec, batch=16)

    def hours(**asked):
        return costs.sampling_hours(spec, **({"videos": 3, "frames": 5, "steps": 10} | asked))

    video = 10 * cost.content + 4 * (cost.flow + 10 * (cost.encoder + cost.unet))
    assert hours() == pytest.approx(3 * video / costs.FP32_SAMPLING / 3600)
    assert hours(frames=1) == pytest.approx(3 * 10 * cost.content / costs.FP32_SAMPLING / 3600)
    assert hours(videos=6) == pytest.approx(2 * hours())
    # The official variant leaves the content frame out, and draws one more instead.
    official = costs.network_cost(small("official"), batch=16)
    one = costs.sampling_hours(small("official"), videos=1, frames=1, steps=1)
    every = official.content + official.flow + official.encoder + official.unet
    assert one == pytest.approx(every / costs.FP32_SAMPLING / 3600)


# The shipped recipes.


def looked_up(recipe, key):
    value = recipe.model_dump()
    for name in key.split("."):
        value = value[name]
    return value


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_names_itself_and_only_settings_that_it_has(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert len(set(recipe.assumed)) == len(recipe.assumed)
    for key in recipe.assumed:
        assert looked_up(recipe, key) is not None
    with pytest.raises(KeyError):
        looked_up(recipe, "model.colour")


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).device.startswith("H100")])
def test_a_recipe_says_what_it_takes(name):
    recipe = load_recipe(name)
    cost = costs.training_cost(recipe)
    assert recipe.gpu_hours == pytest.approx(cost.hours, rel=0.3)
    assert recipe.memory_gib == pytest.approx(cost.memory_gib, rel=0.3)
    assert f"each of {costs.GPUS} GPUs" in recipe.device
    assert all(recipe.part(part).batch_size % costs.GPUS == 0 for part in PARTS)


def test_the_paper_s_recipes_keep_what_the_paper_states():
    names = ["clevrer-256", "sky-256", "taichi-128", "ucf101-128", "ucf101-128-cc", "ucf101-256"]
    for recipe in map(load_recipe, names):
        model = recipe.model
        assert f"-{model.resolution}" in recipe.name
        assert model.variant == "paper"
        assert model.loss == "robust"
        assert all((model.truncation, model.posgn, model.implicit_condition, model.residual))
        assert model.content.attention == model.motion.attention == (16,)
        assert recipe.data.start == "any"
        assert recipe.flow_start.start == "sintel"
        assert recipe.sampling.sampler == "ancestral"
        assert model.num_classes == (101 if recipe.name.endswith("-cc") else 0)


def test_the_page_shows_the_tables_as_they_are_counted():
    text = PAGE.read_text(encoding="utf-8")
    assert costs.network_table() in text
    assert costs.recipe_table() in text
    named = set(re.findall(r"--recipe ([a-z0-9-]+)(?![.\w-])", text))
    assert named <= set(recipe_names())


def test_the_recipe_on_the_page_is_one(tmp_path):
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "mine.toml"
    path.write_text(shown, encoding="utf-8")
    assert load_recipe(str(path)).model.residual is False
