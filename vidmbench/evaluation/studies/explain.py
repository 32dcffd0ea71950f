"""From one protocol's number to another's, one field at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from vidmbench.core.errors import DataError, UsageError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.given import given
from vidmbench.evaluation.job import Job
from vidmbench.evaluation.studies.compare import bound_to_sources, job_of, open_both, planned
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.fields import Step, field_groups
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.protocols.signature import metric_names
from vidmbench.records.record import Measurement


@dataclass(frozen=True)
class ChangedField:
    """One field on the path from one protocol to another.

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
    steps: tuple[ChangedField, ...]


#: The order in which fields are changed: the network and what it is fed, then which clips, then the statistics.
EXPLAIN_ORDER: tuple[tuple[str, Step], ...] = (
    ("array", "detector"),
    ("array", "array"),
    ("dataset", "framing"),
    ("clips", "clips"),
    ("statistics", "statistics"),
)


def path_between(start: ProtocolSpec, end: ProtocolSpec) -> tuple[list[ProtocolSpec], list[ChangedField]]:
    """The protocols between two, each with one field more as in the last.

    Args:
        start: The first protocol, bound.
        end: The last, of the same metric.

    Returns:
        The protocols from ``start`` to ``end``, and the change that leads to each but the first; only ``start`` where
        no field differs that can move a number.

    Raises:
        AssertionError: A field differs that no step changes; fields without a declaration raise earlier.
    """
    path, changes = [start], []
    for stage, step in EXPLAIN_ORDER:
        model: type[BaseModel] = type(getattr(end, stage))
        for group in field_groups(model):
            old, new = getattr(path[-1], stage), getattr(end, stage)
            differs = [name for name in group.names if getattr(old, name) != getattr(new, name)]
            if group.rule.step == step and differs:
                changed = old.model_copy(update={name: getattr(new, name) for name in differs})
                path.append(path[-1].model_copy(update={stage: changed}))
                before, after = (" ".join(_shown(getattr(values, name)) for name in differs) for values in (old, new))
                changes.append(ChangedField(", ".join(f"{stage}.{name}" for name in differs), before, after))
    _check_same(path[-1], end)
    return ([*path[:-1], end] if changes else path), changes  # the same recipe by now, under its own name


def _check_same(reached: ProtocolSpec, end: ProtocolSpec) -> None:
    """Refuses a difference that moves numbers and that no step has changed."""
    for stage, final in end:
        if isinstance(final, BaseModel):
            for group in field_groups(type(final)):
                if group.values(getattr(reached, stage)) != group.values(final):
                    names = ", ".join(f"{stage}.{name}" for name in group.names)
                    raise AssertionError(f"explain has no step that changes {names}: see EXPLAIN_ORDER")


def prepare_explain(first: str, second: str, real: str, fake: str, choices: Choices) -> Explanation:
    """Resolves ``vidmbench explain``: from one protocol's number to another's, one field at a time.

    Args:
        first: A protocol.
        second: Another with the same metric.
        real: The real videos, as the command line names them.
        fake: The videos to score.
        choices: The options.

    Raises:
        UsageError: The two measure different things, or say the same.
        VidmbenchError: Anything else about the request that cannot work.
    """
    specs = [load_protocol(name) for name in (first, second)]
    if specs[0].metric != specs[1].metric:
        raise UsageError(
            "these protocols measure different things, so one number cannot be explained by the other",
            expected="two protocols of one metric",
            found=f"{specs[0].name}: {specs[0].metric}; {specs[1].name}: {specs[1].metric}",
            fix="see all metrics: vidmbench list protocols",
        )
    numbers = metric_names(specs[0])
    if len(numbers) > 1:
        raise UsageError(
            f"{specs[0].metric} gives several numbers, and explain follows one",
            expected="protocols of a metric with one number, such as a Fréchet or kernel distance",
            found=", ".join(numbers),
            fix="score both protocols and compare number by number: vidmbench score REAL FAKE --protocol NAME",
        )
    allowed = [spec.clips.frames_allowed for spec in specs]
    if max(low for low, _ in allowed) > min(high for _, high in allowed):
        raise UsageError(
            "these protocols share no clip length, so one number cannot be explained by the other",
            expected="two protocols that can score the same clips",
            found="; ".join(
                f"{spec.name}: {low} to {high} frames" for spec, (low, high) in zip(specs, allowed, strict=True)
            ),
            fix="see what each allows: vidmbench show NAME",
        )
    if len(choices.frames) > 1:
        raise UsageError("explain takes one clip length", found=f"--frames {','.join(map(str, choices.frames))}")
    sources = open_both(given(real), fake, choices, specs)
    frames = choices.frames[0] if choices.frames else specs[0].clips.frames
    start, end = (bound_to_sources(spec, frames, choices, *sources) for spec in specs)
    path, steps = path_between(start, end)
    if not steps:
        raise UsageError(
            "these two protocols say the same of these sources",
            found=f"{start.name} and {end.name} at {frames} frames",
            fix="choose two others: vidmbench list protocols",
        )
    plans = [planned(spec, *sources, choices) for spec in path]
    return Explanation(job_of(*sources, plans, choices), tuple(steps))


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

    step: ChangedField
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
    for measurement in measurements:
        if measurement.value is None:
            raise DataError(f"a step of the path has no value: {measurement.reason}", where=measurement.protocol)
    values = [measurement.value for measurement in measurements if measurement.value is not None]
    whole = values[-1] - values[0]
    changes = [after - before for before, after in pairwise(values)]
    return [
        Shift(step, value, change, change / whole if whole else None)
        for step, value, change in zip(explanation.steps, values[1:], changes, strict=True)
    ]
