"""Sampling and training a VIDM of the paper's sizes, through the package's own sampler and training step."""

import time
from typing import Any

import torch
from gpu.measuring import Figures, Measuring
from support.vidm_helpers import small_recipe
from torch import Tensor, nn

from vidmbench.core.torch_settings import without_tf32
from vidmbench.core.vocabulary import Precision
from vidmbench.vidm.checkpoints.checkpoint import Vidm
from vidmbench.vidm.config import PARTS, Part
from vidmbench.vidm.costs import GPUS, network_cost
from vidmbench.vidm.diffusion.schedule import linear_schedule
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import RecipeSpec, load_recipe
from vidmbench.vidm.sampling.first_frames import Content
from vidmbench.vidm.sampling.replay import Replay
from vidmbench.vidm.sampling.rollout import prediction_of
from vidmbench.vidm.sampling.source import VidmVideos
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.state import TrainingState
from vidmbench.vidm.training.step import adamw, take_step

_RECIPES = ("clevrer-256", "ucf101-128")
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
# Denoising steps that are timed, and those of a frame in the paper.
_TIMED, _OF_A_FRAME = 4, 100


def sampling(measuring: Measuring) -> None:
    """Seconds for a frame of 100 steps, from steps at a video's first frame, which computes all anew."""
    steps, batch = (2, 2) if measuring.is_small else (_TIMED, 8)

    def frame(recipe: RecipeSpec, precision: Precision) -> Figures:
        spec = recipe.model
        changes = {"sampler": "ancestral", "steps": steps, "spacing": "even", "precision": precision}
        chosen = recipe.sampling.model_copy(update=changes)
        vidm = Vidm(spec, None, _random(MotionNet, recipe, measuring).eval(), chosen, "0" * 64, "random weights")
        videos = VidmVideos(vidm, num_videos=batch, batch_size=batch, content=_no_content())
        first = torch.rand(batch, 3, spec.resolution, spec.resolution, device=measuring.device) * 2 - 1
        measuring.forget_peak()
        seconds = measuring.seconds_of(lambda: videos.walk(first, range(batch)).frame(1, first), repeats=3) / steps
        figures = {"s per frame": round(seconds / batch * _OF_A_FRAME, 4), "ms per step": round(1000 * seconds, 1)}
        if not measuring.is_small:  # counting takes longer than a rehearsal may
            cost = network_cost(spec, batch=batch)
            figures["TFLOP/s"] = round(batch * (cost.encoder + cost.unet) / seconds / 1e12, 1)
        return figures | measuring.peak()

    def call(recipe: RecipeSpec, is_replayed: bool) -> Figures:
        spec, device = recipe.model, measuring.device
        net = _random(MotionNet, recipe, measuring).eval()
        first = torch.rand(batch, 3, spec.resolution, spec.resolution, device=device) * 2 - 1
        number = torch.ones(1, dtype=torch.int64, device=device)
        with torch.no_grad(), without_tf32():
            flow = [] if net.spynet is None else [net.flow(first, first)]
            inputs = [first, number, number, *flow, *(net.residual(first, number, number) or [first])]
            predict = prediction_of(net)
            replay = Replay(predict, inputs) if is_replayed else None
        seconds = measuring.seconds_of(lambda: predict(*inputs) if replay is None else replay(inputs), repeats=30)
        return {"ms per step": round(1000 * seconds, 2)}

    for recipe in _recipes(measuring):
        for precision in PRECISIONS:
            measuring.measure(
                "sampling",
                f"{recipe.name}, {precision}, {batch} videos at once",
                lambda r=recipe, p=precision: frame(r, p),
                seconds=12,
            )
    small = small_recipe() if measuring.is_small else load_recipe("mini-64")
    for is_replayed in (False, True):
        how = "as a CUDA graph" if is_replayed else "kernel by kernel"
        measuring.measure(
            "sampling",
            f"{small.name}, fp32, {batch} videos at once, {how}",
            lambda r=is_replayed: call(small, r),
            seconds=8,
        )


def training(measuring: Measuring) -> None:
    """Steps a second, at one GPU's share of the paper's batch where eight share it."""

    def steps(recipe: RecipeSpec, part: Part) -> Figures:
        size = 2 if measuring.is_small else recipe.part(part).batch_size // GPUS
        net = _random(ContentNet if part == "content" else MotionNet, recipe, measuring)
        optimiser = recipe.part(part)
        state = TrainingState(
            net,
            {name: value.detach().clone() for name, value in net.state_dict().items()},
            adamw(net, optimiser),
            0,
            {},
        )
        schedule = linear_schedule(recipe.model.num_timesteps)
        batch = _batch(part, recipe, size, measuring.device)
        taken: list[float] = []
        measuring.forget_peak()
        for _ in range(2 if measuring.is_small else 6):
            start = time.perf_counter()
            take_step(net, state, batch, schedule, optimiser, recipe.model, optimiser.lr)
            measuring.wait()
            taken.append(time.perf_counter() - start)
        seconds = min(taken[1:])
        figures = {"steps/s": round(1 / seconds, 2), "samples/s": round(size / seconds, 2)}
        if not measuring.is_small:
            reached = size * network_cost(recipe.model).of_training(part) / seconds
            figures["TFLOP/s"] = round(reached / 1e12, 1)
        return figures | measuring.peak()

    for recipe in _recipes(measuring):
        for part in PARTS:
            size = 2 if measuring.is_small else recipe.part(part).batch_size // GPUS
            line = f"{recipe.name}, {part}, {recipe.part(part).precision}, batch of {size}"
            measuring.measure("training", line, lambda r=recipe, p=part: steps(r, p), seconds=6)


def _recipes(measuring: Measuring) -> list[RecipeSpec]:
    return [small_recipe()] if measuring.is_small else [load_recipe(name) for name in _RECIPES]


def _batch(part: Part, recipe: RecipeSpec, size: int, device: torch.device) -> Batch:
    spec = recipe.model

    def frames() -> Tensor:
        return torch.rand(size, 3, spec.resolution, spec.resolution, device=device) * 2 - 1

    t = torch.randint(spec.num_timesteps, (size,), device=device)
    noise = torch.randn(size, 3, spec.resolution, spec.resolution, device=device)
    if part == "content":
        label = torch.zeros(size, dtype=torch.int64, device=device) if spec.num_classes else None
        return Batch(frames(), noise, t, label=label)
    n = torch.randint(1, spec.num_frames, (size,), device=device)
    return Batch(frames(), noise, t, frames(), frames(), n)


def _random(net: type[nn.Module], recipe: RecipeSpec, measuring: Measuring) -> Any:
    torch.manual_seed(0)
    with measuring.device:
        return net(recipe.model)


def _no_content() -> Content:
    """First frames are given: no content generator is asked."""
    return Content(lambda indices: torch.empty(0), "none", "first frames: given")
