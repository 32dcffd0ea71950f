"""Full-reference metrics against the frame number: which curves of records are shown, and which do not compare."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from vidmbench.core.errors import ResultError, UsageError, VidmbenchError, unknown
from vidmbench.core.text import counted
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.protocols.signature import recipe_without
from vidmbench.records.importing import find_named_records
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.curve_panels import Line, Panel
from vidmbench.reporting.tables.metrics import metric_label

_SHOWN = 3  # names in a message
_SCORE = "score the videos: vidmbench score TARGETS PREDICTIONS --protocol psnr-common-metrics --out runs"
# Fields of a signature that are of predictions, and do not matter for a control: it has one of each video, of its size.
_OF_MODELS = ("fake", "of", "sizes")
_WORDS = {
    "proto": "protocol",
    "context": "--context",
    "t": "--frames",
    "s": "--stride",
    "data": "real videos",
    "real": "number of real videos",
    "fake": "number of predictions",
    "of": "predictions that count",
    "prec": "--precision",
}

Key = tuple[str, int]  # protocol, frames of a clip


@dataclass(frozen=True)
class Horizon:
    """Curves that were chosen from records.

    Attributes:
        panels: One for each protocol and clip length.
        notes: What is not shown, and why.
    """

    panels: tuple[Panel, ...]
    notes: tuple[str, ...]


def named_records(names: Sequence[str], folder: Path) -> dict[str, RunRecord]:
    """Records by what the user called them.

    Args:
        names: Files, folders of records, or what :func:`vidmbench.records.importing.find_record` takes. Of a folder the
            records with full-reference metrics are taken.
        folder: Where runs' names are looked up.

    Raises:
        ResultError: A record is damaged or not there, or a folder holds none with full-reference metrics.
    """
    return find_named_records(
        names,
        folder,
        wanted=lambda record: bool(_paired(record)),
        what="full-reference metrics",
        expected="records of psnr-..., ssim-... or lpips-... protocols",
        fix=_SCORE,
    )


def horizon_of(
    records: Mapping[str, RunRecord], *, protocols: Sequence[str] = (), frames: Sequence[int] = ()
) -> Horizon:
    """The curves of records that can be compared frame by frame.

    Args:
        records: By what the user called them: a file, a run's name.
        protocols: Names or patterns such as ``ssim-*``; by default the first of each metric that all records have.
        frames: Lengths of clips; by default the longest that all records have.

    Raises:
        ResultError: A record has no curves, or the curves do not compare.
        UsageError: No record has a protocol or length that was asked for.
    """
    by_run = {record.run_id: (name, record) for name, record in records.items()}  # each run once
    curves = {name: _curves(name, record) for name, record in by_run.values()}
    labels = _labels([record for _, record in by_run.values()])
    chosen, notes = _chosen(curves, protocols, frames)
    panels = []
    for key in chosen:
        lines = [
            Line(labels[record.run_id], record, item, item.by_frame)
            for name, record in by_run.values()
            if (item := curves[name][key]).by_frame is not None
        ]
        panel = Panel(tuple(sorted(lines, key=lambda line: line.is_reference)))
        _check_comparable(panel)
        panels.append(panel)
    return Horizon(tuple(panels), tuple(dict.fromkeys([*notes, *_notes(panels)])))


def _paired(record: RunRecord) -> list[Measurement]:
    """The full-reference measurements of a record."""
    kinds = metric_kinds()
    return [
        item
        for item in record.measurements
        if (kind := kinds.get(str(item.protocol_spec.get("metric")))) is not None
        and kind.reads_pairs
        and kind.better is not None
    ]


def _curves(name: str, record: RunRecord) -> dict[Key, Measurement]:
    """The measurements of a record that have curves, by protocol and length.

    Raises:
        ResultError: It has none.
    """
    paired = _paired(record)
    if not paired:
        others = dict.fromkeys(item.protocol for item in record.measurements)
        raise ResultError(
            "a record without full-reference metrics has no curve",
            expected="records of psnr-..., ssim-... or lpips-... protocols",
            found=_listed(others) or "no measurement",
            where=name,
            fix=f"omit it; {_SCORE}",
        )
    found = {(item.protocol, item.frames): item for item in paired if item.by_frame is not None}
    if not found:
        reasons = dict.fromkeys(item.reason for item in paired if item.reason)
        raise ResultError(
            "no measurement of this record has a value" if reasons else "a record made before curves were stored",
            expected="values frame by frame, which `vidmbench score` and `vidmbench run` record",
            found="; ".join(map(str, reasons)) or f"one number of {_listed(dict.fromkeys(i.protocol for i in paired))}",
            where=name,
            fix=f"run it again: {shlex.join(record.command)}",
        )
    return found


def _chosen(
    curves: Mapping[str, Mapping[Key, Measurement]], protocols: Sequence[str], frames: Sequence[int]
) -> tuple[list[Key], list[str]]:
    """Which protocols and lengths are shown, and notes on those that are not."""
    every = dict.fromkeys(key for found in curves.values() for key in found)
    _check_asked(every, protocols, frames)
    keys = [key for key in every if _is_asked(key, protocols, frames)]
    common = [key for key in keys if all(key in found for found in curves.values())]
    if not common:
        raise _nothing_common(curves, protocols, frames)
    if not frames:
        common = [key for key in common if key[1] == max(length for name, length in common if name == key[0])]
    if protocols:
        return common, []
    metrics: dict[str, list[Key]] = {}
    first = next(iter(curves.values()))
    for key in common:
        metrics.setdefault(first[key].metric, []).append(key)
    shown = [key for keys in metrics.values() for key in keys if key[0] == keys[0][0]]
    hidden = {metric: len({name for name, _ in keys}) for metric, keys in metrics.items()}
    notes = [
        f"{metric_label(metric)} by {metrics[metric][0][0]}, the first of {number} protocols (--protocol NAME shows "
        "another)"
        for metric, number in hidden.items()
        if number > 1
    ]
    return shown, notes


def _is_asked(key: Key, protocols: Sequence[str], frames: Sequence[int]) -> bool:
    name, length = key
    is_named = not protocols or any(fnmatchcase(name, pattern) for pattern in protocols)
    return is_named and (not frames or length in frames)


def _check_asked(keys: Mapping[Key, None], protocols: Sequence[str], frames: Sequence[int]) -> None:
    names = dict.fromkeys(name for name, _ in keys)
    for pattern in protocols:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise unknown("protocol in the records", pattern, names, error=UsageError, where="--protocol")
    lengths = sorted({length for _, length in keys})
    for length in frames:
        if length not in lengths:
            raise UsageError(
                "no record has clips of this length",
                expected=f"one of {', '.join(map(str, lengths))}",
                found=str(length),
                where="--frames",
            )


def _nothing_common(
    curves: Mapping[str, Mapping[Key, Measurement]], protocols: Sequence[str], frames: Sequence[int]
) -> VidmbenchError:
    """The error where records share no protocol, or none at one length."""
    asked = {name: [key for key in found if _is_asked(key, protocols, frames)] for name, found in curves.items()}
    names = [{protocol for protocol, _ in keys} for keys in asked.values()]
    differ = "protocols" if not set.intersection(*names) else "clip lengths"
    lines = []
    for name, keys in asked.items():
        words = _listed(dict.fromkeys(f"{protocol} of {length} frames" for protocol, length in keys))
        lines.append(f"{name}: {words or 'nothing that was asked for'}")
    return ResultError(
        f"the records are of different {differ}: their curves do not compare",
        expected="one protocol at one clip length in all records",
        found="; ".join(lines),
        fix="score all models by one protocol at one --frames, or give fewer records",
    )


def _check_comparable(panel: Panel) -> None:
    """Refuses curves whose recipes differ: other real videos, context, counts.

    Raises:
        ResultError: They do.
    """
    first = panel.first
    for line in panel.lines[1:]:
        ignored = _OF_MODELS if line.is_reference or first.is_reference else ()
        one, other = (_recipe(item.measurement, ignored) for item in (first, line))
        differ = [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]
        if not differ and line.curve.frames != first.curve.frames:
            differ = ["frames"]
            one, other = ({"frames": f"{c.first_frame}-{c.last_frame}"} for c in (first.curve, line.curve))
        if differ:
            words = [
                f"{_WORDS.get(key, key)} {one.get(key, 'none')} against {other.get(key, 'none')}" for key in differ
            ]
            raise ResultError(
                f"these curves of {first.measurement.protocol} do not compare",
                expected="records that differ in the model only: the same real videos, context and counts",
                found="; ".join(words),
                where=f"{first.record.run_id} and {line.record.run_id}",
                fix="score both in one way, or plot them in figures of their own",
            )


def _recipe(measurement: Measurement, ignored: Sequence[str]) -> dict[str, str]:
    """What decides comparability, field by field."""
    fields = recipe_without(measurement.signature, *ignored).split(" | ")[1:]
    return {key: value for key, _, value in (field.partition(":") for field in fields)}


def _labels(records: Sequence[RunRecord]) -> dict[str, str]:
    """The model of each run; with the beginning of the run's name where several are of one model."""
    models = [record.model for record in records]
    return {
        record.run_id: record.model
        if models.count(record.model) == 1
        else f"{record.model} ({record.run_id.partition('_')[0]})"
        for record in records
    }


def _notes(panels: Sequence[Panel]) -> Iterator[str]:
    for panel in panels:
        static = panel.baseline
        models = [line for line in panel.lines if not line.is_reference]
        if models and static is None:
            yield (
                "without a static control, below which a prediction is worth nothing: vidmbench score REAL "
                "control:static --out DIR, with the options of the models"
            )
        if static is not None and panel.is_shown_target(static, panel.frames[0]):
            yield "frame 1 of control:static is the target itself and is not compared: --context says what was given"
        for line in panel.lines:
            if counts := line.curve.num_videos:
                fewer = next(place for place, number in enumerate(counts) if number != counts[0])
                yield f"{line.label} has {counts[0]} videos up to frame {panel.frames[fewer] - 1} and fewer behind it"
            if number := line.curve.values.count(None):
                equal = counted(number, "frame")
                yield f"{panel.title.split()[0]} of {line.label} is infinite at {equal}: some predictions equal targets"


def _listed(names: Mapping[str, None]) -> str:
    found = list(names)
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
