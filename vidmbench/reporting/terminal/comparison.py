"""What ``compare`` prints: the same two sources by every protocol, each number relative to that of the default one."""

from collections.abc import Mapping
from dataclasses import dataclass

from vidmbench.core.text import printable
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.terminal.columns import aligned, without_constants
from vidmbench.reporting.terminal.numbers import Row, differences, heading, interval_lines, is_paired
from vidmbench.reporting.terminal.signatures import signature_lines

_DIFFERS = f"What differs from {DEFAULT_PROTOCOL}"
_RECIPE = "What is compared, and how"
_HEADER = ("Metric", "Family", "Frames", "Value", "vs default", "N", "Protocol", "Precision")
# Relative to the default's number: less is shown as the same.
_SAME = 5e-4
# The family of protocols whose files name none.
_NO_FAMILY = "others"


@dataclass(frozen=True)
class Compared:
    """One number of a comparison.

    Attributes:
        row: The number.
        family: That of its protocol.
        is_default: Whether it is the default protocol's.
        change: Its value relative to the default protocol's, less 1; None where that is of another metric or clip
            length, or one of the two has no value.
        words: In what its protocol differs from the default one.
    """

    row: Row
    family: str
    is_default: bool
    change: float | None
    words: str

    @property
    def relative(self) -> str:
        """How far from the default protocol's number, in percent; empty where that is not known."""
        if self.is_default:
            return "(default)"
        if self.change is None:
            return ""
        return "same" if abs(self.change) < _SAME else f"{100 * self.change:+.1f} %"

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of the header."""
        _, frames, metric, value, counts, protocol, precision, _ = self.row.cells()
        return metric, self.family, frames, value, self.relative, counts, protocol, precision, self.words


def compared(record: RunRecord, families: Mapping[str, str]) -> list[Compared]:
    """The numbers by metric and family; the default protocol's comes first, and its metric and family.

    Args:
        record: The record of the comparison.
        families: The family of each protocol by its name.
    """
    defaults = {(item.metric, item.frames): item for item in record.measurements if item.protocol == DEFAULT_PROTOCOL}
    found = [
        Compared(
            row=Row(record, item),
            family=families.get(item.protocol) or _NO_FAMILY,
            is_default=item.protocol == DEFAULT_PROTOCOL,
            change=_change(item, defaults.get((item.metric, item.frames))),
            words="; ".join(differences([item])),
        )
        for item in record.measurements
    ]
    found.sort(key=lambda each: not each.is_default)
    metrics = list(dict.fromkeys(each.row.metric for each in found))
    first = families.get(DEFAULT_PROTOCOL)
    found.sort(key=lambda each: (metrics.index(each.row.metric), each.family != first, each.family.lower()))
    return found


def _change(item: Measurement, default: Measurement | None) -> float | None:
    if default is None or not default.value or item.value is None:
        return None
    return item.value / default.value - 1


def header_of(numbers: list[Compared]) -> tuple[str, ...]:
    """Names of the columns of :attr:`Compared.cells`."""
    return (*_HEADER, _RECIPE if all(is_paired(each.row.measurement) for each in numbers) else _DIFFERS)


def comparison_text(record: RunRecord, families: Mapping[str, str], *, is_verbose: bool = False) -> str:
    """A row for each number.

    Args:
        record: The record of the comparison.
        families: The family of each protocol by its name.
        is_verbose: Whether signatures follow in full.
    """
    numbers = compared(record, families)
    rows, names = [each.row for each in numbers], header_of(numbers)
    header, body, common = without_constants(
        names, [each.cells for each in numbers], keep=("Metric", "Value", "Protocol")
    )
    _leave_out_repetitions(header, body, [row.measurement.protocol for row in rows])
    common.pop(names[-1], None)
    lines = [heading(rows, common), *aligned([header, *body]), *interval_lines(rows)]
    if is_verbose:
        lines += ["", *signature_lines([record])]
    return "\n".join(map(printable, lines))


def _leave_out_repetitions(header: list[str], body: list[list[str]], protocols: list[str]) -> None:
    """Empties cells that say what the row above says: the metric, the family in it, the words of one protocol."""
    places = {name: header.index(name) for name in ("Metric", "Family", _DIFFERS, _RECIPE) if name in header}
    for number in range(len(body) - 1, 0, -1):
        row, above = body[number], body[number - 1]
        is_one_protocol = protocols[number] == protocols[number - 1]
        is_one_metric = row[places["Metric"]] == above[places["Metric"]]
        for name, place in places.items():
            is_repeated = name == "Metric" or is_one_protocol or (name == "Family" and is_one_metric)
            if is_repeated and row[place] == above[place]:
                row[place] = ""
