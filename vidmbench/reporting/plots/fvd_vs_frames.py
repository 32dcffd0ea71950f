"""FVD against the length of the clips: one line per model, broken wherever the recipe changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vidmbench.records.record import RunRecord
from vidmbench.reporting.plots.lettering import LINE, in_full, labels_of, spaced_ticks, width_of
from vidmbench.reporting.plots.selection import Point, RecordFilter, chosen_points, level_of
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

_KEY = 0.52  # inches of a legend's line and the gaps beside it
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
        record_filter: What to show; models that are named are shown with one length too, and all where none has two.

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
    if len(short) == len(lengths):
        notes.append("one length only, so no lines: vidmbench run --frames 16,64,128")
        short = []
    if short:
        notes.append(f"one length only, not shown: {', '.join(short)} (--model shows them)")
    points = [point for point in points if point.model not in short]
    # Without lines the recipes of a model would lie on each other.
    is_bare = all(len(lengths[point.model]) < 2 for point in points)
    recipes = _recipes(points)
    num_shown = 1 if is_bare and not record_filter.protocols else len(_FILLS)
    left = dict.fromkeys(point.measurement.protocol for point in points if point.recipe in recipes[num_shown:])
    if left:
        notes.append(f"more recipes than can be distinguished, not shown: {', '.join(left)} (--protocol shows one)")
    groups: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if point.recipe in recipes[:num_shown]:
            groups.setdefault((point.model, point.recipe), []).append(point)
    lines = [
        Line(model, recipe, tuple(sorted(members, key=lambda point: point.measurement.frames)))
        for (model, recipe), members in groups.items()
    ]
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


def frames_caption(plot: FramesPlot) -> str:
    """What the lines are of.

    Args:
        plot: The lines.
    """
    points = _points(plot)
    fillings = [f"{_FILLS[index][1]}: {_described(recipe, points)}" for index, recipe in enumerate(_by_length(points))]
    level = level_of(point.measurement.interval_kind for point in points)
    rule = f"Bars: {level}. Lines join equal recipes; compare a value only with those above and below it"
    rule += " whose marker is filled alike." if len(fillings) > 1 else "."
    return "\n".join([*fillings, f"{rule}{in_full(_labels(plot))}"])


@styled
def frames_figure(plot: FramesPlot, caption: str | None = None) -> "Figure":
    """Values against frames with intervals as bars; joined only where recipe and data are the same.

    Args:
        plot: The lines.
        caption: The text below the figure; None takes that of :func:`frames_caption`.

    Returns:
        A figure one column wide: frames on a logarithmic axis, values on another; neighbours are a little
        apart so that their intervals can be seen.
    """
    labels, points = _labels(plot), _points(plot)
    models, recipes = list(labels), _by_length(points)
    foot = frames_caption(plot) if caption is None else caption
    widest = max(map(width_of, labels.values()))
    columns = max(1, min(len(models), int((COLUMN - 0.1) / (widest + _KEY))))
    num_lines = -(-len(models) // columns)
    figure = new_figure(COLUMN, 2.9 + 1.2 * LINE * num_lines + text_height(foot, COLUMN))
    axis = figure.subplots()
    # The looks easiest to see are for models, not for what they are held against.
    ranked = sorted(models, key=is_reference)
    for line in plot.lines:
        beside = 2.0 ** (0.07 * (models.index(line.model) - (len(models) - 1) / 2))
        _draw(axis, line, look(ranked.index(line.model)), beside, _FILLS[recipes.index(line.recipe)][0])
    lengths = sorted({point.measurement.frames for point in points})
    axis.set_xscale("log", base=2)
    axis.minorticks_off()
    spaced_ticks(axis.xaxis, among=lengths)
    axis.set_xlim(lengths[0] / 1.45, lengths[-1] * 1.45)
    is_log = log_or_linear(axis, "y", [point.value for point in points])
    axis.set_xlabel("frames of a clip")
    axis.set_ylabel(points[0].measurement.metric.upper() + (" (log scale)" if is_log else ""))
    keys = [_key(look(ranked.index(model))) for model in models]
    legend = figure.legend(keys, ["-"] * len(keys), loc="outside upper left", ncols=columns, columnspacing=1.0)
    for text, label in zip(legend.get_texts(), labels.values(), strict=True):
        text.set_text(label)  # set here, because a legend leaves out labels that begin with an underscore
    add_caption(figure, foot)
    return figure


def _points(plot: FramesPlot) -> list[Point]:
    return [point for line in plot.lines for point in line.points]


def _by_length(points: Sequence[Point]) -> list[str]:
    """The recipes by the length of their clips, so that one is filled alike in figures of other models."""
    return sorted(
        _recipes(points), key=lambda recipe: min(point.measurement.frames for point in points if point.recipe == recipe)
    )


def _labels(plot: FramesPlot) -> dict[str, str]:
    """How the legend names each model, on one line."""
    return labels_of(((line.model, COLUMN - 0.1 - _KEY) for line in plot.lines), 1)


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
    )


def _key(style: Look) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.colour, marker=style.marker, linestyle=style.line)


def _described(recipe: str, points: Sequence[Point]) -> str:
    """A recipe in a line: what its short signatures share, and the id of each length."""
    members = [point for point in points if point.recipe == recipe]
    words = [word for word in members[0].measurement.signature_short.split() if not word.startswith(("t", "#"))]
    ids = dict(sorted({point.measurement.frames: point.measurement.signature_id for point in members}.items()))
    return f"{' '.join(words)}, {members[0].data}; " + ", ".join(
        f"t{frames} #{signature_id}" for frames, signature_id in ids.items()
    )
