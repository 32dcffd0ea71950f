"""The table of ``compare`` for documents and programs: Markdown and CSV, every cell filled."""

import csv
import io
from collections.abc import Mapping

from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.records.record import RunRecord
from vidmbench.reporting.terminal.comparison import compared, header_of
from vidmbench.reporting.terminal.numbers import interval_lines

_COLUMNS = (
    *("metric", "family", "protocol", "frames", "value", "low", "high", "spread", "vs_default"),
    *("num_real", "num_fake", "precision", "differs", "signature_id"),
)


def comparison_markdown(record: RunRecord, families: Mapping[str, str]) -> str:
    """A row for each number, by metric and family.

    Args:
        record: The record of the comparison.
        families: The family of each protocol by its name.
    """
    numbers = compared(record, families)
    header, rows = header_of(numbers), [each.cells for each in numbers]
    used = [place for place in range(len(header)) if any(row[place] for row in rows)]
    right = {"Frames", "Value", "vs default", "N"}
    lines = [[header[place] for place in used], ["--:" if header[place] in right else ":--" for place in used]]
    lines += [[row[place] for place in used] for row in rows]
    table = ["| " + " | ".join(printable(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    first = numbers[0].row.record
    notes = interval_lines([each.row for each in numbers])
    return "\n".join([printable(f"{first.model} vs {first.dataset}"), "", *table, "", *(f"- {note}" for note in notes)])


def comparison_csv(record: RunRecord, families: Mapping[str, str]) -> str:
    """A line for each number, in all digits; ``vs_default`` is the change as a share: 0.05 is 5 % more.

    Args:
        record: The record of the comparison.
        families: The family of each protocol by its name.
    """
    lines: list[tuple[object, ...]] = [_COLUMNS]
    for each in compared(record, families):
        item = each.row.measurement
        low, high = item.interval or (None, None)
        texts = (item.metric, each.family, item.protocol)
        numbers = (item.frames, item.value, low, high, item.spread, 0.0 if each.is_default else each.change)
        rest = (item.num_real, item.num_fake, item.precision, spreadsheet_text(each.words), item.signature_id)
        lines.append((*map(spreadsheet_text, texts), *numbers, *rest))
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue().rstrip("\n")
