"""Record files on disk: damaged, hidden, half-written, vanishing, and written by several processes at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.table_samples import measured, run_of

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.core.temporaries import _cleared
from vidmbench.records import importing
from vidmbench.records import record as record_files_module
from vidmbench.records.record import (
    find_records,
    read_record,
    read_records,
    record_files,
    write_new_record,
    write_record,
)

# Damage


def test_a_flipped_bit_is_found_or_changes_nothing(tmp_path):
    path = write_record(run_of(measured(value=1306.2)), tmp_path)
    data, whole = path.read_bytes(), read_record(path)
    num_found = 0
    for position in range(len(data)):
        bit = position % 8
        path.write_bytes(data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :])
        found = find_records(tmp_path)
        assert found.records in ((), (whole,)), (position, bit)
        assert len(found.records) + len(found.unreadable) == 1, (position, bit)
        num_found += len(found.unreadable)
    assert num_found > 0.9 * len(data)  # spaces between words may become other spaces


def test_every_truncation_is_found(tmp_path):
    path = write_record(run_of(measured()), tmp_path)
    data = path.read_bytes()
    for length in (*range(100), *range(100, len(data) - 2, 9)):
        path.write_bytes(data[:length])
        found = find_records(tmp_path)
        assert found.records == (), length
        assert [error.where for error in found.unreadable] == [str(path)], length
    path.write_bytes(bytes(len(data)))  # what some file systems keep after a power cut
    assert len(find_records(tmp_path).unreadable) == 1


def test_a_label_changed_by_hand_can_be_kept(tmp_path):
    """The message says how; then the numbers are used, and a note says that they are not checked."""
    path = write_record(run_of(measured()), tmp_path)
    content = json.loads(path.read_text()) | {"model": "a better name"}
    path.write_text(json.dumps(content))
    with pytest.raises(ResultError, match="changed after it was written, or damaged") as caught:
        read_record(path)
    assert 'remove the key "digest"' in str(caught.value)
    del content["digest"]
    path.write_text(json.dumps(content))
    assert read_record(path).model == "a better name"
    found = find_records(tmp_path)
    assert found.records[0].model == "a better name"
    assert found.notes() == [f"without a digest, so not checked for changes or damage: {path}"]


def test_damage_stops_only_those_who_need_the_record(tmp_path):
    write_record(run_of(measured(), run_id="a"), tmp_path)
    bad = write_record(run_of(measured(), run_id="b"), tmp_path)
    bad.write_text(bad.read_text().replace("90.04", "80.04"))
    found = find_records(tmp_path)
    assert [record.run_id for record in found.records] == ["a"]
    (note,) = found.notes()
    assert note.startswith(f"not shown: {bad}: a record that was changed after it was written, or damaged (")
    with pytest.raises(ResultError, match="changed after it was written"):
        read_records(tmp_path)


def test_files_of_other_programs_are_passed_over(tmp_path):
    (tmp_path / "package.json").write_text('{"name": "x", "version": 1}')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "comments.json").write_text("// no JSON\n{}")
    (tmp_path / "nan.json").write_text('{"loss": NaN}')
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    found = find_records(tmp_path)
    assert (found.records, found.unreadable) == ((), ())


BAD_NAMES = [
    "",
    ".",
    "..",
    ".hidden",
    "a/b",
    "../a",
    "a\\b",
    "a\0b",
    "a\nb",
    "\x1b[2J",
    "\u202ea",
    "nul",
    "COM1.x",
    "a ",
    "x" * 300,
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_names_that_cannot_be_files_are_refused(name, tmp_path, monkeypatch):
    record = run_of(measured(), run_id=name).sealed()
    with pytest.raises(ResultError, match="a run's name cannot be a file name"):
        write_record(record, tmp_path / "out")
    with pytest.raises(ResultError, match="a run's name cannot be a file name"):
        write_new_record(record, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    foreign = tmp_path / "foreign.json"
    foreign.write_text(record.model_dump_json())
    with pytest.raises(ResultError, match="a run's name cannot be a file name"):
        read_record(foreign)
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: tmp_path / "results")
    with pytest.raises(ResultError, match="a run's name cannot be a file name"):
        importing.import_records([foreign])
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.json"]


# Other files beside records


def test_hidden_files_are_no_records(tmp_path):
    path = write_record(run_of(measured()), tmp_path / ".kept" / "runs")  # a folder that the user names may be hidden
    (path.parent / ".run-1.x8.json").write_text('{"schema_version": 1, "run_id"')
    (path.parent / ".git").mkdir()
    (path.parent / ".git" / "run-2.json").write_text("")
    assert record_files(path.parent) == [path]
    assert find_records(path.parent).unreadable == ()


def test_a_file_that_vanishes_is_passed_over(tmp_path, monkeypatch):
    write_record(run_of(measured(), run_id="a"), tmp_path)
    gone = tmp_path / "gone.json"
    monkeypatch.setattr(record_files_module, "record_files", lambda folder: [gone, *record_files(folder)])
    found = find_records(tmp_path)
    assert [record.run_id for record in found.records] == ["a"]
    assert found.unreadable == ()


# Several writers


def test_two_runs_of_one_moment_are_both_kept(tmp_path):
    first, path = write_new_record(run_of(measured(value=1.0)), tmp_path)
    second, other = write_new_record(run_of(measured(value=2.0)), tmp_path)
    assert (first.run_id, second.run_id) == ("run-1", "run-1-2")
    assert [read_record(where).measurements[0].value for where in (path, other)] == [1.0, 2.0]


def test_no_record_replaces_another(tmp_path):
    path = write_record(run_of(measured(value=1.0)), tmp_path)
    assert write_record(run_of(measured(value=1.0)), tmp_path) == path  # the same
    with pytest.raises(ResultError, match="another record of the run run-1"):
        write_record(run_of(measured(value=2.0)), tmp_path)
    assert read_record(path).measurements[0].value == 1.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["run-1.json"]


def test_where_a_file_system_has_no_links(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    test_two_runs_of_one_moment_are_both_kept(tmp_path)


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from support.table_samples import measured, run_of
from vidmbench.records.record import write_new_record
for number in range(10):
    write_new_record(run_of(measured(value=float(sys.argv[1]) + number)), Path({folder!r}))
"""


def test_several_processes_write_one_name_while_it_is_read(tmp_path):
    code = WRITER.format(tests=str(Path(__file__).parents[2]), folder=str(tmp_path))
    writers = [subprocess.Popen([sys.executable, "-c", code, str(100 * number)]) for number in range(3)]
    while any(writer.poll() is None for writer in writers):
        assert find_records(tmp_path).unreadable == ()
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    values = sorted(record.measurements[0].value for record in read_records(tmp_path))
    assert values == sorted(100.0 * writer + number for writer in range(3) for number in range(10))
    assert all(path.name.startswith("run-1") for path in tmp_path.iterdir())


# Imports


@pytest.fixture
def measured_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: tmp_path / "results")
    return tmp_path / "results" / "measured"


def test_two_different_records_of_one_run_are_not_imported_together(tmp_path, measured_folder):
    first = write_record(run_of(measured(value=1.0)), tmp_path / "a")
    second = write_record(run_of(measured(value=2.0)), tmp_path / "b")
    with pytest.raises(ResultError, match="another record of the run run-1") as caught:
        importing.import_records([first, second])
    assert str(first) in caught.value.where
    assert str(second) in caught.value.where
    assert not measured_folder.exists()


def test_the_same_record_twice_is_imported_once(tmp_path, measured_folder):
    paths = [write_record(run_of(measured()), tmp_path / name) for name in "ab"]
    assert importing.import_records(paths) == [measured_folder / "clevrer" / "run-1.json"]
    assert importing.import_records(paths) == [measured_folder / "clevrer" / "run-1.json"]


def test_an_import_beside_others(tmp_path, measured_folder):
    """What another import is writing, and what it left half-written, stop nothing."""
    measured_folder.mkdir(parents=True)
    (measured_folder / ".run-9.json").write_text("{")
    (measured_folder / "run-8.json").write_text("{")
    path = write_record(run_of(measured(), dataset="x" * 500), tmp_path / "a")
    (copy,) = importing.import_records([path])
    assert read_record(copy) == read_record(path)


def test_what_a_killed_import_left_goes_with_the_next(tmp_path, measured_folder):
    """Killed between giving a record its name and removing the temporary one; then nothing is left to copy."""
    path = write_record(run_of(measured()), tmp_path / "a")
    code = "import sys; from pathlib import Path; from vidmbench.core.temporaries import temporary_file; "
    code += f"temporary_file(Path({str(measured_folder / 'clevrer' / 'run-1.json')!r}))"
    (measured_folder / "clevrer").mkdir(parents=True)
    write_record(run_of(measured()), measured_folder / "clevrer")
    subprocess.run([sys.executable, "-c", code], check=True)
    _cleared.discard(str(measured_folder / "clevrer"))  # as in a process of its own
    assert len(list((measured_folder / "clevrer").iterdir())) == 2
    importing.import_records([path])
    assert [entry.name for entry in (measured_folder / "clevrer").iterdir()] == ["run-1.json"]


def test_an_unreadable_record_in_the_way_is_named(tmp_path, measured_folder):
    path = write_record(run_of(measured()), tmp_path / "a")
    (copy,) = importing.import_records([path])
    copy.write_text(copy.read_text()[:100])
    with pytest.raises(ResultError, match="not a record") as caught:
        importing.import_records([path])
    assert caught.value.where == str(copy)
