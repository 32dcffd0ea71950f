"""One row a convention: its number, and the choices in which it differs from the others."""

from collections.abc import Sequence
from typing import Any

from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.rows import ResultRows, interval_legend

_HEADER = ("Protocol", "Metric", "Value", "N (real/fake)", "eps", "Into the network", "Range", "Statistics", "Clips")


def convention_rows(records: Sequence[RunRecord]) -> ResultRows:
    """The rows that ``vidmbench compare`` prints.

    Args:
        records: Records of comparisons, in the order of printing.

    Returns:
        One row a measurement, its long signature below.
    """
    rows, signatures = [], []
    for one in (one for record in records for one in record.measurements):
        spec = one.protocol_spec
        counts = f"{one.num_real}/{one.num_fake}"
        fed = (_number(spec["array"].get("batch_norm_eps")), _fed(spec["array"]), spec["array"]["range"])
        rows.append(
            (
                one.protocol,
                one.metric.upper(),
                one.text(),
                counts,
                *fed,
                _statistics(spec["statistics"]),
                _clips(one),
            )
        )
        signatures.append(f"{one.protocol}: {one.signature}  #{one.signature_id}")
    measured = [one for record in records for one in record.measurements]
    return ResultRows(_HEADER, tuple(rows), tuple(signatures), interval_legend(measured))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0e}".replace("e-0", "e-")


def _fed(stage: dict[str, Any]) -> str:
    """Crop and resizing in a few words."""
    first = stage.get("first_resize")
    before = f"{first['resize']} {first['size']}, " if first else ""
    way = "short side + crop" if stage["crop"] != "none" else "squash"
    return f"{before}{stage['resize']}, {way}"


def _statistics(stage: dict[str, Any]) -> str:
    words = {
        "covariance": "cov /{}",
        "degree": "poly {}",
        "subset_size": "subsets of {}",
        "neighbours": "k = {}",
        "splits": "{} splits",
    }
    said = [
        text.format(stage[key].upper() if key == "covariance" else stage[key])
        for key, text in words.items()
        if key in stage
    ]
    return ", ".join(said)


def _clips(one: Measurement) -> str:
    sides = [one.protocol_spec["clips"][side] for side in ("real", "fake")]
    said = [f"{side['pick']} {side['start']}" + (f" /{side['stride']}" if side.get("stride") else "") for side in sides]
    return said[0] if said[0] == said[1] else " | ".join(said)
