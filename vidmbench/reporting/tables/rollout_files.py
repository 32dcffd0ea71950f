"""Curves along long videos: in Markdown for people, in CSV for programs."""

import csv
import io
from collections.abc import Iterator, Sequence
from math import floor, log10

from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.records.curve import Mean
from vidmbench.reporting.tables.curve_files import number_text
from vidmbench.reporting.tables.rollout import Line, Panel
from vidmbench.reporting.tables.text import pipe_table

COLUMNS = (
    "quantity", "metric", "protocol", "better", "model", "side", "first_frame", "last_frame", "value", "low", "high",
    "interval_kind", "num_videos", "window", "step", "frames", "signature_id", "run_id",
)  # fmt: skip
_MOST_DIGITS = 4


def rollouts_markdown(panels: Sequence[Panel]) -> str:
    """A table for each panel: a row for each window, a column for each model; below it the changes."""
    blocks = []
    for panel in panels:
        digits = decimals_of(panel)
        rows = [["Frames", *(line.label for line in panel.lines)]]
        for place in range(len(panel.first.values)):
            cells = [
                value_text(line.curve.values[place], line.curve.half_widths[place], digits) for line in panel.lines
            ]
            rows.append([panel.frames_text(place), *cells])
        rows.append(["change", *(mean_text(line.curve.change, digits, signed=True) for line in panel.lines)])
        rows.append(["departs at", *(departure_text(line) for line in panel.lines)])
        if panel.first.drift is not None:
            rows.append(["first against last", *(mean_text(line.curve.drift, digits) for line in panel.lines)])
            rows.append(
                ["the same of real videos", *(mean_text(line.curve.real_drift, digits) for line in panel.lines)]
            )
        table = pipe_table(rows, right_aligned=range(1 + len(panel.lines)))
        blocks += [f"**{printable(panel.heading)}**", "", table, ""]
    return "\n".join([*blocks, f"{interval_words(panels)}\n"])


def rollouts_csv(panels: Sequence[Panel]) -> str:
    """A line for each model and window, its change and its drift, with the columns :data:`COLUMNS`."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for panel in panels:
        for line in panel.lines:
            curve, windows = line.curve, panel.rollout
            for quantity, frames, mean in _numbers(panel, line):
                value, half = mean
                ends = ("", "") if value is None or half is None else (f"{value - half:.7g}", f"{value + half:.7g}")
                writer.writerow(
                    [
                        quantity, spreadsheet_text(curve.metric), spreadsheet_text(curve.protocol), curve.better or "",
                        spreadsheet_text(line.label), curve.side, *frames, "" if value is None else repr(value), *ends,
                        spreadsheet_text(curve.interval_kind or "") if ends[0] else "", curve.num_videos,
                        windows.window, windows.step, windows.frames, line.measurement.signature_id,
                        spreadsheet_text(line.record.run_id),
                    ]
                )  # fmt: skip
    return stream.getvalue()


def _numbers(panel: Panel, line: Line) -> Iterator[tuple[str, tuple[int, int], Mean]]:
    """Each number of a curve: what it is, its frames, and its value."""
    curve = line.curve
    for place, value in enumerate(curve.values):
        yield "value", panel.frames_of(place), (value, curve.half_widths[place])
    whole = panel.frames_of(0)[0], panel.frames_of(len(curve.values) - 1)[1]
    for quantity, mean in (
        ("change", curve.change), ("first against last", curve.drift), ("real first against last", curve.real_drift),
    ):  # fmt: skip
        if mean is not None:
            yield quantity, whole, mean


def interval_words(panels: Sequence[Panel]) -> str:
    """What ± means, or why it is missing, and what a departure is."""
    has_interval = any(line.curve.interval_kind for panel in panels for line in panel.lines)
    if not has_interval:
        return "No intervals: too few videos, or numbers that have none."
    return (
        "±: 95 % interval over videos. Departs at: the first frame of the first window from which on the change from "
        "the first window has an interval without 0; where real videos have a curve, the change beyond theirs."
    )


def departure_text(line: Line) -> str:
    """Where a curve departs: ``frame 33``, ``never``, or a dash for real videos and without intervals."""
    curve = line.curve
    if curve.side == "real" or curve.interval_kind is None:
        return "-"
    return "never" if curve.departs_at is None else f"frame {curve.departs_at}"


def mean_text(mean: Mean | None, digits: int, *, signed: bool = False) -> str:
    """A mean with its interval; a dash for none.

    Args:
        mean: Value and half the width of its interval.
        digits: Digits after the point.
        signed: Whether it is a change, whose sign is written.
    """
    if mean is None or mean[0] is None:
        return "-"
    text = value_text(mean[0], mean[1], digits)
    return f"+{text}" if signed and not text.startswith("-") and float(text.split()[0]) else text


def value_text(value: float | None, half_width: float | None, digits: int) -> str:
    """A value with its interval; ``-`` for none."""
    return "-" if value is None else number_text(value, half_width, digits)


def decimals_of(panel: Panel) -> int:
    """Digits after the point that hold two digits of the usual interval of a panel's values."""
    halves = sorted(half for line in panel.lines for half in line.curve.half_widths if half and half > 1e-9)
    values = [abs(value) for line in panel.lines for value in line.curve.values if value]
    number = halves[len(halves) // 2] if halves else min(values, default=1.0) / 10
    return min(_MOST_DIGITS, max(0, 1 - floor(log10(number)))) if number > 0 else _MOST_DIGITS
