"""The conventions on one pair, and the ablation beside the paper's: which bars are drawn, and how they are named."""

import pytest
from support.figure_texts import caption_of
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError
from vidmbench.records.published import published_values
from vidmbench.records.record import SideRecord
from vidmbench.reporting.plots.ablation import ablation_figure, ablation_of
from vidmbench.reporting.plots.conventions import conventions_figure, conventions_of

REAL = SideRecord(label="truth", digest="ab", num_videos=8, num_scored=8, size=(32, 32))


def convention(protocol, value, **changes):
    low_high = changes.pop("interval", (value - 2, value + 4) if value is not None else None)
    given = {"protocol": protocol, "real": REAL, "num_real": 8, "num_fake": 8, "interval_kind": "jackknife-20x20-95"}
    return measured(f"id-{protocol}", value, low_high, **(given | changes))


def compared():
    failed = convention("fvd-latte", None, status="failed", reason="too short")
    prdc = [convention("prdc-i3d", value, metric=metric, interval=None, interval_kind=None)
            for metric, value in (("recall", 0.5), ("density", 1.2))]  # fmt: skip
    first = convention("fvd-a", 10.0, spread=0.5, spread_kind="sd over 10 runs")
    return run_of(first, convention("fvd-b", 40.0), *prdc, convention("kvd-a", -1.0, metric="kvd"), failed)


def widths(axis):
    return [(patch.get_x(), patch.get_width()) for patch in axis.patches]


def spans(axis):
    """Both ends of each interval."""
    return [
        (float(ends[0][0]), float(ends[1][0]))
        for drawn in axis.containers
        if hasattr(drawn, "has_xerr")
        for ends in drawn.lines[2][0].get_segments()
    ]


def test_a_panel_a_scale_and_a_bar_a_convention():
    figure = conventions_figure(conventions_of([compared()], "here"))
    fvd, shares, kvd = figure.axes
    axes = ["FVD ↓", "Precision, Recall, Density, Coverage ↑ (no intervals)", "KVD ↓"]
    assert [axis.get_xlabel() for axis in figure.axes] == axes
    assert widths(fvd) == [(0, 40), (0, 10)]
    assert spans(fvd) == [(38, 44), (8, 14)]
    assert [text.get_text() for text in fvd.texts] == [
        "fvd-b #id-fvd-b", "40.0 [38.0, 44.0]", "fvd-a #id-fvd-a", "10.0 [8.0, 14.0]"]  # fmt: skip
    assert [text.get_text() for text in shares.texts][::2] == [
        "prdc-i3d density #id-prdc-i3d",
        "prdc-i3d recall #id-prdc-i3d",
    ]
    assert [text.get_text() for text in shares.texts][1] == "1.20"
    assert spans(shares) == []
    assert widths(kvd) == [(0, -1)]
    caption = caption_of(figure)
    assert caption.startswith("clevrer@test against truth, the same videos by every convention, clips of 16 frames, 8")
    assert "95 % jackknife intervals" in caption
    assert "No value: fvd-latte: too short." in caption


def test_values_that_are_all_0_have_an_axis_that_begins_at_0():
    none = [convention(name, 0.0, interval=None, interval_kind=None) for name in ("fvd-a", "fvd-b")]
    (axis,) = conventions_figure(conventions_of([run_of(*none)], "here")).axes
    assert axis.get_xlim() == (0, 1)


def test_frames_and_counts_stand_at_the_bars_where_they_differ():
    record = run_of(convention("fvd-a", 10.0), convention("fvd-b", 40.0, num_real=7))
    figure = conventions_figure(conventions_of([record], "here"))
    assert [text.get_text() for text in figure.axes[0].texts][::2] == [
        "fvd-b t16 n7/8 #id-fvd-b", "fvd-a t16 n8/8 #id-fvd-a"]  # fmt: skip
    assert "frames" not in caption_of(figure)


def test_a_comparison_is_drawn_and_not_the_controls_written_beside_it():
    control = run_of(convention("fvd-a", 1.0), convention("fvd-b", 2.0), run_id="later", model="control:jpeg-75")
    assert [bar.value for scale in conventions_of([compared(), control], "here").scales for bar in scale.bars][:1] == [
        40
    ]
    assert conventions_of([control], "here").scales[0].bars[0].value == 2.0


def test_higher_is_better_and_the_unit_stand_at_the_axis():
    numbers = [convention(f"psnr-{name}", 30.0, metric="psnr", protocol_spec={"metric": "psnr"}) for name in "ab"]
    assert conventions_figure(conventions_of([run_of(*numbers)], "here")).axes[0].get_xlabel() == "PSNR ↑ (dB)"


def test_the_latest_comparison_is_drawn():
    later = run_of(convention("fvd-a", 1.0), convention("fvd-b", 2.0), run_id="later", created="2027-01-01T00:00:00Z")
    plain = run_of(convention("fvd-a", 3.0), run_id="plain", created="2028-01-01T00:00:00Z")
    plot = conventions_of([compared(), later, plain], "here")
    assert [bar.value for bar in plot.scales[0].bars] == [2.0, 1.0]


def test_no_comparison():
    with pytest.raises(ResultError, match="no records"):
        conventions_of([], "here")
    with pytest.raises(ResultError, match="no record of several protocols") as error:
        conventions_of([run_of(convention("fvd-a", 3.0))], "here")
    assert "vidmbench compare REAL FAKE" in error.value.fix
    failed = [convention(name, None, status="failed", reason="x") for name in ("fvd-a", "fvd-b")]
    with pytest.raises(ResultError, match="no value at all"):
        conventions_of([run_of(*failed)], "here")


def row(model, *values, frames=(16, 64, 128), ids="abc"):
    side = SideRecord(label="clevrer-mini@test/32", digest="ab", num_videos=64, num_scored=64, size=(32, 32))
    numbers = [
        measured(key, value, (value - 30, value + 30), length, real=side, signature_short=f"short t{length} #{key}",
                 interval_kind="jackknife-20x20-95")
        for value, length, key in zip(values, frames, ids, strict=False)
    ]  # fmt: skip
    return run_of(*numbers, model=model, dataset="clevrer-mini", split="test", run_id=model)


def ablated():
    return [
        row("vidm-motion-vanilla", 3000, 6000, 7000),
        row("vidm-motion-no-posgn", 2500, 5000),
        row("vidm-default", 2000, 4000, 5000),
    ]


def test_measured_rows_stand_beside_the_published_ones():
    content, motion = ablation_of(ablated(), "here").generators
    assert content.title == "Content generator"
    assert [[bar.value for bar in line] for line in content.measured] == [[], [], [], [2000]]
    assert motion.rows == ("vanilla", "w/o PosGN", "w/o implicit conditions", "default VIDM")
    assert [[bar.value for bar in line] for line in motion.measured] == [
        [3000, 6000, 7000], [2500, 5000], [], [2000, 4000, 5000]]  # fmt: skip
    printed = {(one.method, one.frames): one.value for one in published_values("table3") if one.metric == "FVD"}
    assert [bar.value for bar in motion.published[1]] == [printed["motion: w/o PosGN", t] for t in (16, 64, 128)]
    assert all(bar.interval is None for line in motion.published for bar in line)


def test_the_bars_and_words_of_the_ablation():
    figure = ablation_figure(ablation_of(ablated(), "here"))
    measured_axis, published_axis = figure.axes[2:]
    assert [width for _, width in widths(measured_axis)] == [3000, 6000, 7000, 2500, 5000, 2000, 4000, 5000]
    places = [patch.get_y() + patch.get_height() / 2 for patch in measured_axis.patches]
    assert [round(place) for place in places] == [0, 0, 0, 1, 1, 3, 3, 3]  # beside the label of the row
    assert places == sorted(places)  # the axis runs downwards: short clips above long ones
    assert measured_axis.yaxis_inverted()
    assert spans(measured_axis)[:4] == [(2970, 3030)] * 2 + [(5970, 6030)] * 2  # each with a white rim
    assert spans(published_axis) == []
    words = [text.get_text() for text in measured_axis.texts]
    assert words[:2] == ["3000 ± 30", "6000 ± 30"]
    assert "not measured" in words
    assert [text.get_text() for text in measured_axis.get_yticklabels()] == [
        "vanilla", "w/o PosGN", "w/o implicit conditions", "default VIDM"]  # fmt: skip
    # Scales of their own: the longest bar fills about as much of either.
    for axis in (measured_axis, published_axis):
        assert axis.get_xlim()[1] / max(width for _, width in widths(axis)) == pytest.approx(1.6, rel=0.02)
    assert measured_axis.get_title(loc="left") == "Motion generator: measured here"
    # The lengths keep their look in every panel.
    looks = {(patch.get_facecolor(), patch.get_hatch()) for patch in measured_axis.patches}
    assert len(looks) == 3
    assert looks == {(patch.get_facecolor(), patch.get_hatch()) for patch in published_axis.patches}
    caption = caption_of(figure)
    assert "short t16 #a of clevrer-mini@test/32 at 32 x 32 pixels" in caption
    assert "Published: CLEVRER, 256 x 256 pixels, no intervals" in caption
    assert "Not comparable" not in caption


def test_rows_of_several_signatures_are_said_not_to_compare():
    records = [*ablated(), row("vidm-motion-no-implicit-condition", 9000, ids="z")]
    plot = ablation_of(records, "here")
    assert plot.mixed == ("Motion generator, FVD^16: rows of #a and #z",)
    assert "Not comparable among themselves" in caption_of(ablation_figure(plot))


def test_no_row_of_the_ablation():
    with pytest.raises(ResultError, match="no records"):
        ablation_of([], "here")
    with pytest.raises(ResultError, match="no record is of a row of the ablation") as error:
        ablation_of([row("vidm", 1.0)], "here")
    assert "vidm-motion-vanilla" in error.value.expected
