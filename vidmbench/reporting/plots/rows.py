"""Figures one column wide whose panels are rows: a name and a number on a line, and below them a mark or a bar."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vidmbench.reporting.plots.lettering import LINE, width_of
from vidmbench.reporting.plots.style import COLUMN, add_caption, axes_at, new_figure, text_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches: the margins, a title, the numbers of the axis and its name, between panels; from a mark up to its words and
# down to the words of the next.
_SIDE, _TITLE, _AXIS, _GAP = 0.1, 0.2, 0.42, 0.1
_UP, _DOWN = 0.085, 0.09
_BETWEEN = 0.12  # inches between a name and its number


def row_panels(
    counts: Sequence[int], caption: str, *, have_titles: bool, num_lines: int = 1
) -> "tuple[Figure, list[Axes]]":
    """An empty figure with one panel below the other.

    Args:
        counts: Rows of each panel.
        caption: The text below the figure.
        have_titles: Whether room is left for a title above each panel.
        num_lines: Lines of words above each mark.

    Returns:
        The figure, and the axes, on which row 0 is the uppermost.
    """
    title, words = _TITLE if have_titles else 0.0, _UP + LINE * num_lines
    row = words + _DOWN
    heights = [row * count for count in counts]
    tall = sum(heights) + len(counts) * (title + _AXIS) + (len(counts) - 1) * _GAP + 0.05
    figure = new_figure(COLUMN, tall + text_height(caption, COLUMN), constrained=False)
    axes, top = [], 0.05
    for count, height in zip(counts, heights, strict=True):
        top += title
        axis = axes_at(figure, _SIDE, top, COLUMN - 2 * _SIDE, height)
        axis.set_ylim(count - 1 + _DOWN / row, -words / row)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axes.append(axis)
        top += height + _AXIS + _GAP
    add_caption(figure, caption)
    return figure, axes


def room_for_name(number: str) -> float:
    """Inches that are left for a name beside its number."""
    return COLUMN - 2 * _SIDE - _BETWEEN - width_of(number)


def row_words(axis: "Axes", row: int, name: str, number: str) -> None:
    """The words of a row: what it is at the left, its number at the right; lines behind them are covered.

    Args:
        axis: From :func:`row_panels`.
        row: Which row.
        name: As many lines as there is room for; the number is level with the first.
        number: One line.
    """
    above = name.count("\n") * LINE
    behind: Any = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    for text, at, side, up in ((name, 0.0, "left", _UP), (number, 1.0, "right", _UP + above)):
        axis.annotate(
            text, (at, row), (0.0, 72 * up), xycoords=axis.get_yaxis_transform(), textcoords="offset points",
            ha=side, va="bottom", bbox=behind, zorder=4,
        )  # fmt: skip
