"""First frames, and what drawing them shares with the frames that follow: schedule and noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.seeding import generator
from vidmbench.vidm.diffusion.samplers import sample
from vidmbench.vidm.diffusion.schedule import (
    Schedule,
    accumulated_steps,
    even_steps,
    linear_schedule,
    strided_steps,
)
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling.rollout import in_precision

# Given sample numbers, their first frames: float32 (sample, 3, height, width) in [-1, 1].
FirstFrames = Callable[[Sequence[int]], Tensor]


@dataclass(frozen=True)
class Content:
    """Where first frames come from.

    Attributes:
        frames: Gives them.
        digest: What they are, for the cache.
        note: What a reader of the score should know.
        steps: Denoising steps, where a network draws them.
    """

    frames: FirstFrames
    digest: str
    note: str
    steps: int | None = None


def drawn_content(net: ContentNet, sampling: SamplingSpec, seed: int, digest: str, note: str) -> Content:
    """First frames that a content generator draws.

    Args:
        net: The generator.
        sampling: How; its ``content_steps`` go before its ``steps``.
        seed: Sample i depends on the seed and i alone, its class too.
        digest: What the frames are besides what the caller's digest says already.
        note: What a reader of the score should know.
    """
    spec = net.spec
    steps = {"steps": sampling.content_steps or sampling.steps}
    schedule = schedule_of(spec.num_timesteps, sampling.model_copy(update=steps))

    @torch.no_grad()
    def frames(indices: Sequence[int]) -> Tensor:
        device = next(net.parameters()).device
        noise = unit_noise(seed, indices, ("content",), (spec.resolution, spec.resolution), device)
        label = None
        if spec.num_classes:
            classes = [generator(seed, "class", index).integers(spec.num_classes) for index in indices]
            label = torch.tensor(classes, device=device)

        def model(x_t: Tensor, t: Tensor) -> Tensor:
            with in_precision(device, sampling.precision):
                predicted: Tensor = net(x_t, t[:1], label)
            return predicted

        return sample(
            sampling.sampler,
            model,
            noise(),
            schedule,
            noise=lambda _: noise(),
            variance=spec.variance,
        )

    return Content(frames, digest, note, len(schedule))


def unit_noise(
    seed: int, indices: Sequence[int], purpose: Sequence[str | int], size: tuple[int, int], device: torch.device
) -> Callable[[], Tensor]:
    """Unit noise for a batch, one frame's worth a call.

    Sample i's depends on the seed, i and the purpose alone, whatever else is in the batch.

    Args:
        seed: The seed.
        indices: Sample numbers.
        purpose: What it is for, such as ``("motion", n)``.
        size: Height and width.
        device: Where it goes.

    Returns:
        A function that gives float32 (sample, 3, height, width).
    """
    randoms = [generator(seed, "sample", index, *purpose) for index in indices]

    def draw() -> Tensor:
        drawn = np.stack([random.standard_normal((3, *size), dtype=np.float32) for random in randoms])
        host = torch.from_numpy(drawn)
        if device.type == "cuda":  # which takes it out of pinned memory by itself, while the next is drawn here
            return host.pin_memory().to(device, non_blocking=True)
        return host.to(device)

    return draw


def schedule_of(num_timesteps: int, sampling: SamplingSpec) -> Schedule:
    """The steps that sampling visits.

    Raises:
        UsageError: More steps than the schedule has.
    """
    spaced = {"even": even_steps, "accumulated": accumulated_steps, "strided": strided_steps}[sampling.spacing]
    return linear_schedule(num_timesteps).respaced(spaced(num_timesteps, sampling.steps))
