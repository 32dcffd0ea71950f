import json

import pytest
from pydantic import ValidationError

from vidmbench.core.errors import ResultError, VidmbenchError
from vidmbench.core.files import sha256_of_parts
from vidmbench.records.published import published_values
from vidmbench.records.record import (
    SCHEMA,
    Measurement,
    RunRecord,
    SideRecord,
    read_record,
    read_records,
    record_files,
    write_record,
)
from vidmbench.records.request import RunRequest


def measurement(**changes):
    side = SideRecord(label="x", digest="ab" * 32, num_videos=3, num_scored=2, size=(4, 6), skipped=(("v1", "broken"),))
    facts = {
        "metric": "fvd",
        "value": 1.25,
        "interval": (1.0, 1.5),
        "interval_kind": "jackknife",
        "num_real": 2,
        "num_fake": 2,
        "frames": 16,
        "stride": 1,
        "precision": "fp32",
        "engine": "e",
        "signature": "long",
        "signature_short": "short",
        "signature_id": "01234567",
        "protocol": "p",
        "protocol_spec": {"name": "p"},
        "weights": {"d": "00"},
        "seconds": 0.5,
        "seed": 0,
        "real": side,
        "fake": side,
    }
    return Measurement(**{**facts, **changes})


def record(run_id="run-1", **changes):
    facts = {
        "created": "2026-01-01T00:00:00+00:00",
        "model": "m",
        "dataset": "d",
        "split": None,
        "command": ("vidmbench", "run"),
        "measurements": (measurement(),),
        "environment": {"cores": 2},
    }
    return RunRecord(run_id=run_id, **{**facts, **changes})


def test_a_record_comes_back_as_it_was_written(tmp_path):
    path = write_record(record(), tmp_path / "deep")
    assert path == tmp_path / "deep" / "run-1.json"
    assert read_record(path) == record().sealed()
    assert read_record(path).digest != ""
    assert [entry.name for entry in path.parent.iterdir()] == ["run-1.json"]


def test_a_failed_measurement_is_a_record_with_a_reason(tmp_path):
    failed = measurement(status="failed", reason="no clip could be read", value=None, interval=None, interval_kind=None)
    found = read_record(write_record(record(measurements=(failed,)), tmp_path))
    assert found.measurements[0].value is None
    assert found.measurements[0].reason == "no clip could be read"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_is_refused_and_writes_nothing(tmp_path, value):
    with pytest.raises(ValueError, match=r"JSON compliant|finite"):
        write_record(record(measurements=(measurement(value=value),)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def edited(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["measurements"][0].update(value=1.24),
        lambda content: content["environment"].update(cores=3),
        lambda content: content.update(model="better"),
        lambda content: content.update(digest="0" * 64),
        lambda content: content["measurements"].clear(),
    ],
)
def test_an_edit_by_hand_is_found(tmp_path, change):
    path = write_record(record(), tmp_path)
    edited(path, change)
    with pytest.raises(ResultError, match="changed after it was written") as caught:
        read_record(path)
    assert caught.value.where == str(path)


REQUEST = RunRequest(command="run", real="d", fake="m", protocols=("p",), frames=(16,), data_root="a b")


def test_a_request_is_stored_and_sealed(tmp_path):
    path = write_record(record(request=REQUEST), tmp_path)
    assert read_record(path).request == REQUEST
    edited(path, lambda content: content["request"].update(data_root="elsewhere"))
    with pytest.raises(ResultError, match="changed after it was written"):
        read_record(path)


def test_records_without_a_request_keep_their_digest():
    """Older records have no such key; a record without a request has the digest it had before there were requests."""
    content = record().model_dump(mode="json", exclude={"digest", "request", "rollout"})
    for item in content["measurements"]:
        del item["spread"], item["spread_kind"], item["interval_reason"], item["by_frame"]
    assert record().sealed().digest == sha256_of_parts(json.dumps(content, sort_keys=True))


def test_a_key_that_is_later_added_to_requests_leaves_digests_alone():
    class Later(RunRequest):
        new: str | None = None

    later = Later(**REQUEST.model_dump())
    assert record(request=later).sealed().digest == record(request=REQUEST).sealed().digest


def test_another_layout_of_the_same_words_is_no_edit(tmp_path):
    path = write_record(record(), tmp_path)
    edited(path, lambda content: None)
    assert read_record(path) == record().sealed()


def test_a_newer_version_is_named(tmp_path):
    path = write_record(record(), tmp_path)
    edited(path, lambda content: content.update(schema_version=SCHEMA + 1, something_new=1))
    with pytest.raises(ResultError, match="a record of a newer vidmbench") as caught:
        read_record(path)
    assert caught.value.found == str(SCHEMA + 1)


@pytest.mark.parametrize("text", ["", "[", "\x00"])
def test_what_is_no_json_is_no_record(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ResultError, match="not a record"):
        read_record(tmp_path / "x.json")


@pytest.mark.parametrize("text", ["[]", "{}", '{"schema_version": 1, "run_id": 3}'])
def test_what_is_no_record_says_what_is_missing(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ResultError, match="not a complete record"):
        read_record(tmp_path / "x.json")


def test_a_missing_file(tmp_path):
    with pytest.raises(ResultError, match="not a record"):
        read_record(tmp_path / "gone.json")
    assert record_files(tmp_path / "gone") == []


def test_records_are_read_oldest_first_and_once(tmp_path):
    write_record(record("b", created="2026-01-02T00:00:00+00:00"), tmp_path / "one")
    write_record(record("a", created="2026-01-03T00:00:00+00:00"), tmp_path / "one" / "deep")
    write_record(record("b", created="2026-01-02T00:00:00+00:00"), tmp_path / "two")
    assert [found.run_id for found in read_records(tmp_path / "one", tmp_path / "two")] == ["b", "a"]


def test_two_claims_on_one_run(tmp_path):
    write_record(record(), tmp_path / "one")
    write_record(record(model="other"), tmp_path / "two")
    with pytest.raises(ResultError, match="two different records claim the run run-1") as caught:
        read_records(tmp_path / "one", tmp_path / "two")
    assert str(tmp_path / "one") in str(caught.value.where)


def test_records_cannot_be_changed_or_carry_strange_keys():
    with pytest.raises(ValidationError, match="frozen"):
        record().model = "x"
    with pytest.raises(VidmbenchError, match="Extra inputs"):
        measurement(surprise=1)


def test_an_unknown_published_table():
    with pytest.raises(ResultError, match="no such published table"):
        published_values("table99")
