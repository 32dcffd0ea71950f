"""What one of several processes does of a command's work: ``--shard``, and what torchrun says in the environment."""

import os
import re
from dataclasses import dataclass

from vidmbench.core.errors import UsageError

_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@dataclass(frozen=True)
class Share:
    """The blocks of work that one process may take.

    Attributes:
        part: From 1.
        parts: In how many parts the blocks are dealt out.
    """

    part: int = 1
    parts: int = 1

    def takes(self, block: int) -> bool:
        """Whether a block, counted from 0, belongs to this part."""
        return block % self.parts == self.part - 1

    def __str__(self) -> str:
        """As ``--shard`` takes it."""
        return f"{self.part}/{self.parts}"


@dataclass(frozen=True)
class Worker:
    """One of the processes that a launcher started for one command.

    Attributes:
        rank: Its number, from 0; process 0 writes and prints.
        world: How many there are on all machines.
        local_rank: Its number on this machine, from 0.
        local_world: How many there are on this machine.
        is_shown_together: Whether the launcher is torchrun, which shows what all of them print.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1
    is_shown_together: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether this command has one process."""
        return self.world == 1


def share_of(text: str | None) -> Share | None:
    """``--shard I/N`` as a share; None where it was not given.

    Raises:
        UsageError: Anything but a number from 1 to N.
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text, re.ASCII)
    if match is None:
        raise _wrong_shard(text, "two whole numbers I/N, such as 3/16")
    part, parts = int(match[1]), int(match[2])
    if parts < 1:
        raise _wrong_shard(text, "at least one part, such as 1/1")
    if not 1 <= part <= parts:
        raise _wrong_shard(text, f"I from 1 to {parts}: 1/{parts} is the first, {parts}/{parts} the last")
    return Share(part, parts)


def _wrong_shard(text: str, expected: str) -> UsageError:
    return UsageError(
        f"--shard {text} is not a part of the work",
        expected=expected,
        found=text,
        where="--shard",
        fix="in a Slurm array that starts at 0: --shard $((SLURM_ARRAY_TASK_ID + 1))/16",
    )


def this_worker() -> Worker:
    """What torchrun, or another launcher that sets the same variables, says of this process; alone without one.

    Raises:
        UsageError: The variables are not numbers, or contradict each other.
    """
    said = {name: os.environ[name] for name in _NAMES if os.environ.get(name)}
    if not said.keys() >= {"RANK", "WORLD_SIZE"}:
        return Worker()
    try:
        rank, world = int(said["RANK"]), int(said["WORLD_SIZE"])
        local, local_world = int(said.get("LOCAL_RANK", rank)), int(said.get("LOCAL_WORLD_SIZE", world))
    except ValueError:
        raise _wrong_variables(said) from None
    if not (0 <= rank < world and 0 <= local < local_world <= world):
        raise _wrong_variables(said)
    return Worker(rank, world, local, local_world, "TORCHELASTIC_RUN_ID" in os.environ)


def _wrong_variables(said: dict[str, str]) -> UsageError:
    return UsageError(
        "the environment does not say which of several processes this is",
        expected="RANK below WORLD_SIZE and LOCAL_RANK below LOCAL_WORLD_SIZE, as torchrun sets them",
        found=", ".join(f"{name}={value}" for name, value in said.items()),
        where="the environment",
        fix="start with torchrun; or unset RANK and WORLD_SIZE, and give --shard",
    )


def cores() -> int:
    """Processor cores for this process: its share of those of the machine, or fewer where OMP_NUM_THREADS says so.

    torchrun sets OMP_NUM_THREADS to 1 by itself, so that it counts only where one process was started. No number
    depends on how many cores compute it.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    worker = this_worker()
    if not worker.is_alone:
        return max(1, allowed // worker.local_world)
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(allowed, int(wanted)) if re.fullmatch(r"[1-9]\d{0,8}", wanted, re.ASCII) else allowed


def take_device(worker: Worker, device: str) -> None:
    """Gives each process of a machine a GPU of its own; on a CPU there is nothing to do.

    Args:
        worker: This process.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UsageError: There are more processes on this machine than GPUs.
    """
    from importlib.metadata import version

    if worker.is_alone or device == "cpu" or "+cpu" in version("torch"):
        return
    import torch

    found = torch.cuda.device_count()
    if found == 0:
        return  # on the CPU, or refused where the network is chosen
    if found < worker.local_world:
        raise UsageError(
            "two processes would share one GPU",
            expected=f"{worker.local_world} GPUs for the {worker.local_world} processes on this machine",
            found=str(found),
            where=f"process {worker.rank} of {worker.world}",
            fix=f"torchrun --nproc-per-node {found}, or --device cpu",
        )
    torch.cuda.set_device(worker.local_rank)
