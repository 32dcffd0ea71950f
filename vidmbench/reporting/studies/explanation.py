"""What ``explain`` found: the intermediate protocols as a table, and JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidmbench.core.text import printable
from vidmbench.evaluation.studies.explain import Explanation, Shift
from vidmbench.records.measurement import decimals_of
from vidmbench.records.record import Measurement
from vidmbench.reporting.studies.distances import aligned
from vidmbench.reporting.tables.rows import interval_legend


def explanation_text(measurements: Sequence[Measurement], shifts: Sequence[Shift]) -> str:
    """A row for each field that changes, and both ends with their signatures.

    Args:
        measurements: Of the first protocol, of every intermediate one, and of the second.
        shifts: What each field does to the value.
    """
    first, last = measurements[0], measurements[-1]
    digits = _digits((first, last), shifts)
    rows = [(first.protocol, "", "", f"{first.value:.{digits}f}", "", "")]
    for shift in shifts:
        share = "" if shift.share is None else f"{100 * shift.share + 0.0:.1f} %".replace("-0.0", "0.0")
        value, change = f"{shift.value:.{digits}f}", f"{shift.change:+.{digits}f}" if shift.change else "0"
        rows.append((shift.step.field, shift.step.before, shift.step.after, value, change, share))
    metric = last.metric.upper() if last.metric == first.metric else "Distance"
    lines = [aligned(("Field", "from", "to", metric, "Change", "Share"), rows, num_text=3), ""]
    if any(abs(shift.share or 0) > 1 for shift in shifts):
        lines += [
            "A share beyond 100 % is of a change larger than the difference between both ends; others undo it.",
            "",
        ]
    for end in (first, last):
        lines.append(printable(f"{end.text()}  {end.signature}  #{end.signature_id}"))
    if first.interval or last.interval:
        lines += ["", f"{interval_legend((first, last))} All steps are of the same clips."]
    return "\n".join(lines)


def _digits(ends: Sequence[Measurement], shifts: Sequence[Shift]) -> int:
    """Digits after the point of all values: those of the ends, and one of every change that the shares show."""
    sizes = [abs(shift.change) for shift in shifts]
    seen = [size for size in sizes if size and size >= max(sizes) / 1000]
    return max(*(end.decimals for end in ends), *(decimals_of(size, 1) for size in seen))


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
