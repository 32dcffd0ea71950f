"""The best of 1, 2, ... predictions as a table for people, and as CSV and JSON for programs."""

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.evaluation.studies.best_of import BestOf
from vidmbench.reporting.tables.metrics import metric_label, with_arrow
from vidmbench.reporting.terminal.columns import aligned

_COLUMNS = ("model", "dataset", "protocol", "metric", "frames", "predictions", "of", "value", "low", "high",
            "signature_id")  # fmt: skip


def best_of_text(curves: Sequence[BestOf]) -> str:
    """A column for each metric and model, a row for each number of predictions."""
    if not curves:
        return ""
    most = max(len(curve.points) for curve in curves)
    models = {curve.model for curve in curves}
    heads = [
        f"{with_arrow(metric_label(curve.measurement.metric), _better(curve))} {curve.measurement.protocol}"
        + (f" t{curve.measurement.frames}" if len({each.measurement.frames for each in curves}) > 1 else "")
        + (f" {curve.model}" if len(models) > 1 else "")
        for curve in curves
    ]
    rows = [[str(number), *(_cell(curve, number) for curve in curves)] for number in range(1, most + 1)]
    lines = [
        "best of k predictions, the mean over all choices of k: compare only at equal k",
        *aligned([["k", *heads], *rows]),
    ]
    return "\n".join(map(printable, lines))


def _better(curve: BestOf) -> Any:
    spec = curve.measurement.by_frame
    return None if spec is None else spec.better


def _cell(curve: BestOf, number: int) -> str:
    if number > len(curve.points):
        return ""
    value, interval = curve.points[number - 1]
    if not math.isfinite(value):
        return "infinite"
    if interval is None:
        return f"{value:.4g}"
    half = (interval.high - interval.low) / 2
    decimals = min(8, max(0, 1 - math.floor(math.log10(half)))) if half > 0 else 4
    return f"{value:.{decimals}f} ± {half:.{decimals}f}"


def best_of_rows(curves: Sequence[BestOf]) -> list[dict[str, Any]]:
    """One row for each number of predictions; None for an infinite value and where there is no interval."""
    return [
        dict(
            zip(
                _COLUMNS,
                (
                    *(curve.model, curve.dataset, curve.measurement.protocol, curve.measurement.metric),
                    *(curve.measurement.frames, number, len(curve.points), value if math.isfinite(value) else None),
                    *((None, None) if interval is None else (interval.low, interval.high)),
                    curve.measurement.signature_id,
                ),
                strict=True,
            )
        )
        for curve in curves
        for number, (value, interval) in enumerate(curve.points, start=1)
    ]


def best_of_file(curves: Sequence[BestOf], suffix: str) -> str:
    """The rows as a file's text.

    Args:
        curves: What is shown.
        suffix: ``.csv`` or ``.json``.
    """
    rows = best_of_rows(curves)
    if suffix == ".json":
        return json.dumps({"best_of": rows}, indent=2, allow_nan=False) + "\n"
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        cells = ("" if cell is None else cell for cell in row.values())
        writer.writerow([spreadsheet_text(cell) if isinstance(cell, str) else cell for cell in cells])
    return stream.getvalue()
