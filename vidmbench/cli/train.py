"""``vidmbench train`` and ``ablate``: the model of the paper."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, ReadingOptions
from vidmbench.cli.options import DataRoot, DeviceName, DryRun, Sampler, Steps, TrainingPrecision
from vidmbench.cli.output import command_line, remark, say, say_text
from vidmbench.cli.parsing import choices_from
from vidmbench.core.progress import progress_bar
from vidmbench.core.vocabulary import Device, TrainedPart

if TYPE_CHECKING:
    from vidmbench.evaluation.job import Job
    from vidmbench.records.record import RunRecord
    from vidmbench.vidm.recipes import RecipeSpec

_RecipeDataset = Annotated[
    str | None,
    typer.Option(
        autocompletion=completion.datasets,
        metavar="D",
        help="A data set, or folder:PATH.",
        show_default="the recipe's",
    ),
]


def train(
    recipe: Annotated[
        str,
        typer.Option(
            autocompletion=completion.recipes, metavar="NAME|FILE", help="A recipe, or a TOML file of your own."
        ),
    ],
    dataset: _RecipeDataset = None,
    data_root: DataRoot = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the run.", show_default="runs/vidm-RECIPE")
    ] = None,
    part: Annotated[TrainedPart, typer.Option(help="Which generator.")] = "both",
    steps: Annotated[
        int | None,
        typer.Option(metavar="K", help="Optimiser steps of each generator.", min=1, show_default="the recipe's"),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of weights, batches and noise.", min=0)] = 0,
    device: DeviceName = "auto",
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="M", help="Fine-tune: vidm:RUN, vidm:FILE or vidm.", show_default="the seed"),
    ] = None,
    precision: TrainingPrecision = None,
    half: Annotated[bool, typer.Option("--half", help="Store the finished model in float16.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Train VIDM: content and motion generator. If it is interrupted, the same command resumes.

    On several GPUs or processes: torchrun --nproc-per-node 8 -m vidmbench train ...

    \b
    Examples:
      vidmbench train --recipe tiny --dataset clevrer-mini --out runs/tiny
      vidmbench train --recipe tiny --steps 500 --dry-run
      vidmbench train --recipe tiny-finetune --from vidm --out runs/finer
      vidmbench train --recipe clevrer-256 --dataset folder:CLEVRER --out RUN --part motion
    """
    from vidmbench.core.arguments import seed_number
    from vidmbench.core.files import checked_output, expanded
    from vidmbench.reporting.training import next_step, training_plan
    from vidmbench.vidm.config import PARTS
    from vidmbench.vidm.recipes import load_recipe
    from vidmbench.vidm.training.run import TrainRun, check_train
    from vidmbench.vidm.training.run import train as train_run

    seed_number(seed)
    parts = tuple(name for name in PARTS if part in (name, "both"))
    spec = load_recipe(recipe).in_precision(precision).of_steps(steps, parts)
    _note_slow_bf16(spec, device)
    folder = expanded(out or Path("runs") / f"vidm-{spec.name}")
    if not dry_run or folder.exists():
        checked_output(folder)
    run = TrainRun(
        recipe=spec,
        dataset=spec.dataset if dataset is None else dataset,
        out=folder,
        seed=seed,
        parts=parts,
        device=device,
        command=command_line(),
        half=half,
        start=start,
        data_root=data_root,
    )
    checked = check_train(run)
    if checked.flow_is_random and spec.model.implicit_condition and spec.flow_start.start == "sintel":
        remark(
            "note: SpyNet starts from random weights, as the model will say: its public weights were not added "
            "(vidmbench weights add spynet-sintel FILE)"
        )
    if dry_run:
        plan = training_plan(run, checked.done)
        if os.environ.get("RANK", "0") == "0":
            say_text(plan)
        return
    for name, done in checked.done.items():
        if done:
            remark(f"{name}: resumes at step {done} of {spec.part(name).steps}")
    with progress_bar("step") as progress:
        model = train_run(run, progress, checked=checked)
    say(f"model: {model}", f"figures: {folder / 'samples'}", next_step(run, model))


def _note_slow_bf16(recipe: "RecipeSpec", device: Device) -> None:
    from vidmbench.vidm.sampling.opening import torch_device
    from vidmbench.vidm.training.initialisation import is_slow_in_bf16

    if is_slow_in_bf16(recipe, torch_device(device)):
        remark("note: this processor has no bf16 instructions; --precision fp32 trains faster here")


def ablate(
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="The recipe of the default model.")] = "tiny",
    dataset: _RecipeDataset = None,
    data_root: DataRoot = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the rows.", show_default="runs/ablation-RECIPE")
    ] = None,
    budget: Annotated[float, typer.Option(metavar="S", help="Share of the recipe's steps, for every row.")] = 1.0,
    frames: Annotated[str, typer.Option(metavar="N[,N...]", help="Frames of the clips scored.")] = "16,64,128",
    num_videos: Annotated[int, typer.Option(metavar="K", help="Videos sampled and scored per row.", min=2)] = 128,
    steps: Steps = None,
    sampler: Sampler = None,
    part: Annotated[TrainedPart, typer.Option(help="Only one generator's rows, and the default.")] = "both",
    precision: TrainingPrecision = None,
    seed: Annotated[int, typer.Option(metavar="S", help="The same for every row.", min=0)] = 0,
    device: DeviceName = "auto",
    dry_run: DryRun = False,
) -> None:
    """Train and score the rows of the paper's Table 3: components turned off one by one, equal seeds and budgets.

    If it is interrupted, the same command resumes. Two processes may share the work: one with
    --part content, one with --part motion.

    \b
    Examples:
      vidmbench ablate --recipe tiny --dataset clevrer-mini --dry-run
      vidmbench ablate --recipe tiny --budget 0.25 --num-videos 64 --out runs/ablation --dry-run
    """
    from vidmbench.core.files import checked_output, expanded
    from vidmbench.evaluation.studies.ablation import Ablation, check_ablation, plan_lines, run_ablation, scaled
    from vidmbench.vidm.recipes import load_recipe
    from vidmbench.vidm.sampling.opening import SamplingOptions

    spec = load_recipe(recipe).in_precision(precision)
    _note_slow_bf16(spec, device)
    choices = choices_from(
        ClipOptions(frames=frames, num_videos=num_videos, seed=seed),
        ComputeOptions(device=device),
        ReadingOptions(data_root=data_root),
        sampling=SamplingOptions(sampler=sampler, steps=steps, batch_size=32),
    )
    folder = expanded(out or Path("runs") / f"ablation-{spec.name}")
    ablation = Ablation(
        scaled(spec, budget),
        spec.dataset if dataset is None else dataset,
        folder,
        choices,
        seed,
        part,
        command_line(),
    )
    if not dry_run or folder.exists():
        checked_output(folder)
    if dry_run:
        check_ablation(ablation)
        content, motion = ablation.recipe.content, ablation.recipe.motion
        say(
            f"dry run: nothing was trained or written. {content.steps} content and {motion.steps} motion steps "
            f"per row, {num_videos} videos scored at {frames} frames, in {folder}:"
        )
        say(*plan_lines(ablation))
        return
    with progress_bar("step") as progress:
        records = run_ablation(ablation, progress, _write_contact_sheet)

    from vidmbench.reporting.tables.build import measurement_rows

    say_text(measurement_rows(records).to_markdown().removesuffix("\n"))
    remark(
        f"records: {folder / 'records'}; beside the published numbers:",
        f"  vidmbench table 3 --runs {shlex.quote(str(folder / 'records'))}",
    )


def _write_contact_sheet(job: "Job", record: "RunRecord", path: Path) -> None:
    """The contact sheet beside the record of a row, which a report shows."""
    from vidmbench.reporting.plots.contact_sheet import contact_sheet, save_figure

    save_figure(contact_sheet(job.real, job.fake, job.plans[0], record.measurements[0]), path.with_suffix(".png"))
