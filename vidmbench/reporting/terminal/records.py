"""Records as text and as JSON: the list of all, and one whole."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from vidmbench.core.text import counted, printable
from vidmbench.records.record import FoundRecords, Measurement, RunRecord, SideRecord
from vidmbench.reporting.terminal.columns import GAP, aligned, without_constants
from vidmbench.reporting.terminal.numbers import NUMBER_HEADER, Row

_HEADER = (
    "ID", "Day", "Model", "Dataset", "Size", "Frames", "Metric", "Value", "N", "Protocol", "Precision", "Signature",
    "File",
)  # fmt: skip
#: Fields of a measurement in :func:`results_json`; `vidmbench results show NAME --json` has them all.
_LISTED = {
    "metric", "status", "reason", "value", "interval", "interval_kind", "interval_reason", "spread", "spread_kind",
    "num_real", "num_fake", "frames", "stride", "precision", "protocol", "seed", "signature", "signature_id",
    "warnings",
}  # fmt: skip


def results_json(found: FoundRecords) -> dict[str, Any]:
    """All records with their numbers, by the run's name; an unreadable file by its path, with the problem.

    Args:
        found: The records.
    """
    readable = {
        record.run_id: {
            "run_id": record.run_id,
            "created": record.created,
            "model": record.model,
            "dataset": record.dataset,
            "split": record.split,
            "file": str(found.files[record.run_id]),
            "measurements": [
                {**item.model_dump(mode="json", include=_LISTED), "size": _size_json(item)}
                for item in record.measurements
            ],
        }
        for record in found.records
    }
    unreadable = {
        str(error.where): {"file": str(error.where), "problem": error.problem, "measurements": []}
        for error in found.unreadable
    }
    return {**readable, **unreadable}


def result_lines(found: FoundRecords) -> dict[str, str]:
    """One line for each record, by the run's name."""
    readable = {
        record.run_id: f"{record.model} on {_dataset(record)}, {_day(record)}: "
        + "; ".join(
            f"{row.metric} {row.value}, {counted(row.measurement.frames, 'frame')}"
            for row in (Row(record, item) for item in record.measurements)
        )
        for record in found.records
    }
    return {**readable, **{str(error.where): f"cannot be read: {error.problem}" for error in found.unreadable}}


def list_text(found: FoundRecords) -> str:
    """The measurements folder by folder, oldest run first.

    Args:
        found: The records.

    Returns:
        A table for each folder. An ID is the beginning of a run's name, and of its file's name unless the table has a
        column of files.
    """
    ids = short_ids([record.run_id for record in found.records])
    folders: dict[Path, list[RunRecord]] = {}
    for record in found.records:
        folders.setdefault(found.files[record.run_id].parent, []).append(record)
    blocks = [_folder_text(folder, records, ids, found.files) for folder, records in folders.items()]
    return "\n\n".join(blocks)


def short_ids(names: Sequence[str]) -> dict[str, str]:
    """For each name its part before the first ``_``, or the shortest longer beginning that no other name has."""
    ids = {}
    ordered = sorted(names)
    for position, name in enumerate(ordered):
        around = ordered[max(position - 1, 0) : position] + ordered[position + 1 : position + 2]
        shared = max((_num_shared(name, other) for other in around), default=0)
        ids[name] = name[: max(len(name.partition("_")[0]), shared + 1)]
    return ids


def _num_shared(first: str, second: str) -> int:
    """How many characters two names begin with in common."""
    return next((index for index, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), len(first))


def _folder_text(folder: Path, records: Sequence[RunRecord], ids: Mapping[str, str], files: Mapping[str, Path]) -> str:
    """What all rows share is above them; files have a column where they are named unlike their runs."""
    renamed = any(not files[record.run_id].name.startswith(ids[record.run_id]) for record in records)
    title = f"{folder}: {counted(len(records), 'record')}" + ("" if renamed else ", files ID*.json")
    rows = [
        (ids[record.run_id], _day(record), record.model, *numbers, files[record.run_id].name if renamed else "")
        for record in records
        for numbers in [_numbers(record, item) for item in record.measurements] or [_no_numbers(record)]
    ]
    header, cells, common = without_constants(_HEADER, rows, keep=("ID", "Day", "Model", "Size", "Value", "File"))
    dataset, frames = common.get("Dataset", ""), f"{common['Frames']} frames" if "Frames" in common else ""
    counts = f"N = {common['N']}" if "N" in common else ""
    others = (common.get(name, "") for name in ("Protocol", "Precision", "Signature"))
    above = " · ".join(filter(None, (common.get("Metric", ""), dataset, frames, counts, *others)))
    lines = (
        aligned([header, *cells]) if any(row[-1] for row in rows) else aligned([line[:-1] for line in (header, *cells)])
    )
    return "\n".join(map(printable, [title, *([f"{GAP}{above}"] if above else []), *lines]))


def _numbers(record: RunRecord, item: Measurement) -> tuple[str, ...]:
    cells = dict(zip(NUMBER_HEADER, Row(record, item).cells(), strict=True))
    first = (_dataset(record), _size(item), cells["Frames"], cells["Metric"], cells["Value"])
    return *first, cells["N"], cells["Protocol"], cells["Precision"], cells["Id"]


def _no_numbers(record: RunRecord) -> tuple[str, ...]:
    return _dataset(record), "", "", "", "no measurements", "", "", "", ""


def record_text(record: RunRecord, file: Path) -> str:
    """One record whole, for people.

    Args:
        record: The record.
        file: Its file.
    """
    facts = {
        "file": str(file),
        "created": record.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "model": record.model,
        "dataset": _dataset(record),
        "command": shlex.join(record.command),
    }
    if record.rollout is not None:
        windows = record.rollout
        facts["windows"] = (
            f"{windows.num_windows} of {windows.window} frames, every {windows.step} of {windows.frames}; the numbers "
            f"below are of the first: vidmbench plot rollout {shlex.quote(str(file))} shows all"
        )
    items = record.measurements
    of_each = [_of_measurement(item) for item in items]
    common = dict(set.intersection(*(set(each.items()) for each in of_each))) if len(items) > 1 else {}
    notes = [note for note in items[0].warnings if all(note in item.warnings for item in items)] if common else []
    lines = [record.run_id, *_facts(facts)]
    if common:
        shared = {name: text for name, text in of_each[0].items() if name in common}
        lines += ["", f"all {len(items)} numbers", *_facts(shared), *(f"  note: {note}" for note in notes)]
    for item, each in zip(items, of_each, strict=True):
        own = {name: text for name, text in each.items() if name not in common}
        lines += ["", f"{Row(record, item).metric}{GAP}{item.text()}", *_facts(own)]
        lines += [f"  note: {warning}" for warning in item.warnings if warning not in notes]
    lines += ["", "environment", *_facts(_flat(record.environment))]
    return "\n".join(map(printable, lines))


def _of_measurement(item: Measurement) -> dict[str, str]:
    facts = {"value": "none" if item.value is None else repr(item.value)}
    if item.interval is not None:
        facts["interval"] = f"{item.interval[0]!r} to {item.interval[1]!r}, {item.interval_kind}"
    elif item.interval_reason:
        facts["interval"] = f"none: {item.interval_reason}"
    if item.spread is not None:
        facts["spread"] = f"{item.spread!r}, {item.spread_kind}"
    facts["clips"] = f"{counted(item.frames, 'frame')}, stride {item.stride}, {_size(item)} pixels, seed {item.seed}"
    facts["real"], facts["scored"] = _side(item.real), _side(item.fake)
    facts["protocol"] = f"{item.protocol}, {item.precision}, {item.engine}"
    facts["weights"] = (
        ", ".join(f"{name} {digest[:12]}" for name, digest in item.weights.items() if digest != "none") or "none"
    )
    facts["signature"] = f"{item.signature}  #{item.signature_id}"
    return facts


def _side(side: SideRecord) -> str:
    skipped = f", {len(side.skipped)} skipped" if side.skipped else ""
    clips = f"{counted(side.num_scored, 'clip')} of {counted(side.num_videos, 'video')}{skipped}"
    return f"{side.label}: {clips}, digest {side.digest[:12]}"


def _facts(facts: Mapping[str, str]) -> list[str]:
    width = max(map(len, facts), default=0)
    return [f"  {name:{width}s}  {text}" for name, text in facts.items()]


def _flat(content: Mapping[str, Any]) -> dict[str, str]:
    """Facts of the environment, nested ones on one line, without those that are missing."""
    flat = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {inner}" for key, inner in value.items() if inner is not None)
        if value not in (None, ""):
            flat[name] = str(value)
    return flat


def _dataset(record: RunRecord) -> str:
    return f"{record.dataset}@{record.split}" if record.split else record.dataset


def _day(record: RunRecord) -> str:
    return record.time.astimezone(UTC).date().isoformat()


def _size(item: Measurement) -> str:
    """Height and width of the real clips; both sides' where they differ."""
    sizes: Iterable[str] = dict.fromkeys(
        f"{side.size[0]}x{side.size[1]}" for side in (item.real, item.fake) if side.size is not None
    )
    return "/".join(sizes) or "?"


def _size_json(item: Measurement) -> list[int] | None:
    size = item.real.size or item.fake.size
    return None if size is None else list(size)
