"""A command's work shared by several processes: ``--shard``, and torchrun or another launcher."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.options import COMPUTE_PANEL
from vidmbench.cli.output import print_json, remark, say
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import Device
from vidmbench.core.workers import Share, Worker, share_of, take_device, this_worker

if TYPE_CHECKING:
    from vidmbench.core.progress import Progress
    from vidmbench.evaluation.features import ShareDone
    from vidmbench.evaluation.job import Job

Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Do the I-th of N parts of the work, on any machine that sees the cache (sample: the folder); the command "
        "without --shard then finishes.",
        rich_help_panel=COMPUTE_PANEL,
    ),
]


@dataclass(frozen=True)
class SharingOptions:
    """Which part of the work is done."""

    shard: Shard = None

    def part(self, device: Device = "auto") -> "Part":
        """What this process is to do; on a machine with several GPUs it takes its own.

        Raises:
            UsageError: The option, or what the launcher says, cannot be; or two processes would share a GPU.
        """
        part = Part(share_of(self.shard), this_worker())
        take_device(part.worker, device)
        return part


@dataclass(frozen=True)
class Part:
    """What one process does of a command.

    Attributes:
        share: From ``--shard``; None without it.
        worker: Which of the processes of a launcher this is.
    """

    share: Share | None
    worker: Worker

    @property
    def is_silent(self) -> bool:
        """Whether another process prints."""
        return self.worker.rank > 0

    @property
    def of_videos(self) -> Share | None:
        """The share of videos that this process writes; None where it writes all."""
        if self.share is None and not self.worker.is_alone:
            return Share(self.worker.rank + 1, self.worker.world)
        return self.share

    def shows_progress(self, shown: bool | None) -> bool | None:
        """What to show of the progress: of several processes only the first shows any."""
        return False if self.is_silent else shown

    def ends_here(self, jobs: "Sequence[Job]", progress: "Progress", *, as_json: bool) -> bool:
        """Computes what this process is to compute of the features, but for a process that is alone with all of it.

        Args:
            jobs: See :func:`vidmbench.evaluation.carry_out.carry_out_all`.
            progress: See there.
            as_json: How to say what was done.

        Returns:
            Whether that was all: another process, or the command without ``--shard``, gives the numbers.
        """
        from vidmbench.evaluation.carry_out import compute_share

        if self.share is None and self.worker.is_alone:
            return False
        done = compute_share(jobs, self.share or Share(), progress, is_in_group=not self.worker.is_alone)
        if self.is_silent:
            if not self.worker.is_shown_together:
                remark(
                    f"process {self.worker.rank} of {self.worker.world}: its part is done; process 0 gives the numbers"
                )
            return True
        if self.share is None:
            return False
        _print_share(self.share, done, as_json=as_json)
        return True


def _print_share(share: Share, done: "ShareDone", *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "shard": str(share), "computed": done.computed, "missing": done.missing,
                "unfinished": done.unfinished, "clips": done.total,
            }
        )  # fmt: skip
        return
    rest = f"{done.unfinished} of {counted(done.total, 'clip')} of all shards not finished yet"
    say(f"shard {share}: {counted(done.computed, 'clip')} computed, {done.missing} missing; {rest}")
    remark(
        "next:    the other shards, and then the same command without --shard"
        if done.unfinished
        else "next:    the same command without --shard"
    )
