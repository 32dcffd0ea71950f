"""Training on one device within a given time: samples, loss, resuming."""

import math

import numpy as np
import pytest
import torch
from support.vidm_helpers import CPU, CodedVideos, small_recipe, small_spec, told_by

from vidmbench.core.errors import UsageError
from vidmbench.vidm.diffusion.losses import min_snr_weights, training_loss
from vidmbench.vidm.diffusion.schedule import at, linear_schedule
from vidmbench.vidm.recipes import DataSpec, OptimiserSpec
from vidmbench.vidm.training.device_batches import DeviceVideos
from vidmbench.vidm.training.device_step import Budget, Objective
from vidmbench.vidm.training.initialisation import new_net
from vidmbench.vidm.training.on_device import train_on_device


def device_videos():
    source = CodedVideos()
    return DeviceVideos(np.stack([source.read(index, range(8)) for index in range(len(source))]), CPU)


@pytest.mark.parametrize("numbers", ["uniform", "near", "mixed"])
def test_motion_samples_are_three_frames_of_one_video(numbers):
    data = DataSpec(start="any", numbers=numbers)
    batch = device_videos().draw("motion", small_spec(num_frames=8), data, seed=0, step=0, batch_size=300)
    first, previous, current = (told_by(frames) for frames in (batch.first, batch.previous, batch.x_0))
    for number, one, before, now in zip(batch.n.tolist(), first, previous, current, strict=True):
        assert one[0] == before[0] == now[0]
        assert one[2] == before[2] == now[2]
        assert (before[1], now[1]) == (one[1] + number - 1, one[1] + number)
    assert set(batch.n.tolist()) == set(range(1, 8))
    assert {one[1] for one in current} == set(range(1, 8))
    assert {one[2] for one in current} == {False, True}


def test_content_samples_are_any_frame_and_steps_differ():
    videos, spec, data = device_videos(), small_spec(), DataSpec(start="any")
    one, same, other = (videos.draw("content", spec, data, 0, step, 400) for step in (0, 0, 1))
    assert {told[1] for told in told_by(one.x_0)} == set(range(8))
    assert torch.equal(one.eps, same.eps)
    assert not torch.equal(one.eps, other.eps)


def test_noise_on_the_previous_frame_is_declared():
    videos, spec = device_videos(), small_spec(num_frames=8)
    noisy = videos.draw("motion", spec, DataSpec(previous_noise=0.1), 0, 0, 200)
    clean = videos.draw("motion", spec, DataSpec(), 0, 0, 200)
    deviations = (noisy.previous - clean.previous).std(dim=(1, 2, 3))
    assert torch.equal(noisy.x_0, clean.x_0)
    assert deviations.max() < 0.11
    assert deviations.mean() == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize(("penalty", "kind"), [(True, "robust"), (False, "mse")])
def test_the_objective_is_the_training_loss(penalty, kind):
    spec = small_spec(penalty=penalty)
    optimiser = OptimiserSpec(steps=1, batch_size=4, min_snr=5.0)
    net, schedule = new_net("content", spec, 0), linear_schedule(spec.num_timesteps)
    torch.nn.init.normal_(net.out[2].weight)
    batch = device_videos().draw("content", spec, DataSpec(), 0, 0, 4)
    x_t = schedule.noisy(batch.x_0, batch.t, batch.eps)
    each = training_loss(
        net(x_t, batch.t), batch.eps, batch.x_0, x_t, batch.t, schedule, kind=kind, variance=spec.variance
    )
    wanted = (each * at(min_snr_weights(schedule, 5.0), batch.t, each)).mean()
    found = Objective(net, spec, optimiser)(batch.x_0, batch.eps, batch.t)
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)


def test_the_official_loss_is_refused():
    spec = small_spec("official", penalty=False)
    with pytest.raises(UsageError, match="official"):
        Objective(new_net("content", spec, 0), spec, OptimiserSpec(steps=1, batch_size=1))


def test_min_snr_bounds_the_weight_of_the_clean_frame():
    schedule = linear_schedule()
    ratio = schedule.alpha_bar / (1 - schedule.alpha_bar)
    weights = min_snr_weights(schedule, 5.0)
    assert (weights * ratio).max() == pytest.approx(5.0)
    assert weights[ratio < 5].min() == 1.0


def test_the_average_forgets_by_samples():
    optimiser = OptimiserSpec(steps=1, batch_size=64, ema_half_life=640)
    assert optimiser.ema_decay**10 == pytest.approx(0.5)
    assert OptimiserSpec(steps=1, batch_size=64).ema_decay == 0.999


def test_the_rate_can_follow_the_clock():
    optimiser = OptimiserSpec(steps=1000, batch_size=1, lr=1.0, decay="cosine")
    assert optimiser.lr_at(0, 0.5) == pytest.approx(0.5)
    assert optimiser.lr_at(0, 1.5) == pytest.approx(0.0)
    assert optimiser.lr_at(250) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))


@pytest.mark.parametrize("part", ["content", "motion"])
def test_it_goes_on_where_it_stopped(part, tmp_path):
    recipe = small_recipe()
    steps = recipe.part(part).steps
    half = recipe.part(part).model_copy(update={"steps": steps // 2, "decay": "constant"})
    whole = half.model_copy(update={"steps": steps})
    plain = Budget(is_compiled=False)

    def trained(optimiser, out):
        chosen = recipe.model_copy(update={part: optimiser})
        return train_on_device(part, chosen, device_videos(), out, {}, seed=3, budget=plain)

    trained(half, tmp_path / "two")
    two, one = trained(whole, tmp_path / "two"), trained(whole, tmp_path / "one")
    assert two.step == one.step == steps
    for name, value in one.ema.items():
        assert torch.equal(value, two.ema[name])


def test_no_time_means_few_steps_and_a_state(tmp_path):
    recipe = small_recipe()
    long = recipe.content.model_copy(update={"steps": 10**6})
    budget = Budget(seconds=0.5, is_compiled=False)
    chosen = recipe.model_copy(update={"content": long})
    state = train_on_device("content", chosen, device_videos(), tmp_path, {}, seed=0, budget=budget)
    assert 0 < state.step < 10**6
    assert (tmp_path / "content.state.safetensors").is_file()
