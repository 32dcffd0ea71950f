"""Figures of curves: nothing overlaps, and what is drawn is what the records hold."""

import numpy as np
import pytest
from support.curve_records import measured_pairs, named, run_named
from support.figure_texts import caption_of, faults

from vidmbench.reporting.plots.horizon import horizon_caption, horizon_figure
from vidmbench.reporting.tables.horizon import horizon_of

STATIC = (30.0, 26.0, 24.0, 23.0)


def panels_of(*runs, **asked):
    return horizon_of(named(*runs), **asked).panels


def drawn(axis, label_of_first_frame):
    """The values of the line that begins at a value."""
    return next(
        list(line.get_ydata())
        for line in axis.lines
        if len(line.get_ydata()) > 1 and line.get_ydata()[0] == label_of_first_frame
    )


def test_lines_bands_and_rings():
    runs = (run_named("ours", measured_pairs((31, 28, 22, 20))), run_named("control:static", measured_pairs(STATIC)))
    figure = horizon_figure(panels_of(*runs))
    (axis,) = figure.axes
    assert drawn(axis, 31) == [31, 28, 22, 20]
    assert drawn(axis, 30) == list(STATIC)
    assert [tuple(line.get_xydata()[0]) for line in axis.lines if line.get_fillstyle() == "none"] == [(7, 22)]
    bands = [band.get_paths()[0].vertices for band in axis.collections]
    assert {(band[:, 1].min(), band[:, 1].max()) for band in bands} == {(19, 32), (22, 31)}
    assert axis.get_xlabel() == "frame of the clip (the first 4 given)"
    assert axis.get_ylabel() == "PSNR ↑ (dB)"
    assert "real.npy" not in caption_of(figure)
    assert "Rings: the first frame at which a model is worse than control:static." in caption_of(figure)
    assert faults(figure) == []


def test_infinite_means_are_gaps_with_a_triangle():
    figure = horizon_figure(panels_of(run_named("ours", measured_pairs((None, 28.0, 22.0), first=1, context=0))))
    (axis,) = figure.axes
    (line,) = (line for line in axis.lines if len(line.get_ydata()) == 3)
    assert np.isnan(line.get_ydata()[0])
    assert [list(line.get_xdata()) for line in axis.lines if line.get_marker() == "^"] == [[1]]
    assert "Triangles: infinite" in caption_of(figure)


NAMES = ("my-very-long-model-name-with-hyphens-and-version-2-finetuned-on-clevrer-256x256-step-400000", "_b", "$c$",
         "d", "control:static", "control:blurred", "control:noise", "control:shifted")  # fmt: skip


@pytest.mark.parametrize("length", [1, 2, 12, 1000])
def test_many_lines_of_any_length_can_be_read(length):
    runs = [
        run_named(
            name,
            measured_pairs([30 - place - 5 * t / length for t in range(length)]),
            measured_pairs([0.9 - t / length / 3 for t in range(length)], protocol="ssim-srvp", half=0.02),
            measured_pairs([0.1 + t / length / 3 for t in range(length)], protocol="lpips-alex", half=None),
        )
        for place, name in enumerate(NAMES)
    ]
    panels = panels_of(*runs)
    figure = horizon_figure(panels)
    assert faults(figure) == []
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["psnr-common-metrics", "ssim-srvp", "lpips-alex"]
    assert (
        len({(line.get_color(), line.get_marker()) for line in figure.axes[0].lines if line.get_fillstyle() != "none"})
        == 8
    )
    assert NAMES[0] in horizon_caption(panels)
    assert caption_of(horizon_figure(panels, "")) == ""
