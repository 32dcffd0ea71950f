"""Blocks of clips computed in a stream: claimed as the readers reach them, kept and let go as their last row comes.

Any number of processes may do this at once over one cache. Each takes the next block that nobody has; a block of a
process that died is free again, with the rows that it had kept.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import chain

from vidmbench.core.errors import ChangedError, DataError
from vidmbench.core.vocabulary import Device, OnBad
from vidmbench.detectors.engine import engine_name
from vidmbench.evaluation.clip_assembly import JobEntry, PreparedClip, base_of
from vidmbench.evaluation.networks import computed, network_of
from vidmbench.evaluation.read_ahead import read_ahead
from vidmbench.evaluation.tally import Tally
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.videos.source import Skipped, Source


class BlockWork:
    """The missing blocks of one source that are computed in one pass over its videos.

    Args:
        blocks: Blocks that are not whole.
        device: Where networks run.
        on_bad: Whether a video that cannot be read stops the work or is skipped.
        tally: Is told what goes on.

    Attributes:
        left: The blocks that are neither done nor tried by this process; after :meth:`go_through` those that other
            processes are at.
    """

    def __init__(self, blocks: list[JobEntry], device: Device, on_bad: OnBad, tally: Tally) -> None:
        self.left = blocks
        self._device, self._on_bad, self._tally = device, on_bad, tally
        self._tried: set[str] = set()

    def go_through(self) -> None:
        """Computes what no other process is at.

        Raises:
            DataError: A video cannot be read, and that stops the work.
            ChangedError: A file, or the network, changed meanwhile.
            ResultError: The cache cannot be written to.
        """
        # SSIM multiplies small matrices in the threads that read.
        try:
            with one_blas_thread() if isinstance(self.left[0].job.stage, PairStage) else nullcontext():
                self._stream()
        finally:
            for block in self.left:
                if block.is_claimed:
                    block.release()
        self.left = [block for block in self.left if block.key not in self._tried]

    def wait(self) -> None:
        """Waits until the process that is at the first block left has finished it, or has died."""
        self.left[0].claim(waits=True)

    def _stream(self) -> None:
        """Streams the clips: readers ahead of the network, few clips in memory."""
        label = self._tally.label(self.left)
        self._tally.say(f"{label}: reading")
        clips = self._readable()
        first = next(clips, None)
        if first is None:
            return  # all that is missing cannot be read, or is computed elsewhere: no network is needed
        in_turn = len({network_of(block.job) for block in self.left}) > 1
        found = computed(chain([first], clips), self._device, self._say_loading, in_turn=in_turn)
        for clip, feature in found:
            clip.entry.put(clip.row, feature)
            self._tally.count(clip.entry)
            self._tally.say(label)
            self._end_if_done(clip.entry)

    def _say_loading(self, detector: str) -> None:
        self._tally.say(f"loading the network {detector}")

    def _readable(self) -> Iterator[PreparedClip]:
        """The missing clips; those that cannot be read are noted in their blocks instead, or raise."""
        for clip in read_ahead(self.left, self._claim):
            if clip.problem is None:
                yield clip
            elif self._on_bad == "stop" or isinstance(clip.problem, ChangedError):
                raise clip.problem
            else:
                name = clip.entry.job.source.name(clip.entry.clip(clip.row).video)
                clip.entry.skipped[clip.row] = Skipped(name, clip.problem.problem)
                self._tally.count(clip.entry)
                self._end_if_done(clip.entry)

    def _claim(self, block: JobEntry) -> bool:
        if not (block.is_claimed or block.claim()):
            return False
        self._tried.add(block.key)
        self._tally.count(block)
        self._end_if_done(block)
        return block.is_claimed

    def _end_if_done(self, block: JobEntry) -> None:
        """Finishes a block that has no row left to compute, and lets other processes have it."""
        if block.num_done < block.num_rows:
            return
        _check_weights(block, self._device)
        _check_unchanged(block)
        block.finish()
        block.release()


def _check_weights(block: JobEntry, device: Device) -> None:
    """Makes sure that the network that ran is the one that the key was made for; else drops its rows.

    Raises:
        ChangedError: Other weights, or other code of a user's detector, are there now.
    """
    detector = block.job.stage.detector
    engine = engine_name(device, detector, block.job.precision, is_tried=False)
    if block.computed() and block.job.key(engine) != block.whole_key:
        for row in block.computed():
            block.drop(row)
        raise ChangedError(
            f"the weights or the code of {detector} changed while it ran",
            expected="a network that stays as it is until the command has ended",
            found="other weights or other code",
            where=detector,
            fix="give the same command again; what it computed is dropped",
        )


def _check_unchanged(block: JobEntry) -> None:
    """Compares every file that was read with what it was; rows of one that changed are dropped.

    Raises:
        ChangedError: One of them is another now.
    """
    source = base_of(block.job.source)
    problems: dict[int, DataError | None] = {}
    for row in block.computed():
        video = block.clip(row).video
        if video not in problems:
            problems[video] = _change(source, video)
        if problems[video] is not None:
            block.drop(row)
    for problem in problems.values():
        if problem is not None:
            raise problem


def _change(source: Source, video: int) -> DataError | None:
    try:
        source.check_unchanged(video)
    except DataError as problem:
        return problem
    return None
