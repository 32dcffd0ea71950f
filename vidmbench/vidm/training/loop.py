"""Trains one generator: AdamW, moving average, clipped gradients; resumable to the bit, on one or many processes."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vidmbench.core.declarations import validated
from vidmbench.core.errors import ResultError, UsageError
from vidmbench.core.progress import Progress
from vidmbench.core.torch_settings import is_accelerator
from vidmbench.vidm.checkpoints.tensor_files import check_same, read_header, read_tensors
from vidmbench.vidm.config import Part
from vidmbench.vidm.diffusion.schedule import linear_schedule
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import OptimiserSpec, RecipeSpec
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.batches import TrainingVideos, batches
from vidmbench.vidm.training.device_batches import held_frames
from vidmbench.vidm.training.initialisation import Start, flow_weights, new_net, start_flow
from vidmbench.vidm.training.interrupts import interrupts_wait
from vidmbench.vidm.training.memory import free_bytes, step_bytes
from vidmbench.vidm.training.state import LOWER_RATE, Log, TrainingState, last_state
from vidmbench.vidm.training.step import Losses, adamw, take_step

# How often the state is written, the log's rows are made, and samples are drawn.
SECONDS_BETWEEN_STATES = 60.0
STEPS_A_ROW = 50
PICTURES_A_RUN = 10
# Batches that are drawn ahead of a GPU, each by a thread of its own.
_AHEAD = 4
SECONDS_BETWEEN_PICTURES = 60.0


class Sheets(Protocol):
    """Generates samples of a half-trained generator."""

    def __call__(self, part: Part, weights: Mapping[str, Tensor], step: int) -> None:
        """Draws with these weights, at this step."""
        ...


def train_part(
    part: Part,
    recipe: RecipeSpec,
    videos: TrainingVideos,
    out: Path,
    *,
    seed: int,
    device: torch.device,
    sintel: Mapping[str, Tensor] | None = None,
    start: Start | None = None,
    progress: Progress | None = None,
    sheets: Sheets | None = None,
) -> dict[str, Tensor]:
    """Trains one generator to the end of its recipe, from where an earlier call stopped.

    One process on a CPU gives the same bits however often it was stopped; Ctrl-C and SIGTERM wait until the state is
    written. A GPU that can hold all frames makes its batches itself, by random numbers of its own.
    Under torchrun every process takes an equal share of each batch; the first one writes.

    Args:
        part: Which generator.
        recipe: How.
        videos: On what.
        out: Folder of the run; ``PART.state.safetensors`` and ``PART.csv`` are kept there.
        seed: Seed of weights, batches and noise.
        device: Where.
        sintel: Weights of SpyNet, where the recipe wants them and the user has them.
        start: The weights to start from; None starts from the seed.
        progress: Called with steps done, steps in all, and the loss in words.
        sheets: Generates samples now and then.

    Returns:
        The moving average of the weights, by name.

    Raises:
        ResultError: The loss is no longer a number; the folder belongs to another run; memory ran out.
        UsageError: The batch cannot be shared equally; the Sintel weights do not fit the recipe's flow network.
        WeightsError: The weights to start from do not fit the recipe's model.
    """
    spec, optimiser = recipe.model, recipe.part(part)
    rank, world = _processes()
    if optimiser.batch_size % world:
        raise UsageError(
            "the batch cannot be shared equally",
            expected=f"a batch_size that {world} processes divide",
            found=str(optimiser.batch_size),
            where=f"{part}.batch_size",
        )
    path, log_path = out / f"{part}.state.safetensors", out / f"{part}.csv"
    net = new_net(part, spec, seed).to(device)
    facts = _facts(part, recipe, videos, seed, sintel is not None, start)
    state = TrainingState(net, _copied(net), adamw(net, optimiser), 0, facts)
    if path.is_file():
        state.load(path)
        state.ema = {name: value.to(device) for name, value in state.ema.items()}
    elif start is not None:
        start.fill(net, spec)
        state.ema = _copied(net)
    elif isinstance(net, MotionNet) and net.spynet is not None:
        start_flow(net, recipe, videos, seed, sintel, progress)
        state.ema = _copied(net)
    log = Log(log_path, state)
    if state.step >= optimiser.steps:
        return state.ema
    schedule = linear_schedule(spec.num_timesteps)
    model = DistributedDataParallel(net) if world > 1 else net
    every = max(1, optimiser.steps // PICTURES_A_RUN)
    began = time.monotonic() - log.seconds
    saved = drawn_at = time.monotonic()
    on_gpu = is_accelerator(device)

    def diverged(step: int, loss: float, norm: float) -> ResultError:
        return ResultError(
            f"the loss of the {part} generator is no longer a number at step {step}",
            expected="a finite loss",
            found=f"{loss} (gradient norm {norm})",
            where=f"{part}.lr = {optimiser.lr}",
            fix=f"{last_state(path)}; {LOWER_RATE}",
        )

    losses = Losses(diverged)
    drawn = _batches(part, recipe, videos, seed, range(state.step, optimiser.steps), device, rank, world)
    with interrupts_wait(enabled=world == 1) as is_stopped:
        for batch in drawn:
            rate = optimiser.lr_at(state.step)
            losses.add(*take_step(model, state, batch, schedule, optimiser, spec, rate))
            state.step += 1
            is_last = state.step == optimiser.steps
            is_row = state.step % STEPS_A_ROW == 0 or is_last
            if is_row or not on_gpu:  # reading waits for a GPU
                losses.read(state.step)
            if is_row:
                log.add(state.step, *losses.means(), rate, time.monotonic() - began)
            if progress is not None:
                progress(state.step, optimiser.steps, f"{part}, loss {losses.last:.4f}")
            stops = is_stopped()
            is_due = is_last or stops or time.monotonic() - saved > SECONDS_BETWEEN_STATES
            is_shown = state.step % every == 0 and time.monotonic() - drawn_at > SECONDS_BETWEEN_PICTURES
            if is_due or is_shown:
                losses.read(state.step)  # weights that are no numbers are neither kept nor shown
            if rank == 0 and is_due:
                log.write()
                state.save(path)  # with the log's rows in it: rows that it does not have yet are dropped on resuming
                saved = time.monotonic()
            if stops:
                raise KeyboardInterrupt
            if rank == 0 and sheets is not None and (is_shown or is_last):
                sheets(part, state.ema, state.step)
                drawn_at = time.monotonic()
    return state.ema


def _batches(
    part: Part,
    recipe: RecipeSpec,
    videos: TrainingVideos,
    seed: int,
    steps: range,
    device: torch.device,
    rank: int,
    world: int,
) -> Iterator[Batch]:
    """The batches of these steps, on the device: drawn there where it holds all frames, else sent to it."""
    spec, data, size = recipe.model, recipe.data, recipe.part(part).batch_size
    if is_accelerator(device):
        free = free_bytes(device)
        room = None if free is None else free - step_bytes(part, recipe)
        held = held_frames(videos, device, room, has_labels=part == "content" and spec.num_classes > 0)
        if held is not None:
            share = size // world
            for step in steps:
                whole = held.draw(part, spec, data, seed, step, size)
                yield whole.rows(rank * share, (rank + 1) * share)
            return
    drawn = batches(
        part, videos, spec, data, seed,
        steps=steps, batch_size=size, rank=rank, world=world, ahead=_AHEAD if is_accelerator(device) else 1,
        pinned_for=device if device.type == "cuda" else None,
    )  # fmt: skip
    for batch in drawn:
        yield batch.to(device)


def check_run(
    part: Part,
    recipe: RecipeSpec,
    videos: TrainingVideos,
    out: Path,
    *,
    seed: int,
    has_sintel: bool,
    start: Start | None = None,
    is_trained: bool = True,
) -> int:
    """Whether :func:`train_part` could go on in this folder, from the header of the state there alone.

    Args:
        part: Which generator.
        recipe: How it is trained.
        videos: What it is trained on.
        out: The folder.
        seed: The seed.
        has_sintel: Whether the user has SpyNet's public weights.
        start: The weights to start from.
        is_trained: Whether it is trained now. One that an earlier call left must belong to the same model, or the
            finished one would lack it, but its optimiser and its steps may differ.

    Returns:
        The steps done already.

    Raises:
        WeightsError: The state is damaged.
        ResultError: It belongs to a run that was started with other settings.
        DataError: The recipe is class-conditional and the videos have no classes.
    """
    if is_trained and part == "content" and recipe.model.num_classes:
        videos.label(0)
    path = out / f"{part}.state.safetensors"
    if not path.is_file():
        return 0
    header = read_header(path)
    facts = dict(_facts(part, recipe, videos, seed, has_sintel, start))
    if not is_trained:
        del facts["training"]
    check_same(header.get("facts", {}), facts, "a run" if is_trained else f"a {part} generator", path)
    return int(header["step"])


class Finished(NamedTuple):
    """A generator that an earlier call trained to its end.

    Attributes:
        weights: The moving average of its weights, by name.
        training: How it was trained.
    """

    weights: dict[str, Tensor]
    training: OptimiserSpec


def finished_part(part: Part, out: Path) -> Finished | None:
    """What an earlier :func:`train_part` left, or None where it left nothing or did not end.

    :func:`check_run` says whether it belongs to the same model.

    Raises:
        WeightsError: Its file is damaged.
    """
    path = out / f"{part}.state.safetensors"
    if not path.is_file():
        return None
    tensors, header = read_tensors(path)
    training = validated(header["facts"]["training"], OptimiserSpec, where=f"{path}, training")
    if header["step"] < training.steps:
        return None
    weights = {name.removeprefix("ema."): value for name, value in tensors.items() if name.startswith("ema.")}
    return Finished(weights, training)


def _facts(
    part: Part, recipe: RecipeSpec, videos: TrainingVideos, seed: int, has_sintel: bool, start: Start | None
) -> Mapping[str, Any]:
    """What must be the same for a run to go on."""
    facts: dict[str, Any] = {
        "part": part,
        "seed": seed,
        "data": videos.digest(),
        "model": recipe.model.model_dump(mode="json"),
        "frames": recipe.data.model_dump(mode="json"),
        "training": recipe.part(part).model_dump(mode="json"),
    }
    facts["start"] = None if start is None else start.sha256
    if part == "motion" and recipe.model.implicit_condition and start is None:
        facts["flow_start"] = recipe.flow_start.model_dump(mode="json")
        facts["flow_weights"] = flow_weights(recipe, has_sintel=has_sintel)
    return facts


def _copied(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def _processes() -> tuple[int, int]:
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
