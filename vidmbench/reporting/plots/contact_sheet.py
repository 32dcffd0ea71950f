"""The figure next to every record: real clips and scored clips."""

from typing import TYPE_CHECKING

import numpy as np

from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.plan import Planned
from vidmbench.records.record import Measurement
from vidmbench.reporting.plots.lettering import label_of
from vidmbench.reporting.plots.selection import number_text
from vidmbench.reporting.plots.strips import clip_strip
from vidmbench.reporting.plots.style import new_figure, save_figure, styled
from vidmbench.videos.source import Source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["contact_sheet", "save_figure"]

_ROWS, _COLUMNS = 4, 6


@styled
def contact_sheet(real: Source, fake: Source, plan: Planned, measurement: Measurement) -> "Figure":
    """Real clips beside scored clips, as they were scored, with the number above.

    Args:
        real: The real videos.
        fake: The scored videos.
        plan: The clips.
        measurement: The number.

    Returns:
        A figure: rows are clips, columns are frames from first to last.
    """
    sheets = [_sheet(real, plan.real), _sheet(fake, plan.fake)]
    aspect = max(sheet.shape[0] / sheet.shape[1] for sheet in sheets)
    figure = new_figure(11, 5.2 * aspect + 1.0, dpi=130)
    axes = figure.subplots(1, 2)
    labels = [f"real: {real.label}", f"scored: {fake.label}"]
    for axis, sheet, label in zip(axes, sheets, labels, strict=True):
        axis.imshow(sheet, interpolation="nearest")
        axis.set_title(label_of(label, 5.2, 2, 10), fontsize=10)
        axis.set_xlabel(
            f"{min(_COLUMNS, measurement.frames)} of {measurement.frames} frames, first to last", fontsize=8
        )
        axis.set_xticks([])
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
    value = "no value" if measurement.value is None else f"{measurement.metric.upper()} {number_text(measurement)}"
    figure.suptitle(f"{value}   {measurement.signature_short}", fontsize=11)
    return figure


def _sheet(source: Source, plan: ClipPlan) -> np.ndarray:
    """Some clips as rows of frames, uint8, with white lines between them."""
    if source.is_sampled:
        clips = sorted(plan.clips, key=lambda clip: clip.video)[:_ROWS]  # of a sampler only the first are still there
    else:
        clips = list(plan.clips[:: max(1, len(plan.clips) // _ROWS)][:_ROWS])
    return np.concatenate([clip_strip(source, clip, _COLUMNS) for clip in clips])
