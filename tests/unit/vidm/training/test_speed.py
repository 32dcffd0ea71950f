"""What a recipe takes on this machine: a step measured, and memory counted, before anything is trained."""

import pytest
import torch
from support.vidm_helpers import SIZE, small_recipe, small_spec

from vidmbench.core.errors import UsageError
from vidmbench.reporting.training import _elsewhere
from vidmbench.vidm import costs
from vidmbench.vidm.recipes import FlowStartSpec, load_recipe
from vidmbench.vidm.training import memory, speed
from vidmbench.vidm.training.memory import check_memory, step_bytes
from vidmbench.vidm.training.speed import measured_step

CPU = torch.device("cpu")
PARTS = ("content", "motion")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("changes", [{}, {"variant": "official"}, {"num_classes": 3}, {"residual": False}])
def test_a_small_step_is_measured_whole(part, changes):
    took = measured_step(part, small_recipe(small_spec(**changes)), CPU)
    assert (took.batch, took.resolution, took.is_whole) == (4, SIZE, True)
    assert 0 < took.seconds < 60


def test_a_large_step_is_measured_in_part_and_scaled(monkeypatch):
    recipe = small_recipe(batch_size=8)
    one = costs.network_cost(recipe.model).of_training("motion")
    monkeypatch.setattr(speed, "_seconds", lambda *_, **__: 1.0)
    monkeypatch.setitem(speed._MOST, "cpu", 2 * one)
    took = measured_step("motion", recipe, CPU)
    assert (took.seconds, took.batch, took.resolution, took.is_whole) == (pytest.approx(4), 2, SIZE, False)
    monkeypatch.setitem(speed._MOST, "cpu", one / 3)
    took = measured_step("motion", recipe, CPU)
    assert (took.batch, took.is_whole) == (1, False)
    assert took.resolution < SIZE
    measured = []
    monkeypatch.setattr(speed, "_seconds", lambda part, spec, batch, *_, **__: measured.append((spec, batch)) or 1.0)
    took = measured_step("content", load_recipe("clevrer-256"), CPU)
    ((spec, batch),) = measured
    done = batch * costs.network_cost(spec).of_training("content")
    assert done <= 1e11  # a second or so
    whole = 48 * costs.network_cost(load_recipe("clevrer-256").model).of_training("content")
    assert took.seconds == pytest.approx(whole / done)
    elsewhere = _elsewhere(load_recipe("clevrer-256").of_steps(40_000))
    assert elsewhere.startswith("about 39.6 hours of one H100 (estimated")
    assert _elsewhere(recipe) == ""


def test_nothing_is_measured_that_does_not_fit(monkeypatch):
    monkeypatch.setattr(speed, "free_bytes", lambda _: 1000)
    assert measured_step("content", small_recipe(), CPU) is None


def test_a_batch_that_memory_cannot_hold_is_refused_and_the_one_proposed_fits(monkeypatch):
    recipe = load_recipe("clevrer-256")
    monkeypatch.setattr(memory, "free_memory", lambda: 24 * 2**30)
    with pytest.raises(UsageError, match="cannot hold a step of the motion generator") as caught:
        check_memory(recipe, PARTS, CPU)
    assert caught.value.found == "24 GiB free"
    assert "batch_size = 48" in caught.value.where
    assert "about 396 hours of one H100, and 43.7 GiB on each of 8" in caught.value.fix
    fitting = int(caught.value.fix.split("batch_size = ")[1].split()[0])

    def of_batch(size):
        return recipe.model_copy(
            update={part: recipe.part(part).model_copy(update={"batch_size": size}) for part in PARTS}
        )

    check_memory(of_batch(fitting), PARTS, CPU)
    with pytest.raises(UsageError):
        check_memory(of_batch(fitting + 1), PARTS, CPU)
    monkeypatch.setattr(memory, "free_memory", lambda: 2**30)
    with pytest.raises(UsageError) as caught:
        check_memory(recipe, PARTS, CPU)
    assert "batch_size =" not in caught.value.fix
    check_memory(small_recipe(), PARTS, CPU)
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    check_memory(recipe, PARTS, CPU)


def test_a_flow_start_that_memory_cannot_hold_is_refused(monkeypatch):
    def of_pairs(count):
        return small_recipe(flow_start=FlowStartSpec(start="photometric", steps=2, batch_size=count))

    monkeypatch.setattr(memory, "free_memory", lambda: 2**30)
    with pytest.raises(UsageError, match="training of SpyNet") as caught:
        check_memory(of_pairs(10**9), PARTS, CPU)
    assert caught.value.where == "flow_start.batch_size = 1000000000, model.resolution = 16"
    fitting = int(caught.value.fix.split("batch_size = ")[1].split()[0])
    check_memory(of_pairs(fitting), PARTS, CPU)
    check_memory(of_pairs(10**9), ("content",), CPU)
    check_memory(of_pairs(10**9), PARTS, CPU, with_flow_start=False)


def test_processes_share_the_batch_and_a_machine_its_memory(monkeypatch):
    recipe = load_recipe("taichi-128")
    alone = step_bytes("content", recipe)
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert step_bytes("content", recipe) < alone / 4
    assert memory.share_of(48) == 6
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(memory, "free_memory", lambda: 400)
    assert memory.free_bytes(CPU) == 100


def test_fewer_steps_shrink_what_is_counted_in_steps():
    recipe = small_recipe(steps=1000, warmup_steps=100, ema=0.999, ema_half_life=None)
    shorter = recipe.of_steps(100, ("motion",))
    assert shorter.content == recipe.content
    assert (shorter.motion.steps, shorter.motion.warmup_steps) == (100, 10)
    assert shorter.motion.ema == pytest.approx(0.99)
    longer = recipe.of_steps(3000)
    assert (longer.content.steps, longer.motion.steps) == (3000, 3000)
    assert (longer.motion.warmup_steps, longer.motion.ema) == (100, 0.999)
    assert recipe.of_steps(None) == recipe
    halved = load_recipe("mini-64").of_steps(1)
    assert halved.content.steps == 1
    assert halved.content.ema_half_life < 20_000
