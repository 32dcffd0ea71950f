"""The plots of a report: made from records alone, with alternative texts that state the numbers."""

import base64
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidmbench.core.errors import ResultError, VidmbenchError
from vidmbench.records.record import RunRecord
from vidmbench.reporting.jinja import render
from vidmbench.reporting.page.html import Section
from vidmbench.reporting.plots.ablation import ablation_figure, ablation_of
from vidmbench.reporting.plots.controls import Ruler, rulers_figure, rulers_of
from vidmbench.reporting.plots.conventions import conventions_figure, conventions_of
from vidmbench.reporting.plots.fvd_vs_frames import frames_figure, lines_against_frames
from vidmbench.reporting.plots.selection import RecordFilter
from vidmbench.reporting.plots.style import letters_without_font, with_visible_texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PACKAGE = "vidmbench.reporting.page"
# An SVG stays sharp; one of many hatched bars takes more bytes than its pixels.
_MAX_SVG_BYTES = 220_000


@dataclass(frozen=True)
class Plot:
    """One plot.

    Attributes:
        title: What it shows.
        source: The image as a data URI.
        alt: The numbers in words.
        notes: What was omitted.
        is_wide: Whether it needs the width of a page.
    """

    title: str
    source: str
    alt: str
    notes: tuple[str, ...] = ()
    is_wide: bool = False


def plots_section(records: Sequence[RunRecord], where: str) -> Section:
    """All plots that the records allow; for each of the others, which records it would need.

    Args:
        records: Records, oldest first.
        where: Where they came from, for messages.
    """
    import matplotlib

    plots: list[Plot] = []
    missing: list[tuple[str, VidmbenchError]] = []
    for name, make in _PLOTS.items():
        try:
            with matplotlib.rc_context({"text.parse_math": False}):  # a name with dollar signs is no formula
                plots += make(records, where)
        except VidmbenchError as error:
            missing.append((name, error))
    return Section("plots", "Plots", render(_PACKAGE, "plots.html", plots=plots, missing=missing))


def _frames(records: Sequence[RunRecord], where: str) -> list[Plot]:
    plot = lines_against_frames(records, RecordFilter(where=where))
    if all(len({point.measurement.frames for point in line.points}) < 2 for line in plot.lines):
        fix = "vidmbench run --model M --dataset D --frames 16,64,128"
        raise ResultError("no model was scored at two lengths with one recipe", where=where, fix=fix)
    numbers = [
        f"{line.model}: "
        + ", ".join(f"{point.measurement.text()} at {point.measurement.frames} frames" for point in line.points)
        for line in plot.lines
    ]
    data = plot.lines[0].points[0].data
    alt = f"FVD against frames of a clip, {data}. {'; '.join(numbers)}."
    return [Plot(f"FVD against frames, {data}", _embedded(frames_figure(plot)), alt, plot.notes)]


def _controls(records: Sequence[RunRecord], where: str) -> list[Plot]:
    rulers = [ruler for ruler in rulers_of(records, RecordFilter(where=where)) if ruler.controls]
    if not rulers:  # the leaderboards show models alone
        fix = "vidmbench run --model control:static, with the data, protocol and counts of the models"
        raise ResultError("no control was scored like a model", where=where, fix=fix)
    return [_ruler(ruler) for ruler in rulers]


def _ruler(ruler: Ruler) -> Plot:
    first = ruler.points[0]
    title = f"Controls and models, {first.data}, {first.measurement.frames} frames, #{ruler.signature_id}"
    numbers = [
        f"{point.model} {point.measurement.text()}" for point in sorted(ruler.points, key=lambda point: point.value)
    ]
    alt = f"{title}. {first.measurement.metric.upper()}, lowest first: {'; '.join(numbers)}."
    return Plot(title, _embedded(rulers_figure([ruler])), alt)


def _conventions(records: Sequence[RunRecord], where: str) -> list[Plot]:
    plot = conventions_of(records, where)
    numbers = [f"{bar.protocol} {bar.metric.upper()} {bar.text()}" for scale in plot.scales for bar in scale.bars]
    title = f"{plot.fake} against {plot.real} by every convention"
    return [Plot(title, _embedded(conventions_figure(plot)), f"{title}. {'; '.join(numbers)}.")]


def _ablation(records: Sequence[RunRecord], where: str) -> list[Plot]:
    plot = ablation_of(records, where)
    numbers = []
    for part in plot.generators:
        for kind, rows in (("measured", part.measured), ("published", part.published)):
            for label, bars in zip(part.rows, rows, strict=True):
                if bars:
                    values = ", ".join(f"{bar.text} at {bar.frames} frames" for bar in bars)
                    numbers.append(f"{part.title}, {label}, {kind}: {values}")
    title = "Ablation, measured beside published, each on a scale of its own"
    notes = tuple(f"Not comparable: {line}" for line in plot.mixed)
    return [Plot(title, _embedded(ablation_figure(plot)), f"{title}. {'; '.join(numbers)}.", notes, is_wide=True)]


_PLOTS: dict[str, Callable[[Sequence[RunRecord], str], list[Plot]]] = {
    "Controls": _controls,
    "FVD against frames": _frames,
    "Conventions": _conventions,
    "Ablation": _ablation,
}


def _embedded(figure: "Figure") -> str:
    """A figure as a data URI; the same figure gives the same text."""
    import matplotlib

    with_visible_texts(figure)
    stream, kind = io.BytesIO(), "svg+xml"
    with matplotlib.rc_context({"svg.hashsalt": "vidmbench"}), warnings.catch_warnings(record=True) as caught:
        figure.savefig(stream, format="svg", metadata={"Date": None})
        if stream.tell() > _MAX_SVG_BYTES:
            stream, kind = io.BytesIO(), "png"
            figure.savefig(stream, format="png", dpi=150, metadata={"Software": None})
    letters_without_font(caught)  # the alternative text has them
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"
