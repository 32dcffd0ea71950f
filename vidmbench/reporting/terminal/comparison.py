"""What ``compare`` prints: the same two sources by every protocol, each number relative to that of the default one."""

from vidmbench.core.text import printable
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.terminal.columns import aligned, without_constants
from vidmbench.reporting.terminal.numbers import Row, differences, heading, interval_lines, is_paired
from vidmbench.reporting.terminal.signatures import signature_lines

_DIFFERS = f"What differs from {DEFAULT_PROTOCOL}"
_RECIPE = "What is compared, and how"
_HEADER = ("Metric", "Frames", "Value", "vs default", "N", "Protocol", "Precision", _DIFFERS)
# Relative to the default's number: less is shown as the same.
_SAME = 5e-4


def comparison_text(record: RunRecord, *, is_verbose: bool = False) -> str:
    """A row for each number.

    Args:
        record: The record of the comparison.
        is_verbose: Whether signatures follow in full.
    """
    rows = sorted(
        (Row(record, item) for item in record.measurements),
        key=lambda row: (row.measurement.protocol != DEFAULT_PROTOCOL,),
    )
    metrics = list(dict.fromkeys(row.metric for row in rows))
    rows.sort(key=lambda row: metrics.index(row.metric))
    defaults = {
        (row.measurement.metric, row.measurement.frames): row.measurement
        for row in rows
        if row.measurement.protocol == DEFAULT_PROTOCOL
    }
    cells = [_cells(row, defaults) for row in rows]
    differs = _RECIPE if all(is_paired(row.measurement) for row in rows) else _DIFFERS
    header, body, common = without_constants((*_HEADER[:-1], differs), cells, keep=("Metric", "Value", "Protocol"))
    for number in range(len(body) - 1, 0, -1):
        for name in set(header) & {"Metric", differs}:
            place = header.index(name)
            is_repeated = name == "Metric" or rows[number].measurement.protocol == rows[number - 1].measurement.protocol
            if is_repeated and body[number][place] == body[number - 1][place]:
                body[number][place] = ""
    common.pop(differs, None)
    lines = [heading(rows, common), *aligned([header, *body]), *interval_lines(rows)]
    if is_verbose:
        lines += ["", *signature_lines([record])]
    return "\n".join(map(printable, lines))


def _cells(row: Row, defaults: dict[tuple[str, int], Measurement]) -> tuple[str, ...]:
    item = row.measurement
    words = "; ".join(differences([item]))
    _, frames, metric, value, counts, protocol, precision, _ = row.cells()
    return metric, frames, value, _relative(item, defaults), counts, protocol, precision, words


def _relative(item: Measurement, defaults: dict[tuple[str, int], Measurement]) -> str:
    """How far from the default protocol's number, in percent; empty where that is of another metric."""
    default = defaults.get((item.metric, item.frames))
    if default is item:
        return "(default)"
    if default is None or not default.value or item.value is None:
        return ""
    change = item.value / default.value - 1
    return "same" if abs(change) < _SAME else f"{100 * change:+.1f} %"
