"""The pictures of a report: drawn from records alone, with alternative texts that say the numbers."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from vidmbench.core.errors import VidmbenchError
from vidmbench.records.record import RunRecord
from vidmbench.reporting.plots.ablation import ablation_figure, ablation_of
from vidmbench.reporting.plots.controls import Ruler, rulers_figure, rulers_of
from vidmbench.reporting.plots.conventions import conventions_figure, conventions_of
from vidmbench.reporting.plots.fvd_vs_frames import frames_figure, lines_against_frames
from vidmbench.reporting.plots.selection import Wanted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# An SVG stays sharp; one of many hatched bars is larger than its pixels.
_LARGEST_SVG = 220_000


@dataclass(frozen=True)
class Picture:
    """One plot.

    Attributes:
        title: What it shows.
        source: A data URI.
        alt: The numbers in words.
        notes: What was left out.
        is_wide: Whether it needs the width of a page.
    """

    title: str
    source: str
    alt: str
    notes: tuple[str, ...] = ()
    is_wide: bool = False


def plots_section(records: Sequence[RunRecord], where: str) -> str:
    """All plots that the records allow; of the others what they would need.

    Args:
        records: Records, oldest first.
        where: Where they came from, for messages.
    """
    import matplotlib

    pictures: list[Picture] = []
    missing: list[str] = []
    for name, draw in _DRAWN.items():
        try:
            with matplotlib.rc_context({"text.parse_math": False}):  # a name with dollar signs is no formula
                pictures += draw(records, where)
        except VidmbenchError as error:
            missing.append(f"<li>{escape(name)}: {escape(error.problem)}; {escape(error.fix or '')}</li>")
    lines = ['<section id="plots"><h2>Plots</h2>', '<div class="plots">', *map(_figure, pictures), "</div>"]
    if missing:
        lines += ["<h3>Not drawn</h3>", "<ul>", *missing, "</ul>"]
    return "\n".join([*lines, "</section>"])


def _figure(picture: Picture) -> str:
    notes = "".join(f"<br>{escape(note)}" for note in picture.notes)
    wide = ' class="wide" tabindex="0"' if picture.is_wide else ""
    return (
        f'<figure{wide}><img src="{picture.source}" alt="{escape(picture.alt)}">'
        f"<figcaption>{escape(picture.title)}{notes}</figcaption></figure>"
    )


def _frames(records: Sequence[RunRecord], where: str) -> list[Picture]:
    plot = lines_against_frames(records, Wanted(where=where))
    said = [
        f"{line.model}: " + ", ".join(f"{point.one.text()} at {point.one.frames} frames" for point in line.points)
        for line in plot.lines
    ]
    data = plot.lines[0].points[0].data
    alt = f"FVD against frames of a clip, {data}. {'; '.join(said)}."
    return [Picture(f"FVD against frames, {data}", _embedded(frames_figure(plot)), alt, plot.notes)]


def _controls(records: Sequence[RunRecord], where: str) -> list[Picture]:
    return [_ruler(ruler) for ruler in rulers_of(records, Wanted(where=where))]


def _ruler(ruler: Ruler) -> Picture:
    first = ruler.points[0]
    title = f"Controls and models, {first.data}, {first.one.frames} frames, #{ruler.signature_id}"
    said = [f"{point.model} {point.one.text()}" for point in sorted(ruler.points, key=lambda one: one.value)]
    alt = f"{title}. {first.one.metric.upper()}, lowest first: {'; '.join(said)}."
    return Picture(title, _embedded(rulers_figure([ruler])), alt)


def _conventions(records: Sequence[RunRecord], where: str) -> list[Picture]:
    plot = conventions_of(records, where)
    said = [f"{bar.protocol} {bar.metric.upper()} {bar.text()}" for scale in plot.scales for bar in scale.bars]
    title = f"{plot.fake} against {plot.real} by every convention"
    return [Picture(title, _embedded(conventions_figure(plot)), f"{title}. {'; '.join(said)}.")]


def _ablation(records: Sequence[RunRecord], where: str) -> list[Picture]:
    plot = ablation_of(records, where)
    said = []
    for part in plot.generators:
        for kind, rows in (("measured", part.measured), ("published", part.published)):
            for label, bars in zip(part.rows, rows, strict=True):
                if bars:
                    numbers = ", ".join(f"{bar.text} at {bar.frames} frames" for bar in bars)
                    said.append(f"{part.title}, {label}, {kind}: {numbers}")
    title = "Ablation, measured beside published, each on a scale of its own"
    notes = tuple(f"Not comparable: {line}" for line in plot.mixed)
    return [Picture(title, _embedded(ablation_figure(plot)), f"{title}. {'; '.join(said)}.", notes, is_wide=True)]


_DRAWN: dict[str, Callable[[Sequence[RunRecord], str], list[Picture]]] = {
    "Controls": _controls,
    "FVD against frames": _frames,
    "Conventions": _conventions,
    "Ablation": _ablation,
}


def _embedded(figure: "Figure") -> str:
    """A figure as a data URI; the same figure gives the same text."""
    import matplotlib

    stream = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "vidmbench"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    kind = "svg+xml"
    if stream.tell() > _LARGEST_SVG:
        stream, kind = io.BytesIO(), "png"
        figure.savefig(stream, format="png", dpi=150, metadata={"Software": None})
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"
