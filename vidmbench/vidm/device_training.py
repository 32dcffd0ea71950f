"""Trains one generator on one GPU as fast as it can within a time that is given beforehand.

:mod:`vidmbench.vidm.training` ends with the same bits however often it was stopped, on any machine and over several of
them. Here a step costs as little as possible instead: frames lie on the device (:mod:`vidmbench.vidm.device_batches`),
network and loss are compiled into few kernels, AdamW and the moving average are fused, and the loss is read once in
fifty steps. The learning rate falls with the clock where a number of seconds is given, so that a lease of a GPU ends
with a finished model whatever the GPU is worth.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vidmbench.errors import ResultError, UsageError
from vidmbench.vidm.batches import Batch
from vidmbench.vidm.config import Part, VidmSpec
from vidmbench.vidm.device_batches import DeviceVideos
from vidmbench.vidm.flow_training import pretrain_flow
from vidmbench.vidm.losses import min_snr_weights
from vidmbench.vidm.motion import MotionNet
from vidmbench.vidm.recipes import OptimiserSpec, RecipeSpec
from vidmbench.vidm.schedule import linear_schedule
from vidmbench.vidm.starting import new_net
from vidmbench.vidm.state import Log, TrainingState

STEPS_A_ROW = 50
SECONDS_BETWEEN_STATES = 60.0
# A loss that is no number any more: how often training goes back to the weights it had before, at half the rate.
_TRIES = 4
_ROWS_BETWEEN_COPIES = 4

# Told the rows of the log as they are made: step, loss, gradient norm, learning rate, seconds.
Row = tuple[int, float, float, float, float]


class Objective(nn.Module):
    """Network, noising and loss in one module, so that they compile into one graph.

    Args:
        net: The generator.
        spec: The model; its loss must be of the noise alone (``mse`` or ``robust``).
        optimiser: For its ``min_snr``.

    Raises:
        UsageError: The official variant, whose loss is another.
    """

    signal: Tensor
    sigma: Tensor
    weights: Tensor

    def __init__(self, net: nn.Module, spec: VidmSpec, optimiser: OptimiserSpec) -> None:
        super().__init__()
        if spec.loss == "p2-vlb":
            raise UsageError(
                "this training has no loss for the official variant", expected="variant = 'paper'", found=spec.variant
            )
        schedule = linear_schedule(spec.num_timesteps)
        weights = np.ones(len(schedule)) if optimiser.min_snr is None else min_snr_weights(schedule, optimiser.min_snr)
        self.net = net
        self.is_robust = spec.loss == "robust"
        for name, values in (
            ("signal", np.sqrt(schedule.alpha_bar)),
            ("sigma", np.sqrt(1.0 - schedule.alpha_bar)),
            ("weights", weights),
        ):
            self.register_buffer(name, torch.from_numpy(values).float(), persistent=False)

    def forward(
        self,
        x_0: Tensor,
        eps: Tensor,
        t: Tensor,
        first: Tensor | None = None,
        previous: Tensor | None = None,
        n: Tensor | None = None,
    ) -> Tensor:
        """The mean loss of a batch; arguments as in :class:`vidmbench.vidm.batches.Batch`."""
        x_t = self.signal[t][:, None, None, None] * x_0 + self.sigma[t][:, None, None, None] * eps
        prediction = self.net(x_t, t) if n is None else self.net(x_t, t, n, first, previous)
        error = prediction.float() - eps
        each = (error.abs() if self.is_robust else error.square()).mean(dim=(1, 2, 3))  # eta = 1e-8 leaves |error|
        loss: Tensor = (self.weights[t] * each).mean()
        return loss


@dataclass
class Budget:
    """When training ends.

    Attributes:
        seconds: Of training; None ends with the recipe's steps alone.
        deadline: Moment of :func:`time.time` at which it ends in any case; None for no such moment.
        compiled: Whether the network is compiled; where that fails, this becomes False and training goes on without.
        compile_seconds: After this compiling is given up.
        why_not_compiled: The error that compiling ended with.
    """

    seconds: float | None = None
    deadline: float | None = None
    compiled: bool = True
    compile_seconds: float = 120.0
    why_not_compiled: str = ""


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
        on_row: Told each row of the log.
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
    run = _Run(part, recipe, videos, state, objective, seed)
    run.model = _compiled(run, budget) if budget.compiled else objective
    if on_gpu and not budget.compiled:
        try:
            run.replayed = _captured(run)
        except Exception as error:
            budget.why_not_compiled = f"no graph: {type(error).__name__}: {str(error)[:300]}"
            print(budget.why_not_compiled, flush=True)
            run.state.optimizer.zero_grad(set_to_none=True)
    log = Log(out / f"{part}.csv", state.step)
    if wait is not None:
        wait()
    _loop(run, log, budget, path, on_row, on_state)
    return state


class _Run:
    """What the steps of one generator share."""

    def __init__(
        self,
        part: Part,
        recipe: RecipeSpec,
        videos: DeviceVideos,
        state: TrainingState,
        objective: Objective,
        seed: int,
    ) -> None:
        self.part: Part = part
        self.recipe = recipe
        self.optimiser = recipe.part(part)
        self.videos = videos
        self.state = state
        self.model: Callable[..., Tensor] = objective
        self.objective = objective
        self.seed = seed
        self.rate_factor = 1.0
        self.replayed: Callable[[Batch], Tensor] | None = None
        self.parameters: list[Tensor] = list(state.net.parameters())
        names = {id(value): name for name, value in state.net.named_parameters()}
        self.averages = [state.ema[names[id(value)]] for value in self.parameters]

    def batch(self, step: int) -> Batch:
        """The samples of a step."""
        return self.videos.draw(
            self.part, self.recipe.model, self.recipe.data, self.seed, step, self.optimiser.batch_size
        )

    def loss(self, batch: Batch, model: Callable[..., Tensor]) -> Tensor:
        """Forward and backward; gradients are left on the parameters."""
        given = (batch.x_0, batch.eps, batch.t)
        if batch.n is not None:
            given += (batch.first, batch.previous, batch.n)  # type: ignore[assignment]
        half = self.optimiser.precision == "bf16"
        with torch.autocast(self.videos.device.type, torch.bfloat16) if half else nullcontext():
            loss = model(*given)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def step(self, rate: float) -> tuple[Tensor, Tensor]:
        """One step; loss and gradient norm stay on the device."""
        optimizer = self.state.optimizer
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = self.batch(self.state.step)
        loss = self.loss(batch, self.model) if self.replayed is None else self.replayed(batch).clone()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.optimiser.clip_norm)
        optimizer.step()
        if self.replayed is None:
            optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            # A young average is of few steps: it must not hold on to the weights that training began with.
            decay = min(self.optimiser.ema_decay, (1 + self.state.step) / (10 + self.state.step))
            torch._foreach_lerp_(self.averages, self.parameters, 1 - decay)
        self.state.step += 1
        return loss, norm.detach()


def _given(batch: Batch) -> list[Tensor]:
    given = [batch.x_0, batch.eps, batch.t]
    if batch.n is not None:
        given += [batch.first, batch.previous, batch.n]  # type: ignore[list-item]
    return given


def _captured(run: _Run) -> Callable[[Batch], Tensor]:
    """Forward and backward as one CUDA graph; checked against the plain way on a batch of its own."""
    half = run.optimiser.precision == "bf16"
    began = time.monotonic()

    def once(given: list[Tensor]) -> Tensor:
        with torch.autocast("cuda", torch.bfloat16, cache_enabled=False) if half else nullcontext():
            loss = run.objective(*given)
        loss.backward()
        return loss.detach()

    def norm() -> float:
        return float(torch.stack([p.grad.float().norm() for p in run.parameters if p.grad is not None]).norm())

    static = [value.clone() for value in _given(run.batch(0))]
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(4):
            once(static)
            run.state.optimizer.zero_grad(set_to_none=True)
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    print(f"warmed up after {time.monotonic() - began:.1f} s", flush=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = once(static)

    def replay(batch: Batch) -> Tensor:
        for target, value in zip(static, _given(batch), strict=True):
            target.copy_(value)
        graph.replay()
        return loss

    other = run.batch(1)
    for _ in range(2):
        fast = float(replay(other))
    fast_norm = norm()
    kept = [p.grad for p in run.parameters]
    run.state.optimizer.zero_grad(set_to_none=True)
    plain = float(once(_given(other)))
    plain_norm = norm()
    for p, grad in zip(run.parameters, kept, strict=True):
        p.grad = grad
    print(f"graph: loss {fast:.6f} against {plain:.6f}, gradient {fast_norm:.5f} against {plain_norm:.5f}", flush=True)
    if not (abs(fast - plain) <= 0.01 * abs(plain) and abs(fast_norm - plain_norm) <= 0.05 * plain_norm + 1e-6):
        raise RuntimeError(f"the graph gives {fast} and {fast_norm}, the plain way {plain} and {plain_norm}")
    torch.cuda.synchronize()
    began = time.monotonic()
    for _ in range(10):
        replay(other)
    torch.cuda.synchronize()
    print(f"graph: {(time.monotonic() - began) * 100:.2f} ms a step without optimiser", flush=True)
    return replay


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the main thread when the time is over."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"not done within {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _compiled(run: _Run, budget: Budget) -> Callable[..., Tensor]:
    """The compiled objective, tried on a batch; the objective itself where compiling fails or takes too long."""
    batch = run.batch(0)
    try:
        with _within(budget.compile_seconds):
            model: Callable[..., Tensor] = torch.compile(run.objective, dynamic=False)
            for _ in range(3):
                run.loss(batch, model)
                run.state.optimizer.zero_grad(set_to_none=True)
            if run.videos.device.type == "cuda":
                torch.cuda.synchronize()
    except Exception as error:  # whatever the compiler dislikes: the same can be had slower
        first = str(error).strip().splitlines() or [""]
        budget.why_not_compiled = f"{type(error).__name__}: {first[0][:300]}"
        run.state.optimizer.zero_grad(set_to_none=True)
        budget.compiled = False
        return run.objective
    return model


def _loop(
    run: _Run,
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
    kept = _copies(state)
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
            _put_back(state, kept)
            kept = _copies(state)
            run.rate_factor /= 2
            continue
        row = (state.step, means[0], means[1], rate, time.monotonic() - began)
        log.add(*row)
        if on_row is not None:
            on_row(row)
        if rows % _ROWS_BETWEEN_COPIES == 0:
            kept = _copies(state)
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


def _put_back(state: TrainingState, kept: tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Any]]) -> None:
    weights, averages, moments = kept
    with torch.no_grad():
        for name, value in state.net.state_dict().items():
            value.copy_(weights[name])
        for name, value in state.ema.items():
            value.copy_(averages[name])
    state.optimizer.load_state_dict(moments)
