"""One training step on a device: network, noise and loss as one module, compiled or captured as a CUDA graph."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vidmbench.core.errors import UsageError
from vidmbench.vidm.config import Part, VidmSpec
from vidmbench.vidm.diffusion.losses import min_snr_weights
from vidmbench.vidm.diffusion.schedule import linear_schedule
from vidmbench.vidm.recipes import OptimiserSpec, RecipeSpec
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.device_batches import DeviceVideos
from vidmbench.vidm.training.state import TrainingState


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
        """The mean loss of a batch; arguments as in :class:`vidmbench.vidm.training.batch.Batch`."""
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
        is_compiled: Whether the network is compiled; where that fails, this becomes False and training goes on without.
        compile_seconds: After this compiling is given up.
        why_not_compiled: The error that compiling ended with.
    """

    seconds: float | None = None
    deadline: float | None = None
    is_compiled: bool = True
    compile_seconds: float = 120.0
    why_not_compiled: str = ""


class DeviceRun:
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

    def loss(self, inputs: Sequence[Tensor], model: Callable[..., Tensor], *, caches_casts: bool = True) -> Tensor:
        """Forward and backward; gradients are left on the parameters.

        Args:
            inputs: From :func:`inputs_of`.
            model: The objective, compiled or not.
            caches_casts: False while a CUDA graph is captured, which must not refer to casts made outside of it.
        """
        half = self.optimiser.precision == "bf16"
        device = self.videos.device.type
        with torch.autocast(device, torch.bfloat16, cache_enabled=caches_casts) if half else nullcontext():
            loss = model(*inputs)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def step(self, rate: float) -> tuple[Tensor, Tensor]:
        """One step; loss and gradient norm stay on the device."""
        optimizer = self.state.optimizer
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = self.batch(self.state.step)
        loss = self.loss(inputs_of(batch), self.model) if self.replayed is None else self.replayed(batch).clone()
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


def inputs_of(batch: Batch) -> list[Tensor]:
    """What :meth:`Objective.forward` takes of a batch, in order."""
    inputs = [batch.x_0, batch.eps, batch.t]
    if batch.n is not None:
        inputs += [batch.first, batch.previous, batch.n]  # type: ignore[list-item]
    return inputs


def captured(run: DeviceRun) -> Callable[[Batch], Tensor]:
    """Forward and backward as one CUDA graph; checked against the plain way on a batch of its own."""

    def once(inputs: Sequence[Tensor]) -> Tensor:
        return run.loss(inputs, run.objective, caches_casts=False)

    def norm() -> float:
        return float(torch.stack([p.grad.float().norm() for p in run.parameters if p.grad is not None]).norm())

    static = [value.clone() for value in inputs_of(run.batch(0))]
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(4):
            once(static)
            run.state.optimizer.zero_grad(set_to_none=True)
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = once(static)

    def replay(batch: Batch) -> Tensor:
        for target, value in zip(static, inputs_of(batch), strict=True):
            target.copy_(value)
        graph.replay()
        return loss

    other = run.batch(1)
    for _ in range(2):
        fast = float(replay(other))
    fast_norm = norm()
    gradients = [p.grad for p in run.parameters]
    run.state.optimizer.zero_grad(set_to_none=True)
    plain = float(once(inputs_of(other)))
    plain_norm = norm()
    for p, grad in zip(run.parameters, gradients, strict=True):
        p.grad = grad
    if not (abs(fast - plain) <= 0.01 * abs(plain) and abs(fast_norm - plain_norm) <= 0.05 * plain_norm + 1e-6):
        raise RuntimeError(f"the graph gives {fast} and {fast_norm}, the plain way {plain} and {plain_norm}")
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


def compiled(run: DeviceRun, budget: Budget) -> Callable[..., Tensor]:
    """The compiled objective, tried on a batch; the objective itself where compiling fails or takes too long."""
    batch = run.batch(0)
    try:
        with _within(budget.compile_seconds):
            model: Callable[..., Tensor] = torch.compile(run.objective, dynamic=False)
            for _ in range(3):
                run.loss(inputs_of(batch), model)
                run.state.optimizer.zero_grad(set_to_none=True)
            if run.videos.device.type == "cuda":
                torch.cuda.synchronize()
    except Exception as error:  # whatever the compiler dislikes: the same can be had slower
        first = str(error).strip().splitlines() or [""]
        budget.why_not_compiled = f"{type(error).__name__}: {first[0][:300]}"
        run.state.optimizer.zero_grad(set_to_none=True)
        budget.is_compiled = False
        return run.objective
    return model
