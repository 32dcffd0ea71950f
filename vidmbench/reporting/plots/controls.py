"""The ruler: controls as marks on the axis of a metric, and models next to their static baselines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from vidmbench.records.record import RunRecord
from vidmbench.reporting.plots.lettering import in_full, label_of, labels_of
from vidmbench.reporting.plots.rows import room_for_name, row_panels, row_words
from vidmbench.reporting.plots.selection import Point, RecordFilter, chosen_points, level_of, none_fits, number_text
from vidmbench.reporting.plots.style import COLUMN, Look, log_or_linear, look, styled
from vidmbench.sources.names import control_kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BASELINE = "its static baseline"


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
    """One ruler a signature.

    Args:
        records: Records, oldest first.
        record_filter: What to show; models that are named are shown among all controls.
        signatures: Their ids; without any all that have a model and something to compare it with. If there are none,
            those of a model alone, and if there are none either, those of several controls.

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
        with_models = [ruler for ruler in rulers if ruler.models]
        chosen = [ruler for ruler in with_models if len(ruler.points) > 1] or with_models
        if not chosen and not record_filter.models:
            chosen = [ruler for ruler in rulers if len(ruler.points) > 1]
    if not chosen:
        among = f" among {', '.join(signatures)}" if signatures else ""
        raise none_fits(
            "no ruler can be made of these records",
            f"a model, or several controls, with one signature{among}",
            record_filter.where,
            "vidmbench run --model control:static --dataset D --frames N, with the data and counts of the model",
        )
    return sorted(chosen, key=lambda ruler: (ruler.points[0].measurement.frames, -ruler.points[0].measurement.num_real))


def ruler_notes(rulers: Sequence[Ruler]) -> list[str]:
    """What is missing on rulers: controls, and static baselines of models.

    Args:
        rulers: The rulers that are shown.
    """
    bare = [f"#{ruler.signature_id}" for ruler in rulers if not ruler.controls]
    notes = []
    if bare:
        notes.append(
            f"without controls, which would say what a number means: {', '.join(bare)} (vidmbench run --model "
            "control:static, and control:real, with the data, protocol and counts of the models)"
        )
    models = dict.fromkeys(
        point.model for ruler in rulers for point, baseline in ruler.models if baseline is None and not point.twin_of
    )
    if models:
        notes.append(f"without a static baseline: {', '.join(models)} (vidmbench run --model static-of:M)")
    return notes


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


def rulers_caption(rulers: Sequence[Ruler]) -> str:
    """What the rulers are of.

    Args:
        rulers: The rulers.
    """
    level = level_of(point.measurement.interval_kind for ruler in rulers for point in ruler.points)
    signatures = (f"{ruler.points[0].data}: {ruler.points[0].measurement.signature_short}" for ruler in rulers)
    comparison = " Axes of different signatures do not compare." if len(rulers) > 1 else ""
    return "\n".join([*signatures, f"Bars: {level}.{comparison}{in_full(_labels(rulers))}"])


@styled
def rulers_figure(rulers: Sequence[Ruler], caption: str | None = None) -> "Figure":
    """Rulers one below the other, each with its own axis: numbers of different signatures share none.

    Args:
        rulers: The rulers.
        caption: The text below the figure; None takes that of :func:`rulers_caption`.

    Returns:
        A figure one column wide. A control's value is a mark whose line runs down past the models; a model's marker
        is filled, its static baseline's open; every number is at the right with its interval.
    """
    text = rulers_caption(rulers) if caption is None else caption
    figure, axes = row_panels([len(ruler.points) for ruler in rulers], text, have_titles=True)
    # A model looks the same on every ruler.
    names = dict.fromkeys(model.model for ruler in rulers for model, _ in ruler.models)
    looks = {name: look(index) for index, name in enumerate(names)}
    labels = _labels(rulers)
    for axis, ruler in zip(axes, rulers, strict=True):
        _draw(axis, ruler, looks, labels)
    return figure


def _labels(rulers: Sequence[Ruler]) -> dict[str, str]:
    """How each model and control is labelled, on one line beside its number."""
    points = (point for ruler in rulers for point in ruler.points)
    return labels_of(((_name(point), room_for_name(number_text(point.measurement))) for point in points), 1)


def _name(point: Point) -> str:
    return control_kind(point.model) or point.model


def _draw(axis: "Axes", ruler: Ruler, looks: dict[str, Look], labels: dict[str, str]) -> None:
    rows: list[tuple[str, Point]] = [(labels[_name(point)], point) for point in reversed(ruler.controls)]
    for index, point in enumerate(ruler.controls):
        row = len(ruler.controls) - 1 - index
        axis.plot([point.value] * 2, [row, len(ruler.points) - 0.75], color="0.75", linewidth=0.7, zorder=1)
        _bar(axis, point, row, color="0.35", marker="|", markersize=11, markeredgewidth=1.8)
    for model, twin in ruler.models:
        style = looks[model.model]
        options = {"color": style.colour, "marker": style.marker}
        if twin is not None:
            ends = [model.value, twin.value], [len(rows), len(rows) + 1]
            axis.plot(*ends, color=style.colour, linewidth=0.8, linestyle=":", zorder=2)
        for marked, name, fill in ((model, labels[_name(model)], "full"), (twin, _BASELINE, "none")):
            if marked is not None:
                _bar(axis, marked, len(rows), fillstyle=fill, **options)
                rows.append((name, marked))
    if ruler.models and ruler.controls:
        axis.axhline(len(ruler.controls) - 0.73, color="0.6", linewidth=0.6)
    for row, (name, point) in enumerate(rows):
        row_words(axis, row, name, number_text(point.measurement))
    first = rows[0][1].measurement
    is_log = log_or_linear(axis, "x", [point.value for _, point in rows])
    axis.set_xlabel(first.metric.upper() + (" (log scale)" if is_log else ""))
    title = f"{first.frames} frames, {first.num_real} against {first.num_fake} clips"
    axis.set_title(label_of(title, COLUMN - 0.2, 1, 9.0), loc="left", x=0.0)


def _bar(axis: "Axes", point: Point, row: int, **look: object) -> None:
    below, above = point.error
    axis.errorbar(point.value, row, xerr=[[below], [above]], elinewidth=0.9, zorder=3, **look)  # type: ignore[arg-type]
