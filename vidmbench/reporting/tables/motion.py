"""The profile of motion: for each number what the scored videos and controls have, and which controls it notices."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import ResultError
from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.metrics import better_of, metric_label, with_arrow
from vidmbench.sources.names import control_kind

#: The control that others are compared with.
_REFERENCE = "real"


@dataclass(frozen=True)
class MotionRow:
    """One number.

    Attributes:
        metric: Its name, such as ``flad``.
        protocol: The protocol.
        scored: The scored videos'; its value is None where it failed.
        controls: Each control's, by its kind.
    """

    metric: str
    protocol: str
    scored: Measurement
    controls: dict[str, Measurement]

    @property
    def label(self) -> str:
        """The metric as people write it, with the arrow that says which way is better."""
        return with_arrow(metric_label(self.metric), better_of(self.scored))

    @property
    def notices(self) -> tuple[str, ...] | None:
        """Controls whose interval does not meet that of other real videos; None where one of them is not known."""
        reference = self.controls.get(_REFERENCE)
        if reference is None or reference.interval is None:
            return None
        low, high = reference.interval
        others = {kind: item.interval for kind, item in self.controls.items() if kind != _REFERENCE}
        return tuple(kind for kind, ends in others.items() if ends is not None and (ends[1] < low or ends[0] > high))

    @property
    def values(self) -> dict[str, float]:
        """The value of each control that has one, but for other real videos."""
        given = {kind: item.value for kind, item in self.controls.items() if kind != _REFERENCE}
        return {kind: value for kind, value in given.items() if value is not None}

    @property
    def of_real(self) -> float | None:
        """What other real videos have; where there are none, the real videos themselves."""
        if _REFERENCE in self.controls:
            return self.controls[_REFERENCE].value
        better = better_of(self.scored)
        if better is None:
            return self.values.get("reversed")  # which has the same frames
        return max(self.values.values(), default=None) if better == "higher" else 0.0

    @property
    def farthest(self) -> str | None:
        """The control that is worst; where no value is better, the one farthest from real videos; None of equals."""
        better, real = better_of(self.scored), self.of_real
        if real is None or len({*self.values.values()}) < 2:
            return None
        sign = {"lower": 1.0, "higher": -1.0}

        def far(kind: str) -> float:
            return sign[better] * self.values[kind] if better else abs(self.values[kind] - real)

        return max(self.values, key=far)


def motion_rows(records: Sequence[RunRecord]) -> list[MotionRow]:
    """The profile in records of ``vidmbench motion``.

    Args:
        records: That of the scored videos, and those of controls, in any order.

    Raises:
        ResultError: There are no scored videos, or those of several models, or no controls.
    """
    controls = {kind: record for record in records if (kind := control_kind(record.model)) is not None}
    scored = [record for record in records if control_kind(record.model) is None]
    if len(scored) != 1 or not controls:
        raise ResultError(
            "these records do not make a profile of motion",
            expected="one of scored videos, and those of controls beside it",
            found=f"{len(scored)} of scored videos, {len(controls)} of controls",
            fix="vidmbench motion REAL FAKE --frames 16 --out DIR, then: vidmbench plot motion DIR",
        )
    rows = []
    for item in scored[0].measurements:
        key = item.metric, item.protocol, item.frames
        found = {
            kind: other
            for kind, record in controls.items()
            for other in record.measurements
            if (other.metric, other.protocol, other.frames) == key
        }
        rows.append(MotionRow(item.metric, item.protocol, item, found))
    return rows


def cells_of(rows: Sequence[MotionRow], model: str) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the table, for people.

    Args:
        rows: The profile.
        model: What the scored videos are called.
    """
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.controls))
    kinds.sort(key=lambda kind: kind != _REFERENCE)  # some rows alone may have it
    header = ["Metric", "Protocol", model, *kinds, "Worst", "Notices"]
    lines = []
    for row in rows:
        of_controls = [_value(row.controls.get(kind), row.scored) for kind in kinds]
        last = row.farthest or "-", _words(row.notices)
        lines.append([row.label, row.protocol, _value(row.scored), *of_controls, *last])
    return header, lines


def _value(item: Measurement | None, like: Measurement | None = None) -> str:
    if item is None or item.value is None:
        return "-" if item is None else "failed"
    decimals = item.decimals if like is None or like.value is None else max(like.decimals, 0)
    return f"{item.value:.{min(decimals, 4)}f}"


def _words(notices: tuple[str, ...] | None) -> str:
    return "not known" if notices is None else ", ".join(notices) or "none"


def motion_markdown(rows: Sequence[MotionRow], model: str) -> str:
    """The table for documents."""
    header, cells = cells_of(rows, model)
    ruler = [":--" if name in ("Metric", "Protocol", "Worst", "Notices") else "--:" for name in header]
    lines = [header, ruler, *cells]
    return "\n".join("| " + " | ".join(printable(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def motion_csv(rows: Sequence[MotionRow], model: str) -> str:
    """A line for each number of each source, in all digits."""
    lines: list[Sequence[object]] = [
        ("metric", "protocol", "frames", "source", "value", "low", "high", "worst", "notices", "signature_id")
    ]
    for row in rows:
        for source, item in ((model, row.scored), *((f"control:{kind}", each) for kind, each in row.controls.items())):
            low, high = item.interval or (None, None)
            noticed = None if row.notices is None else " ".join(row.notices)
            texts = (*map(spreadsheet_text, (row.metric, row.protocol)), item.frames, spreadsheet_text(source))
            lines.append((*texts, item.value, low, high, row.farthest, noticed, item.signature_id))
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue().rstrip("\n")


def motion_json(rows: Sequence[MotionRow]) -> list[dict[str, object]]:
    """What ``--json`` has under ``motion``."""
    return [
        {
            "metric": row.metric,
            "protocol": row.protocol,
            "value": row.scored.value,
            "controls": {kind: item.value for kind, item in row.controls.items()},
            "worst": row.farthest,
            "notices": None if row.notices is None else list(row.notices),
        }
        for row in rows
    ]
