"""Numbers as papers print them: results/published, one row per cell."""

import csv
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.records.fields import problems_in


class PublishedValue(BaseModel):
    """One cell of a published table (a row of results/published/*.csv).

    Attributes:
        table: The table it is in, such as ``table1``.
        dataset: Data set as printed.
        resolution: Pixels, square.
        frames: Frames of a clip; 1 for image metrics.
        split: Split of the real side, or ``unstated``.
        class_conditional: ``true``, ``false``, ``unstated`` or ``uncertain``.
        method: The system.
        venue: Where the system was published.
        metric: Metric as it should be read; a corrected label is stated in the note.
        value: The number, or None where none was printed.
        stderr: Spread printed with it.
        source: Who made the number.
        note: Notes separated by `` // ``; each is a footnote if the cell is flagged.
        printed: The cell exactly as printed, so that 35.20 does not become 35.2.
        flag: What is wrong with the cell, for programs; empty if nothing is. ``misprinted``: wrong in print;
            ``repaired``: digits lost in extraction, taken from a second source; ``doubtful``; ``other-protocol``:
            made in another way than its neighbours; ``duplicate``: repeats another cell; ``not-printed``: no value.
        reading: How reliably the print was read, and what confirms it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    table: str
    dataset: str
    resolution: int
    frames: int
    split: str
    class_conditional: str
    method: str
    venue: str
    metric: str
    value: float | None
    stderr: float | None
    source: str
    note: str
    printed: str
    flag: Literal["", "misprinted", "repaired", "doubtful", "other-protocol", "duplicate", "not-printed"]
    reading: str

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes one by one."""
        return tuple(self.note.split(" // ")) if self.note else ()


@cache
def published_values(table: str) -> tuple[PublishedValue, ...]:
    """All cells of one published table.

    Args:
        table: The CSV's name without suffix in results/published, such as ``table1``.

    Raises:
        ResultError: No such table, another encoding, other columns, or an invalid row.
    """
    path = resources.results_dir() / "published" / f"{table}.csv"
    columns, header = list(PublishedValue.model_fields), list[str]()
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise ResultError("no such published table", found=str(error), where=str(path)) from error
    except (OSError, ValueError, csv.Error) as error:
        raise ResultError(
            "a published table cannot be read",
            expected="CSV in UTF-8",
            found=str(error),
            where=str(path),
            fix="save it as CSV in UTF-8, with commas",
        ) from error
    if sorted(header) != sorted(columns):
        raise ResultError(
            "a published table has other columns",
            expected=", ".join(columns),
            found=", ".join(header) or "no columns",
            where=f"{path}:1",
            fix="give it these columns, separated by commas",
        )
    values = []
    for number, row in rows:
        try:
            if None in row or None in row.values():
                raise ValueError(f"another number of cells than the header's {len(columns)}")
            values.append(
                PublishedValue.model_validate({**row, "value": row["value"] or None, "stderr": row["stderr"] or None})
            )
        except ValueError as error:
            raise ResultError(
                "a row of a published table is invalid",
                expected=f"a value for each of {', '.join(columns)}",
                found=problems_in(error),
                where=f"{path}:{number}",
                fix="correct the row",
            ) from error
    return tuple(values)
