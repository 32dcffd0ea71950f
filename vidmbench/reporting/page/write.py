"""``vidmbench report``: one static page of what was measured, made from records alone."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from vidmbench.core.files import checked_output, write_text
from vidmbench.records.frame import no_records
from vidmbench.records.record import RunRecord, record_files
from vidmbench.reporting.page.clips import Exhibit, Media, Medium, Reading, exhibits_of, shortest
from vidmbench.reporting.page.html import data_of, numbers_section, page, summary_section
from vidmbench.reporting.page.plots import plots_section
from vidmbench.reporting.tables.build import build_table, layout_names, load_layout
from vidmbench.reporting.tables.html import html_section
from vidmbench.sources.names import CONTROL, TWIN

# Clips a model where nothing else is asked for.
_CLIPS = 2


def write_report(
    records: Sequence[RunRecord], out: Path, *, where: str, folders: Sequence[Path] = (), clips: int | None = None
) -> list[Path]:
    """Writes ``out/index.html``, and what is too large to stand in it to ``out/media``.

    Args:
        records: Records, oldest first.
        out: The folder, made where it is missing.
        where: Where the records were looked for, for messages.
        folders: The same as folders; pictures that lie beside records are taken from them.
        clips: Clips a model; None takes two of those that need not be drawn again.

    Returns:
        The files written, the page first.

    Raises:
        ResultError: There is nothing to report, or the folder cannot be written to.
    """
    numbers = [record for record in records if record.measurements]
    if not numbers:
        raise no_records("report", where)
    out = checked_output(out)
    media = Media(out)
    reading = Reading(_CLIPS if clips is None else clips, clips is not None, pictures_beside(folders))
    sections = [
        ("summary", "Summary", summary_section(numbers)),
        ("numbers", "Every number", numbers_section(numbers)),
        ("plots", "Plots", plots_section(numbers, where)),
        ("videos", "Videos", videos_section(numbers, reading, media)),
        *tables_sections(numbers),
    ]
    write_text(out / "index.html", page("vidmbench report", sections))
    return [out / "index.html", *media.written]


def pictures_beside(folders: Sequence[Path]) -> dict[str, Path]:
    """The picture that `run` wrote beside each record, by run."""
    found = (path.with_suffix(".png") for folder in folders for path in record_files(folder))
    return {path.stem: path for path in found if path.is_file()}


def tables_sections(records: Sequence[RunRecord]) -> list[tuple[str, str, str]]:
    """The layouts that a record joins, measured beside published."""
    tables = [build_table(load_layout(name), records) for name in layout_names()]
    shown = [
        table
        for table in tables
        if any(
            cell.kind in ("measured", "reproduced") for panel in table.panels for line in panel.cells for cell in line
        )
    ]
    return [(table.name, table.title, html_section(table)) for table in shown]


def videos_section(records: Sequence[RunRecord], reading: Reading, media: Media) -> str:
    """Clips of every model beside the real ones, a block for each set of real videos.

    Args:
        records: Records, oldest first.
        reading: What may be read.
        media: Where files are kept.
    """
    groups: dict[str, dict[str, list[RunRecord]]] = {}
    for record in records:
        groups.setdefault(record.measurements[0].real.digest, {}).setdefault(record.model, []).append(record)
    lines = ['<section id="videos"><h2>Videos</h2>']
    lines.append(
        "<p>Clips as they were scored, of the first videos in order: they were not picked by eye. "
        "Small ones are enlarged; of long ones 64 frames are shown.</p>"
    )
    lines.append('<p><button type="button" class="plain" id="stop" hidden>Stop all videos</button></p>')
    for models in groups.values():
        lines += _block([models[name] for name in _ranked(list(models))], reading, media)
    return "\n".join([*lines, "</section>"])


def _ranked(names: Sequence[str]) -> list[str]:
    """Models in their order, each before its frozen twin; controls last."""
    places = {name: place for place, name in enumerate(names)}

    def key(name: str) -> tuple[bool, int, bool]:
        is_twin = name.startswith(TWIN)
        return name.startswith(CONTROL), places.get(name.removeprefix(TWIN), places[name]), is_twin

    return sorted(names, key=key)


def _block(models: Sequence[Sequence[RunRecord]], reading: Reading, media: Media) -> list[str]:
    """What was scored against one set of real videos: what can be seen, then a line for each of the others."""
    # The shortest clips that were scored, of those the latest: they are the cheapest to read or draw.
    chosen = [min(reversed(of_model), key=lambda one: shortest(one).frames) for of_model in models]
    real, exhibits = exhibits_of(chosen, reading, media)
    lines = [f"<h3>Against {escape(data_of(chosen[0], chosen[0].measurements[0]))}</h3>"]
    pairs = [(one, _numbers(of_model)) for one, of_model in zip(exhibits, models, strict=True)]
    cards = [_exhibit(real, "")] if real is not None else []
    cards += [_exhibit(one, numbers) for one, numbers in pairs if one.media]
    if cards:
        lines += ['<div class="models">', *cards, "</div>"]
    unseen = [
        f"<li><strong>{escape(one.name)}</strong> ({escape(numbers)}): {escape(one.said)}</li>"
        for one, numbers in pairs
        if not one.media
    ]
    return [*lines, "<ul>", *unseen, "</ul>"] if unseen else lines


def _numbers(records: Sequence[RunRecord]) -> str:
    """The latest number of each signature."""
    latest = {one.signature_id: one for record in records for one in record.measurements}
    ranked = sorted(latest.values(), key=lambda one: (one.metric, one.frames))
    return "; ".join(f"{one.metric.upper()} {one.text()}, {one.frames} frames" for one in ranked)


def _exhibit(exhibit: Exhibit, numbers: str) -> str:
    said = f"<p>{escape(numbers)}</p>" if numbers else ""
    shown = "".join(map(_medium, exhibit.media))
    return f'<div><h4>{escape(exhibit.name)}</h4>{said}<div class="clips">{shown}</div></div>'


def _medium(medium: Medium) -> str:
    source, alt = escape(medium.source), escape(medium.alt)
    if medium.kind == "png":
        return f'<img src="{source}" alt="{alt}" loading="lazy">'
    return f'<video src="{source}" aria-label="{alt}" controls loop muted playsinline preload="metadata"></video>'
