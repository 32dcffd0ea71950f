"""The ablation of the paper's Table 3: every row trained with equal seed and budget, drawn from alike, scored alike."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from pydantic import Field

from vidmbench import resources
from vidmbench.choices import Choices
from vidmbench.declarations import Frozen, load_toml
from vidmbench.errors import ResultError, UsageError
from vidmbench.files import sha256_of_parts, write_text
from vidmbench.models import torch_device
from vidmbench.records import RunRecord, read_records, write_record
from vidmbench.runs import Job, carry_out, record_of, vidm_job
from vidmbench.train_runs import TrainRun, train
from vidmbench.vidm.checkpoint import Vidm, load_vidm
from vidmbench.vidm.config import Part
from vidmbench.vidm.recipes import OptimiserSpec, RecipeSpec

Progress = Callable[[int, int, str], None]
Component = Literal["truncation", "penalty", "posgn", "implicit_condition", "residual"]


class RowSpec(Frozen):
    """One row.

    Attributes:
        model: The model's label in records.
        label: The row as the paper prints it.
        part: The generator that differs from the default; ``both`` for the default itself.
        off: Components that are turned off in it.
    """

    model: str = Field(pattern=r"^vidm-[a-z0-9-]+$")
    label: str
    part: Literal["content", "motion", "both"]
    off: tuple[Component, ...] = Field(strict=False)


class AblationSpec(Frozen):
    """An ablation, as protocols/ablations/NAME.toml declares it.

    Attributes:
        name: The file's name without its suffix.
        title: A line for people.
        rows: Its rows.
    """

    name: str
    title: str
    rows: tuple[RowSpec, ...] = Field(strict=False, min_length=1)


@dataclass(frozen=True)
class Ablation:
    """What to run.

    Attributes:
        recipe: The default model's recipe, its steps already scaled to the budget.
        dataset: Data set, as ``--dataset`` names it.
        out: Folder: one training run a generator, and ``records``.
        choices: How the rows are scored; ``frames`` are those of motion rows.
        seed: Seed of every training and every sample.
        part: Whether only one generator's rows are done.
        command: The command line, for the records.
    """

    recipe: RecipeSpec
    dataset: str
    out: Path
    choices: Choices
    seed: int = 0
    part: Literal["both", "content", "motion"] = "both"
    command: tuple[str, ...] = ()


def load_ablation(name: str = "table3") -> AblationSpec:
    """Loads a declaration.

    Raises:
        ProtocolError: It is missing or has mistakes.
    """
    return load_toml(resources.protocols_dir() / "ablations" / f"{name}.toml", AblationSpec)


def scaled(recipe: RecipeSpec, budget: float) -> RecipeSpec:
    """The recipe with a share of its steps; what is counted in steps shrinks with them.

    Args:
        recipe: The recipe.
        budget: Share of the steps, above 0 and up to 1.

    Raises:
        UsageError: The share is out of range.
    """
    if not 0 < budget <= 1:
        raise UsageError(
            "the budget is out of range", expected="above 0, up to 1", found=f"{budget:g}", where="--budget"
        )
    if budget == 1:
        return recipe

    def shorter(part: OptimiserSpec) -> OptimiserSpec:
        # The moving average looks back over the same share of the run.
        return part.model_copy(
            update={
                "steps": max(1, round(part.steps * budget)),
                "warmup_steps": round(part.warmup_steps * budget),
                "ema": max(0.0, 1 - (1 - part.ema) / budget),
            }
        )

    return recipe.model_copy(update={"content": shorter(recipe.content), "motion": shorter(recipe.motion)})


def run_ablation(ablation: Ablation, progress: Progress | None = None) -> list[RunRecord]:
    """Trains, draws from and scores every row; a second call goes on where the first stopped.

    A content row is scored with the default motion generator, a motion row with the default content generator and the
    same first frames, so rows differ in one generator alone.

    Args:
        ablation: What.
        progress: Told steps or clips done, how many in all, and what is being done.

    Returns:
        The rows' records, in the order of the rows.

    Raises:
        VidmbenchError: Anything that cannot work; finished rows are kept.
    """
    _declare(ablation)
    records = []
    for row in load_ablation().rows:
        if ablation.part != "both" and row.part not in (ablation.part, "both"):
            continue
        done = _finished(row, ablation)
        records.append(done or _measured(row, ablation, progress))
    return records


def _measured(row: RowSpec, ablation: Ablation, progress: Progress | None) -> RunRecord:
    content = _trained("content", row.off if row.part == "content" else (), ablation, progress, row.model)
    motion = _trained("motion", row.off if row.part == "motion" else (), ablation, progress, row.model)
    vidm = Vidm(
        motion.spec,
        content.content,
        motion.motion,
        ablation.recipe.sampling,
        sha256_of_parts("content", content.sha256, "motion", motion.sha256),
        str(ablation.out),
    )
    job = _job(row, vidm, ablation)
    measurements = carry_out(job, progress)
    record = record_of(job, measurements, command=ablation.command)
    write_record(record, ablation.out / "records")
    return record


def _job(row: RowSpec, vidm: Vidm, ablation: Ablation) -> Job:
    choices = ablation.choices
    if row.part == "content":  # the paper scores these at the shortest length alone
        choices = replace(choices, frames=(min(choices.frames),))
    return vidm_job(vidm, row.model, ablation.dataset, replace(choices, seed=ablation.seed))


def _trained(part: Part, off: Sequence[Component], ablation: Ablation, progress: Progress | None, model: str) -> Vidm:
    """The generator with some components off, trained now unless it was."""
    switches: dict[str, Any] = {component: False for component in off}
    spec = ablation.recipe.model.model_copy(update=switches)
    recipe = ablation.recipe.model_copy(update={"model": spec})
    folder = ablation.out / "-".join((part, *(f"no-{component.replace('_', '-')}" for component in off)))
    folder.mkdir(parents=True, exist_ok=True)

    def told(done: int, total: int, label: str) -> None:
        if progress is not None:
            progress(done, total, f"{model}: {label}")

    with FileLock(folder / ".lock"):  # another process may be training the same generator for its own rows
        run = TrainRun(
            recipe, ablation.dataset, folder, ablation.seed, (part,), ablation.choices.device, ablation.command,
            data_root=ablation.choices.data_root,
        )  # fmt: skip
        path = train(run, told)
    return load_vidm(path, torch_device(ablation.choices.device))


def _finished(row: RowSpec, ablation: Ablation) -> RunRecord | None:
    """The row's whole record of an earlier call; the folder's settings are the same by now."""
    found = [record for record in read_records(ablation.out / "records") if record.model == row.model]
    whole = [record for record in found if all(one.status == "ok" for one in record.measurements)]
    return whole[-1] if whole else None


def _declare(ablation: Ablation) -> None:
    """Writes what the folder is for, or refuses a folder that was begun with other settings."""
    choices = ablation.choices
    settings = {
        "recipe": ablation.recipe.model_dump(mode="json"),
        "dataset": ablation.dataset,
        "seed": ablation.seed,
        "frames": list(choices.frames),
        "num_videos": choices.num_fake,
        "sampler": choices.drawing.sampler,
        "steps": choices.drawing.steps,
    }
    path = ablation.out / "ablation.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else settings
    other = [key for key in settings if found.get(key) != json.loads(json.dumps(settings[key]))]
    if other:
        raise ResultError(
            "this folder holds an ablation that was begun with other settings",
            expected=f"{other[0]} = {json.dumps(found.get(other[0]))[:100]}",
            found=f"{json.dumps(settings[other[0]])[:100]}",
            where=str(path),
            fix="give the settings it was begun with, or another --out",
        )
    write_text(path, json.dumps(settings, indent=2) + "\n")


def plan_lines(ablation: Ablation) -> list[str]:
    """What would be done, row by row, for people."""
    lines = []
    for row in load_ablation().rows:
        if ablation.part == "both" or row.part in (ablation.part, "both"):
            state = "done" if _finished(row, ablation) else "to do"
            lines.append(f"{row.label:40s} {json.dumps(list(row.off)):52s} {state}")
    return lines
