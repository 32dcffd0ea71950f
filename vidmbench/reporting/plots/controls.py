"""The ruler: controls as marks on the axis of a metric, and models next to their static baselines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from vidmbench.records.record import RunRecord
from vidmbench.reporting.plots.selection import Point, RecordFilter, chosen_points, level_of, none_fits, number_text
from vidmbench.reporting.plots.style import (
    COLUMN,
    Look,
    add_caption,
    log_or_linear,
    look,
    new_figure,
    styled,
    text_height,
)
from vidmbench.sources.names import control_kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 0.31  # inches: the words of a number, and below them its marker
_ABOVE = 0.45  # rows: how far the words stand above the marker


@dataclass(frozen=True)
class Ruler:
    """Numbers of one signature, which therefore compare.

    Attributes:
        signature_id: The signature.
        controls: The marks, lowest first.
        models: Each model and, where it was scored, its static baseline; lowest model first.
    """

    signature_id: str
    controls: tuple[Point, ...]
    models: tuple[tuple[Point, Point | None], ...]

    @property
    def points(self) -> list[Point]:
        """All numbers of the ruler."""
        return [*self.controls, *(point for pair in self.models for point in pair if point)]


def rulers_of(records: Sequence[RunRecord], record_filter: RecordFilter, signatures: Sequence[str] = ()) -> list[Ruler]:
    """One ruler a signature that holds a control and a model.

    Args:
        records: Records, oldest first.
        record_filter: What to show; models that are named are shown among all controls.
        signatures: Their ids; without any all that have both, or if there are none all that have controls.

    Returns:
        Rulers, shortest clips first.

    Raises:
        VidmbenchError: Nothing fits.
    """
    chosen_points(records, record_filter)  # names that nobody has are found here
    points = chosen_points(records, replace(record_filter, models=()))  # controls stay, whichever models are named
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.measurement.signature_id, []).append(point)
    rulers = [_ruler(key, members, record_filter.models) for key, members in groups.items()]
    if signatures:
        chosen = [ruler for ruler in rulers if ruler.signature_id in [name.removeprefix("#") for name in signatures]]
    else:
        whole = [ruler for ruler in rulers if ruler.controls and len(ruler.points) > 1]
        chosen = [ruler for ruler in whole if ruler.models] or ([] if record_filter.models else whole)
    if not chosen:
        raise none_fits(
            "no ruler can be made of these records",
            f"a control and a model with one signature{' among ' + ', '.join(signatures) if signatures else ''}",
            record_filter.where,
            "vidmbench run --model control:static --dataset D --frames N, with the data and counts of the model",
        )
    return sorted(chosen, key=lambda ruler: (ruler.points[0].measurement.frames, -ruler.points[0].measurement.num_real))


def without_baseline_notes(rulers: Sequence[Ruler]) -> list[str]:
    """A note that names the models whose static baseline was not scored; empty if there are none."""
    models = dict.fromkeys(
        point.model for ruler in rulers for point, baseline in ruler.models if baseline is None and not point.twin_of
    )
    return [f"without a static baseline: {', '.join(models)} (vidmbench run --model static-of:M)"] if models else []


def _ruler(signature_id: str, points: Sequence[Point], patterns: Sequence[str]) -> Ruler:
    twins = {point.twin_of: point for point in points if point.twin_of}
    models = {
        point.model: point
        for point in points
        if not point.is_control
        and not (point.twin_of and any(other.model == point.twin_of for other in points))
        and (not patterns or any(fnmatchcase(point.model, pattern) for pattern in patterns))
    }
    by_value = sorted(models.values(), key=lambda point: point.value)
    return Ruler(
        signature_id,
        tuple(sorted((point for point in points if point.is_control), key=lambda point: point.value)),
        tuple((point, twins.get(point.model)) for point in by_value),
    )


@styled
def rulers_figure(rulers: Sequence[Ruler]) -> "Figure":
    """Rulers one below the other, each with its own axis: numbers of different signatures share none.

    Args:
        rulers: The rulers.

    Returns:
        A figure one column wide. A control's value is a mark whose line runs down past the models; a model's marker
        is filled, its static baseline's open; every number is at the right with its interval.
    """
    points = [point for ruler in rulers for point in ruler.points]
    level = level_of(point.measurement.interval_kind for point in points)
    caption = "\n".join(
        [
            *(f"{ruler.points[0].data}: {ruler.points[0].measurement.signature_short}" for ruler in rulers),
            f"Bars: {level}." + " Axes of different signatures do not compare." * (len(rulers) > 1),
        ]
    )
    heights = [_ROW * len(ruler.points) + 0.75 for ruler in rulers]
    figure = new_figure(COLUMN, sum(heights) + text_height(caption, COLUMN))
    axes = figure.subplots(len(rulers), 1, height_ratios=heights, squeeze=False)[:, 0]
    # A model looks the same on every ruler.
    names = dict.fromkeys(model.model for ruler in rulers for model, _ in ruler.models)
    looks = {name: look(index) for index, name in enumerate(names)}
    for axis, ruler in zip(axes, rulers, strict=True):
        _draw(axis, ruler, looks)
    add_caption(figure, caption)
    return figure


def _draw(axis: "Axes", ruler: Ruler, looks: dict[str, Look]) -> None:
    rows: list[tuple[str, Point]] = [
        (control_kind(point.model) or point.model, point) for point in reversed(ruler.controls)
    ]
    for index, point in enumerate(ruler.controls):
        row = len(ruler.controls) - 1 - index
        axis.plot([point.value] * 2, [row, len(ruler.points) - 0.4], color="0.75", linewidth=0.7, zorder=1)
        _bar(axis, point, row, color="0.35", marker="|", markersize=11, markeredgewidth=1.8)
    for model, twin in ruler.models:
        style = looks[model.model]
        options = {"color": style.colour, "marker": style.marker}
        if twin is not None:
            ends = [model.value, twin.value], [len(rows), len(rows) + 1]
            axis.plot(*ends, color=style.colour, linewidth=0.8, linestyle=":", zorder=2)
        for marked, name, fill in ((model, model.model, "full"), (twin, "its static baseline", "none")):
            if marked is not None:
                _bar(axis, marked, len(rows), fillstyle=fill, **options)
                rows.append((name, marked))
    if ruler.models:
        axis.axhline(len(ruler.controls) - 0.75, color="0.6", linewidth=0.6)
    for row, (name, point) in enumerate(rows):
        for text, at, side in ((name, 0.0, "left"), (number_text(point.measurement), 1.0, "right")):
            place_of = {"xycoords": axis.get_yaxis_transform(), "va": "center", "ha": side}
            behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # the marks' lines run behind the words
            axis.annotate(text, (at, row - _ABOVE), bbox=behind, zorder=4, **place_of)  # type: ignore[arg-type]
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.set_ylim(len(rows) - 0.6, -0.85)
    first = rows[0][1].measurement
    is_log = log_or_linear(axis, "x", [point.value for _, point in rows])
    axis.set_xlabel(first.metric.upper() + (" (log scale)" if is_log else ""))
    axis.set_title(f"{first.frames} frames, {first.num_real} against {first.num_fake} clips", loc="left")


def _bar(axis: "Axes", point: Point, row: int, **look: object) -> None:
    below, above = point.error
    axis.errorbar(point.value, row, xerr=[[below], [above]], elinewidth=0.9, zorder=3, **look)  # type: ignore[arg-type]
