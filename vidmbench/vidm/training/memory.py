"""Whether this machine's memory holds a step of training, from counts of parameters and activations."""

import os
from collections.abc import Sequence

import torch

from vidmbench.core.errors import UsageError
from vidmbench.core.memory import free_memory
from vidmbench.vidm.config import Part
from vidmbench.vidm.costs import GPUS, activations, parameters, training_cost
from vidmbench.vidm.recipes import RecipeSpec

# float32 numbers per parameter: itself, gradient, two moments, moving average; one more where processes share a batch.
_COPIES = 5
# A step is refused if even this part of what was counted is not free: bf16 keeps less than float32, which is counted
# (measured on one H100: 0.80 and 1.01 of the count).
_LEAST = 0.75


def step_bytes(part: Part, recipe: RecipeSpec) -> int:
    """Bytes that a step of one generator takes in this process, as counted: weights, optimiser, activations."""
    fixed, per_sample = _counts(part, recipe)
    return fixed + share_of(recipe.part(part).batch_size) * per_sample


def share_of(batch_size: int) -> int:
    """Samples of a batch that this process takes, under torchrun or alone."""
    return -(-batch_size // _world())


def check_memory(
    recipe: RecipeSpec, parts: Sequence[Part], device: torch.device, *, with_flow_start: bool = True
) -> None:
    """Refuses a recipe of which a step cannot fit.

    Args:
        recipe: How.
        parts: The generators that are trained.
        device: Where.
        with_flow_start: Whether SpyNet is trained first, where the recipe says so: not in fine-tuning.

    Raises:
        UsageError: This machine's memory is too small, by far.
    """
    free = free_bytes(device)
    needed = {part: int(_LEAST * step_bytes(part, recipe)) for part in parts}
    part = max(needed, key=needed.__getitem__)
    if free is None:
        return
    if needed[part] <= free:
        if with_flow_start and "motion" in parts and recipe.model.implicit_condition:
            _check_flow_start(recipe, free)
        return
    fitting = min(_fitting(name, recipe, free) for name in parts)
    smaller = f"batch_size = {fitting} in a recipe of your own (lower lr with it), or " if fitting > 0 else ""
    cost = training_cost(recipe)
    raise UsageError(
        f"this machine's memory cannot hold a step of the {part} generator",
        expected=f"{_gib(needed[part])} or more ({_gib(step_bytes(part, recipe))} as counted)",
        found=f"{_gib(free)} free",
        where=f"{part}.batch_size = {recipe.part(part).batch_size}, model.resolution = {recipe.model.resolution}",
        fix=f"{smaller}share each batch among GPUs: torchrun --nproc-per-node {GPUS} -m vidmbench train ...\n"
        f"    {recipe.name} takes about {cost.hours:.3g} hours of one H100, and {cost.memory_gib:.3g} GiB on each of "
        f"{GPUS} (estimated)",
    )


def _check_flow_start(recipe: RecipeSpec, free: int) -> None:
    """Refuses a batch of pairs that cannot fit: every process trains SpyNet with the whole of it."""
    start, side = recipe.flow_start, recipe.model.resolution
    # Pairs as drawn and varied, and what each layer takes (8 channels the first); 4/3 over levels, each of half size.
    a_pair = 4 * side**2 * (12 + (8 + sum(recipe.model.flow.widths)) * 4 // 3)
    needed = int(_LEAST * start.batch_size * a_pair)
    if start.start != "photometric" or needed <= free:
        return
    raise UsageError(
        "this machine's memory cannot hold a step of the training of SpyNet, which comes first",
        expected=f"{_gib(needed)} or more",
        found=f"{_gib(free)} free",
        where=f"flow_start.batch_size = {start.batch_size}, model.resolution = {side}",
        fix=f"flow_start.batch_size = {max(1, int(free / _LEAST) // a_pair)} in a recipe of your own",
    )


def _fitting(part: Part, recipe: RecipeSpec, free: int) -> int:
    """The largest batch of which a step fits into so many bytes."""
    fixed, per_sample = _counts(part, recipe)
    return int((free / _LEAST - fixed) // per_sample) * _world()


def free_bytes(device: torch.device) -> int | None:
    """Bytes that each process on this machine may take; None where that is not known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    free = free_memory()
    return None if free is None else free // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _counts(part: Part, recipe: RecipeSpec) -> tuple[int, int]:
    """Bytes whatever the batch, and bytes of each sample."""
    copies = _COPIES + (_world() > 1)
    return 4 * copies * parameters(recipe.model)[part], activations(recipe.model)[part]


def _world() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def _gib(number: int) -> str:
    return f"{number / 2**30:.3g} GiB"
