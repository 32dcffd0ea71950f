"""A whole training run: a recipe and a data set to a folder with a finished model in it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.core.locks import locked
from vidmbench.core.progress import Progress
from vidmbench.records.environment import environment
from vidmbench.sources.datasets.opening import Reading, open_dataset
from vidmbench.sources.names import parse_source
from vidmbench.sources.opening import open_videos, resolve_dataset
from vidmbench.videos.source import Source
from vidmbench.vidm.checkpoints.checkpoint import Vidm, save_vidm
from vidmbench.vidm.checkpoints.known import FILE_NAME
from vidmbench.vidm.checkpoints.spynet_sintel import load_sintel
from vidmbench.vidm.config import PARTS, Part
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import OptimiserSpec, RecipeSpec
from vidmbench.vidm.sampling.opening import dataset_label, torch_device
from vidmbench.vidm.training.batches import TrainingVideos
from vidmbench.vidm.training.initialisation import Start, flow_weights
from vidmbench.vidm.training.loop import check_run, finished_part, train_part
from vidmbench.vidm.training.memory import check_memory
from vidmbench.vidm.training.sample_sheets import SampleSheets


@dataclass(frozen=True)
class TrainRun:
    """What to train.

    Attributes:
        recipe: How.
        dataset: On what, as ``--dataset`` names it; its training split unless one is given.
        out: The folder.
        seed: The seed.
        data_root: The folder of a data set that the user owns.
        parts: Which generators; a folder may be finished by several calls.
        device: ``auto``, ``cpu`` or ``cuda``.
        command: The command line, for the model's header.
        half: Whether the finished model is stored in float16.
        start: The model whose weights training starts from, as ``--model`` names it; None starts from the seed.
            A generator that is not trained is taken over from it.
    """

    recipe: RecipeSpec
    dataset: str
    out: Path
    seed: int = 0
    parts: tuple[Part, ...] = PARTS
    device: str = "auto"
    command: tuple[str, ...] = ()
    half: bool = False
    start: str | None = None
    data_root: Path | None = None


def training_source(dataset: str, recipe: RecipeSpec, data_root: Path | None = None) -> Source:
    """The videos to train on: the split that the real side of a score is not taken from.

    Raises:
        VidmbenchError: There is no such data set, or it is not available at the recipe's resolution.
    """
    data = resolve_dataset(dataset)
    spec = data.dataset
    if spec is None:
        return open_videos(data)
    split, pixels = data.name.split, data.name.resolution
    if split is None:
        split = spec.other_split(spec.default_split) or spec.default_split
    if pixels is None and recipe.model.resolution in spec.resolutions:
        pixels = recipe.model.resolution
    return open_dataset(spec, split, resolution=pixels, reading=Reading(data_root=data_root))


@dataclass(frozen=True)
class Checked:
    """A run of which everything is known to work that can be known without training.

    Attributes:
        source: The videos.
        videos: Their frames at the model's resolution.
        sintel: SpyNet's public weights, where the recipe wants them and the user has them.
        starts: The weights to start from, by generator.
        started: What the finished model says of them.
        done: Steps done by an earlier call, by generator.
    """

    source: Source
    videos: TrainingVideos
    sintel: Mapping[str, Tensor] | None
    starts: dict[Part, Start]
    started: dict[str, Any] | None
    done: dict[Part, int]

    @property
    def flow_is_random(self) -> bool:
        """Whether SpyNet will start from the seed because its public weights are not there."""
        return self.sintel is None and not self.starts and self.done.get("motion") == 0


def check_train(run: TrainRun) -> Checked:
    """Finds what would go wrong in :func:`train`, before the first step of any generator.

    Raises:
        VidmbenchError: Anything that cannot work.
    """
    recipe = run.recipe
    _check_model(run.out)
    check_memory(recipe, run.parts, torch_device(run.device), with_flow_start=run.start is None)
    source = training_source(run.dataset, recipe, run.data_root)
    sintel = load_sintel() if recipe.model.implicit_condition else None
    starts, started = _starts(run) if run.start is not None else ({}, None)
    videos = TrainingVideos(source, recipe.model.resolution, recipe.model.num_frames, recipe.data.videos)
    steps = {
        part: check_run(
            part, recipe, videos, run.out, seed=run.seed, has_sintel=sintel is not None, start=starts.get(part),
            is_trained=part in run.parts,
        )
        for part in PARTS
    }  # fmt: skip
    done = {part: steps[part] for part in run.parts}
    return Checked(source, videos, sintel, starts, started, done)


def _check_model(out: Path) -> None:
    """Refuses a folder with a finished model and no state of the training that made it: it could not be made again.

    Raises:
        ResultError: There is such a model.
    """
    model = out / FILE_NAME
    if model.is_file() and not any((out / f"{part}.state.safetensors").is_file() for part in PARTS):
        raise ResultError(
            "this folder holds a finished model of another run, which training would overwrite",
            expected=f"no {FILE_NAME}, or the state of the run that made it beside it",
            found=f"{FILE_NAME} without content.state.safetensors and motion.state.safetensors",
            where=str(out),
            fix=f"give another --out; to train this model further, --from vidm:{model} as well",
        )


def train(run: TrainRun, progress: Progress | None = None, *, checked: Checked | None = None) -> Path:
    """Trains what is asked for, from where an earlier call stopped, and writes the finished model.

    Args:
        run: What.
        progress: Called with steps done, steps in all, and the loss in words.
        checked: What :func:`check_train` found, where that has been asked: sources and weights are opened once.

    Returns:
        The finished model's file.

    Raises:
        VidmbenchError: Anything that cannot work, found before the first step where possible; what was done is kept.
    """
    recipe = run.recipe
    checked = checked or check_train(run)
    videos, starts, started = checked.videos, checked.starts, checked.started
    has_sintel = checked.sintel is not None
    with _processes(run.device) as device, ExitStack() as locks:
        is_first = not dist.is_initialized() or dist.get_rank() == 0
        for part in run.parts if is_first else ():
            locks.enter_context(locked(run.out / f"{part}.state.safetensors", "training"))
        videos.prepare(progress if is_first else None)
        sheets = SampleSheets(recipe.model, run.out, run.seed, videos, device)
        weights: dict[Part, Mapping[str, Tensor]] = {}
        trainings = {part: recipe.part(part) for part in run.parts}
        for part in run.parts:
            weights[part] = train_part(
                part, recipe, videos, run.out, seed=run.seed, device=device, sintel=checked.sintel,
                start=starts.get(part), progress=progress if is_first else None, sheets=sheets,
            )  # fmt: skip
        target = run.out / FILE_NAME
        if is_first:
            for part in (other for other in PARTS if other not in run.parts):
                finished = finished_part(part, run.out)
                if finished is not None:
                    weights[part], trainings[part] = finished
            facts = _facts(run, trainings, checked.source, has_sintel=has_sintel) | {"start": started}
            for part, start in starts.items():  # what is not trained stays as it was
                if part not in weights:
                    weights[part] = start.filled(part, recipe.model, device).state_dict()
            if started is not None:
                facts["flow_start"] = started["facts"].get("flow_start", "not said")
            dtype = torch.float16 if run.half else torch.float32
            save_vidm(target, recipe.model, weights, recipe.sampling, facts, dtype=dtype)
    return target


def _starts(run: TrainRun) -> tuple[dict[Part, Start], dict[str, Any]]:
    """The weights to start from, and what the finished model says of them."""
    from vidmbench.vidm.checkpoints.official import open_vidm

    assert run.start is not None
    start_name = parse_source(run.start, bare="label")
    if start_name.kind != "vidm":
        raise UsageError(
            "only a VIDM can be trained on", expected="vidm or vidm:PATH", found=f"--from {run.start}", where="--from",
            fix=f"--from vidm:{run.start}" if run.start and Path(run.start).exists() else None,
        )  # fmt: skip
    vidm = open_vidm(start_name.path, dataset_label(resolve_dataset(run.dataset)), torch.device("cpu"))
    nets: dict[Part, ContentNet | MotionNet | None] = {"content": vidm.content, "motion": vidm.motion}
    starts: dict[Part, Start] = {
        part: Start(net.state_dict(), vidm.sha256, Path(vidm.where)) for part, net in nets.items() if net is not None
    }
    _check_same_meaning(vidm, run, list(starts))
    for part, start in starts.items():
        start.filled(part, run.recipe.model, torch.device("meta"))  # whether it fits, before anything is trained
    for part in run.parts:
        if part not in starts:
            raise UsageError(
                f"the model to start from has no {part} generator",
                expected="a model with every generator that is trained",
                found=" and ".join(starts),
                where=vidm.where,
                fix="--part " + " or ".join(starts),
            )
    return starts, {"sha256": vidm.sha256, "facts": dict(vidm.facts)}


def _check_same_meaning(vidm: Vidm, run: TrainRun, parts: Sequence[Part]) -> None:
    """Refuses weights that fit in their shapes but were trained for other coordinates: (h, w, n, t) run over these.

    So are weights that another grouping of channels would be computed with, in norms or attention.

    Raises:
        UsageError: Resolution, T, N, or the groups or head_channels of one of these parts differ.
    """
    keys = ["resolution", "num_timesteps", *(["num_frames"] if "motion" in parts else [])]
    keys += [f"{part}.{key}" for part in parts for key in ("groups", "head_channels")]
    sizes = {key: (attrgetter(key)(vidm.spec), attrgetter(key)(run.recipe.model)) for key in keys}
    differing = {key: both for key, both in sizes.items() if both[0] != both[1]}
    if differing:
        raise UsageError(
            "the model to start from was trained for other sizes than the recipe's",
            expected=", ".join(f"{key} = {here}" for key, (_, here) in differing.items()),
            found=", ".join(f"{key} = {there}" for key, (there, _) in differing.items()),
            where=vidm.where,
            fix="set these in a recipe of your own, or start from another model",
        )


def _facts(
    run: TrainRun, trainings: Mapping[Part, OptimiserSpec], source: Source, *, has_sintel: bool
) -> dict[str, Any]:
    return {
        "recipe": run.recipe.name,
        "parts": list(trainings),
        "dataset": source.label,
        "data_digest": source.digest(),
        "seed": run.seed,
        "steps": {part: training.steps for part, training in trainings.items()},
        "precision": {part: training.precision for part, training in trainings.items()},
        "flow_start": flow_weights(run.recipe, has_sintel=has_sintel),
        "command": list(run.command),
        "vidmbench": version("vidmbench"),
        # Unlike scoring and drawing, training keeps PyTorch's default of TF32 convolutions on a GPU.
        "environment": environment()
        | {"tf32": torch.cuda.is_available() and run.device != "cpu" and torch.backends.cudnn.allow_tf32},
    }


@contextmanager
def _processes(device: str) -> Iterator[torch.device]:
    """The device of this process; under torchrun, with the group of all of them set up around it."""
    chosen = torch_device(device)
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield chosen
        return
    if chosen.type == "cuda":
        local = int(os.environ["LOCAL_RANK"])
        if local >= torch.cuda.device_count():
            raise UsageError(
                "more processes than GPUs",
                expected=f"at most {torch.cuda.device_count()}",
                found=os.environ["WORLD_SIZE"],
                fix="torchrun --nproc-per-node with the number of GPUs, or --device cpu",
            )
        torch.cuda.set_device(local)
        chosen = torch.device("cuda", local)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield chosen
    finally:
        dist.destroy_process_group()
