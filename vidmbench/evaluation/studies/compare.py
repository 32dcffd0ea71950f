"""The same two sources by many protocols, and the way from one protocol's number to another's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from vidmbench.core.errors import DataError, UsageError, VidmbenchError, WeightsError
from vidmbench.detectors.weights_local import identity, missing
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import num_windows
from vidmbench.evaluation.evaluate import Planned, checked_counts, plan
from vidmbench.evaluation.job import Job
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names
from vidmbench.protocols.stages import MANY_A_VIDEO, ClipsSpec, SideSpec
from vidmbench.records.record import Measurement
from vidmbench.sources.datasets.opening import open_any
from vidmbench.videos.source import Source


@dataclass(frozen=True)
class Refused:
    """A protocol that cannot score these sources.

    Attributes:
        protocol: Its name.
        reason: Why not.
        lacks_weights: Whether all it lacks is the weights of its network.
    """

    protocol: str
    reason: str
    lacks_weights: bool = False


@dataclass(frozen=True)
class Comparison:
    """What ``vidmbench compare`` will do.

    Attributes:
        job: Two sources and the plans to score them by.
        refused: Protocols that were left out.
    """

    job: Job
    refused: tuple[Refused, ...]


def prepare_compare(real: str, fake: str, choices: Choices) -> Comparison:
    """Resolves ``vidmbench compare``: every protocol that can score the two sources.

    A protocol whose own number of videos is not there takes as many as there are, unless the choices name a number.

    Args:
        real: A path, ``dataset:NAME[@SPLIT]``.
        fake: The same, or ``control:NAME``.
        choices: The options; without protocols among them all are taken.

    Raises:
        VidmbenchError: Anything about the request that cannot work, or no protocol that can score the sources: of one
            protocol its own reason.
    """
    specs = [load_protocol(name) for name in choices.protocols or protocol_names()]
    sources = _sources(real, fake, choices)
    plans, refused = [], []
    for spec in specs:
        for frames in choices.frames or (None,):
            try:
                _check_weights(spec)
                plans.append(_planned(_bound(spec, frames, choices, *sources), *sources, choices))
            except VidmbenchError as error:
                if len(specs) == 1 and len(choices.frames) < 2:
                    raise
                refused.append(Refused(spec.name, _in_a_line(error), isinstance(error, WeightsError)))
    if not plans:
        refused.sort(key=lambda one: one.lacks_weights)  # what is wrong with the sources first: no weights mend it
        raise DataError(
            "no protocol can score these sources",
            found="; ".join(f"{one.protocol}: {one.reason}" for one in refused[:3]),
            where=f"{sources[0].label} and {sources[1].label}",
            fix="see what one of them needs: vidmbench score REAL FAKE --protocol NAME",
        )
    job = Job(sources[1].label, sources[0].label, None, *sources, tuple(plans), choices)
    return Comparison(job, tuple(refused))


def _check_weights(spec: ProtocolSpec) -> None:
    detector = load_detector(spec.array.detector)
    if detector.network is not None and identity(detector) == "?":
        raise missing(detector)


def _sources(real: str, fake: str, choices: Choices) -> tuple[Source, Source]:
    source = open_any(real, on_bad=choices.on_bad, data_root=choices.data_root)
    other = open_any(fake, real=real, on_bad=choices.on_bad, seed=choices.seed or 0, data_root=choices.data_root)
    checked_counts(source, other)
    return source, other


def _bound(spec: ProtocolSpec, frames: int | None, choices: Choices, real: Source, fake: Source) -> ProtocolSpec:
    def count(asked: int | None, side: SideSpec, source: Source) -> int | None:
        if asked or side.videos is None:
            return asked
        return max(2, min(side.videos, available_clips(source, spec.clips, side, frames, choices.stride)))

    return spec.with_options(
        frames=frames,
        stride=choices.stride,
        num_real=count(choices.num_real, spec.clips.real, real),
        num_fake=count(choices.num_fake, spec.clips.fake, fake),
        seed=choices.seed,
    )


def available_clips(source: Source, clips: ClipsSpec, side: SideSpec, frames: int | None, stride: int | None) -> int:
    """How many clips a side could have at most."""
    if side.start not in MANY_A_VIDEO:
        return len(source)
    asked = clips.model_copy(update={"frames": frames or clips.frames, "stride": stride or clips.stride})
    own = side.model_copy(update={"videos": None, "pick": "all", "stride": None if stride else side.stride})
    return sum(num_windows(source.num_frames(index), asked, own) for index in range(len(source)))


def _planned(spec: ProtocolSpec, real: Source, fake: Source, choices: Choices) -> Planned:
    short: Literal["drop", "error"] = "drop" if choices.on_bad == "skip" else "error"
    return plan(real, fake, [spec], short_real=short, short_fake=short)[0]


def _in_a_line(error: VidmbenchError) -> str:
    found = f" (found {error.found})" if error.found not in (None, "nothing") else ""
    fix = error.fix.splitlines()[0] if error.fix else ""
    return f"{error.problem}{found}; {fix}" if fix else f"{error.problem}{found}"


@dataclass(frozen=True)
class Step:
    """One field on the way from one protocol to another.

    Attributes:
        field: The field, such as ``array.resize``; several where they only go together.
        before: Its value in the first protocol.
        after: Its value in the second.
    """

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Explanation:
    """What ``vidmbench explain`` will do.

    Attributes:
        job: The sources, with a plan for the first protocol and one for each step: the last equals the second.
        steps: The fields that change, in the order they are changed.
    """

    job: Job
    steps: tuple[Step, ...]


#: The order of the walk: the network and what it is fed, then which clips, then the statistics.
_WALK = (
    ("array", ("detector",)),
    ("array", ("batch_norm_eps",)),
    ("array", ("first_resize",)),
    ("array", ("crop",)),
    ("array", ("resize",)),
    ("array", ("range",)),
    ("clips", ("stride",)),
    ("clips", ("real",)),
    ("clips", ("fake",)),
    ("statistics", ("covariance",)),
    ("statistics", ("degree",)),
    ("statistics", ("subsets", "subset_size")),
    ("statistics", ("neighbours",)),
    ("statistics", ("splits",)),
    ("statistics", ("log_eps",)),
    ("statistics", ("shuffle_seed",)),
    ("statistics", ("repeats",)),
    ("statistics", ("seed",)),
)


def prepare_explain(first: str, second: str, real: str, fake: str, choices: Choices) -> Explanation:
    """Resolves ``vidmbench explain``: from one protocol's number to another's, one field at a time.

    Args:
        first: A protocol.
        second: Another with the same metric.
        real: A path, ``dataset:NAME[@SPLIT]``.
        fake: The same, or ``control:NAME``.
        choices: The options.

    Raises:
        UsageError: The two measure different things, or say the same.
        VidmbenchError: Anything else about the request that cannot work.
    """
    specs = [load_protocol(name) for name in (first, second)]
    if specs[0].metric != specs[1].metric:
        raise UsageError(
            "these protocols measure different things, so there is no way from one number to the other",
            expected="two protocols of one metric",
            found=f"{specs[0].name}: {specs[0].metric}; {specs[1].name}: {specs[1].metric}",
            fix="see all metrics: vidmbench list protocols",
        )
    allowed = [spec.clips.frames_allowed for spec in specs]
    if max(low for low, _ in allowed) > min(high for _, high in allowed):
        raise UsageError(
            "these protocols share no clip length, so there is no way from one number to the other",
            expected="two protocols that can score the same clips",
            found="; ".join(
                f"{spec.name}: {low} to {high} frames" for spec, (low, high) in zip(specs, allowed, strict=True)
            ),
            fix="see what each allows: vidmbench show NAME",
        )
    if len(choices.frames) > 1:
        raise UsageError("explain takes one clip length", found=f"--frames {','.join(map(str, choices.frames))}")
    sources = _sources(real, fake, choices)
    frames = choices.frames[0] if choices.frames else specs[0].clips.frames
    start, end = (_bound(spec, frames, choices, *sources) for spec in specs)
    walked, steps = [start], []
    for stage, fields in _WALK:
        old, new = getattr(walked[-1], stage), getattr(end, stage)
        changed = {field: getattr(new, field) for field in fields if getattr(old, field) != getattr(new, field)}
        if changed:
            walked.append(walked[-1].model_copy(update={stage: old.model_copy(update=changed)}))
            values = [" ".join(_shown(getattr(part, field)) for field in changed) for part in (old, new)]
            steps.append(Step(", ".join(f"{stage}.{field}" for field in changed), *values))
    walked[-1] = end if steps else start  # the same recipe by now, under its own name
    if not steps:
        raise UsageError(
            "these two protocols say the same of these sources",
            found=f"{start.name} and {end.name} at {frames} frames",
            fix="choose two others: vidmbench list protocols",
        )
    plans = tuple(_planned(spec, *sources, choices) for spec in walked)
    return Explanation(Job(sources[1].label, sources[0].label, None, *sources, plans, choices), tuple(steps))


def _shown(value: Any) -> str:
    """A field's value in a word or two."""
    if isinstance(value, SideSpec):
        stride = f" stride {value.stride}" if value.stride else ""
        return f"{value.videos or ''} {value.pick} {value.start}{stride}".strip()
    if value is None:
        return "-"
    if hasattr(value, "model_dump"):
        return " ".join(str(part) for part in value.model_dump().values())
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Shift:
    """What one step does to the number.

    Attributes:
        step: The field.
        value: The number after it.
        change: What it added to the number before it.
        share: The change as a part of the whole way; None where both ends are equal.
    """

    step: Step
    value: float
    change: float
    share: float | None


def shifts(explanation: Explanation, measurements: Sequence[Measurement]) -> list[Shift]:
    """The steps with their numbers.

    Args:
        explanation: What was done.
        measurements: One a plan of it.

    Raises:
        DataError: One of them has no value.
    """
    for one in measurements:
        if one.value is None:
            raise DataError(f"a step on the way has no value: {one.reason}", where=one.protocol)
    values = [one.value for one in measurements if one.value is not None]
    whole = values[-1] - values[0]
    changes = [after - before for before, after in pairwise(values)]
    return [
        Shift(step, value, change, change / whole if whole else None)
        for step, value, change in zip(explanation.steps, values[1:], changes, strict=True)
    ]


def with_all_protocols(choices: Choices, asked: bool) -> Choices:
    """The choices of ``compare``: every protocol where none was asked for."""
    return choices if asked else replace(choices, protocols=())
