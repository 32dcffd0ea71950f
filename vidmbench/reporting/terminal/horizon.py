"""Curves of full-reference metrics in a few numbers: what ``vidmbench plot horizon`` prints."""

from collections.abc import Sequence
from typing import Any

from vidmbench.core.text import printable
from vidmbench.reporting.tables.curve_files import interval_words, number_text
from vidmbench.reporting.tables.curve_panels import Line, Panel, decimals_of
from vidmbench.reporting.terminal.columns import aligned


def horizon_text(panels: Sequence[Panel]) -> str:
    """A table for each panel: first and last frame, their difference, the mean, and how the static control compares."""
    lines: list[str] = []
    for panel in panels:
        lines += [panel.heading, *aligned([_header(panel), *(_row(panel, line) for line in panel.lines)]), ""]
    return "\n".join(map(printable, [*lines, f"{interval_words(panels)} Mean: over frames, the area per frame."]))


def _header(panel: Panel) -> list[str]:
    first, last = panel.frames[0], panel.frames[-1]
    against = ["Worse than static", "Bands apart"] if panel.baseline else []
    if first == last:
        return ["Model", f"Frame {first}", *against]
    return ["Model", f"Frame {first}", f"Frame {last}", "Change", "Mean", *against]


def _row(panel: Panel, line: Line) -> list[str]:
    digits, curve = decimals_of(panel), line.curve
    ends = [number_text(curve.values[place], curve.half_widths[place], digits) for place in (0, -1)]
    change, half = curve.change
    words = "-" if change is None else f"{'+' if change > 0 else ''}{number_text(change, half, digits)}"
    numbers = [*ends, words, number_text(*curve.mean, digits)]
    cells = [line.label, *(numbers if len(panel.frames) > 1 else numbers[:1])]
    if panel.baseline is None:
        return cells
    worse = panel.worse_than_static(line)
    if worse is None:
        return [*cells, "", ""]
    apart = "-" if worse.apart is None else f"from frame {worse.apart}"
    return [*cells, worse.text(panel.frames[-1]), apart]


def horizon_json(panels: Sequence[Panel]) -> dict[str, Any]:
    """The curves and their summaries, for programs; a mean that is infinite is null."""
    return {
        "panels": [
            {
                "metric": panel.first.measurement.metric,
                "protocol": panel.first.measurement.protocol,
                "better": panel.first.curve.better,
                "frames": panel.first.measurement.frames,
                "context": panel.context,
                "num_videos": panel.first.measurement.num_real,
                "frame_numbers": list(panel.frames),
                "curves": [_line_json(panel, line) for line in panel.lines],
            }
            for panel in panels
        ]
    }


def _line_json(panel: Panel, line: Line) -> dict[str, Any]:
    curve, worse = line.curve, panel.worse_than_static(line)
    return {
        "model": line.record.model,
        "label": line.label,
        "run_id": line.record.run_id,
        "signature_id": line.measurement.signature_id,
        "values": list(curve.values),
        "intervals": [curve.interval(place) for place in range(len(curve.values))],
        "interval_kind": curve.interval_kind,
        "first": _estimate(curve.values[0], curve.half_widths[0]),
        "last": _estimate(curve.values[-1], curve.half_widths[-1]),
        "change": _estimate(*curve.change),
        "mean": _estimate(*curve.mean),
        "worse_than_static": None if worse is None else list(worse.frames),
        "first_worse_than_static": next(iter(worse.frames), None) if worse else None,
        "bands_apart_from": worse.apart if worse else None,
    }


def _estimate(value: float | None, half: float | None) -> dict[str, Any]:
    return {
        "value": value,
        "interval": None if value is None or half is None else [value - half, value + half],
    }
