"""The frame of all measurements."""

import doctest
import json
import subprocess
import sys

import pandas
import pytest
from support.table_samples import measured, run_of

import vidmbench
from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.records import frame as results
from vidmbench.records.record import write_record


@pytest.fixture
def folder(tmp_path):
    good = measured(value=90.0, interval=(85.0, 99.0), frames=16, warnings=("one thing", "another"))
    failed = measured("b", value=None, interval=None, status="failed", reason="too few", frames=64)
    spread = measured("c", value=3.0, interval=None, spread=0.25, spread_kind="sd over 10 runs")
    write_record(run_of(spread, run_id="run-2", created="2026-02-01T00:00:00Z", split="test", model="b"), tmp_path)
    write_record(run_of(good, failed, run_id="run-1"), tmp_path / "deep")
    return tmp_path


def test_one_row_a_measurement_oldest_run_first(folder):
    frame = vidmbench.load_results(folder)
    assert list(frame["run_id"]) == ["run-1", "run-1", "run-2"]
    first = frame.iloc[0]
    assert (first["model"], first["dataset"], first["frames"], first["stride"]) == ("vidm", "clevrer", 16, 1)
    assert (first["value"], first["low"], first["high"], first["interval_kind"]) == (90.0, 85.0, 99.0, "bootstrap-95")
    assert (first["num_real"], first["num_fake"], first["signature_id"]) == (256, 200, "aaaaaaaa")
    assert first["notes"] == "one thing; another"
    assert first["created"] == pandas.Timestamp("2026-01-01", tz="UTC")
    assert list(frame["split"].isna()) == [True, True, False]
    last = frame.iloc[2]
    assert (last["spread"], last["spread_kind"], last["model"]) == (0.25, "sd over 10 runs", "b")


def test_a_failed_measurement_is_a_row_without_a_value(folder):
    failed = vidmbench.load_results(folder).set_index("frames").loc[64]
    assert (failed["status"], failed["reason"]) == ("failed", "too few")
    assert pandas.isna(failed["value"])
    assert pandas.isna(failed["low"])


def test_the_columns_are_the_same_with_and_without_rows(folder, tmp_path_factory):
    empty = vidmbench.load_results(tmp_path_factory.mktemp("empty"))
    full = vidmbench.load_results(str(folder))
    assert len(empty) == 0
    assert dict(empty.dtypes) == dict(full.dtypes)
    assert list(full.columns) == list(results.COLUMNS)
    for column in full.columns:
        assert f"``{column}``" in results.load_results.__doc__, f"{column} is not documented"


def test_committed_records_and_own_runs_without_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    committed = vidmbench.load_results()
    kept = sum(
        len(json.loads(path.read_text())["measurements"])
        for path in (resources.results_dir() / "measured").rglob("*.json")
    )
    assert len(committed) == kept > 0
    assert set(committed.loc[committed["dataset"] == "clevrer-mini", "resolution"]) == {32, 64}
    write_record(run_of(measured()), tmp_path / "runs")
    assert len(vidmbench.load_results()) == kept + 1
    assert len(vidmbench.load_results("runs")) == 1


@pytest.mark.parametrize("place", ["missing", "file.json"])
def test_a_folder_that_is_none(tmp_path, place):
    (tmp_path / "file.json").touch()
    with pytest.raises(ResultError, match="no such folder of records"):
        vidmbench.load_results(tmp_path / place)


def test_the_example_in_the_documentation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(results) == (0, 5)


def test_importing_vidmbench_stays_light():
    """The twin: asking for the function loads pandas, so the check can fail."""
    probe = (
        "import json, sys, vidmbench; {}; print(json.dumps([name in sys.modules for name in ('pandas', 'pydantic')]))"
    )
    seen = [
        json.loads(subprocess.run([sys.executable, "-c", probe.format(code)], capture_output=True, check=True).stdout)
        for code in ("pass", "vidmbench.load_results('docs')")
    ]
    assert seen == [[False, False], [True, True]]


def test_other_names_are_missing_as_usual():
    assert "load_results" in dir(vidmbench)
    with pytest.raises(AttributeError, match="no attribute 'load_result'"):
        vidmbench.load_result  # noqa: B018
