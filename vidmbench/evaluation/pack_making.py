"""From real videos to a pack: the clips are chosen and their features computed as a score does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.progress import Progress
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.choices import Choices, common_stage
from vidmbench.evaluation.clips import ClipPlan, plan_clips
from vidmbench.evaluation.feature_job import VERSION, FeatureJob, FeatureSet
from vidmbench.evaluation.features import features_of
from vidmbench.evaluation.missing import check_weights
from vidmbench.evaluation.packs import MOMENTS_NOTE, clips_as_array, declaration_of
from vidmbench.evaluation.unscaled_videos import check_levels
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.sources.names import parse_source
from vidmbench.sources.opening import ResolvedName, open_videos, resolve
from vidmbench.sources.packs.contents import (
    DrawSpec,
    Holds,
    OriginSpec,
    Pack,
    PackHeader,
    PartSpec,
    StoredMoments,
    Videos,
)
from vidmbench.videos.source import Skipped, Source, frame_rates_of


@dataclass(frozen=True)
class PackJob:
    """What a pack will be made of; the request is checked.

    Attributes:
        data: The videos as they were named.
        source: The videos.
        specs: The protocols, bound.
        plans: Of each, the clips of every repeat.
        holds: What is kept.
        choices: The options.
    """

    data: ResolvedName
    source: Source
    specs: tuple[ProtocolSpec, ...]
    plans: tuple[tuple[ClipPlan, ...], ...]
    holds: Holds
    choices: Choices


def prepare_pack(real: str, choices: Choices, *, holds: Holds = "features", as_is: bool = False) -> PackJob:
    """Resolves ``vidmbench pack make``.

    Args:
        real: Real videos: ``dataset:NAME[@SPLIT][/PIXELS]``, or files.
        choices: The options.
        holds: ``moments`` for a smaller file that serves Fréchet distances alone.
        as_is: Whether a data set on disk is taken as it is, as ``score`` does; else as the protocol says, as ``run``.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    name = parse_source(real)
    if name.kind not in ("dataset", "path", "layout"):
        raise UsageError(
            "a pack is made of real videos",
            expected="dataset:NAME[@SPLIT][/PIXELS], or files",
            found=real,
            fix="vidmbench pack make dataset:NAME --out FILE.pack",
        )
    protocols = choices.load_protocols()
    for protocol in protocols:
        _check_protocol(protocol, choices, holds)
    data = resolve(name)
    specs = choices.bound_protocols(data.dataset, name.resolution, is_cropped=not as_is, protocols=protocols)
    for spec in specs:
        check_weights(spec)
    stage = None if as_is else common_stage(specs, data.dataset)
    source = open_videos(data, reading=choices.reading, stage=stage)
    data = ResolvedName(name, data.dataset)
    if len(source) < 2:
        raise DataError(
            f"{source.label} has too few videos for a pack",
            expected="at least 2: a covariance needs them",
            found=str(len(source)),
            where=source.label,
        )
    plans = tuple(_clips_of(source, data, spec, choices) for spec in specs)
    check_levels(source, plans[0][0].clips)
    return PackJob(data, source, tuple(specs), plans, holds, choices)


def _check_protocol(spec: ProtocolSpec, choices: Choices, holds: Holds) -> None:
    if spec.kind.reads_pairs or not spec.kind.reads_real or choices.context:
        why = (
            "compares each video with its target, frame by frame"
            if spec.kind.reads_pairs
            else "puts frames of the real videos in front of the scored ones"
            if choices.context
            else "does not look at the real side"
        )
        raise UsageError(
            f"no pack serves {spec.name}: it {why}",
            expected="a protocol that compares features of both sides, such as fvd-stylegan-v, and no --context",
            found=spec.name,
            where="--protocol",
            fix="see all: vidmbench list protocols",
        )
    if holds == "moments" and not spec.kind.takes_moments:
        raise UsageError(
            f"moments are not enough for {spec.name}",
            expected="with --moments a protocol of a Fréchet distance",
            found=f"metric {spec.metric}",
            where="--moments",
            fix="omit --moments",
        )


def _clips_of(source: Source, data: ResolvedName, spec: ProtocolSpec, choices: Choices) -> tuple[ClipPlan, ...]:
    bare: Literal["drop", "error"] = "drop" if choices.on_bad == "skip" else "error"
    return tuple(
        plan_clips(
            [source.name(index) for index in range(len(source))],
            [source.num_frames(index) for index in range(len(source))],
            spec.clips,
            "real",
            seed=spec.statistics.seed,
            short=bare if data.dataset is None else spec.dataset.short_videos,
            label=source.label,
            repeat=repeat,
            is_asked=choices.num_real is not None,
        )
        for repeat in range(spec.statistics.repeats)
    )


def make_pack(job: PackJob, progress: Progress | None = None) -> Pack:
    """Computes what is missing of the features, and puts the pack together.

    Args:
        job: From :func:`prepare_pack`.
        progress: See :func:`vidmbench.evaluation.features.features_of`.

    Raises:
        DataError: A video cannot be read, or the network gave no finite features.
        WeightsError: The network's weights are not available.
    """
    choices = job.choices
    wanted = [(spec, plan) for spec, plans in zip(job.specs, job.plans, strict=True) for plan in plans]
    jobs = [FeatureJob(job.source, plan, spec.array, choices.precision, spec.name) for spec, plan in wanted]
    sets = iter(features_of(jobs, device=choices.device, on_bad=choices.on_bad, progress=progress))
    tensors = Tensors(job.holds)
    parts = []
    for spec, plans in zip(job.specs, job.plans, strict=True):
        found = [next(sets) for _ in plans]
        draws = tuple(tensors.draw(plan, features) for plan, features in zip(plans, found, strict=True))
        parts.append(part_of(spec, draws, identity(load_detector(spec.array.detector)), found[0].engine))
    header = PackHeader(
        holds=job.holds,
        origin=_origin(job),
        parts=tuple(parts),
        precision=choices.precision,
        feature_code=VERSION,
        package=version("vidmbench"),
    )
    source = job.source
    videos = Videos(
        tuple(source.name(index) for index in range(len(source))),
        tuple(source.num_frames(index) for index in range(len(source))),
        source.labels,
    )
    return Pack(header, videos, tensors.clips, tensors.features, tensors.moments)


def part_of(spec: ProtocolSpec, draws: Sequence[DrawSpec], weights: str, engine: str) -> PartSpec:
    """What a pack says of one protocol at one clip length."""
    return PartSpec(
        protocol=spec.model_dump(mode="json", exclude_none=True),
        detector=declaration_of(load_detector(spec.array.detector)),
        weights=weights,
        engine=engine,
        draws=tuple(draws),
    )


class Tensors:
    """The tensors of a pack, each once: protocols often take the same clips.

    Args:
        holds: Whether features are kept, or their moments.

    Attributes:
        clips: See :class:`vidmbench.sources.packs.contents.Pack`.
        features: See there.
        moments: See there.
    """

    def __init__(self, holds: Holds) -> None:
        self._holds = holds
        self.clips: dict[str, np.ndarray] = {}
        self.features: dict[str, np.ndarray] = {}
        self.moments: dict[str, StoredMoments] = {}
        self._known: dict[str, str] = {}

    def draw(self, plan: ClipPlan, found: FeatureSet) -> DrawSpec:
        """Takes the features of one choice of clips.

        Raises:
            DataError: Too few clips could be read, or features are not finite.
        """
        features = found.features
        if len(features) < 2 or not np.isfinite(features).all():
            raise DataError(
                "these clips make no pack",
                expected="finite features of at least 2 clips",
                found=f"{len(features)} clips" if len(features) < 2 else "NaN or infinity",
            )
        return DrawSpec(
            clips=self._clips(clips_as_array(plan)),
            numbers=self._numbers(features),
            num_clips=len(features),
            short=_pairs(plan.skipped),
            unread=_pairs(found.skipped),
        )

    def _clips(self, clips: np.ndarray) -> str:
        name = self._name(clips, "clips")
        self.clips[name] = clips
        return name

    def _numbers(self, features: np.ndarray) -> str:
        name = self._name(features, self._holds)
        if self._holds == "features":
            self.features[name] = features
        elif name not in self.moments:
            moments = Moments.of(features.reshape(-1, features.shape[-1]))
            self.moments[name] = StoredMoments(moments.count, moments.mean, moments.scatter)
        return name

    def _name(self, numbers: np.ndarray, word: str) -> str:
        content = sha256_of_parts(repr((word, numbers.shape)), np.ascontiguousarray(numbers).tobytes())
        number = sum(name.startswith(f"{word}-") for name in self._known.values())
        return self._known.setdefault(content, f"{word}-{number}")


def _pairs(skipped: Sequence[Skipped]) -> tuple[tuple[str, str], ...]:
    return tuple((video.name, video.reason) for video in skipped)


def _origin(job: PackJob) -> OriginSpec:
    source, name = job.source, job.data.name
    is_dataset = job.data.dataset is not None
    return OriginSpec(
        label=source.label,
        digest=source.digest(),
        size=source.size,
        dataset=name.name if is_dataset else "",
        split=name.split if is_dataset else None,
        resolution=name.resolution if is_dataset else None,
        compression=source.compression,
        notes=(*source.notes, *((MOMENTS_NOTE,) if job.holds == "moments" else ())),
        frame_rates=frame_rates_of(source),
        skipped=_pairs(source.skipped),
    )
