"""The picture of an extrapolation: distances against one over the number of videos, and where their line ends."""

from typing import TYPE_CHECKING

from vidmbench.metrics.infinity import Extrapolation
from vidmbench.reporting.plots.style import BLUE, COLUMN, VERMILLION, new_figure, styled, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MEASURED, _EXTRAPOLATED = BLUE, VERMILLION


@styled
def extrapolation_figure(found: Extrapolation, *, metric: str, title: str) -> "Figure":
    """The points of a fit, the line through them, and its end at 1 / N = 0 with its interval.

    Args:
        found: The extrapolation.
        metric: Usual name of the distance, such as ``FVD``.
        title: What was compared with what.

    Returns:
        A figure one column wide.
    """
    lines = wrapped(title, COLUMN - 0.5)
    figure = new_figure(COLUMN, 2.7 + 0.14 * len(lines))
    axis = figure.subplots()
    places = [1.0 / size for size in found.sizes]
    ends = [0.0, places[-1]]
    axis.plot(ends, [found.value + found.slope * end for end in ends], color="0.5", linewidth=1, zorder=1)
    axis.scatter(places, found.values, 20, color=_MEASURED, zorder=2, label="mean over parts of this size")
    around = [[found.value - found.interval.low], [found.interval.high - found.value]]
    level = found.interval.kind.rpartition("-")[2]
    label = f"{metric}-infinity, with its {level} % interval"
    axis.errorbar(0.0, found.value, yerr=around, fmt="D", color=_EXTRAPOLATED, zorder=3, label=label)
    whole = f"{found.value:,.1f} [{found.interval.low:,.1f}, {found.interval.high:,.1f}]"
    named = [(0.0, found.value, whole, _EXTRAPOLATED)]
    named += [(place, value, f"{value:,.1f}", _MEASURED) for place, value in zip(places, found.values, strict=True)]
    for place, value, text, colour in named:
        axis.annotate(text, (place, value), (5, -6), textcoords="offset points", va="top", color=colour)
    axis.set_xticks([0.0, *places], ["∞", *(f"{size:,.0f}" for size in found.sizes)])
    axis.set_xlabel("videos a side, N (drawn at 1/N)")
    axis.set_ylabel(metric)
    axis.set_xlim(-0.06 * places[-1], 1.2 * places[-1])
    axis.margins(y=0.15)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower left")
    axis.set_title("\n".join(lines), fontsize=8)
    return figure
