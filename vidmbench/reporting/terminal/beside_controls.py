"""What ``compare --controls`` prints: a row for each protocol, the scored videos and the controls beside each other."""

from collections.abc import Sequence

from vidmbench.core.text import printable
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.metrics import better_of
from vidmbench.reporting.terminal.columns import aligned, without_constants
from vidmbench.reporting.terminal.numbers import Row, heading, interval_lines
from vidmbench.reporting.terminal.signatures import signature_lines
from vidmbench.sources.names import control_kind

_KEPT = ("Metric", "Protocol")
_NONE = "-"


def controls_text(records: Sequence[RunRecord], *, is_verbose: bool = False) -> str:
    """A row for each number.

    Args:
        records: That of the scored videos, then one for each control: the same measurements in the same order.
        is_verbose: Whether signatures follow in full.
    """
    scored, controls = records[0], records[1:]
    rows = [Row(scored, item) for item in scored.measurements]
    names = ("Frames", "N", "Precision")
    cells = []
    for row, *others in zip(rows, *(control.measurements for control in controls), strict=True):
        _, frames, metric, value, counts, protocol, precision, _ = row.cells()
        digits = None if row.measurement.value is None else row.measurement.decimals
        values = (_number(other, digits) for other in others)
        cells.append((metric, protocol, frames, counts, precision, value, *values))
    kinds = [control_kind(control.model) or control.model for control in controls]
    header, body, common = without_constants(
        ("Metric", "Protocol", *names, scored.model, *kinds), cells, keep=(*_KEPT, scored.model, *kinds)
    )
    for number in range(len(body) - 1, 0, -1):
        if body[number][0] == body[number - 1][0]:
            body[number][0] = ""
    lines = [heading(rows, common), *aligned([header, *body])]
    lines += interval_lines([*rows, *(Row(control, item) for control in controls for item in _failed(control))])
    lines += _worse_than(scored, controls)
    if is_verbose:
        lines += ["", *signature_lines(records)]
    return "\n".join(map(printable, lines))


def _number(item: Measurement, digits: int | None) -> str:
    """The value alone: a scale needs no interval, and six of them fit no line."""
    return _NONE if item.value is None else f"{item.value:.{item.decimals if digits is None else digits}f}"


def _failed(record: RunRecord) -> list[Measurement]:
    return [item for item in record.measurements if item.status == "failed"]


def _worse_than(scored: RunRecord, controls: Sequence[RunRecord]) -> list[str]:
    """How often the videos score worse than a control without motion."""
    lines = []
    for control in controls:
        if control_kind(control.model) != "static":
            continue
        pairs = [
            (item, other)
            for item, other in zip(scored.measurements, control.measurements, strict=True)
            if item.value is not None and other.value is not None
        ]
        worse = [item.protocol for item, other in pairs if _is_worse(item, other)]
        if worse:
            lines.append(
                f"{scored.model} scores worse than control:static, which shows no motion, in {len(worse)} of "
                f"{len(pairs)} rows"
            )
    return lines


def _is_worse(item: Measurement, other: Measurement) -> bool:
    assert item.value is not None
    assert other.value is not None
    return item.value < other.value if better_of(item) == "higher" else item.value > other.value
