"""What a figure of records shows, as JSON for programs."""

from collections.abc import Sequence
from typing import Any

from vidmbench.records.record import Measurement
from vidmbench.reporting.plots.ablation import AblationPlot, Bar
from vidmbench.reporting.plots.controls import Ruler
from vidmbench.reporting.plots.conventions import ConventionsPlot
from vidmbench.reporting.plots.fvd_vs_frames import FramesPlot
from vidmbench.reporting.plots.selection import Point


def rulers_json(rulers: Sequence[Ruler]) -> dict[str, Any]:
    """The controls and models of each ruler, lowest first, each model with its static baseline."""
    return {
        "rulers": [
            {
                "signature_id": ruler.signature_id,
                "data": ruler.points[0].data,
                "controls": [_point(point) for point in ruler.controls],
                "models": [
                    {**_point(point), "static_baseline": None if baseline is None else _point(baseline)}
                    for point, baseline in ruler.models
                ],
            }
            for ruler in rulers
        ]
    }


def lines_json(plot: FramesPlot) -> dict[str, Any]:
    """The points of each line, shortest clips first."""
    return {"lines": [{"model": line.model, "points": [_point(point) for point in line.points]} for line in plot.lines]}


def conventions_json(plot: ConventionsPlot) -> dict[str, Any]:
    """The bars of each panel, largest first, and the protocols without a value."""
    return {
        "real": plot.real,
        "fake": plot.fake,
        "panels": [[_number(bar) for bar in scale.bars] for scale in plot.scales],
        "without_value": list(plot.failed),
    }


def ablation_json(plot: AblationPlot) -> dict[str, Any]:
    """The rows of each generator, with what was measured and what was published."""
    return {
        "generators": [
            {
                "title": generator.title,
                "rows": [
                    {
                        "label": label,
                        "measured": [_bar(bar) for bar in measured],
                        "published": [_bar(bar) for bar in published],
                    }
                    for label, measured, published in zip(
                        generator.rows, generator.measured, generator.published, strict=True
                    )
                ],
            }
            for generator in plot.generators
        ],
        "measured_on": list(plot.signatures),
        "not_comparable": list(plot.mixed),
    }


def _point(point: Point) -> dict[str, Any]:
    return {"model": point.model, "run_id": point.record.run_id, **_number(point.measurement)}


def _number(measurement: Measurement) -> dict[str, Any]:
    names = ("metric", "value", "interval", "interval_kind", "num_real", "num_fake", "frames", "protocol")
    return {name: getattr(measurement, name) for name in (*names, "signature_id", "signature")}


def _bar(bar: Bar) -> dict[str, Any]:
    return {"frames": bar.frames, "value": bar.value, "interval": bar.interval}
