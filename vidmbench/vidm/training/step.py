"""One step of the optimiser, and the losses of steps, read without waiting for a GPU in each of them."""

import math
from collections.abc import Callable
from contextlib import nullcontext

import torch
import torch.distributed as dist
from torch import Tensor, nn

from vidmbench.core.errors import ResultError
from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.diffusion.losses import min_snr_weights, training_loss
from vidmbench.vidm.diffusion.schedule import Schedule, at
from vidmbench.vidm.recipes import OptimiserSpec
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.state import TrainingState


def adamw(net: nn.Module, optimiser: OptimiserSpec) -> torch.optim.Optimizer:
    """The optimiser; on a GPU its work on all weights is one kernel."""
    is_fused = True if next(net.parameters()).device.type == "cuda" else None  # None leaves a CPU's bits as they were
    return torch.optim.AdamW(net.parameters(), lr=optimiser.lr, weight_decay=optimiser.weight_decay, fused=is_fused)


def take_step(
    model: nn.Module,
    state: TrainingState,
    batch: Batch,
    schedule: Schedule,
    optimiser: OptimiserSpec,
    spec: VidmSpec,
    rate: float,
) -> tuple[Tensor, Tensor]:
    """One step of the optimiser; nothing in it waits for a GPU.

    Args:
        model: The network, or what shares its batch with other processes.
        state: What is trained.
        batch: On the network's device.
        schedule: The process.
        optimiser: How.
        spec: The model.
        rate: The learning rate.

    Returns:
        The loss and the gradient's norm over all processes. On a CPU, where looking at them costs nothing, the step is
        not taken if one of them is NaN or infinite, so that the weights stay good.

    Raises:
        ResultError: Memory ran out.
    """
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    x_t = schedule.noisy(batch.x_0, batch.t, batch.eps)
    half = optimiser.precision == "bf16"
    try:
        with torch.autocast(batch.x_0.device.type, torch.bfloat16) if half else nullcontext():
            if batch.n is None:
                prediction = model(x_t, batch.t, batch.label)
            else:
                prediction = model(x_t, batch.t, batch.n, batch.first, batch.previous)
        loss = training_loss(
            prediction, batch.eps, batch.x_0, x_t, batch.t, schedule, kind=spec.loss, variance=spec.variance
        )
        if optimiser.min_snr is not None:
            loss = loss * at(min_snr_weights(schedule, optimiser.min_snr), batch.t, loss)
        loss = loss.mean()
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        raise ResultError(
            "memory ran out",
            found=str(error).splitlines()[0],
            where=f"batch_size = {optimiser.batch_size}, resolution = {spec.resolution}",
            fix="lower batch_size in the recipe (halve it and the learning rate), or channels; what was saved stays",
        ) from error
    norm = torch.nn.utils.clip_grad_norm_(state.net.parameters(), optimiser.clip_norm)
    whole = loss.detach().clone()
    if dist.is_initialized():
        dist.all_reduce(whole)
        whole /= dist.get_world_size()
    if whole.device.type == "cpu" and not (math.isfinite(whole) and math.isfinite(norm)):
        return whole, norm
    state.optimizer.step()
    with torch.no_grad():
        current = state.net.state_dict()
        torch._foreach_lerp_([state.ema[name] for name in current], list(current.values()), 1 - optimiser.ema_decay)
    return whole, norm


class Losses:
    """Losses and gradient norms of the steps since the last row of the log.

    Args:
        diverged: Gives the error for a step (counted from 1) whose loss, or norm, is NaN or infinite.
    """

    def __init__(self, diverged: Callable[[int, float, float], ResultError]) -> None:
        self.last = math.nan
        self._diverged = diverged
        self._unread: list[tuple[Tensor, Tensor]] = []
        self._sums = [0.0, 0.0]
        self._count = 0

    def add(self, loss: Tensor, norm: Tensor) -> None:
        """Those of one step, which a GPU may still be at."""
        self._unread.append((loss, norm.detach()))

    def read(self, step: int) -> None:
        """Waits for all steps up to this one, and looks at their numbers.

        Args:
            step: The last step whose numbers were added, counted from 1.

        Raises:
            ResultError: One is no longer a number.
        """
        if not self._unread:
            return
        pairs = torch.stack([torch.stack(pair) for pair in self._unread]).tolist()
        first = step - len(pairs) + 1
        self._unread = []
        for number, (loss, norm) in enumerate(pairs, first):
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise self._diverged(number, loss if math.isfinite(norm) else math.nan, norm)
            self._sums = [self._sums[0] + loss, self._sums[1] + norm]
            self._count += 1
            self.last = loss

    def means(self) -> tuple[float, float]:
        """Means of loss and norm over the steps that were read since the last call."""
        means = self._sums[0] / self._count, self._sums[1] / self._count
        self._sums, self._count = [0.0, 0.0], 0
        return means
