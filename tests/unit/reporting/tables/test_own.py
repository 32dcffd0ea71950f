"""Tables of one's own records: what is shown, what is said once, and that no number is lost or mixed."""

import csv
import io
import re

import pytest
from support.own_records import own, two_models
from support.paths import ROOT
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.reporting.tables.build import printed, to_csv, to_frame, to_latex, to_markdown
from vidmbench.reporting.tables.dimensions import DIMENSIONS, Selection
from vidmbench.reporting.tables.own import own_table

GOLDEN = ROOT / "tests" / "golden_output"


def shown(*records, **options):
    (panel,) = own_table(records, **options).panels
    return {
        (row, column): cell.text
        for row, line in zip(panel.rows, panel.cells, strict=True)
        for column, cell in zip(panel.columns, line, strict=True)
        if cell.kind != "none"
    }


@pytest.mark.parametrize(("name", "make"), [("table.md", to_markdown), ("table.tex", to_latex)])
def test_golden_texts(name, make):
    assert make(own_table(two_models())) == (GOLDEN / name).read_text(encoding="utf-8")


def test_models_are_rows_and_the_caption_says_what_they_share():
    table = own_table(two_models())
    assert table.caption == (
        "FVD (lower is better) on MyClips, 16 frames, 64 x 64 pixels, N = 24 + 24; "
        "fvd-vidm-paper, fp32, vidmbench 0.1.0, #68ff4267. ±: 95 % interval at this N."
    )
    assert shown(*two_models()) == {("model-a", "FVD ↓"): "2437 ± 1059", ("model-b", "FVD ↓"): "3357 ± 1151"}
    assert not re.search(r"^\d+\. ", to_markdown(table), flags=re.M), "nothing differs, so there is no footnote"


def test_one_signature_is_one_line_and_several_only_on_request():
    records = two_models()
    table = own_table(records)
    text = to_markdown(table)
    assert text.count("det:i3d-k400") == 1
    assert "fakes:" not in text
    whole = to_markdown(table, signatures=True)
    assert all(f"`{record.measurements[0].signature}`" in whole for record in records)
    longer = [*records, own("model-a", 9000.0, 500.0, frames=64, signature_id="64646464")]
    assert "det:i3d-k400" not in to_markdown(own_table(longer))
    ids = "Signatures, column by column: #68ff4267 | #64646464"
    assert f"{ids}; in full with --signatures." in to_markdown(own_table(longer)).replace("\n", " ")
    assert f"{ids}." in to_markdown(own_table(longer), signatures=True).replace("\n", " ")


def test_a_float_names_no_option_of_the_command_and_no_usual_pairing():
    records = two_models()
    for record, note in zip(
        records, ("paired by name: vNAME with NAME", "paired in order, as no names agree"), strict=True
    ):
        numbers = [item.model_copy(update={"warnings": (note,)}) for item in record.measurements]
        records[records.index(record)] = record.model_copy(update={"measurements": tuple(numbers)})
    longer = [*records, own("model-a", 9000.0, 500.0, frames=64, signature_id="64646464")]
    text = to_latex(own_table(longer))
    assert "signatures" not in text[: text.index(r"\end{table}")]
    assert text.endswith("% Signatures for the appendix: add --signatures\n")
    assert "by name" not in text
    assert "in order, as no names agree" in text.lower()


def test_columns_say_what_varies():
    records = [*two_models(), own("model-a", 9000.0, 500.0, frames=64, signature_id="64646464")]
    assert list(shown(*records)) == [
        ("model-a", "16 frames"),
        ("model-a", "64 frames"),
        ("model-b", "16 frames"),
    ]
    assert "FVD (lower is better) on MyClips, 64 x 64 pixels, N = 24 + 24" in own_table(records).caption


def test_any_pivot_and_no_number_lost():
    records = [
        *two_models(),
        own("model-a", 9000.0, 500.0, frames=64, signature_id="64646464"),
        own("model-a", 300.0, 30.0, count=256, signature_id="25625625"),
        own("model-b", 0.8, None, metric="recall", protocol="prdc-i3d", signature_id="70707070", protocol_spec={}),
    ]
    values = sorted(["2437 ± 1059", "3357 ± 1151", "9000 ± 500", "300 ± 30", "0.800"])
    for rows in DIMENSIONS:
        for columns in DIMENSIONS:
            if rows != columns:
                found = shown(*records, rows=[rows], columns=[columns])
                assert sorted(found.values()) == values, (rows, columns)
    across = shown(*records, rows=["protocol"], columns=["model"])
    assert {column: text for (row, column), text in across.items() if row == "prdc-i3d"} == {
        "model-b, Recall ↑, 16 frames, N = 24 + 24": "0.800"
    }
    assert ("FVD ↓, fvd-vidm-paper", "model-b") in shown(*records[:2], records[4], columns=["model"])


def test_two_counts_of_one_model_have_columns_and_one_count_that_differs_a_note():
    again = own("model-a", 300.0, 30.0, count=256, signature_id="25625625")
    assert list(shown(*two_models(), again)) == [
        ("model-a", "N = 24 + 24"),
        ("model-a", "N = 256 + 256"),
        ("model-b", "N = 24 + 24"),
    ]
    other = own("model-c", 300.0, 30.0, count=23, signature_id="23232323")
    (panel,) = own_table([*two_models(), other]).panels
    assert panel.row_notes[2] == () or panel.cells[2][0].notes == ()
    notes = " ".join((*panel.row_notes[2], *panel.cells[2][0].notes))
    assert "N = 23 + 23." in notes
    assert "Not comparable with most numbers beside it: signature #23232323, not #68ff4267" in notes
    assert panel.cells[2][0].mark == ""


def test_ties_are_said_and_not_printed_in_bold():
    text = to_markdown(own_table(two_models()))
    assert "Not distinguishable: the intervals overlap (paired test: `vidmbench compare-models`)." in text
    assert "**" not in text
    four = [own(name, value, 100.0) for name, value in (("a", 500.0), ("b", 520.0), ("c", 540.0), ("d", 900.0))]
    text = to_markdown(own_table(four))
    assert "**" not in text
    assert "1. Not distinguishable from the best: equal, or the intervals overlap." in text
    assert [text.count(f"{value} ± 100¹") for value in (500, 520, 540, 900)] == [1, 1, 1, 0]
    clear = to_markdown(own_table([own("a", 500.0, 100.0), own("b", 900.0, 100.0)]))
    assert "**500 ± 100**" in clear
    assert "Not distinguishable" not in clear


def test_the_latest_of_equal_runs_and_no_failure_beside_a_success():
    late = own("model-a", 2000.0, 100.0).model_copy(update={"run_id": "late"})
    assert shown(own("model-a", 1000.0, 100.0), late) == {("model-a", "FVD ↓"): "2000 ± 100"}
    lost = own("model-a", 1.0, None, status="failed", reason="too few videos", signature_id="f0f0f0f0")
    assert shown(lost, *two_models())["model-a", "FVD ↓"] == "2437 ± 1059"
    table = own_table([lost.model_copy(update={"model": "model-c"}), *two_models()])
    assert "failed: too few videos." in to_markdown(table)


def test_one_plus_minus_per_cell_and_why_there_is_no_interval():
    spread = own("a", 32.7, None, metric="is", spread=0.35, spread_kind="sd over 10 splits", num_real=0,
                 protocol_spec={"metric": "inception-score"})  # fmt: skip
    assert shown(spread) == {("a", "IS ↑"): "32.70 ± 0.35"}
    assert own_table([spread]).caption.endswith("N = 24; fvd-vidm-paper, fp32, vidmbench 0.1.0, #68ff4267. "
                                                "±: sd over 10 splits, not an interval.")  # fmt: skip
    both = own("a", 500.0, 20.0, spread=0.4, spread_kind="sd over 10 runs")
    assert shown(both) == {("a", "FVD ↓"): "500 ± 20"}
    none = own("a", 500.0, None, interval_reason="one needs at least 20 clips a side")
    assert shown(none) == {("a", "FVD ↓"): "500"}
    assert "No interval: one needs at least 20 clips a side." in own_table([none]).caption


def test_csv_has_one_number_per_cell():
    rows = list(csv.DictReader(io.StringIO(to_csv(own_table(two_models())))))
    assert [(row["row"], row["metric"], row["frames"], row["protocol"]) for row in rows] == [
        ("model-a", "fvd", "16", "fvd-vidm-paper"),
        ("model-b", "fvd", "16", "fvd-vidm-paper"),
    ]
    assert [float(row["value"]) for row in rows] == [2437.2, 3357.3]
    assert [float(row["low"]) for row in rows] == pytest.approx([1378.2, 2206.3])
    assert [(row["num_real"], row["num_fake"], row["signature_id"]) for row in rows] == [("24", "24", "68ff4267")] * 2
    assert rows[1]["signature"] == two_models()[1].measurements[0].signature
    assert list(to_frame(own_table(two_models()))["counts"]) == [(24, 24)] * 2


def test_two_folders_of_one_name_stay_apart():
    other = run_of(measured(), model="model-a", dataset="folder:/elsewhere/MyClips", run_id="x")
    columns = {column for _, column in shown(*two_models(), other)}
    assert columns == {"folder:/data/MyClips", "folder:/elsewhere/MyClips"}


def test_controls_come_last_and_are_not_ranked():
    records = [own("control:real", 100.0, 10.0), own("model-a", 500.0, 100.0), own("model-b", 900.0, 100.0)]
    (panel,) = own_table(records).panels
    assert panel.rows == ("model-a", "model-b", "control:real")
    assert [line[0].mark for line in panel.cells] == ["best", "", ""]


def test_selections():
    records = [*two_models(), own("model-a", 9000.0, 500.0, frames=64, signature_id="64646464")]
    assert list(shown(*records, selection=Selection({"frames": ("64",)}))) == [("model-a", "FVD ↓")]
    assert len(shown(*records, selection=Selection({"model": ("*-B",), "dataset": ("MyClips",)}))) == 1
    with pytest.raises(UsageError, match="unknown protocol in these records 'fvd-vidm': did you mean fvd-vidm-paper"):
        own_table(records, selection=Selection({"protocol": ("fvd-vidm",)}))
    with pytest.raises(ResultError, match="no measured number"):
        own_table(records, selection=Selection({"model": ("model-b",), "frames": ("64",)}))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": ["modle"]}, "unknown dimension in --rows 'modle': did you mean model"),
        ({"rows": ["model"], "columns": ["model"]}, "model is in rows and in columns"),
        ({"rows": ["model"], "columns": ["frames", "frames"]}, "--columns names a dimension twice"),
    ],
)
def test_pivots_that_are_none(options, words):
    with pytest.raises(UsageError, match=words):
        own_table(two_models(), **options)


@pytest.mark.parametrize("form", ["md", "csv", "latex", "html"])
def test_many_models_with_all_that_can_differ_keep_to_few_marks(form):
    records = [
        own(
            f"model-{at}",
            500.0 + at,
            None if at % 3 == 0 else 50.0,
            count=20 + at % 4,
            signature_id=f"{at % 4:08d}",
            warnings=tuple(f"warning {'abcdefghijkl'[kind]}" for kind in range(12) if (at >> kind % 4) & 1),
        )
        for at in range(16)
    ]
    table = own_table(records)
    places = [cell.notes for panel in table.panels for line in panel.cells for cell in line]
    places += [*table.panels[0].row_notes, *table.panels[0].column_notes]
    assert max(map(len, places)) == 2
    assert len({note for notes in places for note in notes}) <= 8
    text = printed([table], form)
    assert all(f"warning {letter}" in text.replace("Warning", "warning") for letter in "abcdefghijkl"), (
        "nothing is lost"
    )
