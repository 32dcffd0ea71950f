"""What ``infinity`` found: a table and JSON."""

from pathlib import Path
from typing import Any

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.infinity import ExtrapolatedDistance
from vidmbench.reporting.studies.distances import aligned, interval_text, provenance


def infinity_text(distance: ExtrapolatedDistance) -> str:
    """The plain and the extrapolated distance as a table, the bias, the signature."""
    line, measurement = distance.extrapolation, distance.measurement
    plain = measurement.interval if distance.repeats == 1 else None
    counts = f"plain, N = {measurement.num_real}/{measurement.num_fake}"
    digits = measurement.decimals
    rows = [
        (counts, f"{line.values[0]:.{digits}f}", interval_text(plain, digits)),
        ("infinity", f"{line.value:.{digits}f}", interval_text((line.interval.low, line.interval.high), digits)),
    ]
    table = aligned(("", measurement.metric.upper(), "95 % interval"), rows)
    bias = f"Of the plain value about {line.values[0] - line.value:.{digits}f} comes from the number of videos."
    return f"{table}\n\n{bias}\n\n{printable(f'{measurement.signature}  #{measurement.signature_id}')}"


def infinity_json(distance: ExtrapolatedDistance, figure: Path) -> dict[str, Any]:
    """The same for programs.

    Args:
        distance: The result.
        figure: Where its figure was written.
    """
    line, measurement = distance.extrapolation, distance.measurement
    return {
        "metric": f"{measurement.metric}-infinity",
        "real": measurement.real.model_dump(mode="json"),
        "fake": measurement.fake.model_dump(mode="json"),
        "value": line.value,
        "interval": [line.interval.low, line.interval.high],
        "interval_kind": line.interval.kind,
        "standard_error": line.interval.standard_error,
        "plain": line.values[0],
        "plain_interval": measurement.interval,
        "sizes": line.sizes,
        "values": line.values,
        "slope": line.slope,
        "signature": measurement.signature,
        "signature_id": measurement.signature_id,
        "picture": str(figure),
        **provenance([measurement]),
    }
