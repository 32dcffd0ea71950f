"""The ablation of the paper's Table 3: every row trained with equal seed and budget, sampled alike, scored alike."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from filelock import FileLock
from pydantic import Field

from vidmbench.core import resources
from vidmbench.core.checksums import check_checksum, write_json
from vidmbench.core.declarations import Frozen, load_toml
from vidmbench.core.errors import UsageError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.json_toml import read_json
from vidmbench.core.progress import Progress
from vidmbench.core.vocabulary import TrainedPart
from vidmbench.evaluation.carry_out import carry_out, record_of
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import Job, vidm_job
from vidmbench.records.record import RunRecord, read_records, write_record
from vidmbench.vidm.checkpoints.checkpoint import Vidm, load_vidm
from vidmbench.vidm.checkpoints.tensor_files import check_same
from vidmbench.vidm.config import PARTS, Part
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import RecipeSpec
from vidmbench.vidm.sampling.opening import torch_device
from vidmbench.vidm.training.run import TrainRun, check_train, train

#: In the folder: what decides its numbers.
SETTINGS = "ablation.json"

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
    part: TrainedPart
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
    part: TrainedPart = "both"
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
    return recipe.model_copy(update={name: recipe.part(name).shortened(budget) for name in PARTS})


def check_ablation(ablation: Ablation) -> None:
    """Finds what would go wrong in :func:`run_ablation`, before the first step of any row.

    Raises:
        VidmbenchError: Anything that cannot work: data, clips, sampling steps, or a folder of other settings.
    """
    _check_settings(ablation)
    rows = _rows(ablation)
    _check_rows(ablation, rows)
    for part in PARTS:  # every row is scored with a generator of either kind
        check_train(_run(part, (), ablation))
    with torch.device("meta"):  # the sizes of the networks, without weights
        spec = ablation.recipe.model
        vidm = Vidm(spec, ContentNet(spec), MotionNet(spec), ablation.recipe.sampling, "0" * 64, str(ablation.out))
    _job(rows[-1], vidm, ablation)  # the default is scored at every length


def _rows(ablation: Ablation) -> list[RowSpec]:
    return [row for row in load_ablation().rows if ablation.part == "both" or row.part in (ablation.part, "both")]


def _check_rows(ablation: Ablation, rows: Sequence[RowSpec]) -> None:
    """Refuses rows that would be one network twice: the official variant has no penalty to turn off, for example."""
    model, seen = ablation.recipe.model, dict[tuple[str, ...], RowSpec]()
    for row in (*rows[-1:], *rows[:-1]):
        really_off = (row.part, *(component for component in row.off if getattr(model, component)))
        same = seen.get(really_off if len(really_off) > 1 else ("default",))
        if same is not None:
            off = (name for name in dict.fromkeys((*same.off, *row.off)) if not getattr(model, name))
            raise UsageError(
                f"two rows of the ablation would be the same network: {same.label}, and {row.label}",
                expected="a recipe whose model has all components that are turned off row by row",
                found=f"{', '.join(off)} off already",
                where=f"recipe {ablation.recipe.name}, {model.variant} variant",
                fix="take a recipe of the paper variant, or --part of the other generator",
            )
        seen[really_off if len(really_off) > 1 else ("default",)] = row


def run_ablation(
    ablation: Ablation,
    progress: Progress | None = None,
    on_record: Callable[[Job, RunRecord, Path], None] | None = None,
) -> list[RunRecord]:
    """Trains, samples and scores every row; a second call continues where the first stopped.

    A content row is scored with the default motion generator, a motion row with the default content generator and the
    same first frames, so rows differ in one generator alone.

    Args:
        ablation: What.
        progress: Called with steps or clips done, their total, and a label.
        on_record: Called with what was scored, its record and the record's file, while the samples are still there.

    Returns:
        The rows' records, in the order of the rows.

    Raises:
        VidmbenchError: Anything that cannot work; finished rows are kept.
    """
    check_ablation(ablation)
    write_json(ablation.out / SETTINGS, _settings(ablation))
    records = []
    for row in _rows(ablation):
        done = _finished(row, ablation)
        records.append(done or _measured(row, ablation, progress, on_record))
    return records


def _measured(
    row: RowSpec,
    ablation: Ablation,
    progress: Progress | None,
    on_record: Callable[[Job, RunRecord, Path], None] | None,
) -> RunRecord:
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
    measurements = carry_out(job, progress).measurements
    record = record_of(job, measurements, command=ablation.command)
    path = write_record(record, ablation.out / "records")
    if on_record is not None:
        on_record(job, record, path)
    return record


def _job(row: RowSpec, vidm: Vidm, ablation: Ablation) -> Job:
    choices = ablation.choices
    if row.part == "content":  # the paper scores these at the shortest length alone
        choices = replace(choices, frames=(min(choices.frames),))
    return vidm_job(vidm, row.model, ablation.dataset, replace(choices, seed=ablation.seed))


def _trained(part: Part, off: Sequence[Component], ablation: Ablation, progress: Progress | None, model: str) -> Vidm:
    """The generator with some components off, trained now unless it was."""
    run = _run(part, off, ablation)
    run.out.mkdir(parents=True, exist_ok=True)

    def labelled(done: int, total: int, label: str) -> None:
        if progress is not None:
            progress(done, total, f"{model}: {label}")

    with FileLock(run.out / ".lock"):  # another process may be training the same generator for its own rows
        path = train(run, labelled)
    return load_vidm(path, torch_device(ablation.choices.device))


def _run(part: Part, off: Sequence[Component], ablation: Ablation) -> TrainRun:
    """The training of the generator with some components off."""
    switches: dict[str, Any] = {component: False for component in off}
    model = ablation.recipe.model.model_copy(update=switches)
    return TrainRun(
        ablation.recipe.model_copy(update={"model": model}),
        ablation.dataset,
        ablation.out / "-".join((part, *(f"no-{component.replace('_', '-')}" for component in off))),
        ablation.seed,
        (part,),
        ablation.choices.device,
        ablation.command,
        data_root=ablation.choices.data_root,
    )


def _finished(row: RowSpec, ablation: Ablation) -> RunRecord | None:
    """The row's whole record of an earlier call; the folder's settings are the same by now."""
    records = [record for record in read_records(ablation.out / "records") if record.model == row.model]
    whole = [record for record in records if all(each.status == "ok" for each in record.measurements)]
    return whole[-1] if whole else None


def _settings(ablation: Ablation) -> dict[str, Any]:
    """What decides the numbers of a folder."""
    choices = ablation.choices
    return {
        "recipe": ablation.recipe.model_dump(mode="json"),
        "dataset": ablation.dataset,
        "seed": ablation.seed,
        "frames": list(choices.frames),
        "num_videos": choices.num_fake,
        "sampler": choices.drawing.sampler,
        "steps": choices.drawing.steps,
    }


def _check_settings(ablation: Ablation) -> None:
    """Refuses a folder that was begun with other settings."""
    path = ablation.out / SETTINGS
    if path.is_file():
        check_checksum(path)
        check_same(read_json(path), _settings(ablation), "an ablation", path)


def plan_lines(ablation: Ablation) -> list[str]:
    """What would be done, row by row, for people."""
    lines = []
    for row in _rows(ablation):
        state = "done" if _finished(row, ablation) else "to do"
        lines.append(f"{row.label:40s} {json.dumps(list(row.off)):52s} {state}")
    return lines
