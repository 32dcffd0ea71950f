"""What ``train`` prints: the plan of a run, and what to do with the model."""

from collections.abc import Mapping
from pathlib import Path

from vidmbench.core.text import printable
from vidmbench.vidm.checkpoints.checkpoint import parts_in
from vidmbench.vidm.config import Part
from vidmbench.vidm.training.run import TrainRun


def training_plan(run: TrainRun, done: Mapping[Part, int]) -> str:
    """The plan that ``--dry-run`` prints.

    Args:
        run: What would be trained.
        done: Steps of each generator that an earlier, interrupted run has done.
    """
    recipe = run.recipe

    def steps(part: Part) -> str:
        if part not in run.parts:
            return "not trained"
        optimiser = recipe.part(part)
        earlier = f", {done[part]} of them done" if done[part] else ""
        return f"{optimiser.steps} steps of {optimiser.batch_size}, {optimiser.precision}{earlier}"

    model = recipe.model
    lines = {
        "recipe": f"{recipe.name}: {recipe.title}",
        "data": run.dataset,
        "model": f"{model.variant} variant, {model.resolution} pixels, {model.num_frames} frames",
        "content": steps("content"),
        "motion": steps("motion"),
        "estimate": f"{recipe.gpu_hours:g} {recipe.device}; {recipe.memory_gib:g} GiB",
        "folder": str(run.out),
    }
    plan = [f"  {key + ':':10s} {text}" for key, text in lines.items()]
    return "\n".join(["dry run: nothing was trained or written. The plan:", *map(printable, plan)])


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
