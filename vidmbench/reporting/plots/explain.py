"""The waterfall: from one protocol's number to another's, one field at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidmbench.evaluation.studies.explain import Explanation, Shift
from vidmbench.records.record import Measurement
from vidmbench.reporting.plots.style import BLUE, SKY, VERMILLION, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_END, _UP, _DOWN = BLUE, VERMILLION, SKY


def waterfall(explanation: Explanation, measurements: Sequence[Measurement], way: Sequence[Shift]) -> "Figure":
    """Bars for both ends, and between them what each field adds or takes.

    Args:
        explanation: What was done.
        measurements: One a plan of it.
        way: The steps with their numbers.

    Returns:
        A figure; the numbers of both ends carry their intervals.
    """
    figure = new_figure(9.5, 1.7 + 0.45 * (len(way) + 2), dpi=130)
    axis = figure.subplots()
    start, end = measurements[0], measurements[-1]
    assert start.value is not None
    assert end.value is not None
    labels = [start.protocol]
    _end(axis, 0, start)
    before = start.value
    for row, shift in enumerate(way, start=1):
        low, width = min(before, shift.value), abs(shift.change)
        axis.barh(row, width, left=low, height=0.6, color=_UP if shift.change > 0 else _DOWN)
        axis.plot([before, before], [row - 1, row], color="0.5", linewidth=0.8)
        text = f"{shift.change:+,.1f}" if abs(shift.change) >= 100 else f"{shift.change:+.3g}"
        axis.annotate(text, (max(before, shift.value), row), (4, 0), textcoords="offset points", va="center")
        labels.append(f"{shift.step.field}\n{shift.step.before} → {shift.step.after}")
        before = shift.value
    _end(axis, len(way) + 1, end)
    labels.append(end.protocol)
    metric = start.metric.upper() if start.metric == end.metric else "distance"
    axis.set_yticks(range(len(labels)), labels, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel(f"{metric} at {start.frames} frames, N = {start.num_real}/{start.num_fake}")
    axis.margins(x=0.12)
    axis.set_xlim(left=0)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(
        f"{explanation.job.fake.label} against {explanation.job.real.label}: {start.protocol} to {end.protocol}",
        fontsize=10,
    )
    return figure


def _number(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"


def _end(axis: "Axes", row: int, measurement: Measurement) -> None:
    assert measurement.value is not None
    axis.barh(row, measurement.value, height=0.6, color=_END)
    if measurement.interval is not None:
        error = [
            [max(0.0, measurement.value - measurement.interval[0])],
            [max(0.0, measurement.interval[1] - measurement.value)],
        ]
        axis.errorbar(measurement.value, row, xerr=error, color="0.2", capsize=3, linewidth=1)
    right = measurement.interval[1] if measurement.interval else measurement.value
    axis.annotate(_number(measurement.value), (right, row), (4, 0), textcoords="offset points", va="center")
