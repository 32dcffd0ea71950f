"""Trains one generator on one GPU as fast as it can, within steps or a time that is given beforehand.

:mod:`vidmbench.vidm.training.loop` ends with the same bits however often it was stopped, on any machine and over
several of them. Here a step costs as little as possible instead: frames are kept on the device
(:mod:`vidmbench.vidm.training.device_batches`), forward and backward pass are one CUDA graph or compiled
(:mod:`vidmbench.vidm.training.device_step`), AdamW and the moving average are fused, and the loss is read every 50
steps. Where a number of seconds is given the learning rate falls with the clock, so that the run ends with a finished
model whatever the speed of the GPU.
"""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidmbench.core.errors import ResultError
from vidmbench.vidm.config import Part
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import RecipeSpec
from vidmbench.vidm.training.device_batches import DeviceVideos
from vidmbench.vidm.training.device_step import Budget, DeviceRun, Objective, captured, compiled
from vidmbench.vidm.training.flow_pretraining import pretrain_flow
from vidmbench.vidm.training.initialisation import new_net
from vidmbench.vidm.training.state import Log, TrainingState

STEPS_A_ROW = 50
SECONDS_BETWEEN_STATES = 60.0
# A loss that is no number any more: how often training goes back to the weights it had before, at half the rate.
_TRIES = 4
_ROWS_BETWEEN_COPIES = 4

# Called with the rows of the log as they are made: step, loss, gradient norm, learning rate, seconds.
Row = tuple[int, float, float, float, float]


def train_on_device(
    part: Part,
    recipe: RecipeSpec,
    videos: DeviceVideos,
    out: Path,
    facts: Mapping[str, Any],
    *,
    seed: int,
    budget: Budget,
    on_row: Callable[[Row], None] | None = None,
    on_state: Callable[[Mapping[str, Tensor], int], None] | None = None,
    wait: Callable[[], None] | None = None,
) -> TrainingState:
    """Trains one generator until its steps or its time are over, from where an earlier call stopped.

    Args:
        part: Which generator.
        recipe: How.
        videos: On what.
        out: Folder of the run; ``PART.state.safetensors`` and ``PART.csv`` are kept there.
        facts: What must be the same for a run to go on.
        seed: Seed of weights, batches and noise.
        budget: When it ends.
        on_row: Called with each row of the log.
        on_state: Given the moving average and the step whenever the state is written.
        wait: Called when all is compiled and ready, before the clock starts.

    Returns:
        The state at the end.

    Raises:
        ResultError: The loss is no longer a number, and halving the rate did not help.
    """
    spec, optimiser, device = recipe.model, recipe.part(part), videos.device
    on_gpu = device.type == "cuda"
    net = new_net(part, spec, seed).to(device)
    path = out / f"{part}.state.safetensors"
    out.mkdir(parents=True, exist_ok=True)
    if on_gpu:
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adamw = torch.optim.AdamW(
        net.parameters(), lr=optimiser.lr, weight_decay=optimiser.weight_decay, fused=True if on_gpu else None
    )
    state = TrainingState(net, {}, adamw, 0, facts)
    if path.is_file():
        state.load(path)
        _take_layouts(state)
    elif isinstance(net, MotionNet) and net.spynet is not None and recipe.flow_start.start == "photometric":
        pretrain_flow(
            net.spynet,
            lambda step: videos.pairs(recipe.flow_start, seed, step),
            steps=recipe.flow_start.steps,
            seed=seed,
        )
    objective = Objective(net, spec, optimiser).to(device)
    if not state.ema:
        state.ema = {name: value.detach().clone() for name, value in net.state_dict().items()}
    run = DeviceRun(part, recipe, videos, state, objective, seed)
    run.model = compiled(run, budget) if budget.is_compiled else objective
    if on_gpu and not budget.is_compiled:
        try:
            run.replayed = captured(run)
        except Exception as error:
            budget.why_not_compiled = f"no graph: {type(error).__name__}: {str(error)[:300]}"
            run.state.optimizer.zero_grad(set_to_none=True)
    log = Log(out / f"{part}.csv", state)
    if wait is not None:
        wait()
    _loop(run, log, budget, path, on_row, on_state)
    return state


def _loop(
    run: DeviceRun,
    log: Log,
    budget: Budget,
    path: Path,
    on_row: Callable[[Row], None] | None,
    on_state: Callable[[Mapping[str, Tensor], int], None] | None,
) -> None:
    state, optimiser = run.state, run.optimiser
    began = time.monotonic() - log.seconds
    seconds = budget.seconds
    if budget.deadline is not None:
        left = log.seconds + max(budget.deadline - time.time(), 1.0)
        seconds = left if seconds is None else min(seconds, left)
    saved, tries, rows = time.monotonic(), 0, 0
    copies = _copies(state)
    losses: list[Tensor] = []
    norms: list[Tensor] = []

    def save() -> None:
        log.write()
        state.save(path)
        if on_state is not None:
            on_state(state.ema, state.step)

    while state.step < optimiser.steps:
        spent = time.monotonic() - began
        done = state.step / optimiser.steps
        if seconds is not None:
            done = max(done, spent / seconds)
        if done >= 1:
            break
        rate = run.rate_factor * optimiser.lr_at(state.step, done)
        loss, norm = run.step(rate)
        losses.append(loss)
        norms.append(norm)
        if state.step % STEPS_A_ROW and state.step < optimiser.steps:
            continue
        means = torch.stack([torch.stack(losses).mean(), torch.stack(norms).mean()]).tolist()
        losses, norms, rows = [], [], rows + 1
        if not all(map(math.isfinite, means)):
            tries += 1
            if tries > _TRIES:
                raise ResultError(
                    f"the loss of the {run.part} generator is no longer a number at step {state.step}",
                    expected="a finite loss", found=str(means[0]), where=f"{run.part}.lr = {optimiser.lr}",
                    fix="lower lr",
                )  # fmt: skip
            _put_back(state, copies)
            copies = _copies(state)
            run.rate_factor /= 2
            continue
        row = (state.step, means[0], means[1], rate, time.monotonic() - began)
        log.add(*row)
        if on_row is not None:
            on_row(row)
        if rows % _ROWS_BETWEEN_COPIES == 0:
            copies = _copies(state)
        if time.monotonic() - saved > SECONDS_BETWEEN_STATES:
            save()
            saved = time.monotonic()
    save()


def _take_layouts(state: TrainingState) -> None:
    """Gives what was read from a file the memory layout of the weights it belongs to, as fused kernels expect."""
    for name, value in state.net.state_dict().items():
        state.ema[name] = torch.empty_like(value).copy_(state.ema[name])
    for parameter, moments in state.optimizer.state.items():
        for name, value in moments.items():
            if value.shape == parameter.shape:
                moments[name] = torch.empty_like(parameter, requires_grad=False).copy_(value)


def _copies(state: TrainingState) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]:
    """Weights, average and optimiser as they are now."""
    moments = state.optimizer.state_dict()
    moments["state"] = {
        index: {name: value.clone() for name, value in values.items()} for index, values in moments["state"].items()
    }
    return (
        {name: value.detach().clone() for name, value in state.net.state_dict().items()},
        {name: value.clone() for name, value in state.ema.items()},
        moments,
    )


def _put_back(state: TrainingState, copies: tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]) -> None:
    weights, averages, moments = copies
    with torch.no_grad():
        for name, value in state.net.state_dict().items():
            value.copy_(weights[name])
        for name, value in state.ema.items():
            value.copy_(averages[name])
    state.optimizer.load_state_dict(moments)
