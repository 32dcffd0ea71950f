"""The waterfall: from one protocol's number to another's, one field at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidmbench.evaluation.studies.explain import Explanation, Shift
from vidmbench.records.record import Measurement
from vidmbench.reporting.plots.lettering import label_of, spaced_ticks
from vidmbench.reporting.plots.selection import number_text
from vidmbench.reporting.plots.style import BLUE, PAGE, SKY, VERMILLION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_END, _UP, _DOWN = BLUE, VERMILLION, SKY
_LABELS = 3.0  # inches of the labels at the left


@styled
def waterfall(
    explanation: Explanation, measurements: Sequence[Measurement], way: Sequence[Shift], *, has_title: bool = True
) -> "Figure":
    """Bars for both ends, and between them what each field adds or takes.

    Args:
        explanation: What was done.
        measurements: One a plan of it.
        way: The steps with their numbers.
        has_title: Whether it says above what was compared.

    Returns:
        A figure; the numbers of both ends carry their intervals.
    """
    figure = new_figure(PAGE, 1.2 + 0.36 * (len(way) + 2))
    axis = figure.subplots()
    start, end = measurements[0], measurements[-1]
    assert start.value is not None
    assert end.value is not None
    labels = [label_of(start.protocol, _LABELS, 2)]
    _end(axis, 0, start)
    before = start.value
    for row, shift in enumerate(way, start=1):
        low, width = min(before, shift.value), abs(shift.change)
        axis.barh(row, width, left=low, height=0.6, color=_UP if shift.change > 0 else _DOWN)
        axis.plot([before, before], [row - 1, row], color="0.5", linewidth=0.8)
        text = f"{shift.change:+.0f}" if abs(shift.change) >= 100 else f"{shift.change:+.3g}"
        axis.annotate(text, (max(before, shift.value), row), (4, 0), textcoords="offset points", va="center")
        change = f"{shift.step.before} → {shift.step.after}"
        labels.append("\n".join(label_of(part, _LABELS, 1) for part in (shift.step.field, change)))
        before = shift.value
    _end(axis, len(way) + 1, end)
    labels.append(label_of(end.protocol, _LABELS, 2))
    metric = start.metric.upper() if start.metric == end.metric else "distance"
    axis.set_yticks(range(len(labels)), labels)
    axis.invert_yaxis()
    axis.set_xlabel(f"{metric} at {start.frames} frames, N = {start.num_real}/{start.num_fake}")
    axis.set_xlim(left=min(0.0, *axis.get_xlim()) if _lowest(measurements, way) < 0 else 0.0)
    spaced_ticks(axis.xaxis)
    if has_title:
        sides = f"{explanation.job.fake.label} against {explanation.job.real.label}"
        title = [label_of(part, PAGE - 0.3, 1, 9.0) for part in (sides, f"{start.protocol} to {end.protocol}")]
        figure.suptitle("\n".join(title))
    return figure


def _lowest(measurements: Sequence[Measurement], way: Sequence[Shift]) -> float:
    ends = [float(end) for item in measurements for end in (item.value, *(item.interval or ())) if end is not None]
    return min([*ends, *(shift.value for shift in way)])


def _end(axis: "Axes", row: int, measurement: Measurement) -> None:
    assert measurement.value is not None
    axis.barh(row, measurement.value, height=0.6, color=_END)
    if measurement.interval is not None:
        error = [
            [max(0.0, measurement.value - measurement.interval[0])],
            [max(0.0, measurement.interval[1] - measurement.value)],
        ]
        axis.errorbar(measurement.value, row, xerr=error, color="0.2", elinewidth=0.9, linestyle="none")
    right = measurement.interval[1] if measurement.interval else measurement.value
    axis.annotate(number_text(measurement), (right, row), (4, 0), textcoords="offset points", va="center")
