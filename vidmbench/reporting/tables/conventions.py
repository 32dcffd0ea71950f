"""One row per convention: its number, and the choices in which it differs from the others."""

from collections.abc import Sequence
from typing import Any

from vidmbench.protocols.fields import words_of
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.rows import ResultRows, interval_legend

_HEADER = ("Protocol", "Metric", "Value", "N (real/fake)", "eps", "Into the network", "Range", "Statistics", "Clips")


def convention_rows(records: Sequence[RunRecord]) -> ResultRows:
    """The rows that ``vidmbench compare`` prints.

    Args:
        records: Records of comparisons, in the order of printing.

    Returns:
        One row per measurement, its long signature below.
    """
    measurements = [measurement for record in records for measurement in record.measurements]
    rows, signatures = [], []
    for measurement in measurements:
        spec = measurement.protocol_spec
        counts = f"{measurement.num_real}/{measurement.num_fake}"
        network_input = (
            _number(spec["array"].get("batch_norm_eps")),
            _network_input(spec["array"]),
            spec["array"]["range"],
        )
        rows.append(
            (
                measurement.protocol,
                measurement.metric.upper(),
                measurement.text(),
                counts,
                *network_input,
                _statistics(spec),
                _clips(measurement),
            )
        )
        signatures.append(f"{measurement.protocol}: {measurement.signature}  #{measurement.signature_id}")
    return ResultRows(_HEADER, tuple(rows), tuple(signatures), interval_legend(measurements))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0e}".replace("e-0", "e-")


def _network_input(stage: dict[str, Any]) -> str:
    """Crop and resizing in a few words."""
    first = stage.get("first_resize")
    before = f"{first['resize']} {first['size']}, " if first else ""
    method = "short side + crop" if stage["crop"] != "none" else "squash"
    return f"{before}{stage['resize']}, {method}"


def _statistics(spec: dict[str, Any]) -> str:
    """The kind's own choices; nothing where a record names a metric kind that is not registered here."""
    kind = metric_kinds().get(spec["metric"])
    return "" if kind is None else ", ".join(words_of(kind.statistics, spec["statistics"]))


def _clips(measurement: Measurement) -> str:
    sides = [measurement.protocol_spec["clips"][side] for side in ("real", "fake")]
    texts = [
        f"{side['pick']} {side['start']}" + (f" /{side['stride']}" if side.get("stride") else "") for side in sides
    ]
    return texts[0] if texts[0] == texts[1] else " | ".join(texts)
