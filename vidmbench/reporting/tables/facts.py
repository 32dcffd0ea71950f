"""From a measurement to a cell: its text, and everything to know about it, each under the kind of note that it is."""

import re
from collections.abc import Sequence

from vidmbench.records.measurement import Measurement
from vidmbench.records.record import RunRecord
from vidmbench.reporting.tables.values import Cell, Note, Subject
from vidmbench.sources.names import is_reference

#: Kinds of notes that are about one number and never about a whole table.
ALONE = ("failed", "comparison", "runs", "not shown")
#: Kinds that the caption puts in words of its own, in this order.
SHARED = (
    "metric",
    "dataset",
    "pixels",
    "frames",
    "stride",
    "context",
    "counts",
    "protocol",
    "precision",
    "version",
    "interval",
)
#: How the kinds of a measurement's own warnings begin.
WARNING = "warning "
_NUMBER = re.compile(r"\d+")
# A footnote of no use: prediction and target have one name, but for what all names of a side share.
_IS_USUAL = re.compile(r"paired by name(: [^;]*)?")


def number_cell(pairs: Sequence[tuple[RunRecord, Measurement]], decimals: int | None = None) -> Cell:
    """The latest of several measurements with one signature; a failed one only if none succeeded.

    Args:
        pairs: The measurements with their records, oldest first; at least one.
        decimals: Digits after the decimal point of a number without an interval.
    """
    good = [pair for pair in pairs if pair[1].status == "ok" and pair[1].value is not None]
    record, measurement = (good or pairs)[-1]
    subject = Subject(measurement.metric, data_of(record), measurement.frames, measurement.protocol)
    counts = (measurement.num_real, measurement.num_fake)
    if not good:
        reason = Note("failed", measurement.text())
        return Cell(
            "failed",
            "failed",
            details=(reason,),
            counts=counts,
            subject=subject,
            run_id=record.run_id,
            signature=measurement.signature,
            signature_id=measurement.signature_id,
        )
    details = facts_of(record, measurement)
    if len({pair[1].value for pair in good}) > 1:
        details += (Note("runs", f"the latest of {len(good)} runs with this signature: {record.run_id}"),)
    return Cell(
        "measured",
        measured_text(measurement, decimals),
        details=details,
        value=measurement.value,
        interval=measurement.interval,
        spread=measurement.spread,
        counts=counts,
        subject=subject,
        run_id=record.run_id,
        signature=measurement.signature,
        signature_id=measurement.signature_id,
        compared=f"measured #{measurement.signature_id}" if _competes(record, measurement) else "",
    )


def measured_text(measurement: Measurement, decimals: int | None = None) -> str:
    """A measured number with at most one ±: that of its interval, or else of its spread.

    Args:
        measurement: A measurement with a value.
        decimals: Digits after the decimal point of a number without an interval.
    """
    value = measurement.value or 0.0
    if measurement.interval is not None:
        return measurement.model_copy(update={"spread": None, "spread_kind": None}).text()
    digits = measurement.decimals if decimals is None or _has_spread(measurement) else decimals
    if _has_spread(measurement):
        return f"{value:.{digits}f} ± {measurement.spread:.{digits}f}"
    text = f"{value:.{digits}f}"
    return text if float(text) or not value else f"{value:.3g}"


def _has_spread(measurement: Measurement) -> bool:
    return bool(measurement.spread) and not measurement.has_equal_parts


def facts_of(record: RunRecord, measurement: Measurement) -> tuple[Note, ...]:
    """Everything to know about a number but its signature."""
    size = measurement.real.size
    facts = [
        Note("dataset", data_of(record)),
        Note("pixels", f"{size[0]} x {size[1]} pixels" if size else ""),
        Note("stride", f"every {measurement.stride}th frame" if measurement.stride > 1 else ""),
        Note("context", f"{measurement.context} frames given" if measurement.context else ""),
        Note("counts", counts_of(measurement)),
        Note("protocol", measurement.protocol),
        Note("precision", measurement.precision),
        Note("version", f"vidmbench {signature_field(measurement.signature, 'v')}"),
        Note("interval", _interval_words(measurement)),
    ]
    # Of two warnings that differ in numbers alone, one footnote speaks.
    warnings: dict[str, list[str]] = {}
    for warning in measurement.warnings:
        if not warning.startswith("no interval: ") and not _IS_USUAL.fullmatch(warning):
            warnings.setdefault(_NUMBER.sub("#", warning), []).append(warning.rstrip("."))
    return (*facts, *(Note(f"{WARNING}{kind}", "; ".join(texts)) for kind, texts in warnings.items()))


def counts_of(measurement: Measurement) -> str:
    """``N = 24 + 24``: real and scored clips; of a metric without a real side only these."""
    if not measurement.num_real:
        return f"N = {measurement.num_fake}"
    return f"N = {measurement.num_real} + {measurement.num_fake}"


def data_of(record: RunRecord) -> str:
    """The real side, with its split."""
    return f"{record.dataset}@{record.split}" if record.split else record.dataset


def signature_field(signature: str, key: str) -> str:
    """One field of a long signature; ``?`` where it has none.

    Args:
        signature: The long form.
        key: Such as ``v``.
    """
    fields = dict(field.partition(":")[::2] for field in signature.split(" | "))
    return fields.get(key, "?")


def _interval_words(measurement: Measurement) -> str:
    if measurement.interval is not None:
        level = (measurement.interval_kind or "").rpartition("-")[2]
        return f"{level} % interval at this N" if level.isdecimal() else "interval at this N"
    reason = measurement.interval_reason or next(
        (text for text in measurement.warnings if text.startswith("no interval: ")), "no interval"
    )
    reason = reason if reason.startswith("no interval") else f"no interval: {reason}"
    if _has_spread(measurement):
        return f"{measurement.spread_kind or 'spread'}, not an interval"
    return reason.rstrip(".")


def _competes(record: RunRecord, measurement: Measurement) -> bool:
    """Whether a number may be marked as best: not of a control, and not of videos that continue given frames."""
    has_given_frames = any(
        note.startswith("first frames: ") and not note.startswith("first frames: generated")
        for note in measurement.warnings
    )
    return not is_reference(record.model) and not has_given_frames
