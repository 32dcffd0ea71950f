"""What training starts from: the seed, Sintel weights for the flow, or the weights of a finished model."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from vidmbench.core.errors import UsageError
from vidmbench.core.progress import Progress
from vidmbench.vidm.checkpoints.checkpoint import filled
from vidmbench.vidm.config import PARTS, Part, VidmSpec
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import RecipeSpec
from vidmbench.vidm.training.batches import TrainingVideos, flow_pairs
from vidmbench.vidm.training.flow_pretraining import pretrain_flow


@dataclass(frozen=True)
class Start:
    """Weights of a finished model to start from: fine-tuning.

    Attributes:
        weights: Of one generator, by name.
        sha256: Of the model's file.
        where: The file.
    """

    weights: Mapping[str, Tensor]
    sha256: str
    where: Path

    def fill(self, net: nn.Module, spec: VidmSpec) -> None:
        """Puts the weights into a network.

        Raises:
            WeightsError: They do not fit.
        """
        part: Part = "content" if isinstance(net, ContentNet) else "motion"
        net.load_state_dict(self.filled(part, spec, torch.device("cpu")).state_dict())

    def filled(self, part: Part, spec: VidmSpec, device: torch.device) -> nn.Module:
        """A network with the weights; on the device ``meta``, nothing but the check that they fit.

        Raises:
            WeightsError: They do not fit.
        """
        return filled(ContentNet if part == "content" else MotionNet, spec, self.weights, self.where, device)


def new_net(part: Part, spec: VidmSpec, seed: int) -> nn.Module:
    """A network whose first weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + (0 if part == "content" else 1_000_003))
        return ContentNet(spec) if part == "content" else MotionNet(spec)


def start_flow(
    net: MotionNet,
    recipe: RecipeSpec,
    videos: TrainingVideos,
    seed: int,
    sintel: Mapping[str, Tensor] | None,
    progress: Progress | None,
) -> None:
    """Gives the flow network of a new motion generator what the recipe says it starts from.

    Raises:
        UsageError: The Sintel weights do not fit the recipe's flow network.
    """
    assert net.spynet is not None
    if recipe.flow_start.start == "sintel" and sintel is not None:
        shapes = {name: tuple(value.shape) for name, value in net.spynet.named_parameters()}
        if {name: tuple(value.shape) for name, value in sintel.items() if name in shapes} != shapes:
            flow = recipe.model.flow
            raise UsageError(
                "the flow network of this recipe is not of the size of the Sintel weights",
                expected="widths = [32, 64, 32, 16], levels = 6",
                found=f"widths = {list(flow.widths)}, levels = {flow.levels}",
                where="model.flow",
                fix="take these sizes, or flow_start.start = 'photometric' or 'seed'",
            )
        net.spynet.load_state_dict(dict(sintel), strict=False)  # the public file has no mean and std
    elif recipe.flow_start.start == "photometric":
        pretrain_flow(
            net.spynet,
            lambda step: flow_pairs(videos, recipe.flow_start, seed, step),
            steps=recipe.flow_start.steps,
            seed=seed,
            progress=progress,
        )


def flow_weights(recipe: RecipeSpec, *, has_sintel: bool) -> str:
    """What SpyNet really started from: ``none`` without implicit condition, ``seed`` where sintel is not there."""
    if not recipe.model.implicit_condition:
        return "none"
    if recipe.flow_start.start == "sintel" and not has_sintel:
        return "seed"
    return recipe.flow_start.start


def is_slow_in_bf16(recipe: RecipeSpec, device: torch.device) -> bool:
    """Whether the recipe asks for bf16 of an x86 processor that has no instructions for it, and emulates it."""
    has_units = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)()
    asks = any(recipe.part(part).precision == "bf16" for part in PARTS)
    return asks and device.type == "cpu" and platform.machine().lower() in ("x86_64", "amd64") and not has_units
