"""The rows that a finished run prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.text import printable
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.text import pipe_table

#: Printed wherever an interval is.
INTERVAL = "± or [low, high]: 95 % interval of the expected value at these counts, bias included (docs/uncertainty.md)."
_OF_MEANS = "±: 95 % interval of the mean over {units} (docs/uncertainty.md)."
_UNITS = ("videos", "scenes")
_IN_SEEDS = " and seeds"  # of the mean over several runs of a model


@dataclass(frozen=True)
class ResultRows:
    """What a run prints: one row per measurement, and the long signatures below.

    Attributes:
        header: The columns.
        rows: The cells as printed.
        signatures: One line per row.
        legend: What the numbers behind the values are.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    signatures: tuple[str, ...]
    legend: str = ""

    def to_markdown(self) -> str:
        """The table, and below it the signatures."""
        table = pipe_table([self.header, *self.rows], right_aligned=())
        legend = [self.legend, ""] if self.legend else []
        return (
            "\n".join([table, "", *legend, *map(printable, self.signatures)]) + "\n"
            if self.rows
            else "no measurements\n"
        )


def measurement_rows(records: Sequence[RunRecord]) -> ResultRows:
    """The rows that a finished run prints.

    Args:
        records: Records, in the order of printing.

    Returns:
        One row per measurement; the column of numbers is named after the metric where there is only one.
    """
    pairs = [(record, measurement) for record in records for measurement in record.measurements]
    metrics = {measurement.metric for _, measurement in pairs}
    has_several = len(metrics) > 1
    header = ("Model", "Dataset", "Frames", *(("Metric",) if has_several else ()))
    header += ("Value" if has_several or not pairs else metrics.pop().upper(), "N (real/fake)", "Protocol")
    rows, signatures = [], []
    for record, measurement in pairs:
        dataset = f"{record.dataset}@{record.split}" if record.split else record.dataset
        metric = (measurement.metric.upper(),) if has_several else ()
        counts = f"{measurement.num_real}/{measurement.num_fake}"
        name = (record.model, dataset, str(measurement.frames), *metric)
        rows.append((*name, measurement.text(), counts, measurement.protocol))
        signature = f"{measurement.signature}  #{measurement.signature_id}"
        signatures.append(f"{record.model}, {measurement.frames} frames: {signature}")
    return ResultRows(header, tuple(rows), tuple(signatures), interval_legend([item for _, item in pairs]))


def interval_legend(measurements: Sequence[Measurement]) -> str:
    """What ± and brackets mean; empty where no measurement has an interval."""
    kinds = [(measurement.interval_kind or "").split("-") for measurement in measurements if measurement.interval]
    units = [_unit_of(kind) for kind in kinds]
    if all(units):
        return _OF_MEANS.format(units=" or ".join(dict.fromkeys(units))) if units else ""
    return INTERVAL


def _unit_of(kind: Sequence[str]) -> str:
    """What an interval of a mean is over; empty for other intervals."""
    unit = next((unit for unit in _UNITS if unit in kind), "")
    return f"{unit}{_IN_SEEDS}" if unit and "seeds" in kind else unit
