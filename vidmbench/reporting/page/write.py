"""``vidmbench report``: one static page of what was measured, made from records alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidmbench.core.files import checked_output, write_text
from vidmbench.records.frame import no_records
from vidmbench.records.record import RunRecord
from vidmbench.reporting.jinja import render
from vidmbench.reporting.page.clips import MAX_FRAMES, ClipOptions, Media, media_of_models, shortest
from vidmbench.reporting.page.html import Section, data_of, numbers_section, page, summary_section
from vidmbench.reporting.page.leaderboards import leaderboard_section
from vidmbench.reporting.page.plots import plots_section
from vidmbench.reporting.tables.build import build_table, layout_names, load_layout
from vidmbench.reporting.tables.html import html_section
from vidmbench.sources.names import control_kind, static_baseline_of

_DEFAULT_CLIPS = 2  # a model


def write_report(
    records: Sequence[RunRecord],
    out: Path,
    *,
    where: str,
    files: Mapping[str, Path] | None = None,
    missing: Sequence[str] = (),
    clips: int | None = None,
) -> list[Path]:
    """Writes ``out/index.html``, and files too large to be embedded in it to ``out/media``.

    Args:
        records: Records, oldest first.
        out: The folder, created if it does not exist.
        where: Where the records were searched, for messages.
        files: The file of each record, by the run's name; the contact sheets beside them are shown.
        missing: What could not be read there, one per line.
        clips: Clips a model, for which the files that records name are opened; None opens none, and shows two clips of
            each control of a data set that vidmbench generates.

    Returns:
        The files written, the page first.

    Raises:
        ResultError: There is nothing to report, or the folder cannot be written to.
    """
    measured = [record for record in records if record.measurements]
    if not measured:
        raise no_records("report", where)
    out = checked_output(out)
    media = Media(out)
    options = ClipOptions(_DEFAULT_CLIPS if clips is None else clips, clips is not None, files or {})
    sections = [
        leaderboard_section(measured),
        summary_section(measured, missing),
        numbers_section(measured),
        plots_section(measured, where),
        videos_section(measured, options, media),
        *table_sections(measured),
    ]
    write_text(out / "index.html", page("vidmbench report", sections))
    return [out / "index.html", *media.written]


def table_sections(records: Sequence[RunRecord]) -> list[Section]:
    """The tables that show a measured number, beside the published ones."""
    tables = [build_table(load_layout(name), records) for name in layout_names()]
    return [Section(table.name, table.title, html_section(table)) for table in tables if table.has_measured]


def videos_section(records: Sequence[RunRecord], options: ClipOptions, media: Media) -> Section:
    """Clips of every model beside the real ones, a group for each set of real videos.

    Args:
        records: Records, oldest first.
        options: What may be read.
        media: Where files are stored.
    """
    groups: dict[str, dict[str, list[RunRecord]]] = {}
    for record in records:
        groups.setdefault(record.measurements[0].real.digest, {}).setdefault(record.model, []).append(record)
    shown = [_group([models[name] for name in _ranked(list(models))], options, media) for models in groups.values()]
    html = render("vidmbench.reporting.page", "videos.html", groups=shown, max_frames=MAX_FRAMES)
    return Section("videos", "Videos", html)


def _ranked(names: Sequence[str]) -> list[str]:
    """Models in their order, each before its static baseline; controls last."""
    positions = {name: position for position, name in enumerate(names)}

    def key(name: str) -> tuple[bool, int, bool]:
        base = static_baseline_of(name)
        return control_kind(name) is not None, positions.get(base or name, positions[name]), base is not None

    return sorted(names, key=key)


def _group(models: Sequence[Sequence[RunRecord]], options: ClipOptions, media: Media) -> dict[str, Any]:
    """What the template prints of the models scored against one set of real videos: with media first, then the rest."""
    # The shortest clips that were scored, and of those the latest: they are the cheapest to read or sample.
    chosen = [min(reversed(records), key=lambda record: shortest(record).frames) for records in models]
    real, scored = media_of_models(chosen, options, media)
    pairs = [(model, _numbers(records)) for model, records in zip(scored, models, strict=True)]
    return {
        "data": data_of(chosen[0], chosen[0].measurements[0]),
        "shown": [*([(real, "")] if real else []), *(pair for pair in pairs if pair[0].media)],
        "not_shown": [pair for pair in pairs if not pair[0].media],
    }


def _numbers(records: Sequence[RunRecord]) -> str:
    """The latest number of each signature."""
    latest = {item.signature_id: item for record in records for item in record.measurements}
    ranked = sorted(latest.values(), key=lambda item: (item.metric, item.frames))
    return "; ".join(f"{item.metric.upper()} {item.text()}, {item.frames} frames" for item in ranked)
