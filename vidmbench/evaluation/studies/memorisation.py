"""What came out of ``vidmbench memorisation``: the numbers, the nearest pairs, their signature, and what to know."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import DataError
from vidmbench.core.progress import Progress
from vidmbench.detectors.weights_local import is_seeded
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.features import features_of
from vidmbench.evaluation.measurements import planned_signature
from vidmbench.evaluation.plan import Planned
from vidmbench.evaluation.studies.memorisation_plan import MemorisationJob, Part
from vidmbench.metrics.memorisation import Memorisation, memorisation
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.signature import Signature


@dataclass(frozen=True)
class Pair:
    """A generated clip and its nearest training clip.

    Attributes:
        fake: The generated clip.
        train: The training clip.
        distance: Between their features.
        is_copy: Whether they are the same up to rounding.
    """

    fake: Clip
    train: Clip
    distance: float
    is_copy: bool


@dataclass(frozen=True)
class Finding:
    """The result.

    Attributes:
        job: What was asked for.
        result: The numbers.
        pairs: All generated clips with their nearest training clips, the nearest first.
        counts: Training, held-out and generated clips that could be read.
        heldout_copies: Held-out clips that are training clips.
        skipped: Source, video and reason of everything skipped.
        warnings: What a careful reader should know.
        signature: The recipe as it ran.
        engine: What ran the network.
        seconds: How long it took.
    """

    job: MemorisationJob
    result: Memorisation
    pairs: tuple[Pair, ...]
    counts: tuple[int, int, int]
    heldout_copies: tuple[str, ...]
    skipped: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    signature: Signature
    engine: str
    seconds: float


def carry_out_memorisation(job: MemorisationJob, progress: Progress | None = None) -> Finding:
    """Computes what is missing of the features, and compares.

    Raises:
        DataError: A video cannot be read, features are not finite, or nothing can be said with these clips.
        WeightsError: The network's weights are not available.
    """
    started = time.perf_counter()
    choices = job.choices
    jobs = [FeatureJob(part.source, part.plan, part.spec.array, choices.precision) for part in job.parts]
    sets = features_of(jobs, device=choices.device, on_bad=choices.on_bad, progress=progress)
    clips = [_clips(part, features) for part, features in zip(job.parts, sets, strict=True)]
    names = [[part.name(clip) for clip in part_clips] for part, part_clips in zip(job.parts, clips, strict=True)]
    for part, features in zip(job.parts, sets, strict=True):
        if not len(features.features):
            raise DataError(f"no {part.role} clip could be read", where=part.source.label)
    # Of a network that reads frames, those of a clip in a row: the frames of two clips are compared in their order.
    arrays = (features.features.reshape(len(features.features), -1) for features in sets)
    result = memorisation(*arrays, quantile=job.quantile, names=(names[0], names[1], names[2]))
    near = result.fake
    pairs = tuple(
        Pair(clips[2][fake], clips[0][near.indices[fake]], float(near.distances[fake]), bool(near.copies[fake]))
        for fake in near.order
    )
    copies = tuple(name for name, is_copy in zip(names[1], result.heldout.copies, strict=True) if is_copy)
    counts = (len(clips[0]), len(clips[1]), len(clips[2]))
    return Finding(
        job=job,
        result=result,
        pairs=pairs,
        counts=counts,
        heldout_copies=copies,
        skipped=tuple(
            (part.source.label, left.name, left.reason)
            for part, features in zip(job.parts, sets, strict=True)
            for left in (*part.source.skipped, *part.plan.skipped, *features.skipped)
        ),
        warnings=tuple(_warnings(job, copies)),
        signature=_signature(job, clips),
        engine=sets[2].engine,
        seconds=round(time.perf_counter() - started, 3),
    )


def _clips(part: Part, features: FeatureSet) -> list[Clip]:
    """The clips that have features."""
    skipped_names = {video.name for video in features.skipped}
    return [clip for clip in part.plan.clips if part.source.name(clip.video) not in skipped_names]


def _warnings(job: MemorisationJob, heldout_copies: Sequence[str]) -> list[str]:
    train, heldout, fake = (part.source for part in job.parts)
    warnings = list(dict.fromkeys(note for part in job.parts for note in part.source.notes))
    detector = load_detector(job.fake.spec.array.detector)
    if is_seeded(detector):
        warnings.append(
            f"the weights of {detector.name} were made from a seed: this number says nothing about the videos"
        )
    searched = len({clip.video for clip in job.train.plan.clips})
    if searched < job.train.usable:
        warnings.append(
            f"{searched} of {job.train.usable} training videos were searched: copies of others are not seen"
        )
    if job.train_clips == "random" and job.train.has_longer:
        warnings.append(
            "training videos are longer than a clip and one clip of each was searched: copies of other parts are not "
            "seen; --train-clips chunks or windows searches more"
        )
    if heldout_copies:
        warnings.append(
            f"{len(heldout_copies)} held-out clip{'s are' if len(heldout_copies) > 1 else ' is'} in the training set: "
            f"{', '.join(heldout_copies[:3])}{' ...' if len(heldout_copies) > 3 else ''}"
        )
    for ours, theirs in ((heldout, fake), (train, fake)):
        if ours.size != theirs.size:
            sizes = [f"{source.size[1]}x{source.size[0]} ({source.label})" for source in (ours, theirs)]
            warnings.append(f"sources differ in size, which moves distances: {' and '.join(sizes)} pixels")
            break
    ways = [source.compression or "none" for source in (train, heldout, fake)]
    if len(set(ways)) > 1:
        warnings.append(
            "sources went through different compression, which moves distances (docs/compression.md): "
            f"training {ways[0]}, held-out {ways[1]}, generated {ways[2]}"
        )
    return warnings


#: What counts here of a protocol's signature; its statistics do not.
_KEPT = ("proto", "det", "eps", "t", "s", "first", "crop", "rs", "range", "prec", "data", "seed", "fakes", "v")


def _signature(job: MemorisationJob, clips: Sequence[Sequence[Clip]]) -> Signature:
    """That of the protocol up to the features, with three sources."""
    scored = ClipPlan(tuple(clips[2]), ())

    def fields(part: Part, clips_of_part: Sequence[Clip]) -> dict[str, str]:
        item = Planned(part.spec, ClipPlan(tuple(clips_of_part), ()), scored)
        return dict(planned_signature(item, part.source, job.fake.source, job.choices.precision).fields)

    train, heldout = fields(job.train, clips[0]), fields(job.heldout, clips[1])
    made: list[tuple[str, str]] = [("q", f"{job.quantile:g}")]
    for key in (key for key in _KEPT if key in heldout):
        if key == "data":  # the label of the held-out videos stands there to be read; the digest alone is compared
            made.append(("train-data", train["data"].rpartition(":")[2]))
        made.append((key, heldout[key]))
        if key == "s":
            made += [("train", train["real"]), ("heldout", heldout["real"]), ("fake", heldout["fake"])]
    return Signature("memorisation", tuple(made))
