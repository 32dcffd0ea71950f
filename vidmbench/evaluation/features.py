"""Source x clip plan x detector to features: read once, computed in a stream, kept in the cache.

A cache entry is computed in blocks of clips, each with a lock and a file of its own: processes that want the same
features take different blocks, on one machine or on many, and what one that died has left the others take over. Blocks
grow row by row, so a killed run resumes after the last row. Once all are there, their rows are put together in order,
in one safetensors file, which is read without writing anything. Rows of files that changed while they were read are not
kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from vidmbench.core import resources
from vidmbench.core.locks import check_locks
from vidmbench.core.progress import Progress, note
from vidmbench.core.vocabulary import Device, OnBad
from vidmbench.core.workers import Share
from vidmbench.detectors.engine import engine_name
from vidmbench.detectors.preparation import is_resized_on_device
from vidmbench.evaluation.block_work import BlockWork
from vidmbench.evaluation.clip_assembly import JobEntry, base_of
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.networks import in_passes
from vidmbench.evaluation.packs import features_in_pack
from vidmbench.evaluation.shard_sheets import sign_in, sign_out
from vidmbench.evaluation.tally import Tally
from vidmbench.protocols.detector import load_detector
from vidmbench.sources.packs.contents import PackSource


def features_of(
    jobs: Sequence[FeatureJob],
    *,
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> list[FeatureSet]:
    """Features for every job, from the cache where they are there.

    Jobs on one source are read together, whatever their networks: each video once, the frames all of them want.

    Args:
        jobs: What is wanted.
        device: Where the networks run.
        on_bad: ``stop`` raises on the first video that cannot be read; ``skip`` skips its clip.
        progress: Called with clips done, clips in all, and what is being scored.

    Returns:
        One set per job, in order.

    Raises:
        DataError: A video cannot be read (what was done stays in the cache).
        ChangedError: A file changed while it was scored.
        ResultError: Features are missing, and the cache cannot be written to.
        WeightsError: The network's weights are not available.
    """
    given = {place: features_in_pack(job) for place, job in enumerate(jobs) if isinstance(job.source, PackSource)}
    if given:
        others = [job for place, job in enumerate(jobs) if place not in given]
        computed = iter(features_of(others, device=device, on_bad=on_bad, progress=progress))
        return [given[place] if place in given else next(computed) for place in range(len(jobs))]
    work = _Work(jobs, device, on_bad, progress)
    work.compute()
    work.finish()
    return work.feature_sets()


@dataclass(frozen=True)
class ShareDone:
    """What a process has done that computes one share of features.

    Attributes:
        computed: Clips that it computed.
        missing: Clips of its share that are missing still: other processes are at them, or they cannot be read.
        unfinished: Clips of all shares in blocks that nobody has finished yet.
        total: Clips of all shares.
    """

    computed: int
    missing: int
    unfinished: int
    total: int


def compute_share(
    jobs: Sequence[FeatureJob],
    share: Share,
    *,
    is_in_group: bool = False,
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> ShareDone:
    """Computes one share of what :func:`features_of` computes, into the cache; waits for nobody.

    Args:
        jobs: What is wanted.
        share: Which blocks of clips this process may take.
        is_in_group: Whether others take from the same share, so that only locks keep them apart.
        device: See :func:`features_of`.
        on_bad: See :func:`features_of`.
        progress: See :func:`features_of`; its total is that of this share.

    Raises:
        VidmbenchError: See :func:`features_of`.
    """
    jobs = [job for job in jobs if not isinstance(job.source, PackSource)]  # a pack's features are there
    work = _Work(jobs, device, on_bad, progress, share)
    work.sign_in(is_in_group=is_in_group)
    work.compute()
    return work.done()


class _Work:
    """The entries that answer some jobs, and what is missing of them.

    Args:
        jobs: See :func:`features_of`.
        device: See :func:`features_of`.
        on_bad: See :func:`features_of`.
        progress: See :func:`features_of`.
        share: Which blocks may be computed; None for all.
    """

    def __init__(
        self,
        jobs: Sequence[FeatureJob],
        device: Device,
        on_bad: OnBad,
        progress: Progress | None,
        share: Share | None = None,
    ) -> None:
        folder = resources.cache_dir() / "features"
        self._jobs, self._device, self._folder = jobs, device, folder
        self._engines = [engine_name(device, job.stage.detector, job.precision) for job in jobs]
        self._keys = [job.key(engine) for job, engine in zip(jobs, self._engines, strict=True)]
        self._entries: dict[str, JobEntry] = {}
        protocols: dict[str, list[str]] = {}
        for key, job, engine in zip(self._keys, jobs, self._engines, strict=True):
            if key not in self._entries:  # the first that wants these features gives them its name
                self._entries[key] = _entry(folder, key, job, engine)
            protocols.setdefault(key, []).append(job.protocol)
        # What is missing, in blocks; a block that another process has finished is read here.
        self._blocks = {key: entry.blocks() for key, entry in self._entries.items() if not entry.look()}
        missing = [block for blocks in self._blocks.values() for block in blocks if not self._is_there(block)]
        self._own = [block for block in missing if share is None or share.takes(_turn(block))]
        _report_damage([*self._entries.values(), *missing])
        self._was_missing = {block.whole_key for block in missing}
        tally = Tally(progress, protocols, self._own)
        by_source: dict[str, list[JobEntry]] = {}
        for block in self._own:
            # By content, so that a control made from the same folder shares its reading.
            by_source.setdefault(base_of(block.job.source).digest(), []).append(block)
        passes = [blocks for of_source in by_source.values() for blocks in in_passes(of_source, device)]
        self._work = [BlockWork(blocks, device, on_bad, tally) for blocks in passes]

    @staticmethod
    def _is_there(block: JobEntry) -> bool:
        return block.part_of is not None and block.look()

    def sign_in(self, *, is_in_group: bool) -> None:
        """Makes sure that the workers at this job have the same weights and versions, and locks where they need them.

        Raises:
            ResultError: They have not.
        """
        missing = [self._entries[key] for key in self._blocks]
        if not missing:
            return
        if is_in_group:
            check_locks(self._folder)
        sign_in(missing, dict(zip(self._keys, self._engines, strict=True)), self._device)

    def compute(self) -> None:
        """Computes every block of this share that no other process is at."""
        for work in self._work:
            work.go_through()

    def finish(self) -> None:
        """Waits for the blocks that other processes are at, takes over those of processes that died, joins all."""
        is_told = False
        while late := [work for work in self._work if work.left]:
            if not is_told:
                note("waiting for other processes that compute the same features")
                is_told = True
            for work in late:
                work.wait()
                work.go_through()
        for key, blocks in self._blocks.items():
            if blocks != [self._entries[key]]:
                self._entries[key].join(blocks)
            if self._entries[key].is_whole:
                sign_out(self._entries[key], self._device)

    def feature_sets(self) -> list[FeatureSet]:
        """One a job."""
        return [
            _feature_set(job, self._entries[key], engine, is_cached=key not in self._was_missing)
            for job, key, engine in zip(self._jobs, self._keys, self._engines, strict=True)
        ]

    def done(self) -> ShareDone:
        """How far this share, and all of them, are."""
        every = [block for blocks in self._blocks.values() for block in blocks]
        own = {block.key for block in self._own}
        missing = {block.key: 0 if block.is_whole or block.look() else len(block.missing) for block in every}
        return ShareDone(
            sum(len(block.computed()) for block in every),
            sum(count for key, count in missing.items() if key in own),
            sum(missing.values()),
            sum(entry.num_rows for entry in self._entries.values()),
        )


def _entry(folder: Path, key: str, job: FeatureJob, engine: str) -> JobEntry:
    on_device = is_resized_on_device(job.stage, engine, job.source.size)
    return JobEntry(folder, key, len(job.plan.clips), job.width, job=job, is_resized_on_device=on_device)


def _turn(block: JobEntry) -> int:
    """The number by which blocks are dealt out: in turn, and for each source from another one on.

    Blocks of one source that hold the same videos have the same number, so that a share reads them once.
    """
    return crc32(base_of(block.job.source).digest().encode()) + block.number


def _feature_set(job: FeatureJob, entry: JobEntry, engine: str, *, is_cached: bool) -> FeatureSet:
    features, skipped = entry.read()
    detector = load_detector(job.stage.detector)
    if detector.reads != "clips":
        numbers = job.stage.num_features(detector.num_features)
        features = features.reshape(len(features), job.width // numbers, numbers)
    return FeatureSet(features, skipped, engine, is_cached, skipped_rows=tuple(sorted(entry.skipped)))


def _report_damage(entries: Iterable[JobEntry]) -> None:
    for damage in sorted({entry.damage for entry in entries if entry.damage}):
        names = [f"{entry.key}.safetensors" for entry in entries if entry.damage == damage]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        note(f"cached features {damage} and are computed again: {names[0]}{more}")
