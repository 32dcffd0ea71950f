"""The list of records, and one whole, as text and as JSON."""

import json

import pytest
from support.table_samples import measured, run_of

from vidmbench.records.record import SideRecord, find_records, write_record
from vidmbench.reporting.terminal.records import list_text, record_text, result_lines, results_json, short_ids


def side(size=(64, 48), **changes):
    given = {"label": "clips", "digest": "ab" * 32, "num_videos": 300, "num_scored": 256, "size": size}
    return SideRecord(**given | changes)


@pytest.fixture
def found(tmp_path):
    scored = measured(value=90.04321, real=side(), fake=side((32, 32), skipped=(("a.mp4", "broken"),)))
    failed = measured("bbbbbbbb", value=None, interval=None, status="failed", reason="too few", metric="kvd")
    write_record(run_of(scored, run_id="20260101T000001Z_a_t16"), tmp_path / "first")
    late = run_of(scored, failed, run_id="20260101T000002Z_b_t16", created="2026-01-02T00:30:00+01:00", model="a\x1bb")
    path = write_record(late, tmp_path / "second")
    path.rename(path.with_name("B.json"))
    return find_records(tmp_path)


def test_the_list_shows_id_day_size_and_file(found, tmp_path):
    first, second = list_text(found).split("\n\n")
    title, common, columns, row = first.splitlines()
    assert title == f"{tmp_path / 'first'}: 1 record, files ID*.json"
    assert common == "  FVD ↓ · clevrer · 16 frames · N = 256+200 · fvd-vidm-paper · #aaaaaaaa"
    assert columns.split() == ["ID", "Day", "Model", "Size", "Value"]
    assert row.split()[:4] == ["20260101T000001Z", "2026-01-01", "vidm", "64x48/32x32"]
    assert row.endswith(f"  {measured(value=90.04321).text()}")
    title, common, columns, row, failed = second.splitlines()
    assert title == f"{tmp_path / 'second'}: 1 record"
    assert columns.split()[-1] == "File"
    assert (row.split()[1], row.split()[-1]) == ("2026-01-01", "B.json")  # the day in UTC; a file with another name
    assert r"a\x1bb" in row
    assert " KVD ↓ " in failed
    assert " failed " in failed
    assert list_text(find_records(tmp_path / "nothing")) == ""


def test_what_differs_between_rows_has_a_column(tmp_path):
    for number, changes in enumerate(({}, {"frames": 64, "num_fake": 100}, {"precision": "bf16"})):
        write_record(run_of(measured(**changes), run_id=f"run{number}"), tmp_path)
    _, common, columns, *_ = list_text(find_records(tmp_path)).splitlines()
    assert common == "  FVD ↓ · clevrer · fvd-vidm-paper · #aaaaaaaa"
    assert columns.split() == ["ID", "Day", "Model", "Size", "Frames", "Value", "N", "Precision"]


def test_a_record_without_measurements_is_listed(tmp_path):
    write_record(run_of(run_id="run-1"), tmp_path)
    assert list_text(find_records(tmp_path)).splitlines()[-1].endswith("no measurements")


def test_ids_are_beginnings_that_no_other_run_has():
    names = ["t1_a", "t1_b", "t2_c", "run", "run-2", "t1_ab"]
    ids = short_ids(names)
    assert ids == {"t1_a": "t1_a", "t1_ab": "t1_ab", "t1_b": "t1_b", "t2_c": "t2", "run": "run", "run-2": "run-2"}
    assert short_ids(["alone_x"]) == {"alone_x": "alone"}
    assert short_ids([]) == {}


def test_the_json_holds_the_numbers_in_full(found, tmp_path):
    (tmp_path / "C.json").write_text('{"schema_version": 1, "run_id"')
    content = results_json(find_records(tmp_path))
    json.dumps(content, allow_nan=False)
    entry = content["20260101T000002Z_b_t16"]
    assert entry["file"] == str(tmp_path / "second" / "B.json")
    first, failed = entry["measurements"]
    assert (first["metric"], first["value"], first["interval"], first["size"]) == (
        "fvd",
        90.04321,
        [85.0, 99.0],
        [64, 48],
    )
    assert (failed["value"], failed["status"], failed["reason"], failed["size"]) == (None, "failed", "too few", None)
    assert content[str(tmp_path / "C.json")]["measurements"] == []
    lines = result_lines(find_records(tmp_path))
    assert lines["20260101T000001Z_a_t16"] == (
        f"vidm on clevrer, 2026-01-01: FVD ↓ {measured(value=90.04321).text()}, 16 frames"
    )
    assert lines[str(tmp_path / "C.json")].startswith("cannot be read: ")


def test_one_record_whole(found, tmp_path):
    record = found.records[-1]
    lines = record_text(record, found.files[record.run_id]).splitlines()
    assert lines[0] == record.run_id
    assert lines[1].split() == ["file", str(tmp_path / "second" / "B.json")]
    assert "  value      90.04321" in lines
    assert "  interval   85.0 to 99.0, bootstrap-95" in lines
    assert "  clips      16 frames, stride 1, 64x48/32x32 pixels, seed 0" in lines
    assert "  scored     clips: 256 clips of 300 videos, 1 skipped, digest abababababab" in lines
    assert "KVD ↓  failed: too few" in lines
    assert not [line for line in lines if "\x1b" in line]


def test_what_numbers_of_a_record_share_is_said_once(found):
    record = found.records[-1]
    first = record.measurements[0].model_copy(update={"warnings": ("of both", "of the first")})
    second = first.model_copy(update={"protocol": "another", "warnings": ("of both",)})
    text = record_text(record.model_copy(update={"measurements": (first, second)}), found.files[record.run_id])
    lines = text.splitlines()
    assert "all 2 numbers" in lines
    for once in ("  clips ", "  real ", "  note: of both", "  note: of the first"):
        assert sum(line.startswith(once) for line in lines) == 1, once
    assert sum(line.startswith("  protocol") for line in lines) == 2
    assert "  protocol  another" in text
