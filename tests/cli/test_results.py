"""``vidmbench results list``, ``show``, ``export`` and ``import`` as they are typed."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from support.table_samples import measured, run_of

from vidmbench.core import resources
from vidmbench.records.record import write_record


@pytest.fixture(autouse=True)
def two(folder, monkeypatch):
    """Two records in ./runs, none elsewhere."""
    monkeypatch.setattr(resources, "results_dir", lambda: folder / "results")
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: folder / "results")
    write_record(run_of(measured(), run_id="20260101T000001Z_a"), Path("runs"))
    write_record(run_of(measured("bbbbbbbb", 120.0, (115.0, 125.0)), run_id="20260101T000002Z_b"), Path("runs"))


def test_list_and_show_fit_together(command):
    listed = command("results", "list")
    assert (listed.code, listed.err) == (0, "")
    title, _, _, *rows = listed.out.splitlines()
    assert title == "runs: 2 records, files ID*.json"
    shown = command("results", "show", rows[1].split()[0])
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[:2] == ["20260101T000002Z_b", "  file     runs/20260101T000002Z_b.json"]
    stored = json.loads(Path("runs/20260101T000002Z_b.json").read_text())
    for name in ("20260101T000002Z_b", "bbbbbbbb", "#bbbbbbbb", "runs/20260101T000002Z_b.json"):
        assert command("results", "show", name, "--json").json == stored
    everything = command("results", "list", "--json").json
    assert everything == command("list", "results", "--json").json
    assert everything["20260101T000002Z_b"]["measurements"][0]["value"] == 120.0
    assert "FVD ↓ 120.0" in command("list", "results").out


def test_a_name_that_means_none_or_several_is_refused(command):
    command("results", "show", "2026").fails("several records", "20260101T000001Z_a, 20260101T000002Z_b", "give more")
    command("results", "show", "").fails("ID is empty")
    command("results", "show", "cccccccc").fails("unknown run", "results list")
    command("results", "show", "nowhere.json").fails("not a record", "nowhere.json")
    command("results", "show", "x", "--runs", "nowhere").fails("no such folder of records")
    Path("runs/20260101T000003Z_c.json").write_text('{"schema_version": 1, "run_id": "2026')
    command("results", "show", "20260101T000003Z").fails("not a record", "000003Z_c.json")
    command("results", "show", "20260101T00000").fails("several records", "20260101T000003Z_c")
    listed = command("results", "list")
    assert listed.code == 0
    assert "note: not shown: runs/20260101T000003Z_c.json" in listed.err


def test_nothing_measured_yet(command):
    shutil.rmtree("runs")
    assert command("results", "list").out == "no results yet\n"
    assert command("results", "list", "--json").json == {}
    command("results", "show", "x").fails("no records", "vidmbench run")
    command("results", "export").fails("no records to export", "runs")


def test_export_to_stdout_and_to_a_file(command):
    printed = command("results", "export", "--format", "csv")
    assert (printed.code, printed.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [(row["run_id"], row["value"]) for row in rows] == [
        ("20260101T000001Z_a", "90.04"), ("20260101T000002Z_b", "120.0")]  # fmt: skip
    said = command("results", "export", "--out", "new/all.csv")
    assert (said.code, said.out) == (0, "new/all.csv\n")
    assert Path("new/all.csv").read_text() == printed.out
    command("results", "export", "--out", "all.xlsx").fails("does not say its format")
    command("results", "export", "--format", "xlsx").fails("xlsx")
    command("results", "export", "--out", "new/all.csv/x.csv").fails("new/all.csv")
    assert Path("new/all.csv").read_text() == printed.out


def test_export_of_parquet(command, monkeypatch):
    pytest.importorskip("pyarrow", reason="Parquet is an optional extra")
    import pandas

    assert command("results", "export", "--out", "all.parquet").out == "all.parquet\n"
    assert list(pandas.read_parquet("all.parquet")["value"]) == [90.04, 120.0]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    command("results", "export", "--format", "parquet").fails("terminal", "--out results.parquet")


def test_import_outside_a_checkout_says_where_it_would_write(command, monkeypatch):
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: None)
    names = [str(path) for path in sorted(Path("runs").glob("*.json"))]
    outcome = command("results", "import", *names, "gone.json")
    outcome.fails(
        "no folder for records",
        "results/measured/clevrer/20260101T000001Z_a.json, results/measured/clevrer/20260101T000002Z_b.json",
        "gone.json: not a record",
        "pip install -e .",
    )
    assert not Path("results").exists()
