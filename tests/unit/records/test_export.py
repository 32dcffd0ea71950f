"""Measurements as files for other programs."""

import csv
import io
import sys

import pandas
import pytest
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.records.export import check_format, exported, format_of
from vidmbench.records.frame import COLUMNS, frame_of

VALUE = 90.04321098765432
RECORDS = [
    run_of(measured(value=VALUE, interval=(85.0, 99.0)), measured("b", value=None, interval=None, status="failed",
           reason="too\nfew", frames=64), model="=1+1", created="2026-01-01T01:00:00+01:00"),
    run_of(measured("c", value=3e-7, interval=None, spread=0.25, spread_kind="sd"), run_id="run-2", split="test"),
]  # fmt: skip


def test_csv_has_one_number_a_cell_in_full():
    text = exported(RECORDS, "csv").decode()
    first, failed, last = csv.DictReader(io.StringIO(text))
    assert text.splitlines()[0].split(",") == list(COLUMNS)
    assert len(text.splitlines()) == 4  # a line each
    assert (float(first["value"]), first["low"], first["high"]) == (VALUE, "85.0", "99.0")
    assert (first["num_real"], first["num_fake"], first["signature_id"]) == ("256", "200", "aaaaaaaa")
    assert first["created"] == "2026-01-01 00:00:00+00:00"
    assert (failed["value"], failed["low"], failed["status"], failed["reason"]) == ("", "", "failed", r"too\nfew")
    assert (float(last["value"]), last["split"], float(last["spread"])) == (3e-7, "test", 0.25)
    assert first["model"] == "'=1+1"  # what a spreadsheet would compute


def test_parquet_reads_back_as_the_frame():
    pytest.importorskip("pyarrow", reason="Parquet is an optional extra")
    read = pandas.read_parquet(io.BytesIO(exported(RECORDS, "parquet")))
    expected = frame_of(RECORDS)
    assert list(read.columns) == list(COLUMNS)
    pandas.testing.assert_frame_equal(read, expected, check_dtype=False, check_exact=True)
    assert read["value"].dtype == "float64"
    assert read["num_real"].dtype == "Int64"
    assert list(read["model"]) == ["=1+1", "=1+1", "vidm"]  # no spreadsheet reads it


def test_without_the_library_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet", raising=False)
    check_format("csv")
    with pytest.raises(ResultError, match="need the package pyarrow") as caught:
        check_format("parquet")
    assert "pip install pyarrow" in caught.value.fix
    assert "--format csv" in caught.value.fix


@pytest.mark.parametrize(
    ("form", "name", "chosen"),
    [(None, None, "csv"), ("parquet", None, "parquet"), (None, "a.PARQUET", "parquet"), (None, "a.pq", "parquet"),
     (None, "a.csv", "csv"), ("csv", "a.txt", "csv"), ("parquet", "a", "parquet")],
)  # fmt: skip
def test_the_format_is_what_was_asked_for_or_what_the_name_says(form, name, chosen, tmp_path):
    assert format_of(form, name and tmp_path / name) == chosen


def test_a_format_that_nobody_can_know_is_refused(tmp_path):
    with pytest.raises(UsageError, match="contradict"):
        format_of("csv", tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="does not say its format"):
        format_of(None, tmp_path / "a.xlsx")
    with pytest.raises(UsageError, match="not a folder"):
        format_of("csv", tmp_path)
