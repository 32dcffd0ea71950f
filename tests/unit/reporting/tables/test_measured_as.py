"""Rows that name the measured model which stands for their system: Table 3 beside an ablation made here."""

import csv
import io
import re

import pytest
from support.table_samples import column, layout_of, measured, run_of

from vidmbench.core.errors import ProtocolError
from vidmbench.records.record import SideRecord
from vidmbench.reporting.tables.build import build_table, load_layout, to_csv, to_markdown
from vidmbench.reporting.tables.values import Cell, Panel, Table

SMALL = SideRecord(label="clevrer-mini@test", digest="0" * 64, num_videos=256, num_scored=256, size=(32, 32))
FVD16 = "FVD^16, measured ↓"
ROWS = '{ label = "ours", method = "VIDM", measured_as = "vidm-a" }'
SYSTEMS_IN_ROWS = {
    "rows": ('rows = [{ label = "16", frames = 16 }, { label = "128", frames = 128 }]', f"rows = [{ROWS}]"),
}
CASES = '{ label = "16", frames = 16 }, { label = "128", frames = 128 }'


def one(value=300.0, frames=16, signature_id="aaaaaaaa", width=10.0, **changes):
    given = {"interval": (value - width, value + width), "real": SMALL}
    return measured(signature_id, value, frames=frames, **{**given, **changes})


def record(model, *measurements, run_id="", **changes):
    given = {"dataset": "clevrer-mini", "split": "test", "run_id": run_id or model}
    return run_of(*measurements, model=model, **{**given, **changes})


def table3(*records, **options):
    return build_table(load_layout("3"), records, **options)


def without_measured():
    return [panel.columns for panel in table3().panels]


# Layouts


def test_without_measured_rows_nothing_is_added():
    assert without_measured() == [("FID ↓", "IS ↑", "FVD^16 ↓"), ("FVD^16 ↓", "FVD^64 ↓", "FVD^128 ↓")]


def test_each_row_of_table_3_has_its_model():
    content, motion = load_layout("3").parts
    assert [row.measured_as for row in content.rows] == [
        "vidm-content-vanilla",
        "vidm-content-no-truncation",
        "vidm-content-no-penalty",
        "vidm-default",
    ]
    assert [row.measured_as for row in motion.rows] == [
        "vidm-motion-vanilla",
        "vidm-motion-no-posgn",
        "vidm-motion-no-implicit-condition",
        "vidm-default",
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS.replace("measured_as", "measured_at"), "rows.0.measured_at: unknown key"),
        (ROWS + ', { label = "b", method = "DIGAN", measured_as = "vidm-a" }', "measured_as 'vidm-a' is given twice"),
        ('{ label = "ours", measured_as = "vidm-a" }', "measured_as is for rows that name a method"),
    ],
)
def test_a_row_must_be_consistent(tmp_path, rows, words):
    replaced = {"rows": (SYSTEMS_IN_ROWS["rows"][0], f"rows = [{rows}]")}
    with pytest.raises(ProtocolError, match=re.escape(words)):
        layout_of(tmp_path, CASES, **replaced)


def test_columns_name_no_measured_model(tmp_path):
    with pytest.raises(ProtocolError, match="measured_as: unknown key"):
        layout_of(tmp_path, '{ label = "VIDM", method = "VIDM", measured_as = "vidm-a" }')


def test_stand_ins_need_a_row_that_takes_them(tmp_path):
    stand_ins = ("[measured]\n", '[measured]\nstand_ins = { CLEVRER = ["clevrer-mini"] }\n')
    with pytest.raises(ProtocolError, match=re.escape("measured.stand_ins is for rows with measured_as")):
        layout_of(tmp_path, stand_ins=stand_ins)
    layout = layout_of(tmp_path, CASES, stand_ins=stand_ins, **SYSTEMS_IN_ROWS)
    table = build_table(layout, [record("vidm-a", one(), split=None)])
    assert table.panels[0].columns == ("16", "16, measured", "128")


# Table 3


def test_one_row_measured():
    content, motion = (table := table3(record("vidm-motion-no-posgn", one(512.34)))).panels
    assert content.columns == without_measured()[0], "FID and IS are measured by nobody, nor is this row's part"
    assert motion.columns == ("FVD^16 ↓", FVD16, "FVD^64 ↓", "FVD^128 ↓")
    assert motion.rows == ("vanilla", "w/o PosGN", "w/o implicit conditions", "default VIDM"), "no row of its own"
    cells = column(table, FVD16, panel=1)
    assert [cell.text for cell in cells] == ["", "512 ± 10", "", ""]
    assert [cell.kind for cell in cells] == ["none", "measured", "none", "none"]
    assert cells[1].notes == ()
    words = "Measured by vidmbench ?: data set clevrer-mini, not CLEVRER, real clips of 32 x 32 pixels, not 256 x 256, "
    assert f"{words}N = 256 + 200, fvd-vidm-paper, fp32." in table.legend
    assert cells[1].signature == "fvd | proto:fvd-vidm-paper.1 | t:16 | x:aaaaaaaa"
    assert [cell.text for cell in column(table, "FVD^16 ↓", panel=1)] == ["603.7", "532.1", "584.8", "87.4"]
    markdown = to_markdown(table)
    assert "do not rank them" in markdown
    assert "are ties" not in markdown


def test_one_model_may_stand_in_both_parts():
    lengths = [one(90.0 + frames, frames) for frames in (16, 64, 128)]
    content, motion = (table := table3(record("vidm-default", *lengths))).panels
    assert content.columns == ("FID ↓", "IS ↑", "FVD^16 ↓", FVD16)
    assert motion.columns[1::2] == (FVD16, "FVD^64, measured ↓", "FVD^128, measured ↓")
    assert column(table, FVD16, 0)[3] == column(table, FVD16, 1)[3]
    assert [cell.text for cell in motion.cells[3][1::2]] == ["106 ± 10", "154 ± 10", "218 ± 10"]


def test_two_signatures_for_one_cell_the_latest_stands_and_says_so():
    name = "vidm-motion-vanilla"
    old, new = record(name, one(600.0), run_id="run-1"), record(name, one(500.0, 16, "bbbbbbbb"), run_id="run-2")
    cell = column(table3(old, new), FVD16, 1)[0]
    assert (cell.text, cell.signature_id) == ("500 ± 10", "bbbbbbbb")
    assert cell.notes[-1] == f"The latest number of {name} here; not shown: signature #aaaaaaaa."
    again = record(name, one(550.0), run_id="run-3")
    cell = column(table3(old, new, again), FVD16, 1)[0]
    assert cell.text == "550 ± 10"
    assert "The latest of 2 runs with this signature: run-3." in cell.notes
    assert cell.notes[-1].endswith("not shown: signature #bbbbbbbb.")


def test_another_signature_below_is_not_compared():
    records = [
        record("vidm-motion-vanilla", one(600.0)),
        record("vidm-motion-no-posgn", one(600.0, 16, "bbbbbbbb", num_fake=100)),
    ]
    first, second, *_ = column(table3(*records), FVD16, 1)
    words = "Not comparable with the measured number beside it: signature #bbbbbbbb, not #aaaaaaaa, which differ in x"
    assert second.notes[-1] == f"{words} (bbbbbbbb against aaaaaaaa)."
    assert "N = 256 + 100." in second.notes
    assert not any("Not comparable" in note or "are ties" in note for note in first.notes)


def test_a_failed_measurement_gives_its_reason():
    failed = {"value": None, "interval": None, "status": "failed", "reason": "too few videos", "real": SMALL}
    lost = record("vidm-motion-vanilla", measured("cccccccc", **failed), run_id="run-2")
    table = table3(lost)
    cell = column(table, FVD16, 1)[0]
    assert (cell.kind, cell.text) == ("failed", "failed")
    assert cell.notes == ("vidm-motion-vanilla failed: too few videos.",)
    assert "too few videos" in to_markdown(table)
    cell = column(table3(record("vidm-motion-vanilla", one(600.0)), lost), FVD16, 1)[0]
    assert (cell.kind, cell.text) == ("measured", "600 ± 10"), "an older number goes before a newer failure"
    assert cell.notes[-1].endswith("not shown: signature #cccccccc.")


@pytest.mark.parametrize(
    "stranger",
    [
        record("vidm-motion-no-posgnn", one()),
        record("static-of:vidm-motion-no-posgn", one()),
        record("vidm-motion-no-posgn", one(), split="train"),
        record("vidm-motion-no-posgn", one(), split=None),
        record("vidm-motion-no-posgn", one(), dataset="taichi-hd"),
        record("vidm-motion-no-posgn", one(frames=32)),
        record("vidm-motion-no-posgn", one(metric="kvd")),
    ],
    ids=["model", "twin", "split", "no split", "data set", "frames", "metric"],
)
def test_what_does_not_fit_leaves_the_table_as_it_is(stranger):
    assert table3(stranger) == table3()


def test_a_content_model_stays_out_of_the_motion_part():
    content, motion = table3(record("vidm-content-vanilla", one())).panels
    assert content.columns[-1] == FVD16
    assert (motion.columns, len(motion.rows)) == (without_measured()[1], 4)


def test_other_models_keep_rows_of_their_own_and_only_on_the_data_set_itself():
    records = [
        record("vidm", one(95.0), run_id="run-1"),
        record("vidm:mine", one(95.0), run_id="run-2", dataset="clevrer"),
        record("vidm-default", one(90.0), run_id="run-3"),
        record("vidm-default-2", one(95.0), run_id="run-4", dataset="clevrer"),
    ]
    content = (table := table3(*records)).panels[0]
    assert content.rows[4:] == ("vidm-default-2 (measured)", "vidm:mine (measured)")
    assert [cell.kind for cell in column(table, "FVD^16 ↓")] == ["published"] * 4 + ["none"] * 2
    assert [cell.kind for cell in column(table, FVD16)] == ["none"] * 3 + ["measured"] * 3
    assert column(table, FVD16)[3].text == "90 ± 10"


def test_overlapping_intervals_are_ties():
    records = [
        record("vidm-content-vanilla", one(120.0)),
        record("vidm-content-no-truncation", one(101.0)),
        record("vidm-content-no-penalty", one(100.0, interval=None)),
        record("vidm-default", one(95.0)),
    ]
    vanilla, truncation, penalty, default = column(table3(*records), FVD16)
    words = "Not distinguishable from the best: equal, or the intervals overlap."
    assert words in truncation.notes
    assert words in default.notes
    assert words not in vanilla.notes, "it overlaps the second, not the best"
    assert words not in penalty.notes, "without an interval nothing is known"
    apart = [records[0], record("vidm-default", one(99.0))]
    assert words not in to_csv(table3(*apart))


def test_csv_has_the_measured_column_and_its_notes():
    text = to_csv(table3(record("vidm-default", one(90.0), one(290.0, 64))))
    rows = list(csv.DictReader(io.StringIO(text)))
    default = [row for row in rows if row["kind"] == "measured"]
    assert [(row["row"], row["column"], row["value"], row["low"], row["high"]) for row in default] == [
        ("default VIDM", FVD16, "90.0", "80.0", "100.0"),
        ("default VIDM", FVD16, "90.0", "80.0", "100.0"),
        ("default VIDM", "FVD^64, measured ↓", "290.0", "280.0", "300.0"),
    ]
    assert {row["dataset"] for row in default} == {"clevrer-mini@test"}
    assert {(row["num_real"], row["num_fake"]) for row in default} == {("256", "200")}


def test_measured_only_shows_the_rows_that_were_measured():
    content, motion = table3(record("vidm-default", one(90.0)), published=False).panels
    assert content.rows == motion.rows == ("default VIDM (measured)",)
    assert motion.columns == without_measured()[1]
    assert [cell.kind for cell in motion.cells[0]] == ["measured", "none", "none"]
    assert table3(published=False).panels == ()


def test_a_layout_of_ones_own(tmp_path):
    layout = layout_of(tmp_path, CASES, **SYSTEMS_IN_ROWS)
    table = build_table(layout, [record("vidm-a", one(), dataset="clevrer")])
    assert table.panels[0].columns == ("16", "16, measured", "128")
    assert not any("Data set" in note for note in column(table, "16, measured")[0].notes)


# Print


def test_a_measured_column_is_never_parted_from_the_published_one():
    names = [f"vidm-motion-{name}" for name in ("vanilla", "no-posgn", "no-implicit-condition")]
    lengths = [one(500.0 + frames, frames) for frames in (16, 64, 128)]
    markdown = to_markdown(table3(*(record(name, *lengths) for name in names)))
    heads = [line for line in markdown.splitlines() if line.startswith("| ") and "FVD^" in line]
    assert len(heads) > 2, "the motion part is broken into blocks"
    for head in heads[1:]:
        assert head.count(", measured") * 2 == head.count("FVD^")
    assert max(len(line) for line in markdown.splitlines() if line.startswith("|")) <= 100


def test_columns_may_be_parted_otherwise():
    """The twin of the test above."""
    cells = tuple(Cell("published", "1234567890") for _ in range(6))
    heads = tuple(f"column {number}" for number in range(6))
    panel = Panel("p", ("row",), heads, (), (cells,), ())

    joined = Panel("p", ("row",), heads, (), (cells,), (), frozenset({3}))
    first, second = (
        next(line for line in to_markdown(Table("n", "t", (), (one_of,)), width=60).splitlines() if "column 2" in line)
        for one_of in (panel, joined)
    )
    assert ("column 3" in first, "column 3" in second) == (False, True)
