"""The networks that one source's clips go through: as many as memory allows in one pass over its videos."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from vidmbench.core.errors import VidmbenchError
from vidmbench.core.memory import free_memory
from vidmbench.core.progress import note
from vidmbench.core.vocabulary import Device
from vidmbench.core.workers import cores
from vidmbench.detectors.engine import engine_name, load_engine
from vidmbench.detectors.types import Engine, Feature, Prepared, Unresized
from vidmbench.detectors.weights_local import bytes_of_weights
from vidmbench.evaluation.clip_assembly import JobEntry, PreparedClip, bytes_of_frame
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.stages import ArrayStage

# Prepared clips that wait for their network's turn, bytes: sixteen of 16 frames, which is a batch on a GPU. On CPUs a
# network computes a clip a core, so that a turn has two a core at least, and none has more than the last number.
_A_TURN, _CLIPS_A_CORE, _MOST_CLIPS = 160 * 2**20, 2, 64
# Of what is free; the rest is for videos on their way, and for what a network needs while it is loaded.
_SHARE_OF_MEMORY = 0.5


def network_of(job: FeatureJob) -> tuple[str, str]:
    """What computes a job's features: all that is compared of pairs, else one network."""
    if isinstance(job.stage, PairStage):
        return "pairs", job.precision
    return job.stage.network, job.precision


def in_passes(blocks: Sequence[JobEntry], device: Device) -> list[list[JobEntry]]:
    """Blocks of one source, dealt out to passes over its videos: one, unless the networks do not fit into memory.

    Args:
        blocks: What is missing of one source.
        device: Where networks run.
    """
    of_network: dict[tuple[str, str], list[JobEntry]] = {}
    for block in blocks:
        of_network.setdefault(network_of(block.job), []).append(block)
    limit = _free(blocks[0].job.stage.detector, device) if len(of_network) > 1 else None
    passes: list[list[JobEntry]] = [[]]
    taken = 0
    for of_one in of_network.values():
        needed = _needed(of_one, device)
        if limit is not None and passes[-1] and taken + needed > limit:
            passes.append([])
            taken = 0
        passes[-1] += of_one
        taken += needed
    if len(passes) > 1:
        label = blocks[0].job.source.label
        note(f"{len(of_network)} networks do not fit into memory together: {label} is read {len(passes)} times")
    return passes


def _free(detector: str, device: Device) -> float | None:
    """Bytes that networks may take, where that is known."""
    if engine_name(device, detector, is_tried=False).endswith("cuda"):
        import torch

        return _SHARE_OF_MEMORY * float(torch.cuda.mem_get_info()[0])
    free = free_memory()
    return None if free is None else _SHARE_OF_MEMORY * free


def _needed(blocks: Sequence[JobEntry], device: Device) -> int:
    """Bytes that a network and the clips before it take, roughly."""
    detector, precision = blocks[0].job.stage.detector, blocks[0].job.precision
    is_copied = engine_name(device, detector, precision, is_tried=False).startswith("openvino")
    clip = max(block.clip(0).frames * bytes_of_frame(block.job) for block in blocks)
    weights = bytes_of_weights(load_detector(detector)) * (2 if is_copied else 1)  # OpenVINO keeps its own copy
    return weights + max(_A_TURN, _CLIPS_A_CORE * cores() * clip)


def computed(
    clips: Iterable[PreparedClip], device: Device, loading: Callable[[str], None], *, in_turn: bool
) -> Iterator[tuple[PreparedClip, Feature]]:
    """Each clip with its feature, without its pixels.

    Args:
        clips: Clips that could be read.
        device: Where networks run.
        loading: Called with a detector's name before its network is loaded.
        in_turn: Whether there are several networks: each then takes a few clips at a time.

    Raises:
        VidmbenchError: A network's, or what reading the clips raises; what was read before is computed first.
    """
    engines: dict[ArrayStage | tuple[str, str], Engine] = {}

    def engine_of(job: FeatureJob) -> Engine:
        key = job.stage if isinstance(job.stage, PairStage) else network_of(job)
        if key not in engines:
            loading(job.stage.detector)
            engines[key] = load_engine(job.stage, precision=job.precision, device=device)
        return engines[key]

    coming = iter(clips)
    for first in coming:
        if isinstance(first.entry.job.stage, PairStage):
            assert first.pixels is not None
            yield first, next(engine_of(first.entry.job).features([first.pixels]))
        elif in_turn:
            yield from _in_turn(chain([first], coming), engine_of)
        else:
            yield from _through(engine_of(first.entry.job), chain([first], coming))


def _in_turn(
    clips: Iterable[PreparedClip], engine_of: Callable[[FeatureJob], Engine]
) -> Iterator[tuple[PreparedClip, Feature]]:
    waiting: dict[tuple[str, str], list[PreparedClip]] = {}
    problem: VidmbenchError | None = None
    try:
        for clip in clips:
            network = network_of(clip.entry.job)
            engine = engine_of(clip.entry.job)
            before = waiting.setdefault(network, [])
            before.append(clip)
            del clip  # its network's turn lets it go
            if _is_turn(before):
                yield from _through(engine, waiting.pop(network))
    except VidmbenchError as error:
        problem = error
    for before in waiting.values():
        yield from _through(engine_of(before[0].entry.job), before)
    if problem is not None:
        raise problem


def _is_turn(clips: Sequence[PreparedClip]) -> bool:
    if len(clips) >= _MOST_CLIPS:
        return True
    return len(clips) >= _CLIPS_A_CORE * cores() and sum(clip.num_bytes for clip in clips) >= _A_TURN


def _through(engine: Engine, clips: Iterable[PreparedClip]) -> Iterator[tuple[PreparedClip, Feature]]:
    """Each clip with its feature; the engine takes a few clips ahead."""
    ahead: deque[PreparedClip] = deque()

    def prepared_clips() -> Iterator[Prepared | Unresized]:
        for clip in clips:
            assert clip.pixels is not None
            ahead.append(PreparedClip(clip.entry, clip.row, None, None))
            yield clip.pixels

    for feature in engine.features(prepared_clips()):
        yield ahead.popleft(), feature
