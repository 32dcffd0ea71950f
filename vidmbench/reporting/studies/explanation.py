"""What ``explain`` found: the intermediate protocols as a table, and JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.explain import Explanation, Shift
from vidmbench.records.record import Measurement
from vidmbench.reporting.studies.distances import aligned
from vidmbench.reporting.tables.rows import INTERVAL


def explanation_text(measurements: Sequence[Measurement], shifts: Sequence[Shift]) -> str:
    """A row for each field that changes, and both ends with their signatures.

    Args:
        measurements: Of the first protocol, of every intermediate one, and of the second.
        shifts: What each field does to the value.
    """
    first, last = measurements[0], measurements[-1]
    rows = [(first.protocol, "", "", f"{first.value:.4f}", "", "")]
    for shift in shifts:
        share = "" if shift.share is None else f"{100 * shift.share + 0.0:.1f} %".replace("-0.0", "0.0")
        step = shift.step
        rows.append((step.field, step.before, step.after, f"{shift.value:.4f}", f"{shift.change:+.4f}", share))
    metric = last.metric.upper() if last.metric == first.metric else "Distance"
    lines = [aligned(("Field", "from", "to", metric, "Change", "Share"), rows, num_text=3), ""]
    for end in (first, last):
        interval = f" [{end.interval[0]:.4f}, {end.interval[1]:.4f}]" if end.interval else " (no interval)"
        lines.append(printable(f"{end.value:.4f}{interval}  {end.signature}  #{end.signature_id}"))
    if first.interval or last.interval:
        lines += ["", f"{INTERVAL} All steps are of the same clips."]
    return "\n".join(lines)


def explanation_json(
    explanation: Explanation, measurements: Sequence[Measurement], shifts: Sequence[Shift], figure: Path
) -> dict[str, Any]:
    """The same for programs.

    Args:
        explanation: What was explained.
        measurements: See :func:`explanation_text`.
        shifts: See :func:`explanation_text`.
        figure: Where the figure was written.
    """
    first, last = measurements[0], measurements[-1]
    steps = [
        {
            "field": shift.step.field,
            "from": shift.step.before,
            "to": shift.step.after,
            "value": shift.value,
            "change": shift.change,
            "share": shift.share,
        }
        for shift in shifts
    ]
    return {
        "metric": first.metric,
        "real": explanation.job.real.label,
        "fake": explanation.job.fake.label,
        "first": first.model_dump(mode="json"),
        "second": last.model_dump(mode="json"),
        "steps": steps,
        "picture": str(figure),
    }
