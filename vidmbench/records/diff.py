"""What two records have in common and where they differ, field by field."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vidmbench.core.files import sha256_of_parts
from vidmbench.records.measurement import Measurement, overlap
from vidmbench.records.record import RunRecord

# They do not explain why two numbers differ, or are compared on their own; a request says what the command says.
_IDENTITY = ("run_id", "created", "digest", "schema_version", "measurements", "environment", "request")
_GROUPS = {
    **dict.fromkeys(("protocol", "protocol_spec", "metric", "frames", "stride", "seed"), "protocol"),
    "signature_id": "signature",
    **dict.fromkeys(("num_real", "num_fake"), "counts"),
    **dict.fromkeys(("precision", "engine", "weights"), "environment"),
    **dict.fromkeys(
        (
            "value",
            "interval",
            "interval_kind",
            "interval_reason",
            "spread",
            "spread_kind",
            "status",
            "reason",
            "by_frame",
        ),
        "value",
    ),
    **dict.fromkeys(("real", "fake", "warnings"), "sources"),
}
# Repeated by other fields, or meaningless: a run whose features are cached takes no time.
_OMITTED = {"signature", "signature_short", "seconds"}


@dataclass(frozen=True)
class Difference:
    """A field in which two records differ.

    Attributes:
        group: ``run``, ``protocol``, ``signature``, ``counts``, ``sources``, ``environment`` or ``value``.
        field: Its name, with dots for nested fields.
        first: Its value in the first record; None if absent.
        second: Its value in the second record.
    """

    group: str
    field: str
    first: Any
    second: Any


@dataclass(frozen=True)
class ValueChange:
    """One number in both records.

    Attributes:
        metric: The metric.
        frames: Frames of a clip.
        protocol: The protocol; both names where they differ.
        comparable: Whether both have the same ``signature_id``.
        printed: Both numbers with their intervals, or why there is none.
        difference: Second value minus first; None if one is missing.
        intervals_overlap: None if an interval is missing.
        differences: The fields that differ.
    """

    metric: str
    frames: int
    protocol: str
    comparable: bool
    printed: tuple[str, str]
    difference: float | None
    intervals_overlap: bool | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class RecordDifference:
    """Two records side by side.

    Attributes:
        differences: Fields of the runs as wholes.
        measurements: The numbers that are in both.
        only_first: Names of measurements that the second lacks.
        only_second: Names of measurements that the first lacks.
    """

    differences: tuple[Difference, ...]
    measurements: tuple[ValueChange, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        changed = any(change.differences for change in self.measurements)
        return not (self.differences or changed or self.only_first or self.only_second)


def record_difference(first: RunRecord, second: RunRecord) -> RecordDifference:
    """Compares two records.

    Measurements are paired by metric, frames and protocol, and the remaining ones by metric and frames alone, so that
    two protocols can be compared.

    Args:
        first: The first record.
        second: The second record.
    """
    contents = [record.model_dump(mode="json") for record in (first, second)]
    for content in contents:
        if content["rollout"] is not None:  # hundreds of numbers, of which nobody reads which differ
            content["rollout"]["curves"] = sha256_of_parts(json.dumps(content["rollout"]["curves"]))
    runs = [{key: value for key, value in content.items() if key not in _IDENTITY} for content in contents]
    environments = [content["environment"] for content in contents]
    pairs, only_first, only_second = _paired(first.measurements, second.measurements)
    return RecordDifference(
        (*_differing("run", *runs), *_differing("environment", *environments)),
        tuple(_change(*pair) for pair in pairs),
        tuple(map(_name, only_first)),
        tuple(map(_name, only_second)),
    )


def _paired(
    first: Sequence[Measurement], second: Sequence[Measurement]
) -> tuple[list[tuple[Measurement, Measurement]], list[Measurement], list[Measurement]]:
    pairs: list[tuple[Measurement, Measurement]] = []
    left, right = list(first), list(second)
    for keys in (("metric", "frames", "protocol", "stride"), ("metric", "frames", "protocol"), ("metric", "frames")):
        for item in list(left):
            for other in right:
                if all(getattr(item, key) == getattr(other, key) for key in keys):
                    pairs.append((item, other))
                    left.remove(item)
                    right.remove(other)
                    break
    pairs.sort(key=lambda pair: first.index(pair[0]))
    return pairs, left, right


def _change(first: Measurement, second: Measurement) -> ValueChange:
    contents = [measurement.model_dump(mode="json", exclude=_OMITTED) for measurement in (first, second)]
    fields = [_differing(_GROUPS[key], *({key: content[key]} for content in contents)) for key in contents[0]]
    signed = [_signature_fields(measurement.signature) for measurement in (first, second)]
    names = dict.fromkeys((first.protocol, second.protocol))
    return ValueChange(
        first.metric,
        first.frames,
        " against ".join(names),
        first.signature_id == second.signature_id,
        (first.text(), second.text()),
        None if first.value is None or second.value is None else second.value - first.value,
        None if first.interval is None or second.interval is None else overlap(first.interval, second.interval),
        (*_differing("signature", *signed), *(difference for differences in fields for difference in differences)),
    )


def _differing(group: str, first: dict[str, Any], second: dict[str, Any]) -> tuple[Difference, ...]:
    flat = [dict(_flat(content)) for content in (first, second)]
    return tuple(
        Difference(group, key, flat[0].get(key), flat[1].get(key))
        for key in dict.fromkeys([*flat[0], *flat[1]])
        if flat[0].get(key) != flat[1].get(key)
    )


def _flat(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Fields of nested objects with dotted names; lists are values."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _signature_fields(signature: str) -> dict[str, str]:
    metric, *fields = signature.split(" | ")
    return {"metric": metric, **{key: value for key, _, value in (field.partition(":") for field in fields)}}


def _name(measurement: Measurement) -> str:
    return f"{measurement.metric}, {measurement.frames} frames, {measurement.protocol}"
