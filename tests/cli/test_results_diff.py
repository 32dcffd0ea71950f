"""``vidmbench results diff``, and records that are refused."""

import json
from pathlib import Path

import pytest
from support.table_samples import TINY, measured, run_of

from vidmbench.core import resources
from vidmbench.records.record import write_record


@pytest.fixture(autouse=True)
def no_results(folder, monkeypatch):
    """Nothing measured but what a test writes."""
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: folder / "results")
    real = resources.results_dir()
    (folder / "results").mkdir()
    (folder / "results" / "published").symlink_to(real / "published")
    monkeypatch.setattr(resources, "results_dir", lambda: folder / "results")


def two():
    write_record(run_of(measured(), run_id="run-a"), Path("runs"))
    other = measured("bbbbbbbb", 120.0, (115.0, 125.0), num_fake=100)
    write_record(run_of(other, run_id="run-b", model="digan"), Path("runs"))


def test_by_name_and_by_file(command):
    two()
    said = command("results", "diff", "run-a", "run-b")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[:3] == ["A: run-a", "B: run-b", "run model: vidm against digan"]
    assert "counts num_fake: 200 against 100" in lines
    assert "signature x: aaaaaaaa against bbbbbbbb" in lines
    assert lines[-1] == (
        "value: 90.0 [85.0, 99.0] against 120.0 ± 5.0; B - A = +29.96; the intervals do not overlap; "
        "not comparable: the signatures differ"
    )
    assert command("results", "diff", "runs/run-a.json", "runs/run-b.json").out == said.out
    Path("runs").rename("kept")
    assert command("results", "diff", "run-a", "run-b", "--runs", "kept").out == said.out


def test_the_same(command):
    two()
    said = command("results", "diff", "run-a", "runs/run-a.json")
    assert said.code == 0
    assert said.out.endswith("the records do not differ\n")
    assert "the same; one signature" in said.out


def test_json(command):
    two()
    found = command("results", "diff", "run-a", "run-b", "--json").json
    assert (found["first"]["run_id"], found["second"]["run_id"]) == ("run-a", "run-b")
    assert {"group": "run", "field": "model", "first": "vidm", "second": "digan"} in found["differences"]
    (change,) = found["measurements"]
    assert (change["comparable"], change["intervals_overlap"]) == (False, False)
    assert change["difference"] == pytest.approx(29.96)
    assert {"group": "counts", "field": "num_fake", "first": 200, "second": 100} in change["differences"]


# Bad input: what was expected, what was found, where, what to do


def test_no_records_at_all(command):
    command("results", "diff", "run-a", "run-b").fails("no records", "found: run-a", "vidmbench run")
    command("table", "1", "--measured-only").fails("no measured number fits", "vidmbench run")
    assert command("results", "list").out == "no results yet\n"


def test_an_unknown_run(command):
    two()
    command("results", "diff", "run-a", "run-c").fails("unknown run 'run-c': did you mean", "where: runs and")
    command("results", "diff", "run-a", "gone.json").fails("not a record", "where: gone.json", "written by vidmbench")


@pytest.mark.parametrize(
    "words", [("results", "list"), ("table", "1"), ("results", "diff", "run-a", "run-b")], ids=lambda words: words[0]
)
def test_a_folder_of_records_that_is_none(words, command):
    command(*words, "--runs", "gone").fails("no such folder of records", "found: nothing", "where: gone")
    Path("file").write_text("x")
    command(*words, "--runs", "file").fails("no such folder of records", "found: a file", "where: file")


READERS = [("results", "list"), ("table", "1"), ("results", "diff", "run-a", "run-b")]


@pytest.mark.parametrize(
    "words", [("results", "diff", "run-a", "run-b"), ("results", "import", "runs/run-a.json")], ids=" ".join
)
def test_a_broken_record_is_refused_by_those_who_need_it(words, command):
    two()
    path = Path("runs/run-a.json")
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "schema_version": 2}))
    command(*words).fails("newer vidmbench", "expected: schema_version up to 1", "found: 2", "run-a.json", "--upgrade")
    path.write_text(json.dumps({**whole, "model": "better"}))
    command(*words).fails("changed after it was written", "expected: digest", "found:", "run-a.json", 'key "digest"')


@pytest.mark.parametrize(
    "words", [("results", "list"), ("table", "1"), ("table", "1", "--format", "latex")], ids=" ".join
)
def test_a_broken_record_is_named_by_those_who_read_others_too(words, command):
    two()
    path = Path("runs/run-a.json")
    path.write_text(path.read_text().replace("vidm", "vidn"))
    said = command(*words)
    assert said.code == 0
    assert "note: not shown: runs/run-a.json: a record that was changed after it was written, or damaged" in said.err
    assert "digan" in said.out.lower()
    if words[0] == "table":
        assert "Numbers may be missing: records that could not be read: run-a.json." in said.out
    assert command("results", "diff", "runs/run-b.json", "run-b").code == 0


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_two_records_of_one_run(words, command):
    two()
    write_record(run_of(measured(value=1.0, interval=None), run_id="run-a"), Path("runs/again"))
    command(*words).fails("two different records claim the run run-a", "again/run-a.json", "then move the one")


def test_a_layout_that_names_a_method_nobody_has(command):
    rest = '[[parts.protocols]]\nmethods = ["VIMD"]\nnote = "x"\n'
    Path("mine.toml").write_text(TINY.format(columns='{ label = "x", method = "VIMD" }', rest=rest))
    command("table", "mine.toml").fails("unknown method 'VIMD': did you mean VIDM", "layout tiny", "correct the layout")


def test_an_output_folder_that_is_a_file(command):
    Path("out").write_text("mine")
    run = ("run", "--model", "control:noise", "--dataset", "clevrer-mini", "--num-videos", "2", "--out", "out")
    command(*run).fails("the output folder is a file", "expected: a folder", "where: out", "give another --out")
    assert Path("out").read_text() == "mine"
    two()
    Path("results/measured").write_text("mine")
    command("results", "import", "runs/run-a.json").fails("cannot write to the folder", "results/measured")


def test_a_broken_record_in_a_list_of_names_and_in_a_plot(command):
    two()
    write_record(run_of(measured(frames=64), run_id="run-c", model="digan"), Path("runs"))
    path = Path("runs/run-a.json")
    path.write_text(path.read_text()[:500])
    found = command("list", "results", "--json").json
    assert found["run-b"]["measurements"][0]["value"] == 120.0
    assert found["runs/run-a.json"]["problem"] == "not a record"
    said = command("plot", "fvd-vs-frames", "--own", "--out", "x.svg")
    assert "note: not shown: runs/run-a.json: not a record" in said.err
