"""How tables are printed, and the commands that print them."""

import csv
import io
import json
import re
import subprocess
import sys
from typing import get_args

import pytest
from support.paths import ROOT
from support.table_samples import layout_of, measured, run_of

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.records.published import published_values
from vidmbench.records.record import read_record, write_record
from vidmbench.reporting.tables.build import (
    FORMATS,
    SUFFIXES,
    build_table,
    load_layout,
    measurement_rows,
    to_csv,
    to_frame,
    to_markdown,
    write_all_tables,
)
from vidmbench.reporting.tables.text import pipe_table
from vidmbench.reporting.tables.values import Cell, Panel, Table


@pytest.mark.parametrize("name", ["table1", "table2", "table3"])
def test_csv_parses_back_to_the_published_numbers(name):
    rows = list(csv.reader(io.StringIO(to_csv(build_table(load_layout(name))))))
    assert {len(line) for line in rows} == {len(rows[0])}
    body = [dict(zip(rows[0], line, strict=True)) for line in rows[1:]]
    values = [value for value in published_values(name) if value.value is not None]
    assert sorted(line["value"] for line in body if line["value"]) == sorted(
        value.printed.partition("±")[0] for value in values
    )
    assert sorted(float(line["spread"]) for line in body if line["spread"]) == sorted(
        value.stderr for value in values if value.stderr
    )
    assert not [text for line in body for key, text in line.items() if "±" in text and key != "notes"]
    notes = " ".join(line["notes"] for line in body)
    assert all(note in notes for value in published_values(name) if value.flag for note in value.notes)


def test_csv_names_the_marked_columns():
    rows = list(csv.DictReader(io.StringIO(to_csv(build_table(load_layout("table1"))))))
    found = {(row["row"], row["mark"]): row["column"] for row in rows if row["mark"]}
    assert found["256-UCF101^16", "best"] == "StyleGAN-V"
    assert found["256-UCF101^16", "second"] == "DIGAN"
    assert found["256-CLEVRER^128", "best"] == "VIDM"
    assert not [row for row, _ in found if row == "128-TaiChi^16"]
    assert {row["venue"] for row in rows if row["column"] == "TATS"} == {"ECCV22"}
    assert "trained and scored by StyleGAN-V's authors" in rows[0]["protocol"]
    assert rows[0]["signature"].startswith("fvd | proto:fvd-stylegan-v | ")


def test_markdown_marks_the_best_and_says_what_that_means():
    markdown = to_markdown(build_table(load_layout("table1")))
    assert "**1431.0**" in markdown
    assert "_1630.2_" in markdown
    assert "**294.7" not in markdown
    assert "**Bold**: best; _underscored_: second best" in markdown
    assert "underscored" not in to_markdown(build_table(load_layout("table2")))
    cells = ((Cell("published", "1", ("odd",), mark="second"), Cell("published", "2", ("odd",), mark="best")),)
    panel = Panel("p", ("r",), ("c", "d"), (), cells, ())
    assert "| _1¹_ | **2¹** |" in to_markdown(Table("t", "T", (), (panel,)))


def test_markdown_lines_up_and_numbers_footnotes_in_reading_order():
    for name in ("table1", "table2", "table3"):
        markdown = to_markdown(build_table(load_layout(name)))
        grids = [block.splitlines() for block in markdown.split("\n\n") if block.startswith("|")]
        assert all(len({len(line) for line in grid}) == 1 for grid in grids)
        assert all(len({line.count("|") for line in grid}) == 1 for grid in grids)
        raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
        marks = [
            int(mark.translate(raised)) for grid in grids for mark in re.findall(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", "\n".join(grid))
        ]
        first_seen = list(dict.fromkeys(marks))
        assert first_seen == list(range(1, len(first_seen) + 1)), name
        assert len(re.findall(r"^\d+\. ", markdown, flags=re.M)) == len(first_seen)


def test_equal_notes_share_a_number_and_wide_panels_break():
    cells = tuple(Cell("published", "1", notes=("odd",) if number % 2 else ("even",)) for number in range(30))
    panel = Panel("p", ("row",), tuple(f"column {number}" for number in range(30)), (), (cells,), ())
    markdown = to_markdown(Table("t", "T", (), (panel,)), width=60)
    assert max(len(line) for line in markdown.splitlines()) <= 60
    assert [markdown.count(f"column {number} ") + markdown.count(f"column {number}|") for number in range(30)] == [
        1
    ] * 30
    assert "1. even\n2. odd\n" in markdown


def test_a_pipe_in_a_label_does_not_break_the_grid():
    panel = Panel("p", ("a|b",), ("c",), (), ((Cell("published", "1"),),), ())
    assert r"| a\|b |" in to_markdown(Table("t", "T", (), (panel,)))


def test_a_line_break_in_a_label_makes_no_second_row():
    assert r"| a\nb " in pipe_table([["Model", "FVD"], ["a\nb", "1"]], right_aligned=())


def test_frame_is_long_and_numeric(tmp_path):
    frame = to_frame(build_table(layout_of(tmp_path), [run_of(measured())]))
    assert list(frame["kind"]) == ["published", "measured", "published"]
    assert frame["value"].sum() == pytest.approx(87.4 + 90.04 + 426.5)


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (57.43, (54.33, 60.53), "57.4 ± 3.1"),
        (57.43, (54.0, 62.0), "57.4 [54.0, 62.0]"),
        (2437.2, (1378.2, 3496.2), "2437 ± 1059"),
        (1531.94, (1500.0, 1600.0), "1532 [1500, 1600]"),
        (0.5123, (0.5, 0.5246), "0.512 ± 0.012"),
        (0.0, (0.0, 0.0), "0.00 ± 0.00"),
        (0.01234, None, "0.0123 (no interval)"),
        (0.125, None, "0.125 (no interval)"),
        (522.34, None, "522 (no interval)"),
        (1e-9, None, "0.0000 (no interval)"),
    ],
)
def test_measured_text(value, interval, text):
    assert measured(value=value, interval=interval).text() == text


def test_rows_of_a_run():
    rows = measurement_rows([run_of(measured(), measured("bbbbbbbb", frames=128), split="test")])
    assert rows.header == ("Model", "Dataset", "Frames", "FVD", "N (real/fake)", "Protocol")
    assert rows.rows[0] == ("vidm", "clevrer@test", "16", "90.0 [85.0, 99.0]", "256/200", "fvd-vidm-paper")
    assert len(rows.signatures) == len(rows.rows) == 2
    assert measured().signature in rows.to_markdown()
    mixed = measurement_rows([run_of(measured(), measured(metric="kvd"))])
    assert mixed.header[3:5] == ("Metric", "Value")
    assert measurement_rows([]).to_markdown() == "no measurements\n"


# Files, commands and imports


def test_write_all_tables_needs_a_folder_outside_a_checkout(monkeypatch):
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: None)
    with pytest.raises(ResultError, match="no checkout"):
        write_all_tables()


def test_table_command(tmp_path, capsys):
    from vidmbench.cli.table import table
    from vidmbench.core.vocabulary import TableFormat

    assert list(get_args(TableFormat)) == list(FORMATS) == list(SUFFIXES)
    write_record(run_of(measured()), tmp_path)
    table(name="1", runs=tmp_path)
    captured = capsys.readouterr()
    assert "vidm (measured)" in captured.out
    assert captured.err == ""
    table(runs=tmp_path, form="html")
    assert capsys.readouterr().out.count("<html") == 1
    table(name="1", runs=tmp_path, form="latex")
    assert "\\toprule" in capsys.readouterr().out
    table(runs=tmp_path, measured_only=True, form="csv")
    assert "StyleGAN-V" not in capsys.readouterr().out
    with pytest.raises(ResultError, match="no such folder of records"):
        table(name="1", runs=tmp_path / "nowhere")
    (tmp_path / "run-1.json").unlink()
    with pytest.raises(ResultError, match="no measured number fits 2"):
        table(name="2", runs=tmp_path, measured_only=True)


def test_results_commands(tmp_path, capsys, monkeypatch):
    from vidmbench.cli.results import import_records, list_records

    checkout = tmp_path / "results"
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: checkout)
    monkeypatch.setattr(resources, "results_dir", lambda: checkout)
    path = write_record(run_of(measured(), dataset="folder:/my/videos"), tmp_path / "runs")
    import_records([path])
    kept = checkout / "measured" / "folder-my-videos" / "run-1.json"
    assert read_record(kept) == read_record(path)
    import_records([path])  # the same again is no mistake
    list_records(runs=tmp_path / "runs")
    assert capsys.readouterr().out.count("  vidm  ") == 1
    other = write_record(run_of(measured(value=1.0), dataset="folder:/my/videos"), tmp_path / "other")
    with pytest.raises(ResultError, match="another record of the run run-1"):
        import_records([other])
    elsewhere = write_record(run_of(measured()), tmp_path / "elsewhere")
    with pytest.raises(ResultError, match="another record of the run run-1"):
        import_records([elsewhere])
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "model": "better"}))
    with pytest.raises(ResultError, match="changed after it was written"):
        import_records([path])
    stray = run_of(measured(), run_id="../../../stray")
    (tmp_path / "stray.json").write_text(stray.sealed().model_dump_json())
    with pytest.raises(ResultError, match="cannot be a file name"):
        import_records([tmp_path / "stray.json"])
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: None)
    with pytest.raises(ResultError, match="no folder for records"):
        import_records([other])


@pytest.mark.parametrize("module", ["vidmbench.reporting.tables.build", "vidmbench.cli.table", "vidmbench.cli.results"])
def test_importing_leaves_torch_and_pandas_out(module):
    code = f"import sys, {module}; print(sorted({{'torch', 'pandas', 'numpy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_import_check_can_fail():
    code = "import sys, vidmbench.reporting.tables.build, pandas; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "True"
