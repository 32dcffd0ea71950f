"""``vidmbench train``, ``sample`` and ``ablate``: the model of the paper."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.cli.options import (
    BatchSize,
    ContentFrom,
    DataRoot,
    DeviceName,
    DevicePick,
    DryRun,
    Noise,
    OnBadPick,
    PrecisionPick,
    SamplerName,
    Steps,
    TrainingPrecision,
    choices_from,
    frames_bar,
    progress_bar,
)
from vidmbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vidmbench.train_runs import TrainRun
    from vidmbench.vidm.config import Part


class PartPick(StrEnum):
    """Which generator to train."""

    both = "both"
    content = "content"
    motion = "motion"


class Form(StrEnum):
    """What ``sample`` writes."""

    mp4 = "mp4"
    gif = "gif"
    png = "png"
    npz = "npz"


def train(
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="A recipe, or a TOML file of your own.")],
    dataset: Annotated[
        str | None, typer.Option(metavar="D", help="A data set, or folder:PATH.", show_default="the recipe's")
    ] = None,
    data_root: DataRoot = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the run.", show_default="runs/vidm-RECIPE")
    ] = None,
    part: Annotated[PartPick, typer.Option(help="Which generator.")] = PartPick.both,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of weights, batches and noise.", min=0)] = 0,
    device: DeviceName = DevicePick.auto,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="M", help="Fine-tune: vidm:RUN, vidm:FILE or vidm.", show_default="the seed"),
    ] = None,
    precision: TrainingPrecision = None,
    half: Annotated[bool, typer.Option("--half", help="Store the finished model in float16.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Train VIDM: content and motion generator. Stopped at any moment, the same command goes on from there.

    On several GPUs or processes: torchrun --nproc-per-node 8 -m vidmbench train ...

    \b
    Examples:
      vidmbench train --recipe tiny --dataset clevrer-mini --out runs/tiny
      vidmbench train --recipe tiny-finetune --from vidm --out runs/finer
      vidmbench train --recipe clevrer-256 --dataset folder:CLEVRER --out RUN --part motion
    """
    from vidmbench.runs import checked_output
    from vidmbench.train_runs import TrainRun, check_train
    from vidmbench.train_runs import train as train_run
    from vidmbench.vidm.config import PARTS
    from vidmbench.vidm.recipes import load_recipe

    spec = load_recipe(recipe).in_precision(precision.value if precision else None)
    _tell_of_slow_bf16(spec, device)
    folder = out or Path("runs") / f"vidm-{spec.name}"
    if not dry_run or folder.exists():
        checked_output(folder)
    run = TrainRun(
        recipe=spec,
        dataset=dataset or spec.dataset,
        out=folder,
        seed=seed,
        parts=tuple(name for name in PARTS if part.value in (name, "both")),
        device=device.value,
        command=("vidmbench", *sys.argv[1:]),
        half=half,
        start=start,
        data_root=data_root,
    )
    checked = check_train(run)
    if checked.flow_is_random and spec.model.implicit_condition and spec.flow_start.start == "sintel":
        print(
            "note: SpyNet starts from random weights, as the model will say: its public weights were not added "
            "(vidmbench weights add spynet-sintel FILE)",
            file=sys.stderr,
        )
    if dry_run:
        _show_training(run, checked.done)
        return
    for name, done in checked.done.items():
        if done:
            print(f"{name}: goes on from step {done} of {spec.part(name).steps}", file=sys.stderr)
    with progress_bar("step") as progress:
        model = train_run(run, progress)
    print(
        f"model: {model}\npictures: {folder / 'samples'}\n"
        f"score it: vidmbench run --model vidm:{folder} --dataset {run.dataset}"
    )


def _tell_of_slow_bf16(spec: Any, device: DevicePick) -> None:
    from vidmbench.models import torch_device
    from vidmbench.vidm.starting import is_slow_in_bf16

    if is_slow_in_bf16(spec, torch_device(device.value)):
        print("note: this processor has no bf16 instructions; --precision fp32 trains faster here", file=sys.stderr)


def _show_training(run: "TrainRun", done: "Mapping[Part, int]") -> None:
    """What would be trained."""
    spec = run.recipe

    def steps(part: "Part") -> str:
        if part not in run.parts:
            return "left alone"
        begun = f", {done[part]} of them done" if done[part] else ""
        return f"{spec.part(part).steps} steps of {spec.part(part).batch_size}, {spec.part(part).precision}{begun}"

    print("dry run: nothing was trained or written. The plan:")
    lines = {
        "recipe": f"{spec.name}: {spec.title}",
        "data": run.dataset,
        "model": f"{spec.model.variant} variant, {spec.model.resolution} pixels, {spec.model.num_frames} frames",
        "content": steps("content"),
        "motion": steps("motion"),
        "estimate": f"{spec.gpu_hours:g} {spec.device}; {spec.memory_gib:g} GiB",
        "folder": str(run.out),
    }
    for key, text in lines.items():
        print(f"  {key + ':':10s} {text}")


def sample(
    model: Annotated[str, typer.Option(metavar="M", help="vidm:RUN, vidm:FILE, or vidm for the shipped checkpoint.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    dataset: Annotated[
        str, typer.Option(metavar="D", help="The data set of --model vidm, and of --content real.")
    ] = "clevrer-mini",
    data_root: DataRoot = None,
    num_videos: Annotated[int, typer.Option(metavar="K", help="How many videos.", min=1)] = 64,
    frames: Annotated[
        int | None, typer.Option(metavar="N", help="Frames of each.", min=1, show_default="as trained")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Video i depends on the seed and i alone.", min=0)] = 0,
    content: ContentFrom = None,
    sampler: SamplerName = None,
    steps: Steps = None,
    noise: Noise = None,
    batch_size: BatchSize = 16,
    device: DeviceName = DevicePick.auto,
    form: Annotated[
        Form, typer.Option("--format", help="One file (png: one folder of frames) a video; npz: one.")
    ] = Form.mp4,
    fps: Annotated[float, typer.Option(help="Frames a second of mp4 and gif.", min=1)] = 25.0,
) -> None:
    """Draw videos from VIDM and write them; what is there already is kept.

    \b
    Examples:
      vidmbench sample --model vidm --num-videos 4 --frames 16 --out drawn
      vidmbench sample --model vidm:runs/tiny --num-videos 64 --frames 128 --out drawn-64
      vidmbench sample --model vidm --content scene.png --num-videos 8 --frames 16 --out one-scene
    """
    from vidmbench.cli.data import declare
    from vidmbench.models import Drawing, is_vidm, load_model, videos_of
    from vidmbench.runs import checked_output

    if not is_vidm(model):
        raise UsageError("only VIDM can be drawn from", expected="vidm or vidm:PATH", found=f"--model {model}")
    vidm = load_model(model, dataset, device.value)
    with frames_bar() as on_frame:
        drawing = Drawing(
            content, sampler.value if sampler else None, steps, noise.value if noise else None, batch_size, on_frame
        )
        source = videos_of(
            vidm, dataset, drawing, num_videos=num_videos, num_frames=frames, seed=seed, data_root=data_root
        )
        folder = checked_output(out)
        facts: dict[str, str | int | float] = {
            "model": model,
            "digest": source.digest(),
            "frames": source.length,
            "format": form.value,
            "fps": fps,
        }
        declare(folder, facts)
        kept = _write(folder, source, form, fps)
    for note in source.notes:
        print(f"note: {note}", file=sys.stderr)
    print(
        f"{num_videos} videos of {source.length} frames in {folder}" + (f" ({kept} were there already)" if kept else "")
    )


def _write(folder: Path, source: Any, form: Form, fps: float) -> int:
    """Writes what is missing, video by video; gives the number that were there."""
    import numpy as np

    from vidmbench.videos import write_frames, write_gif, write_mp4, write_npz

    every = range(source.length)
    if form is Form.npz:
        target = folder / f"{source.label}.npz"
        if not target.exists():
            write_npz(target, np.stack([source.read(index, every) for index in range(len(source))]))
            return 0
        return len(source)
    kept = 0
    for index in range(len(source)):
        target = folder / (source.name(index) + ("" if form is Form.png else f".{form.value}"))
        if target.exists():
            kept += 1
        elif form is Form.png:
            write_frames(target, source.read(index, every))
        elif form is Form.gif:
            write_gif(target, source.read(index, every), fps=fps)
        else:
            write_mp4(target, source.read(index, every), fps=fps, lossless=True)
    return kept


def ablate(
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="The recipe of the default model.")] = "tiny",
    dataset: Annotated[
        str | None, typer.Option(metavar="D", help="A data set, or folder:PATH.", show_default="the recipe's")
    ] = None,
    data_root: DataRoot = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the rows.", show_default="runs/ablation-RECIPE")
    ] = None,
    budget: Annotated[float, typer.Option(metavar="S", help="Share of the recipe's steps, for every row.")] = 1.0,
    frames: Annotated[str, typer.Option(metavar="N[,N...]", help="Frames of the clips scored.")] = "16,64,128",
    num_videos: Annotated[int, typer.Option(metavar="K", help="Videos drawn and scored a row.", min=2)] = 128,
    steps: Steps = None,
    sampler: SamplerName = None,
    part: Annotated[PartPick, typer.Option(help="Only one generator's rows, and the default.")] = PartPick.both,
    precision: TrainingPrecision = None,
    seed: Annotated[int, typer.Option(metavar="S", help="The same for every row.", min=0)] = 0,
    device: DeviceName = DevicePick.auto,
    dry_run: DryRun = False,
) -> None:
    """Train and score the rows of the paper's Table 3: components turned off one by one, equal seeds and budgets.

    Stopped at any moment, the same command goes on from there. Two processes may share the work: one with
    --part content, one with --part motion.

    \b
    Examples:
      vidmbench ablate --recipe tiny --dataset clevrer-mini --dry-run
      vidmbench ablate --recipe tiny --budget 0.25 --num-videos 64 --out runs/ablation --dry-run
    """
    from vidmbench.ablation import Ablation, check_ablation, plan_lines, run_ablation, scaled
    from vidmbench.models import Drawing
    from vidmbench.runs import checked_output
    from vidmbench.vidm.recipes import load_recipe

    spec = load_recipe(recipe).in_precision(precision.value if precision else None)
    _tell_of_slow_bf16(spec, device)
    drawing = Drawing(None, sampler.value if sampler else None, steps, batch_size=32)
    choices = choices_from(
        None, frames, None, num_videos, None, None, seed, PrecisionPick.fp32, device, OnBadPick.stop, data_root, drawing
    )
    folder = out or Path("runs") / f"ablation-{spec.name}"
    ablation = Ablation(
        scaled(spec, budget),
        dataset or spec.dataset,
        folder,
        choices,
        seed,
        part.value,
        ("vidmbench", *sys.argv[1:]),
    )
    if not dry_run or folder.exists():
        checked_output(folder)
    check_ablation(ablation)
    if dry_run:
        content, motion = ablation.recipe.content, ablation.recipe.motion
        print(
            f"dry run: nothing was trained or written. {content.steps} content and {motion.steps} motion steps a row, "
            f"{num_videos} videos scored at {frames} frames, in {folder}:"
        )
        print("\n".join(plan_lines(ablation)))
        return
    with progress_bar("step") as progress:
        records = run_ablation(ablation, progress)

    from vidmbench.tables import measurement_rows

    print(measurement_rows(records).to_markdown(), end="")
    print(f"records: {folder / 'records'}; vidmbench table 3 shows them beside the published ones after\n"
          f"  vidmbench results import {folder / 'records'}/*.json", file=sys.stderr)  # fmt: skip
