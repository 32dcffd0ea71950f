"""FVD against the length of the clips: one line per model, broken wherever the recipe changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vidmbench.records.record import RunRecord
from vidmbench.reporting.plots.selection import Point, RecordFilter, chosen_points, level_of, none_fits
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
from vidmbench.sources.names import is_reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Recipes in one figure are distinguished by how the markers are filled; more would look alike.
_Fill = Literal["full", "none", "bottom", "right"]
_FILLS: tuple[tuple[_Fill, str], ...] = (
    ("full", "Filled"),
    ("none", "Open"),
    ("bottom", "Lower half filled"),
    ("right", "Right half filled"),
)


@dataclass(frozen=True)
class Line:
    """Points that differ in their frames at most, so that they may be joined.

    Attributes:
        model: Whose they are.
        recipe: What they have in common.
        points: One a length, shortest first.
    """

    model: str
    recipe: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class FramesPlot:
    """What the figure shows.

    Attributes:
        lines: The lines, in the order of the legend; a model may have several.
        notes: What is not shown, and why.
    """

    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def lines_against_frames(records: Sequence[RunRecord], record_filter: RecordFilter) -> FramesPlot:
    """The lines of the figure: one data set, and models that were scored at two lengths or more.

    Args:
        records: Records, oldest first.
        record_filter: What to show; models that are named are shown with one length too.

    Raises:
        VidmbenchError: Nothing fits.
    """
    points = chosen_points(records, record_filter)
    digest = _most_lengths(points)
    others = [point for point in points if point.data_digest != digest]
    notes = [
        f"another data set, not shown: {name} (--dataset {names[-1]} shows it)"
        for name, names in {point.data: point.data_names for point in others}.items()
    ]
    points = [point for point in points if point.data_digest == digest]
    lengths = {point.model: set[int]() for point in points}
    for point in points:
        lengths[point.model].add(point.measurement.frames)
    short = [model for model, model_lengths in lengths.items() if len(model_lengths) < 2 and not record_filter.models]
    if short:
        notes.append(f"one length only, not shown: {', '.join(short)} (--model shows them)")
    recipes = _recipes(points)
    for recipe in recipes[len(_FILLS) :]:
        notes.append(f"more recipes than marker styles, not shown: {recipe}")
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if point.model not in short and point.recipe in recipes[: len(_FILLS)]:
            groups.setdefault((point.model, point.recipe), []).append(point)
    lines = [
        Line(model, recipe, tuple(sorted(members, key=lambda point: point.measurement.frames)))
        for (model, recipe), members in groups.items()
    ]
    if not lines:
        raise none_fits(
            "no model was scored at two lengths",
            "one model at two lengths or more, of one data set",
            record_filter.where,
            "vidmbench run --model M --dataset D --frames 16,64,128, or name models with --model",
        )
    ends = {model: max(line.points[-1].value for line in lines if line.model == model) for model in lengths
            if any(line.model == model for line in lines)}  # fmt: skip
    return FramesPlot(tuple(sorted(lines, key=lambda line: (-ends[line.model], line.model))), tuple(notes))


def _most_lengths(points: Sequence[Point]) -> str:
    """The data with the most numbers of models at different lengths; of equals the latest."""
    measured: dict[str, set[tuple[str, int]]] = {}
    for point in points:
        measured.setdefault(point.data_digest, set()).add((point.model, point.measurement.frames))
    return max(
        reversed(measured), key=lambda digest: len({f for _, f in measured[digest]}) * 1000 + len(measured[digest])
    )


def _recipes(points: Sequence[Point]) -> list[str]:
    """All recipes, that of the most points first."""
    counts: dict[str, int] = {}
    for point in points:
        counts[point.recipe] = counts.get(point.recipe, 0) + 1
    return sorted(counts, key=lambda recipe: -counts[recipe])


@styled
def frames_figure(plot: FramesPlot) -> "Figure":
    """Values against frames with intervals as bars; joined only where recipe and data are the same.

    Args:
        plot: The lines.

    Returns:
        A figure one column wide: frames on a logarithmic axis, values on another; neighbours stand a little beside
        each other so that their intervals can be seen.
    """
    models = list(dict.fromkeys(line.model for line in plot.lines))
    points = [point for line in plot.lines for point in line.points]
    # By length, so that one recipe is filled alike in figures of other models.
    recipes = sorted(
        _recipes(points), key=lambda recipe: min(point.measurement.frames for point in points if point.recipe == recipe)
    )
    captions = [f"{_FILLS[index][1]}: {_described(recipe, points)}" for index, recipe in enumerate(recipes)]
    level = level_of(point.measurement.interval_kind for point in points)
    rule = f"Bars: {level}. Lines join equal recipes; a value compares "
    rule += "only with those above and below it whose marker is filled alike."
    caption = "\n".join([*captions, rule])
    figure = new_figure(COLUMN, 2.9 + 0.165 * len(models) + text_height(caption, COLUMN))
    axis = figure.subplots()
    # The looks easiest to see are for models, not for what they are held against.
    ranked = sorted(models, key=is_reference)
    for line in plot.lines:
        beside = 2.0 ** (0.07 * (models.index(line.model) - (len(models) - 1) / 2))
        _draw(axis, line, look(ranked.index(line.model)), beside, _FILLS[recipes.index(line.recipe)][0])
    lengths = sorted({point.measurement.frames for point in points})
    axis.set_xscale("log", base=2)
    axis.set_xticks(lengths, [str(length) for length in lengths])
    axis.minorticks_off()
    axis.set_xlim(lengths[0] / 1.45, lengths[-1] * 1.45)
    is_log = log_or_linear(axis, "y", [point.value for point in points])
    axis.set_xlabel("frames of a clip")
    axis.set_ylabel(points[0].measurement.metric.upper() + (" (log scale)" if is_log else ""))
    figure.legend(handles=[_key(model, look(ranked.index(model))) for model in models], loc="outside upper left")
    add_caption(figure, caption)
    return figure


def _draw(axis: "Axes", line: Line, style: Look, beside: float, fill: _Fill) -> None:
    axis.errorbar(
        [point.measurement.frames * beside for point in line.points],
        [point.value for point in line.points],
        yerr=list(zip(*(point.error for point in line.points), strict=True)),
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        fillstyle=fill,
        markerfacecoloralt="white",
        elinewidth=0.8,
        label=line.model,
    )


def _key(model: str, style: Look) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line, label=model)


def _described(recipe: str, points: Sequence[Point]) -> str:
    """A recipe in a line: what its short signatures share, and the id of each length."""
    members = [point for point in points if point.recipe == recipe]
    words = [word for word in members[0].measurement.signature_short.split() if not word.startswith(("t", "#"))]
    ids = dict(sorted({point.measurement.frames: point.measurement.signature_id for point in members}.items()))
    return f"{' '.join(words)}, {members[0].data}; " + ", ".join(
        f"t{frames} #{signature_id}" for frames, signature_id in ids.items()
    )
