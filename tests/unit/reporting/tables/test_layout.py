"""Layouts, and measured numbers beside published ones."""

import re

import pytest
from support.table_samples import PROTOCOLS, VIDM, column, layout_of, measured, run_of

from vidmbench.core.errors import ProtocolError
from vidmbench.records.record import SideRecord
from vidmbench.reporting.tables.build import build_table, load_layout, measurement_rows, to_csv, to_markdown

# Layouts


def test_names():
    assert load_layout("1").name == load_layout("table1").name == "table1"
    with pytest.raises(ProtocolError, match="unknown table 'tabel2': did you mean table2"):
        load_layout("tabel2")
    with pytest.raises(ProtocolError, match="unknown table '9'"):
        load_layout("9")


def test_all_mistakes_are_reported_at_once(tmp_path):
    with pytest.raises(ProtocolError) as caught:
        layout_of(tmp_path, a=('better = "lower"', 'better = "smaller"'), b=('title = "Tiny"', 'titel = "Tiny"'))
    assert "3 mistakes in tiny.toml" in str(caught.value)
    assert all(words in str(caught.value) for words in ("metrics.FVD.better", "titel: unknown key", "title: missing"))


@pytest.mark.parametrize(
    ("columns", "rest", "words"),
    [
        (f"{VIDM}, {VIDM}", PROTOCOLS, "label 'VIDM' is given twice"),
        ('{ label = "VIDM", method = "VIDM", frames = 16 }', PROTOCOLS, "frames is set twice for row '16'"),
        (VIDM + ', { label = "other" }', PROTOCOLS, "name a method or none"),
        (VIDM, "", "must be in one group of protocols, not in 0"),
        (
            VIDM,
            PROTOCOLS.replace('["VIDM"]', '["VIDM", "VDIM"]'),
            "'VDIM', which this part does not show: did you mean VIDM?",
        ),
    ],
)
def test_a_part_must_be_consistent(tmp_path, columns, rest, words):
    with pytest.raises(ProtocolError, match=re.escape(words)):
        layout_of(tmp_path, columns, rest)


def test_metrics_must_be_declared(tmp_path):
    with pytest.raises(ProtocolError, match="metrics lacks IS"):
        layout_of(tmp_path, a=('metric = "FVD"', 'metric = "IS"'))


def test_unknown_method_says_did_you_mean(tmp_path):
    layout = layout_of(tmp_path, VIDM.replace('"VIDM" }', '"VIMD" }'), PROTOCOLS.replace("VIDM", "VIMD"))
    with pytest.raises(ProtocolError, match="unknown method 'VIMD': did you mean VIDM"):
        build_table(layout)


def test_unknown_published_table_says_did_you_mean(tmp_path):
    with pytest.raises(ProtocolError, match="unknown published table 'tabel1': did you mean table1"):
        build_table(layout_of(tmp_path, a=('"table1"', '"tabel1"')))


def test_a_cell_nobody_printed_is_an_error_unless_the_layout_says_so(tmp_path):
    tats = VIDM + ', { label = "TATS", method = "TATS" }'
    rest = PROTOCOLS.replace('["VIDM"]', '["VIDM", "TATS"]')
    with pytest.raises(ProtocolError) as caught:
        build_table(layout_of(tmp_path, tats, rest))
    assert "no published values fit row '16', column 'TATS' of 'CLEVRER'" in str(caught.value)
    assert "row '128', column 'TATS'" in str(caught.value), "all at once"
    none = 'none = [["16", "TATS"], ["128", "TATS"]]\n'
    table = build_table(layout_of(tmp_path, tats, none + rest))
    assert [cell.kind for cell in column(table, "TATS")] == ["none", "none"]


def test_an_ambiguous_cell_is_an_error(tmp_path):
    layout = layout_of(tmp_path, a=('dataset = "CLEVRER", ', ""))
    with pytest.raises(ProtocolError, match="4 published values fit row '16', column 'VIDM'"):
        build_table(layout)


def test_footnotes_of_all_cells_with_notes(tmp_path):
    flagged = build_table(layout_of(tmp_path, a=('"CLEVRER", metric', '"UCF-101", metric')))
    every = build_table(
        layout_of(
            tmp_path, a=('"CLEVRER", metric', '"UCF-101", metric'), b=("published", 'footnotes = "all"\npublished')
        )
    )
    assert flagged.panels[0].column_notes == ((),)
    assert every.panels[0].column_notes == (("Remarks. This table does not state VIDM's split and conditioning.",),)


# Measured numbers


def test_measured_numbers_stand_beside_the_published_ones_with_interval_and_signature(tmp_path):
    one = measured()
    table = build_table(layout_of(tmp_path), [run_of(one)])
    assert table.panels[0].columns == ("VIDM", "vidm (measured)")
    assert [cell.text for cell in column(table, "VIDM")] == ["87.4", "426.5"]
    first, second = column(table, "vidm (measured)")
    assert (first.kind, first.text, second.kind) == ("measured", "90.0 [85.0, 99.0]", "none")
    markdown = to_markdown(table)
    assert one.signature not in markdown
    assert f"`{one.signature}`" in to_markdown(table, signatures=True), "whole, on one line"
    assert "90.0 [85.0, 99.0] |" in markdown, "nothing differs, so nothing has a mark"
    assert "Measured by vidmbench ?: N = 256 + 200, fvd-vidm-paper, fp32." in markdown
    assert "[low, high]: 95 % interval at this N." in markdown
    assert "Signature: #aaaaaaaa; in full with --signatures." in markdown
    assert "do not rank them" in markdown
    assert "do not rank them" not in to_markdown(build_table(layout_of(tmp_path)))
    assert one.signature in to_csv(table)


def test_two_signatures_beside_each_other_are_marked(tmp_path):
    records = [run_of(measured("aaaaaaaa")), run_of(measured("bbbbbbbb"), model="digan", run_id="run-2")]
    digan, vidm = (
        column(build_table(layout_of(tmp_path), records), f"{name} (measured)")[0] for name in ("digan", "vidm")
    )
    assert not any("Not comparable" in note for note in digan.notes)
    words = "Not comparable with the measured number beside it: signature #aaaaaaaa, not #bbbbbbbb, which differ in x"
    assert vidm.notes[-1] == f"{words} (aaaaaaaa against bbbbbbbb)."
    assert set(digan.notes).isdisjoint(vidm.notes), "each has a footnote of its own"
    same = [run_of(measured()), run_of(measured(), model="digan", run_id="run-2")]
    assert "Not comparable" not in to_markdown(build_table(layout_of(tmp_path), same))


def test_two_signatures_never_share_a_cell_and_rows_of_a_column_have_their_own_marks(tmp_path):
    records = [run_of(measured("aaaaaaaa"), measured("bbbbbbbb", 70.0), measured("cccccccc", 400.0, frames=128))]
    table = build_table(layout_of(tmp_path), records)
    assert table.panels[0].columns == ("VIDM", "vidm (measured)", "vidm (measured, 2)")
    assert "not #aaaaaaaa" in column(table, "vidm (measured, 2)")[0].notes[-1]
    first, second = column(table, "vidm (measured)")
    assert set(first.notes).isdisjoint(second.notes)


def test_two_protocols_of_one_model_have_columns_of_their_own(tmp_path):
    other = measured("bbbbbbbb", protocol="fvd-stylegan-v")
    table = build_table(layout_of(tmp_path), [run_of(measured(), other)])
    assert table.panels[0].columns[1:] == ("vidm (measured, fvd-stylegan-v)", "vidm (measured, fvd-vidm-paper)")


def test_the_latest_of_several_runs_stands_and_says_so(tmp_path):
    records = [run_of(measured(value=1.0)), run_of(measured(value=2.0, interval=None), run_id="run-2")]
    cell = column(build_table(layout_of(tmp_path), records), "vidm (measured)")[0]
    assert cell.text == "2.0"
    assert "The latest of 2 runs with this signature: run-2." in cell.notes
    same = [run_of(measured()), run_of(measured(), run_id="run-2")]
    assert column(build_table(layout_of(tmp_path), same), "vidm (measured)")[0].notes == (), "the same again"


@pytest.mark.parametrize(
    "record",
    [
        run_of(measured(), dataset="clevrer-mini"),
        run_of(measured(frames=64)),
        run_of(measured(metric="kvd")),
    ],
)
def test_records_that_fit_no_row_stay_away(tmp_path, record):
    assert build_table(layout_of(tmp_path), [record]).panels[0].columns == ("VIDM",)


def test_a_record_of_another_split_stays_away():
    ucf = [run_of(measured(), dataset="ucf101", split="train")]
    train, both = build_table(load_layout("table2"), ucf).panels
    assert "vidm (measured)" in train.columns
    assert "vidm (measured)" not in both.columns


def test_measured_systems_join_the_rows_of_table_3_where_the_layout_admits_them():
    records = [run_of(measured()), run_of(measured(), model="digan", run_id="run-2")]
    content, motion = build_table(load_layout("3"), records).panels
    assert content.rows[-1] == motion.rows[-1] == "vidm (measured)"
    assert [cell.kind for cell in content.cells[-1]] == ["none", "none", "measured"]
    assert [cell.kind for cell in motion.cells[-1]] == ["measured", "none", "none"]


def test_size_and_warnings_are_said(tmp_path):
    small = SideRecord(label="x", digest="0" * 64, num_videos=9, num_scored=9, size=(64, 48))
    layout = layout_of(tmp_path, a=('metric = "FVD" }', 'metric = "FVD", resolution = 256 }'))
    odd = run_of(measured(real=small, warnings=("few videos",)))
    legend = " ".join(build_table(layout, [odd]).legend)
    assert "real clips of 64 x 48 pixels, not 256 x 256" in legend
    assert "Few videos." in legend
    beside = [odd, run_of(measured(), model="digan", run_id="run-2")]
    cell = column(build_table(layout, beside), "vidm (measured)")[0]
    assert cell.notes == ("Real clips of 64 x 48 pixels, not 256 x 256.", "Few videos.")


def test_a_failed_measurement_gives_its_reason(tmp_path):
    failed = measured(value=None, interval=None, status="failed", reason="too few | videos\nfor this")
    table = build_table(layout_of(tmp_path), [run_of(failed)])
    cell = column(table, "vidm (measured)")[0]
    assert (cell.kind, cell.text) == ("failed", "failed")
    assert cell.notes == ("vidm failed: too few | videos for this.",)
    assert cell.signature_id == "aaaaaaaa"
    rows = measurement_rows([run_of(failed)])
    assert rows.rows[0][3] == "failed: too few | videos for this"
    for text in (to_markdown(table), to_csv(table), rows.to_markdown()):
        assert "failed: too few" in text
        assert "nan" not in text.lower()
    both = build_table(layout_of(tmp_path), [run_of(failed, measured("bbbbbbbb"))])
    assert [cell.kind for cell in both.panels[0].cells[0]] == ["published", "measured", "failed"]


def test_measured_only(tmp_path):
    layout = layout_of(tmp_path)
    assert build_table(layout, published=False).panels == ()
    assert "No measured number fits" in to_markdown(build_table(layout, published=False))
    assert build_table(layout, [run_of(measured())], published=False).panels[0].columns == ("vidm (measured)",)


def test_a_layout_without_published_columns_is_only_a_file(tmp_path):
    own = {"a": ('["table1"]', "[]"), "b": ('dataset = "CLEVRER"', 'dataset = "clevrer-mini"')}
    table = build_table(layout_of(tmp_path, "", "", **own), [run_of(measured(), dataset="clevrer-mini")])
    assert table.panels[0].rows == ("vidm",)
    assert table.panels[0].columns == ("16", "128")
