"""How long a step of training takes on this machine: a short measurement, of less work where a step takes minutes."""

import time
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from vidmbench.vidm.config import Part, VidmSpec
from vidmbench.vidm.costs import activations, network_cost, parameters
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import RecipeSpec
from vidmbench.vidm.training.memory import free_bytes, share_of

# Operations of a measured step, at most: about a second of two CPU cores, a fraction of one on a GPU.
_MOST = {"cpu": 6e10, "cuda": 1e13}
_TIMED = 2
_LEVELS = 3
# Weights and gradients, float32, of a measured step.
_BYTES_PER_PARAMETER = 8


@dataclass(frozen=True)
class StepTime:
    """What a step takes.

    Attributes:
        seconds: Of one step of the recipe, forward and backward pass; under torchrun of this process's share of it.
        batch: Samples that were measured.
        resolution: Pixels at which they were.
        is_whole: Whether that is a step of the recipe; otherwise it was scaled by the count of operations.
    """

    seconds: float
    batch: int
    resolution: int
    is_whole: bool


def measured_step(part: Part, recipe: RecipeSpec, device: torch.device) -> StepTime | None:
    """Measures a step of one generator, with random weights and frames; nothing is read, trained or kept.

    Args:
        part: Which generator.
        recipe: How it is trained.
        device: Where.

    Returns:
        The time; None where this machine's memory holds not even the smallest step.
    """
    spec, optimiser = recipe.model, recipe.part(part)
    share = share_of(optimiser.batch_size)
    smaller, batch = _measurable(part, spec, share, _MOST.get(device.type, _MOST["cpu"]))
    free = free_bytes(device)
    needed = parameters(smaller)[part] * _BYTES_PER_PARAMETER + batch * activations(smaller)[part]
    if free is not None and needed > free:
        return None
    seconds = _seconds(part, smaller, batch, device, half=optimiser.precision == "bf16")
    whole = share * network_cost(spec).of_training(part)
    measured = batch * network_cost(smaller).of_training(part)
    return StepTime(seconds * whole / measured, batch, smaller.resolution, (smaller, batch) == (spec, share))


def _measurable(part: Part, spec: VidmSpec, batch: int, most: float) -> tuple[VidmSpec, int]:
    """As much of a step as can be measured at once: fewer samples first, then the large maps alone, then smaller ones.

    Most operations are those of a network's first levels; its last ones are so small and wide in small frames that
    reading their weights would be measured.
    """
    while batch > 1 and batch * network_cost(spec).of_training(part) > most:
        batch = (batch + 1) // 2
    if network_cost(spec).of_training(part) > most:
        levels = {"multipliers": spec.content.multipliers[:_LEVELS], "attention": ()}
        nets = {"content": spec.content.model_copy(update=levels), "motion": spec.motion.model_copy(update=levels)}
        spec = spec.model_copy(update=nets)
    operations = network_cost(spec).of_training(part)
    while operations > most and spec.resolution % 2**_LEVELS == 0:
        spec = spec.model_copy(update={"resolution": spec.resolution // 2})
        operations //= 4  # nearly: all but SpyNet's frames, which are padded
    return spec, batch


def _seconds(part: Part, spec: VidmSpec, batch: int, device: torch.device, *, half: bool) -> float:
    """The quickest of a few steps, after one that prepares."""
    with torch.device("meta"):
        net: nn.Module = ContentNet(spec) if part == "content" else MotionNet(spec)
    net = net.to_empty(device=device).train()
    with torch.no_grad():
        for value in (*net.parameters(), *net.buffers()):
            if value.is_floating_point():
                value.fill_(0.01)  # neither zeros nor tiny numbers, whose arithmetic takes another time
    frames = torch.rand(batch, 3, spec.resolution, spec.resolution, device=device) * 2 - 1
    numbers = torch.ones(batch, dtype=torch.int64, device=device)
    labels = torch.zeros_like(numbers) if spec.num_classes else None

    def step() -> float:
        began = time.perf_counter()
        with torch.autocast(device.type, torch.bfloat16) if half else nullcontext():
            if part == "content":
                predicted = net(frames, numbers, labels)
            else:
                predicted = net(frames, numbers, numbers, frames, frames.flip(-1))
        predicted.float().square().mean().backward()
        net.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - began

    step()
    return min(step() for _ in range(_TIMED))
