"""What ``train`` prints: the plan of a run, and what to do with the model."""

from collections.abc import Mapping
from pathlib import Path

from vidmbench.core.text import printable
from vidmbench.vidm.checkpoints.checkpoint import parts_in
from vidmbench.vidm.config import Part
from vidmbench.vidm.costs import GPUS, training_cost
from vidmbench.vidm.recipes import RecipeSpec
from vidmbench.vidm.sampling.opening import torch_device
from vidmbench.vidm.training.memory import free_bytes, step_bytes
from vidmbench.vidm.training.run import TrainRun
from vidmbench.vidm.training.speed import StepTime, measured_step

_GIB = 2**30


def training_plan(run: TrainRun, done: Mapping[Part, int]) -> str:
    """The plan that ``--dry-run`` prints; a step of each generator is measured for it.

    Args:
        run: What would be trained.
        done: Steps of each generator that an earlier, interrupted run has done.
    """
    recipe, device = run.recipe, torch_device(run.device)
    times = {part: measured_step(part, recipe, device) for part in run.parts}

    def steps(part: Part) -> str:
        if part not in run.parts:
            return "not trained"
        optimiser, time = recipe.part(part), times[part]
        earlier = f", {done[part]} of them done" if done[part] else ""
        rate = f"; {_span(time.seconds)} per step here" if time is not None else ""
        return f"{optimiser.steps} steps of {optimiser.batch_size}, {optimiser.precision}{earlier}{rate}"

    model = recipe.model
    lines = {
        "recipe": f"{recipe.name}: {recipe.title}",
        "data": run.dataset,
        "model": f"{model.variant} variant, {model.resolution} pixels, {model.num_frames} frames",
        "content": steps("content"),
        "motion": steps("motion"),
        "time": _time_here(run, done, times, device.type),
        "elsewhere": _elsewhere(recipe),
        "memory": _memory(run),
        "folder": str(run.out),
    }
    plan = [f"  {key + ':':10s} {text}" for key, text in lines.items() if text]
    return "\n".join(["dry run: nothing was trained or written. The plan:", *map(printable, plan)])


def _time_here(run: TrainRun, done: Mapping[Part, int], times: Mapping[Part, StepTime | None], device: str) -> str:
    """How long what is left takes on this machine."""
    import torch

    known = {part: time for part, time in times.items() if time is not None}
    if len(known) < len(times):
        return "not measured: this machine's memory is too small"
    seconds = sum((run.recipe.part(part).steps - done[part]) * time.seconds for part, time in known.items())
    where = torch.cuda.get_device_name() if device == "cuda" else f"this processor, {_threads(torch.get_num_threads())}"
    scaled = [time for time in known.values() if not time.is_whole]
    how = "measured now"
    if scaled:
        sizes = sorted({f"{time.batch} x {time.resolution} pixels" for time in scaled})
        how += f" on {' and '.join(sizes)}, scaled by the count of operations"
    return f"about {_span(seconds)} on {where} ({how}; without reading videos)"


def _elsewhere(recipe: RecipeSpec) -> str:
    """What the recipe's own estimate is for, where that is not this machine."""
    if not recipe.device.startswith("H100"):
        return ""
    cost = training_cost(recipe)
    return (
        f"about {_span(3600 * cost.hours)} of one H100 (estimated: vidmbench.vidm.costs), "
        f"{cost.memory_gib:.3g} GiB on each of {GPUS}"
    )


def _memory(run: TrainRun) -> str:
    needed = max(step_bytes(part, run.recipe) for part in run.parts)
    free = free_bytes(torch_device(run.device))
    known = "" if free is None else f", {free / _GIB:.3g} GiB free"
    warning = "; this may not be enough" if free is not None and needed > free else ""
    return f"about {needed / _GIB:.2g} GiB{known}{warning}"


def _threads(number: int) -> str:
    return f"{number} thread{'s' if number > 1 else ''}"


def _span(seconds: float) -> str:
    """A time as people say it, two or three digits."""
    units = (("years", 365.25 * 86400), ("days", 86400), ("hours", 3600), ("min", 60))
    for name, size in units:
        if seconds >= (2 if name != "min" else 3) * size:
            return f"{seconds / size:.3g} {name}" if seconds / size < 100 else f"{seconds / size:,.0f} {name}"
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds:.0f} s"


def next_step(run: TrainRun, model: Path) -> str:
    """What to do with a model: score it, or train the generator that it lacks.

    Args:
        run: The run that trained it.
        model: Its file; of several processes one writes it.
    """
    score = f"vidmbench run --model vidm:{run.out} --dataset {run.dataset}"
    parts = parts_in(model) if model.is_file() else run.parts
    if "motion" not in parts:
        return (
            "not ready to be scored: it has no motion generator yet; train it into the same folder, with the same "
            "command and --part motion"
        )
    if "content" not in parts:
        return f"it has no content generator yet (--part content); until then: {score} --content real"
    return f"score it: {score}"
