"""Scores against a pack: its protocols bound as it was made, and its features in place of computed ones."""

import json
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.text import counted
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.feature_job import VERSION, FeatureJob, FeatureSet
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.detector import DetectorSpec, load_detector
from vidmbench.protocols.metric_kind import NO_INTERVAL
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.sources.packs.contents import DrawSpec, Pack, PackSource, PartSpec
from vidmbench.videos.source import Skipped

#: What stands for weights of which a file of another program says nothing.
UNKNOWN_WEIGHTS = "?"
#: Why a score against moments has no interval.
MOMENTS_NOTE = f"{NO_INTERVAL}a pack of moments has no single clips, which the jackknife omits one after the other"


def spec_of(part: PartSpec) -> ProtocolSpec:
    """The protocol of a part, as it was bound when the pack was made.

    Raises:
        DataError: This version knows no such protocol.
    """
    try:
        return ProtocolSpec.model_validate_json(json.dumps(part.protocol))
    except ValueError as error:
        raise DataError(
            f"the pack holds a protocol that this version does not know: {part.protocol.get('name')}",
            expected="the fields of a protocol file",
            found=str(error).splitlines()[0],
            fix="read it with the version of vidmbench that wrote it",
        ) from error


def declaration_of(detector: DetectorSpec) -> dict[str, object]:
    """What decides what a network sees, beside its weights and the protocol."""
    kept = ("name", "reads", "num_features", "gives", "options")
    return {key: value for key, value in detector.model_dump(mode="json").items() if key in kept}


def bound_to_pack(pack: Pack, choices: Choices, protocols: Sequence[ProtocolSpec] | None) -> list[ProtocolSpec]:
    """The protocols of a request as the pack holds them, with the options for the scored side.

    Args:
        pack: The real side.
        choices: The options; without clip lengths those of the pack are taken.
        protocols: As declared; None takes those of the pack.

    Raises:
        UsageError: The pack was made for something else.
    """
    _check_compute(pack, choices)
    parts = [(part, spec_of(part)) for part in pack.header.parts]
    chosen = []
    for protocol, frames in product(protocols or (None,), choices.frames or (None,)):
        fitting = [
            (part, spec)
            for part, spec in parts
            if (protocol is None or spec.name == protocol.name) and frames in (None, spec.clips.frames)
        ]
        if not fitting:
            raise _other_protocol(pack, [spec for _, spec in parts], protocol, frames)
        for part, spec in fitting:
            if protocol is not None:
                _check_declared(pack, spec, protocol)
            _check_part(pack, part, spec, choices)
            chosen.append(_with_fakes(spec, choices))
    return chosen


def _with_fakes(spec: ProtocolSpec, choices: Choices) -> ProtocolSpec:
    return spec.with_options(
        num_fake=choices.num_fake,
        seed=choices.seed,
        context=choices.context,
        predictions=choices.predictions,
        stage=spec.dataset,
    )


def _other_protocol(
    pack: Pack, specs: Sequence[ProtocolSpec], protocol: ProtocolSpec | None, frames: int | None
) -> UsageError:
    held = [f"{spec.name} at {counted(spec.clips.frames, 'frame')}" for spec in specs]
    if protocol is not None and protocol.kind.reads_pairs:
        return UsageError(
            f"no pack serves {protocol.name}: it compares each video with its target, frame by frame",
            expected=", or ".join(held),
            found=f"--protocol {protocol.name}",
            where=str(pack.path or pack.name),
            fix="give the videos in place of the pack",
        )
    name = protocol.name if protocol is not None else specs[0].name
    wanted = name if frames is None else f"{name} at {counted(frames, 'frame')}"
    option = specs[0]
    return UsageError(
        f"{pack.name} was not made for {wanted}",
        expected=", or ".join(held),
        found=" ".join(
            [*([f"--protocol {protocol.name}"] if protocol else []), *([f"--frames {frames}"] if frames else [])]
        ),
        where=str(pack.path or pack.name),
        fix=f"--protocol {option.name} --frames {option.clips.frames}, or a pack of these clips from whoever has the "
        f"videos: vidmbench pack make ... --protocol {name} --frames {frames or option.clips.frames}",
    )


def _check_compute(pack: Pack, choices: Choices) -> None:
    """Refuses a pack whose features were computed in another way than the scored side will be."""
    header = pack.header
    if choices.precision != header.precision:
        raise UsageError(
            f"{pack.name} was computed in {header.precision}, and FAKE would be in {choices.precision}",
            expected=f"--precision {header.precision}",
            found=f"--precision {choices.precision}",
            where=str(pack.path or pack.name),
            fix=f"--precision {header.precision}",
        )
    if header.feature_code != VERSION:
        raise UsageError(
            f"{pack.name} was made by vidmbench {header.package}, which reads and prepares clips differently",
            expected=f"version {VERSION} of the code that computes features",
            found=f"version {header.feature_code}",
            where=str(pack.path or pack.name),
            fix="make it again with this version, or score with that one",
        )


def _check_declared(pack: Pack, spec: ProtocolSpec, protocol: ProtocolSpec) -> None:
    """Refuses a protocol that has the name of the pack's but says something else."""

    def decisive(of: ProtocolSpec) -> dict[str, object]:
        content: dict[str, dict[str, object]] = of.model_dump(
            mode="json", include={"version", "metric", "array", "statistics"}
        )
        content["array"].pop("detector")  # of a detector of one's own a path; weights are compared apart
        content["statistics"] = {
            key: value for key, value in content["statistics"].items() if key not in ("seed", "context", "samples")
        }
        return {**content}

    ours, theirs = decisive(protocol), decisive(spec)
    differing = [key for key in ours if ours[key] != theirs[key]]
    if differing:
        raise UsageError(
            f"{spec.name} here is another protocol than the one {pack.name} was made by",
            expected=f"version {spec.version} of it with the same {', '.join(differing)}",
            found=f"version {protocol.version}",
            where=str(pack.path or pack.name),
            fix="omit --protocol to score as the pack was made, or make the pack again",
        )


def _check_part(pack: Pack, part: PartSpec, spec: ProtocolSpec, choices: Choices) -> None:
    where = str(pack.path or pack.name)
    num_clips = part.draws[0].num_clips + len(part.draws[0].unread)
    if choices.num_real not in (None, spec.clips.real.videos or num_clips):
        raise UsageError(
            f"{pack.name} holds {counted(num_clips, 'clip')} of the real side",
            expected=f"--num-real {num_clips}, or none",
            found=f"--num-real {choices.num_real}",
            where=where,
            fix=f"--num-fake {choices.num_fake or num_clips} alone sets the scored side; compare numbers only at equal "
            "counts",
        )
    strides = {spec.clips.stride_of(spec.clips.real), spec.clips.stride_of(spec.clips.fake)}
    if choices.stride is not None and strides != {choices.stride}:
        raise UsageError(
            f"{pack.name} was made at another stride",
            expected=f"--stride {spec.clips.stride}, or none",
            found=f"--stride {choices.stride}",
            where=where,
            fix="omit --stride",
        )
    if choices.context:
        raise UsageError(
            f"--context {choices.context} takes frames of the real videos, and a pack holds none",
            expected="the real videos",
            found=pack.name,
            where=where,
            fix="give the videos in place of the pack, or omit --context",
        )
    detector = load_detector(spec.array.detector)
    weights = identity(detector)
    unknown = UNKNOWN_WEIGHTS in (weights, part.weights)  # those that are missing here are a message of their own
    if part.detector != declaration_of(detector) or (weights != part.weights and not unknown):
        raise UsageError(
            f"{detector.name} is another network here than the one {pack.name} was made with",
            expected=f"weights {part.weights[:8]}",
            found=f"weights {weights[:8]}",
            where=where,
            fix="vidmbench weights status says which weights are here; the published ones suit packs of others",
        )


def check_clips(real: PackSource, spec: ProtocolSpec, repeat: int, plan: ClipPlan) -> None:
    """Refuses clips that the pack was not made of.

    Args:
        real: The pack.
        spec: The protocol, bound.
        repeat: Which of its repeats.
        plan: The clips of the real side.

    Raises:
        UsageError: They are others; nearly always for another seed.
    """
    if _draw_of(real.pack, spec, plan) is not None:
        return
    seeds = sorted({each.statistics.seed for each in map(spec_of, real.pack.header.parts) if each.name == spec.name})
    raise UsageError(
        f"{real.pack.name} was made of other clips of the real videos",
        expected=f"--seed {' or '.join(map(str, seeds))}, by which its clips were chosen",
        found=f"--seed {spec.statistics.seed}" + (f", repeat {repeat + 1}" if repeat else ""),
        where=str(real.pack.path or real.label),
        fix="omit --seed",
    )


def clips_as_array(plan: ClipPlan) -> np.ndarray:
    """The clips of a plan, int64 (clip, 4): video, first frame, frames, stride."""
    rows = [(clip.video, clip.start, clip.frames, clip.stride) for clip in plan.clips]
    return np.array(rows, np.int64).reshape(-1, 4)


def _draw_of(pack: Pack, spec: ProtocolSpec | FeatureJob, plan: ClipPlan) -> tuple[PartSpec, DrawSpec] | None:
    """The choice of clips that a plan is, of a protocol that prepares them in the same way."""
    stage = spec.stage if isinstance(spec, FeatureJob) else spec.array
    wanted = clips_as_array(plan)
    return next(
        (
            (part, draw)
            for part, draw in _with_stage(pack, stage.model_dump(mode="json", exclude_none=True))
            if np.array_equal(pack.clips[draw.clips], wanted)
        ),
        None,
    )


def _with_stage(pack: Pack, stage: dict[str, object]) -> Iterator[tuple[PartSpec, DrawSpec]]:
    return ((part, draw) for part, draw in pack.draws() if part.protocol["array"] == stage)


def features_in_pack(job: FeatureJob) -> FeatureSet:
    """What a pack holds of a plan's clips, in place of what the network would see.

    Args:
        job: Whose source is a pack.

    Raises:
        UsageError: They are not in the pack.
    """
    assert isinstance(job.source, PackSource)
    pack = job.source.pack
    found = _draw_of(pack, job, job.plan)
    if found is None:
        raise UsageError(
            f"{pack.name} was made of other clips of the real videos",
            expected="the clips that it was made of",
            found=f"{counted(len(job.plan.clips), 'clip')} that it does not hold",
            where=str(pack.path or pack.name),
            fix="give the videos in place of the pack",
        )
    part, draw = found
    unread = tuple(Skipped(*each) for each in draw.unread)
    if draw.numbers in pack.features:
        return FeatureSet(pack.features[draw.numbers], unread, part.engine)
    stored = pack.moments[draw.numbers]
    moments = Moments(stored.count, stored.mean, stored.scatter)
    return FeatureSet(np.empty((0, 0), np.float32), unread, part.engine, moments=moments, num_known=draw.num_clips)
