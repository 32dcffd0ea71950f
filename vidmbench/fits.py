"""The picture of an extrapolation: distances against one over the number of videos, and where their line ends."""

from typing import TYPE_CHECKING

from vidmbench.metrics.infinity import Extrapolation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito (2008): told apart by people who see colours differently, and in grey by their lightness.
_MEASURED, _EXTRAPOLATED = "#0072B2", "#D55E00"


def extrapolation_figure(found: Extrapolation, *, metric: str, title: str) -> "Figure":
    """The points of a fit, the line through them, and its end at 1 / N = 0 with its interval.

    Args:
        found: The extrapolation.
        metric: Usual name of the distance, such as ``FVD``.
        title: What was compared with what.

    Returns:
        A figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.8), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    places = [1.0 / size for size in found.sizes]
    ends = [0.0, places[-1]]
    axis.plot(ends, [found.value + found.slope * end for end in ends], color="0.5", linewidth=1, zorder=1)
    axis.scatter(places, found.values, color=_MEASURED, zorder=2, label="mean over parts of this size")
    around = [[found.value - found.interval.low], [found.interval.high - found.value]]
    level = found.interval.kind.rpartition("-")[2]
    label = f"{metric}-infinity, with its {level} % interval"
    axis.errorbar(0.0, found.value, yerr=around, fmt="D", color=_EXTRAPOLATED, capsize=4, zorder=3, label=label)
    named = [(0.0, found.value, _EXTRAPOLATED)]
    named += [(place, value, _MEASURED) for place, value in zip(places, found.values, strict=True)]
    for place, value, colour in named:
        axis.annotate(
            f"{value:,.1f}", (place, value), (9, -9), textcoords="offset points", va="top", fontsize=9, color=colour
        )
    axis.set_xticks([0.0, *places], ["∞", *(f"{size:,.0f}" for size in found.sizes)])
    axis.set_xlabel("videos a side, N (drawn at 1/N)")
    axis.set_ylabel(metric)
    axis.set_xlim(-0.06 * places[-1], 1.14 * places[-1])
    axis.margins(y=0.15)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="lower right", frameon=False, fontsize=9)
    axis.set_title(title, fontsize=10)
    return figure
