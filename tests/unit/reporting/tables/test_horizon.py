"""Curves of records: which compare, where a model is worse than the static control, and their files."""

import csv
import io

import pytest
from support.curve_records import PSNR, curve_of, measured_pairs, named, run_named
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.records.record import write_record
from vidmbench.reporting.tables.curve_files import curves_csv, curves_markdown, number_text
from vidmbench.reporting.tables.curve_panels import decimals_of
from vidmbench.reporting.tables.horizon import horizon_of, named_records
from vidmbench.reporting.terminal.horizon import horizon_json, horizon_text

STATIC = (30.0, 26.0, 24.0, 23.0, 22.0, 21.5)


def against_static(values, static=STATIC, **more):
    """The panel of one model beside the static control."""
    runs = [run_named("control:static", measured_pairs(static, **more), number=2)]
    runs.append(run_named("ours", measured_pairs(values, **more)))
    (panel,) = horizon_of(named(*runs)).panels
    return panel


@pytest.mark.parametrize(
    ("values", "text", "apart"),
    [
        ((31, 28, 25, 22, 21, 19), "from frame 8", 10),
        ((31, 28, 25, 24, 23, 22), "never", None),
        ((29, 25, 23, 22, 21, 20.5), "from frame 5", None),
        ((20, 28, 25, 24, 23, 22), "at frame 5", 5),
        ((31, 25, 23, 24, 21, 22), "at frames 6-7, 9", None),
        ((31, 28, 25, 24, 23, 19), "at frame 10", 10),
        ((30, 26, 24, 23, 22, 21.5), "never", None),
    ],
)
def test_where_a_model_is_worse_than_the_static_control(values, text, apart):
    panel = against_static(values)
    assert [line.label for line in panel.lines] == ["ours", "control:static"]  # models first, whatever the order given
    worse = panel.worse_than_static(panel.lines[0])
    assert (worse.text(panel.frames[-1]), worse.apart) == (text, apart)
    assert panel.worse_than_static(panel.lines[1]) is None


def test_lower_is_better_for_lpips():
    panel = against_static((0.1, 0.2, 0.4), (0.05, 0.3, 0.3), protocol="lpips-alex", half=0.01)
    assert panel.worse_than_static(panel.lines[0]).frames == (5, 7)
    assert panel.title == "LPIPS ↓"


def test_without_context_the_first_frame_of_a_static_control_is_the_target():
    for values, static in (((20, 19), (None, 18)), ((20, 17), (100.0, 18))):
        panel = against_static(values, static, first=1, context=0)
        assert 1 not in panel.worse_than_static(panel.lines[0]).frames
    found = horizon_of(named(*(line.record for line in panel.lines)))
    assert "frame 1 of control:static is the target itself" in " ".join(found.notes)
    assert against_static((20, 17), (100.0, 18), first=2, context=0).worse_than_static(panel.lines[0]).frames == (2, 3)


def test_frames_are_numbered_in_the_clip_and_infinite_means_are_said():
    runs = [
        run_named("ours", measured_pairs((None, 28.0), frames=9)),
        run_named("control:noise", measured_pairs((25.0, 24.0), frames=9)),
    ]
    found = horizon_of(named(*runs))
    text = horizon_text(found.panels)
    assert "frames 5 to 6 of 9 (4 given) · N = 8 · psnr-common-metrics #" in text
    assert "ours           inf         28.0 ± 1.0  -           inf" in text
    assert "Worse than static" not in text
    assert any("PSNR of ours is infinite at 1 frame" in note for note in found.notes)
    assert any("control:static --out" in note for note in found.notes)
    assert horizon_json(found.panels)["panels"][0]["frame_numbers"] == [5, 6]


def test_summaries():
    panel = against_static((31, 28, 25, 22, 21, 19))
    row = horizon_text([panel]).split("\n")[2]
    cells = ["ours", "31.0 ± 1.0", "19.0 ± 1.0", "-12.0 ± 1.0", "24.3 ± 1.0", "from frame 8", "from frame 10"]
    assert [cell.strip() for cell in row.split("  ") if cell.strip()] == cells
    ours, static = horizon_json([panel])["panels"][0]["curves"]
    assert ours["mean"] == {
        "value": pytest.approx(146 / 6),
        "interval": [pytest.approx(146 / 6 - 1), pytest.approx(146 / 6 + 1)],
    }
    assert (ours["first_worse_than_static"], ours["bands_apart_from"]) == (8, 10)
    assert static["worse_than_static"] is None


def test_few_videos_have_no_intervals():
    found = horizon_of(named(run_named("ours", measured_pairs((30.0, 20.0), half=None))))
    assert "±" not in horizon_text(found.panels).replace("No intervals: too few videos.", "")
    assert "No intervals" in curves_markdown(found.panels)
    (line,) = list(csv.DictReader(io.StringIO(curves_csv(found.panels))))[:1]
    assert (line["value"], line["low"], line["high"], line["interval_kind"]) == ("30.0", "", "", "")


def test_files_of_all_frames():
    model = "a|b,=c"
    found = horizon_of(named(run_named(model, measured_pairs((30.25, None)))))
    lines = list(csv.DictReader(io.StringIO(curves_csv(found.panels))))
    assert [(line["frame"], line["value"], line["low"], line["high"]) for line in lines] == [
        ("5", "30.25", "29.25", "31.25"), ("6", "inf", "", ""),
    ]  # fmt: skip
    assert {
        (line["model"], line["metric"], line["protocol"], line["context"], line["num_videos"]) for line in lines
    } == {(model, "psnr", PSNR, "4", "8")}
    text = curves_markdown(found.panels)
    assert "a\\|b,=c |" in text
    assert "|     5 | 30.2 ± 1.0 |" in text


def test_the_first_protocol_of_each_metric_at_the_longest_length():
    def both(model):
        items = [
            measured_pairs(values, protocol=name, frames=frames)
            for frames in (8, 6)
            for name, values in ((PSNR, (30, 20)), ("psnr-srvp", (31, 21)), ("ssim-srvp", (0.8, 0.7)))
        ]
        return run_named(model, *items)

    records = named(both("a"), both("b"))
    found = horizon_of(records)
    shown = [(panel.first.measurement.protocol, panel.first.measurement.frames) for panel in found.panels]
    assert shown == [(PSNR, 8), ("ssim-srvp", 8)]
    assert found.notes[0] == f"PSNR by {PSNR}, the first of 2 protocols (--protocol NAME shows another)"
    asked = horizon_of(records, protocols=("*-srvp",), frames=(6,))
    assert [panel.first.measurement.protocol for panel in asked.panels] == ["psnr-srvp", "ssim-srvp"]
    assert {panel.first.measurement.frames for panel in asked.panels} == {6}


def test_several_records_of_one_model_are_told_apart_and_one_record_is_shown_once():
    first, second = (
        run_named("ours", measured_pairs((30, value)), number=number) for number, value in ((1, 20), (2, 21))
    )
    found = horizon_of({"a": first, "b": second, "again": first})
    assert [line.label for line in found.panels[0].lines] == ["ours (20260101T000000Z)", "ours (20260102T000000Z)"]


def test_a_control_may_have_fewer_predictions_than_a_model():
    runs = (
        run_named("ours", measured_pairs((30, 20), num_fake=80)),
        run_named("control:static", measured_pairs((30, 20))),
    )
    assert len(horizon_of(named(*runs)).panels[0].lines) == 2
    models = (runs[0], run_named("other", measured_pairs((30, 20))))
    with pytest.raises(ResultError, match=r"number of predictions 80.all.zero against 8.all.zero"):
        horizon_of(named(*models))


FVD = run_of(measured(protocol_spec={"metric": "frechet"}), model="other", run_id="fvd")
OLD = run_named("old", measured_pairs((1, 2), by_frame=None))
FAILED = run_named("bad", measured_pairs((1, 2), by_frame=None, value=None, status="failed", reason="no frame is left"))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            FVD,
            ("without full-reference metrics", "found: fvd-vidm-paper", "where: fvd.json", "vidmbench score TARGETS"),
        ),
        (OLD, ("made before curves were stored", "run it again: vidmbench run")),
        (FAILED, ("no measurement of this record has a value", "no frame is left")),
        (run_of(model="none", run_id="none"), ("no measurement", "where: none.json")),
        (
            run_named("b", measured_pairs((1, 2), protocol="psnr-srvp")),
            ("of different protocols", "psnr-srvp of 6 frames"),
        ),
        (run_named("b", measured_pairs((1, 2), frames=8)), ("of different clip lengths", "of 8 frames")),
        (run_named("b", measured_pairs((1, 2), data="d:cd")), ("do not compare", "real videos ab against cd")),
        (run_named("b", measured_pairs((1,), first=6, context=5)), ("do not compare", "--context 4 against 5")),
        (run_named("b", measured_pairs((1, 2), context=0)), ("do not compare", "--context 4 against none")),
    ],
    ids=lambda value: value.model if hasattr(value, "model") else "",
)
def test_records_that_do_not_compare(other, said):
    with pytest.raises(ResultError) as caught:
        horizon_of(named(run_named("ours", measured_pairs((30, 20))), other))
    for words in said:
        assert words in str(caught.value)


def test_names_that_no_record_has():
    records = named(run_named("ours", measured_pairs((30, 20))))
    with pytest.raises(UsageError, match="unknown protocol in the records 'psnr-comon-metrics': did you mean"):
        horizon_of(records, protocols=("psnr-comon-metrics",))
    with pytest.raises(UsageError, match="no record has clips of this length"):
        horizon_of(records, frames=(16,))


def test_a_folder_stands_for_its_records_of_full_reference_metrics(tmp_path):
    write_record(FVD, tmp_path / "all")
    with pytest.raises(ResultError, match="a folder without records of full-reference metrics"):
        named_records([str(tmp_path / "all")], tmp_path)
    path = write_record(run_named("ours", measured_pairs((30, 20))), tmp_path / "all")
    assert list(named_records([str(tmp_path / "all")], tmp_path)) == [str(path)]
    (tmp_path / "all" / "damaged.json").write_text('{"schema_version": 1, "run_id"')
    with pytest.raises(ResultError, match="not a record"):
        named_records([str(tmp_path / "all")], tmp_path)


def test_a_curve_of_one_frame():
    found = horizon_of(
        named(run_named("ours", measured_pairs((30,))), run_named("control:static", measured_pairs((31,))))
    )
    text = horizon_text(found.panels)
    assert "frame 5 of 5 (4 given)" in text
    assert "at frame 5" in text
    assert "Change" not in text
    assert curve_of((1,)).last_frame == 5


def test_videos_of_different_lengths_are_said():
    item = measured_pairs((30, 20, 10))
    item = item.model_copy(update={"by_frame": item.by_frame.model_copy(update={"num_videos": (8, 8, 3)})})
    found = horizon_of(named(run_named("ours", item)))
    assert "ours has 8 videos up to frame 6 and fewer behind it" in " ".join(found.notes)
    assert [line["num_videos"] for line in csv.DictReader(io.StringIO(curves_csv(found.panels)))] == ["8", "8", "3"]
    shorter = run_named("b", measured_pairs((30, 20), frames=7))
    with pytest.raises(ResultError, match="frames 5-7 against 5-6"):
        horizon_of(named(run_named("ours", item), shorter))


def test_numbers_are_short_and_nothing_is_minus_zero():
    assert number_text(-0.0004, 0.004, 2) == "0.00 ± 0.00"
    runs = [
        run_named(name, measured_pairs((30.0, 30.0), half=half)) for name, half in (("a", 0.048), ("b", 2.0), ("c", 3))
    ]
    assert decimals_of(horizon_of(named(*runs)).panels[0]) == 1
