"""The figure of an extrapolation: distances against one over the number of videos, and where their line ends."""

from typing import TYPE_CHECKING

from vidmbench.metrics.infinity import Extrapolation
from vidmbench.reporting.plots.lettering import wrapped
from vidmbench.reporting.plots.style import BLUE, COLUMN, VERMILLION, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURED, _EXTRAPOLATED = BLUE, VERMILLION


@styled
def extrapolation_figure(extrapolation: Extrapolation, *, metric: str, title: str) -> "Figure":
    """The points of a fit, the line through them, and its end at 1 / N = 0 with its interval.

    Args:
        extrapolation: The extrapolation.
        metric: Usual name of the distance, such as ``FVD``.
        title: What was compared with what; empty for none.

    Returns:
        A figure one column wide.
    """
    lines = wrapped(title, COLUMN - 0.5) if title else []
    figure = new_figure(COLUMN, 2.7 + 0.14 * len(lines))
    axis = figure.subplots()
    positions = [1.0 / size for size in extrapolation.sizes]
    ends = [0.0, positions[-1]]
    axis.plot(
        ends, [extrapolation.value + extrapolation.slope * end for end in ends], color="0.5", linewidth=1, zorder=1
    )
    axis.scatter(positions, extrapolation.values, 20, color=_MEASURED, zorder=2, label="mean over parts of this size")
    around = [[extrapolation.value - extrapolation.interval.low], [extrapolation.interval.high - extrapolation.value]]
    level = extrapolation.interval.kind.rpartition("-")[2]
    label = f"{metric}-infinity, with its {level} % interval"
    axis.errorbar(0.0, extrapolation.value, yerr=around, fmt="D", color=_EXTRAPOLATED, zorder=3, label=label)
    whole = f"{extrapolation.value:,.1f} [{extrapolation.interval.low:,.1f}, {extrapolation.interval.high:,.1f}]"
    named = [(0.0, extrapolation.value, whole, _EXTRAPOLATED)]
    named += [
        (position, value, f"{value:,.1f}", _MEASURED)
        for position, value in zip(positions, extrapolation.values, strict=True)
    ]
    for position, value, text, colour in named:
        axis.annotate(text, (position, value), (5, -6), textcoords="offset points", va="top", color=colour)
    axis.set_xticks([0.0, *positions], ["∞", *(f"{size:,.0f}" for size in extrapolation.sizes)])
    axis.set_xlabel("videos per side, N (drawn at 1/N)")
    axis.set_ylabel(metric)
    axis.set_xlim(-0.06 * positions[-1], 1.2 * positions[-1])
    axis.margins(y=0.15)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower left")
    if lines:
        axis.set_title("\n".join(lines), fontsize=8)
    return figure
