"""What two records have in common and where they differ, field by field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vidmbench.records.record import Measurement, RunRecord, overlap

# They do not explain why two numbers differ, or are compared on their own; a request says what the command says.
_IDENTITY = ("run_id", "created", "digest", "schema_version", "measurements", "environment", "request")
_GROUPS = {
    **dict.fromkeys(("protocol", "protocol_spec", "metric", "frames", "stride", "seed"), "protocol"),
    "signature_id": "signature",
    **dict.fromkeys(("num_real", "num_fake"), "counts"),
    **dict.fromkeys(("precision", "engine", "weights"), "environment"),
    **dict.fromkeys(("value", "interval", "interval_kind", "spread", "spread_kind", "status", "reason"), "value"),
    **dict.fromkeys(("real", "fake", "warnings"), "sources"),
}
# Repeated by other fields, or meaningless: a run whose features are cached takes no time.
_OMITTED = {"signature", "signature_short", "seconds"}


@dataclass(frozen=True)
class Difference:
    """A field in which two records differ.

    Attributes:
        group: ``run``, ``protocol``, ``signature``, ``counts``, ``sources``, ``environment`` or ``value``.
        field: Its name, with dots where it lies deeper.
        first: What the first record says; None where it says nothing.
        second: What the second says.
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
        printed: Both with their intervals, or why there is none.
        difference: Second value less the first; None where one has none.
        intervals_overlap: None where an interval is missing.
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
        measurements: The numbers that both hold.
        only_first: Names of measurements that the second lacks.
        only_second: The reverse.
    """

    differences: tuple[Difference, ...]
    measurements: tuple[ValueChange, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        changed = any(one.differences for one in self.measurements)
        return not (self.differences or changed or self.only_first or self.only_second)


def record_difference(first: RunRecord, second: RunRecord) -> RecordDifference:
    """Compares two records.

    Measurements go in pairs by metric, frames and protocol; what is left over then by metric and frames alone, so that
    two protocols can be compared.

    Args:
        first: A record.
        second: Another.
    """
    contents = [record.model_dump(mode="json") for record in (first, second)]
    runs = [{key: value for key, value in content.items() if key not in _IDENTITY} for content in contents]
    environments = [content["environment"] for content in contents]
    pairs, only_first, only_second = _paired(first.measurements, second.measurements)
    return RecordDifference(
        (*_differing("run", *runs), *_differing("environment", *environments)),
        tuple(_change(one, other) for one, other in pairs),
        tuple(map(_name, only_first)),
        tuple(map(_name, only_second)),
    )


def _paired(
    first: Sequence[Measurement], second: Sequence[Measurement]
) -> tuple[list[tuple[Measurement, Measurement]], list[Measurement], list[Measurement]]:
    pairs: list[tuple[Measurement, Measurement]] = []
    left, right = list(first), list(second)
    for keys in (("metric", "frames", "protocol", "stride"), ("metric", "frames", "protocol"), ("metric", "frames")):
        for one in list(left):
            for other in right:
                if all(getattr(one, key) == getattr(other, key) for key in keys):
                    pairs.append((one, other))
                    left.remove(one)
                    right.remove(other)
                    break
    pairs.sort(key=lambda pair: first.index(pair[0]))
    return pairs, left, right


def _change(one: Measurement, other: Measurement) -> ValueChange:
    contents = [measurement.model_dump(mode="json", exclude=_OMITTED) for measurement in (one, other)]
    fields = [_differing(_GROUPS[key], *({key: content[key]} for content in contents)) for key in contents[0]]
    signed = [_signature_fields(measurement.signature) for measurement in (one, other)]
    names = dict.fromkeys((one.protocol, other.protocol))
    return ValueChange(
        one.metric,
        one.frames,
        " against ".join(names),
        one.signature_id == other.signature_id,
        (one.text(), other.text()),
        None if one.value is None or other.value is None else other.value - one.value,
        None if one.interval is None or other.interval is None else overlap(one.interval, other.interval),
        (*_differing("signature", *signed), *(difference for found in fields for difference in found)),
    )


def _differing(group: str, first: dict[str, Any], second: dict[str, Any]) -> tuple[Difference, ...]:
    flat = [dict(_flat(content)) for content in (first, second)]
    return tuple(
        Difference(group, key, flat[0].get(key), flat[1].get(key))
        for key in dict.fromkeys([*flat[0], *flat[1]])
        if flat[0].get(key) != flat[1].get(key)
    )


def _flat(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Fields of nested objects with dotted names; lists stay whole."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _signature_fields(signature: str) -> dict[str, str]:
    metric, *fields = signature.split(" | ")
    return {"metric": metric, **{key: value for key, _, value in (field.partition(":") for field in fields)}}


def _name(one: Measurement) -> str:
    return f"{one.metric}, {one.frames} frames, {one.protocol}"
