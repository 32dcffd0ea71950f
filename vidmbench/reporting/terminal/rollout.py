"""Curves along long videos in a few numbers: what ``vidmbench rollout`` and ``plot rollout`` print."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from vidmbench.core.text import printable
from vidmbench.records.curve import Mean
from vidmbench.reporting.tables.rollout import Line, Panel
from vidmbench.reporting.tables.rollout_files import decimals_of, departure_text, interval_words, mean_text, value_text
from vidmbench.reporting.terminal.columns import aligned

_MOST_PLACES = 4


def rollouts_text(panels: Sequence[Panel]) -> str:
    """A table for each panel: a few windows, the change, where it departs, and how far both ends are apart."""
    lines: list[str] = []
    common = dict.fromkeys(panel.common for panel in panels)
    if len(common) == 1:
        lines += [*common, ""]
    for panel in panels:
        heading = panel.heading
        if len(common) == 1:
            heading = " · ".join(filter(None, (panel.title, panel.meaning, panel.recipe)))
        lines += [heading, *aligned([_header(panel), *(_row(panel, line) for line in panel.lines)]), ""]
    return "\n".join(map(printable, [*lines, interval_words(panels)]))


def _places(panel: Panel) -> list[int]:
    """The windows that are shown: the first, the last, and some between."""
    last = len(panel.first.values) - 1
    return sorted(set(np.linspace(0, last, min(_MOST_PLACES, last + 1)).round().astype(int).tolist()))


def _header(panel: Panel) -> list[str]:
    places = [panel.frames_text(place) for place in _places(panel)]
    drift = ["First against last", "Real videos'"] if panel.first.drift is not None else []
    return ["Frames", *places, "Change", "Departs at", *drift]


def _row(panel: Panel, line: Line) -> list[str]:
    digits, curve = decimals_of(panel), line.curve
    values = [value_text(curve.values[place], curve.half_widths[place], digits) for place in _places(panel)]
    drift = [mean_text(each, digits) for each in (curve.drift, curve.real_drift)]
    change = mean_text(curve.change, digits, signed=True)
    return [line.label, *values, change, departure_text(line), *(drift if panel.first.drift is not None else [])]


def rollouts_json(panels: Sequence[Panel]) -> dict[str, Any]:
    """The curves for programs; a value that is not finite is null."""
    return {
        "panels": [
            {
                "kind": panel.first.kind,
                "metric": panel.first.metric,
                "protocol": panel.first.protocol,
                "better": panel.first.better,
                "frames": panel.rollout.frames,
                "window": panel.rollout.window,
                "step": panel.rollout.step,
                "places": [list(panel.frames_of(place)) for place in range(len(panel.first.values))],
                "curves": [_line_json(line) for line in panel.lines],
            }
            for panel in panels
        ]
    }


def _line_json(line: Line) -> dict[str, Any]:
    curve = line.curve
    return {
        "model": line.record.model,
        "label": line.label,
        "side": curve.side,
        "run_id": line.record.run_id,
        "signature_id": line.measurement.signature_id,
        "num_videos": curve.num_videos,
        "values": list(curve.values),
        "intervals": [curve.interval(place) for place in range(len(curve.values))],
        "interval_kind": curve.interval_kind,
        "change": _estimate(curve.change),
        "departs_at": curve.departs_at,
        "first_against_last": _estimate(curve.drift),
        "real_first_against_last": _estimate(curve.real_drift),
    }


def _estimate(mean: Mean | None) -> dict[str, Any] | None:
    if mean is None:
        return None
    value, half = mean
    return {"value": value, "interval": None if value is None or half is None else [value - half, value + half]}
