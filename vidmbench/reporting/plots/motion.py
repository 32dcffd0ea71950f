"""The profile of motion as a figure: on each line one number, from real videos to the worst control."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vidmbench.reporting.plots.lettering import SMALL
from vidmbench.reporting.plots.style import PAGE, add_caption, look, new_figure, styled, text_height
from vidmbench.reporting.tables.motion import MotionRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 0.3  # inches
_KINDS = ("static", "reversed", "shuffled", "blurred", "noise")


def motion_caption(rows: Sequence[MotionRow], model: str) -> str:
    """What the figure shows.

    Args:
        rows: The profile.
        model: What the scored videos are called.
    """
    first, num_real = rows[0].scored, max(row.scored.num_real for row in rows)
    return (
        f"{model} against {first.real.label}, {first.frames} frames, N = {num_real}+{first.num_fake}. "
        "Each line is a number on a scale of its own: 0 what real videos have, 1 the control farthest from them."
    )


@styled
def motion_figure(rows: Sequence[MotionRow], model: str, caption: str) -> "Figure":
    """A line for each number; numbers without a value or without controls have none.

    Args:
        rows: The profile.
        model: What the scored videos are called.
        caption: The text below the figure.
    """
    drawn = [(row, places) for row in rows if (places := places_of(row))]
    figure = new_figure(PAGE, _ROW * len(drawn) + 0.9 + text_height(caption, PAGE))
    axis = figure.subplots()
    for place, (_, places) in enumerate(drawn):
        axis.axhline(place, color="0.9", linewidth=0.6, zorder=0)
        for index, kind in enumerate(_KINDS):
            if kind in places:
                style = look(index + 1)
                axis.plot(places[kind], place, style.marker, color=style.colour, markersize=4, fillstyle="none")
        axis.plot(places[""], place, "o", color="black", markersize=5)
    handles = [axis.plot([], [], "o", color="black", markersize=5, label=model)[0]]
    for index, kind in enumerate(_KINDS):
        style = look(index + 1)
        (handle,) = axis.plot([], [], style.marker, color=style.colour, markersize=4, fillstyle="none", label=kind)
        handles.append(handle)
    axis.axvline(0, color="0.6", linewidth=0.6)
    axis.set_yticks(range(len(drawn)), [f"{row.label}  {row.protocol}" for row, _ in drawn], fontsize=SMALL)
    axis.invert_yaxis()
    axis.set_xlabel("real videos = 0, farthest control = 1")
    figure.legend(handles=handles, loc="outside upper center", ncols=6, fontsize=SMALL, frameon=False)
    add_caption(figure, caption)
    return figure


def places_of(row: MotionRow) -> dict[str, float]:
    """Where the scored videos (under the empty name) and controls lie, 0 to 1; empty where that is not known."""
    zero, values = row.of_real, row.values
    if row.scored.value is None or zero is None or not values:
        return {}
    span = max(abs(value - zero) for value in values.values()) or 1.0
    return {kind: abs(value - zero) / span for kind, value in {"": row.scored.value, **values}.items()}
