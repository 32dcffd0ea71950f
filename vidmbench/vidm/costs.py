"""What a VIDM costs: arithmetic, parameters, memory, and hours of a GPU; counted without any memory or GPU.

The networks are built on PyTorch's meta device, where tensors have shapes and no values, and run once. A
multiplication and an addition count as two operations. Only convolutions, matrix products and attention are counted;
what else there is (norms, activations, warping) costs memory traffic, which the assumed rates below allow for.

    python -m vidmbench.vidm.costs         the tables of docs/vidm.md
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from vidmbench.vidm.config import PARTS, Part, VidmSpec
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import RecipeSpec, load_recipe, recipe_names

# Operations a second that one H100 keeps up, by what is done. Those of training are assumed: 6 % and 7 % of its dense
# peaks, 989 TFLOP/s in bf16 and 495 in TF32, which PyTorch uses for the convolutions (alone) of float32 networks. Not
# more, because between the convolutions the networks read and write their large maps many times over, and the maps of
# positions of a training batch are as large as its features. Sampling, which keeps TF32 off, was measured: 30.6 TFLOP/s
# with clevrer-256 (docs/accuracy.md).
BF16_TRAINING, FP32_TRAINING, FP32_SAMPLING = 60e12, 35e12, 30e12
# GPUs that share a batch, for the estimate of memory.
GPUS = 8
# float32 numbers a parameter: itself, gradient, its copy for the exchange between GPUs, two moments, moving average.
_COPIES = 6
# Backward passes take twice the operations of the forward pass.
_TRAINING = 3
# Samples that share the positional maps when drawing, as of VidmVideos.
_BLOCK = 16


@dataclass(frozen=True)
class NetworkCost:
    """The forward passes of one sample, in operations.

    Attributes:
        content: The content generator.
        encoder: The residual's encoder; 0 without residual.
        unet: The motion generator's U-Net.
        flow: SpyNet; 0 without implicit condition.
    """

    content: int
    encoder: int
    unet: int
    flow: int

    def of_training(self, part: Part) -> int:
        """Forward and backward, one sample."""
        return _TRAINING * (self.content if part == "content" else self.encoder + self.unet + self.flow)


@dataclass(frozen=True)
class TrainingCost:
    """What training takes by a recipe.

    Attributes:
        content_hours: Of one H100, content generator.
        motion_hours: Of one H100, motion generator.
        memory_gib: On each of ``GPUS``, the larger of the two generators.
    """

    content_hours: float
    motion_hours: float
    memory_gib: float

    @property
    def hours(self) -> float:
        """Of one H100, both generators."""
        return self.content_hours + self.motion_hours


def network_cost(spec: VidmSpec, *, batch: int = 1) -> NetworkCost:
    """Counts the operations of one step for one sample.

    Args:
        spec: The model.
        batch: With more than 1, samples share t and n, as when drawing: PosGN's maps are made once for all.
    """
    return _network_cost(_sizes(spec), batch)


def parameters(spec: VidmSpec) -> dict[Part, int]:
    """Numbers that are trained, by generator."""
    return {
        part: sum(parameter.numel() for parameter in _net(part, _sizes(spec, classes=spec.num_classes)).parameters())
        for part in PARTS
    }


def activations(spec: VidmSpec) -> dict[Part, int]:
    """Bytes that one training sample keeps for the backward pass in float32, by generator.

    Autocast to bf16 saves little of it, as PyTorch keeps the group norms, and what follows them, in float32.
    """
    return dict(_activations(_sizes(spec)))


def training_cost(recipe: RecipeSpec) -> TrainingCost:
    """Estimates time and memory of a recipe.

    Memory is that of the parameters, their gradients and averages, and what a share of the batch keeps for the
    backward pass; work space and fragmentation are not in it.
    """
    cost, counts, saved_bytes = network_cost(recipe.model), parameters(recipe.model), activations(recipe.model)
    hours, memory = [], []
    for part in PARTS:
        training = recipe.part(part)
        rate = BF16_TRAINING if training.precision == "bf16" else FP32_TRAINING
        hours.append(training.steps * training.batch_size * cost.of_training(part) / rate / 3600)
        share = -(-training.batch_size // GPUS)
        memory.append((4 * _COPIES * counts[part] + share * saved_bytes[part]) / 2**30)
    return TrainingCost(hours[0], hours[1], max(memory))


def sampling_hours(spec: VidmSpec, *, videos: int, frames: int, steps: int) -> float:
    """Estimates the hours of one H100 that sampling videos takes, first frames generated.

    Each frame after the first takes one flow and, a step, encoder and U-Net. (What the sampler keeps of the encoder
    from one frame to the next, where it fits, is not taken off.)

    Args:
        spec: The model.
        videos: How many.
        frames: Of each.
        steps: Denoising steps per frame.
    """
    cost = network_cost(spec, batch=_BLOCK)
    drawn = frames - (1 if spec.content_frame == "frame 0" else 0)
    video = steps * cost.content + drawn * (cost.flow + steps * (cost.encoder + cost.unet))
    return videos * video / FP32_SAMPLING / 3600


def network_table() -> str:
    """A row for each size in the shipped recipes: GFLOP of a step and sample, 10^6 parameters, GiB kept a sample."""
    rows: dict[str, list[str]] = {}
    for recipe in _recipes():
        spec = recipe.model
        size = f"{spec.variant}, {spec.resolution} px, {spec.motion.channels} channels"
        if size in rows:  # the recipe with classes has a few parameters more
            continue
        cost, counts, saved_bytes = network_cost(spec), parameters(spec), activations(spec)
        rows[size] = [
            *(_rounded(number / 1e9) for number in (cost.content, cost.encoder, cost.unet, cost.flow)),
            *(_rounded(counts[part] / 1e6) for part in PARTS),
            *(_rounded(saved_bytes[part] / 2**30) for part in PARTS),
        ]
    heads = ["content", "encoder", "U-Net", "SpyNet", "parameters, content", "motion", "kept, content", "motion"]
    return _markdown("networks", heads, rows)


def recipe_table() -> str:
    """A row for each recipe meant for GPUs: hours of training, memory, hours of drawing 2048 videos of 128 frames."""
    rows = {}
    for recipe in _recipes():
        if recipe.device.startswith("H100"):
            cost = training_cost(recipe)
            drawing = [sampling_hours(recipe.model, videos=2048, frames=128, steps=steps) for steps in (100, 10)]
            numbers = (cost.content_hours, cost.motion_hours, cost.memory_gib, *drawing)
            rows[recipe.name] = [recipe.content.precision, *map(_rounded, numbers)]
    heads = ["precision", "content, h", "motion, h", f"GiB on each of {GPUS}", "100 steps, h", "10 steps, h"]
    return _markdown("recipe", heads, rows)


@cache
def _network_cost(spec: VidmSpec, batch: int) -> NetworkCost:
    content, motion = _net("content", spec), _net("motion", spec)
    x, t = _inputs(spec, batch, shared=batch > 1)
    with torch.no_grad():
        of_content, _ = _operations(lambda: content(x, t))
        of_flow, z = _operations(lambda: motion.flow(x, x))
        of_encoder, residual = _operations(lambda: motion.residual(x, t, t))
        of_unet, _ = _operations(lambda: motion.predict(x, t, t, x, z, residual))
    return NetworkCost(of_content // batch, of_encoder // batch, of_unet // batch, of_flow // batch)


@cache
def _activations(spec: VidmSpec) -> tuple[tuple[Part, int], ...]:
    content, motion = _net("content", spec), _net("motion", spec)
    x, t = _inputs(spec, 1, shared=False)
    return (
        ("content", _kept_bytes(content, lambda: content(x, t))),
        ("motion", _kept_bytes(motion, lambda: motion(x, t, t, x, x))),
    )


def _operations(call: Callable[[], Any]) -> tuple[int, Any]:
    """Operations of a call, and what it gave."""
    with FlopCounterMode(display=False) as counter:
        output = call()
    return int(counter.get_total_flops()), output


def _kept_bytes(net: nn.Module, call: Callable[[], Tensor]) -> int:
    """Bytes of what autograd keeps, without the parameters; what two operations keep counts once."""
    parameter_storages = {parameter.untyped_storage()._cdata for parameter in net.parameters()}
    saved: dict[int, Tensor] = {}  # holds the tensors, so that no storage's number is given away again

    def note(tensor: Tensor) -> Tensor:
        saved.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        output = call()
    del output
    return sum(
        tensor.untyped_storage().nbytes() for number, tensor in saved.items() if number not in parameter_storages
    )


@cache
def _net(part: Part, spec: VidmSpec) -> Any:
    with torch.device("meta"):
        return ContentNet(spec) if part == "content" else MotionNet(spec)


def _inputs(spec: VidmSpec, batch: int, *, shared: bool) -> tuple[Tensor, Tensor]:
    """Frames, and numbers that stand for timesteps and frame numbers alike."""
    size = (batch, 3, spec.resolution, spec.resolution)
    return torch.empty(size, device="meta"), torch.empty(1 if shared else batch, dtype=torch.int64, device="meta")


def _sizes(spec: VidmSpec, classes: int = 0) -> VidmSpec:
    """The model without what does not change the counts, so that fewer networks are built."""
    return spec.model_copy(update={"num_frames": 128, "num_classes": classes})


def _recipes() -> list[RecipeSpec]:
    return [load_recipe(name) for name in recipe_names()]


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _markdown(first: str, heads: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    body = [[name, *cells] for name, cells in rows.items()]
    align = ("left", *("right",) * len(heads))
    return tabulate(body, [first, *heads], tablefmt="pipe", disable_numparse=True, colalign=align)


if __name__ == "__main__":
    sys.stdout.write(f"{network_table()}\n\n{recipe_table()}\n")
