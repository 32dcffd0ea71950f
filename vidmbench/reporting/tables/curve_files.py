"""Curves frame by frame: in Markdown for people, in CSV for programs."""

import csv
import io
from collections.abc import Sequence

from vidmbench.core.text import printable, spreadsheet_text
from vidmbench.reporting.tables.curve_panels import Panel, decimals_of
from vidmbench.reporting.tables.text import pipe_table

COLUMNS = (
    "metric", "protocol", "better", "model", "frame", "value", "low", "high", "interval_kind", "num_videos", "frames",
    "context", "signature_id", "run_id",
)  # fmt: skip


def curves_markdown(panels: Sequence[Panel]) -> str:
    """A table for each panel: a row for each frame, a column for each model."""
    blocks = []
    for panel in panels:
        digits = decimals_of(panel)
        lines = [["Frame", *(line.label for line in panel.lines)]]
        for place, frame in enumerate(panel.frames):
            numbers = [
                number_text(line.curve.values[place], line.curve.half_widths[place], digits) for line in panel.lines
            ]
            lines.append([str(frame), *numbers])
        table = pipe_table(lines, right_aligned=range(1 + len(panel.lines)))
        blocks += [f"**{printable(panel.heading)}**", "", table, ""]
    return "\n".join([*blocks, f"{interval_words(panels)}\n"])


def interval_words(panels: Sequence[Panel]) -> str:
    """What ± means, or why it is missing."""
    has_interval = any(line.curve.interval_kind for panel in panels for line in panel.lines)
    return "±: 95 % interval of the mean over videos." if has_interval else "No intervals: too few videos."


def number_text(value: float | None, half_width: float | None, digits: int) -> str:
    """A mean with its interval.

    Args:
        value: The mean; None is infinite.
        half_width: Half the width of its interval; None where there is none.
        digits: Digits after the point.
    """
    if value is None:
        return "inf"
    return f"{round(value, digits) + 0.0:.{digits}f}" + ("" if half_width is None else f" ± {half_width:.{digits}f}")


def curves_csv(panels: Sequence[Panel]) -> str:
    """One line per frame and model, with the columns :data:`COLUMNS`; a mean that is infinite is ``inf``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for panel in panels:
        for line in panel.lines:
            item, curve = line.measurement, line.curve
            for place, frame in enumerate(curve.frames):
                value = curve.values[place]
                ends = curve.interval(place)
                low, high = ("", "") if ends is None else (f"{end:.7g}" for end in ends)
                kind = curve.interval_kind if ends and curve.interval_kind else ""
                writer.writerow(
                    [
                        spreadsheet_text(item.metric), spreadsheet_text(item.protocol), curve.better,
                        spreadsheet_text(line.label), frame, "inf" if value is None else repr(value), low, high,
                        spreadsheet_text(kind), line.num_videos(place), item.frames, panel.context, item.signature_id,
                        spreadsheet_text(line.record.run_id),
                    ]
                )  # fmt: skip
    return stream.getvalue()
