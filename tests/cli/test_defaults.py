"""Defaults of the command line: what they change is visible as if it had been given as an option."""

import json

import pytest
import typer.main

from vidmbench.cli.commands import app
from vidmbench.cli.defaults import defaults_of, taken_words

SCORE = ["score", "real.npy", "control:static", "--frames", "16", "--num-videos", "5"]


def test_a_dry_run_says_what_a_default_changed(command, folder, real, monkeypatch):
    (folder / "vidmbench.toml").write_text('protocol = "fvd-tats"\ndevice = "cpu"\n')
    said = command(*SCORE, "--dry-run")
    assert said.code == 0, said.err
    assert f"protocol fvd-tats, from {folder / 'vidmbench.toml'}" in said.out
    assert "proto:fvd-tats.1" in said.out
    plan = command(*SCORE, "--dry-run", "--json").json
    assert plan["defaults"]["device"] == {"value": "cpu", "from": str(folder / "vidmbench.toml")}
    given = command(*SCORE, "--dry-run", "--json", "--protocol", "fvd-tats", "--device", "cpu").json
    assert given["measurements"] == plan["measurements"]
    assert given["defaults"] == {}
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "fvd-digan,prdc-i3d")
    plan = command(*SCORE, "--dry-run", "--json").json
    assert [item["protocol"] for item in plan["measurements"]] == ["fvd-digan", "prdc-i3d"]
    assert plan["defaults"]["protocol"]["from"] == "VIDMBENCH_PROTOCOL"


def test_a_record_is_as_if_the_default_had_been_given(command, folder, real, fake_network, monkeypatch):
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "fvd-digan")
    assert command(*SCORE, "--out", "by-default").code == 0
    monkeypatch.delenv("VIDMBENCH_PROTOCOL")
    assert command(*SCORE, "--out", "given", "--protocol", "fvd-digan").code == 0
    by_default, given = (json.loads(next((folder / out).glob("*.json")).read_text()) for out in ("by-default", "given"))
    assert by_default["request"] == given["request"]
    assert by_default["request"]["protocols"] == ["fvd-digan"]
    assert by_default["measurements"][0]["signature"] == given["measurements"][0]["signature"]
    assert by_default["command"][-2:] == ["--protocol", "fvd-digan"]


def test_commands_of_one_frechet_protocol_take_the_first_that_is_one(monkeypatch):
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "prdc-i3d,fvd-tats")
    found = defaults_of(typer.main.get_command(app))
    assert found["infinity"].get("protocol") == found["plot"]["fvd-vs-n"].get("protocol") == "fvd-tats"
    assert taken_words() == ("--protocol", "fvd-tats")
    assert found["run"].get("protocol") == ["prdc-i3d", "fvd-tats"]
    assert found["compare"].get("protocol") is found["run"].get("dataset") is None
    assert found["plot"]["score-map"].get("protocol") is None  # its own default is another
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "prdc-i3d")
    assert found["infinity"].get("protocol") is None


def test_compare_and_help_know_nothing_of_a_broken_file(command, folder, real):
    (folder / "vidmbench.toml").write_text('protocol = "fvd-tats"\n')
    plan = command("compare", "real.npy", "control:static", "--dry-run", "--json").json
    assert len({item["protocol"] for item in plan["measurements"]}) > 3
    (folder / "vidmbench.toml").write_text('protocl = "fvd-tats"\n')
    assert command("score", "--help").code == 0
    assert command("list", "protocols").code == 0
    command("score", "real.npy", "control:static").fails("did you mean protocol", str(folder / "vidmbench.toml"))


def test_an_unknown_protocol_says_where_it_comes_from(command, folder, real, monkeypatch):
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "fvd-dign")
    command("score", "real.npy", "control:static").fails("did you mean fvd-digan?", "where: VIDMBENCH_PROTOCOL")
    monkeypatch.setenv("VIDMBENCH_PROTOCOL", "nothere.toml")
    command("score", "real.npy", "control:static").fails("nothere.toml", "where: VIDMBENCH_PROTOCOL")


def test_the_data_root_of_a_file_is_used_and_recorded(folder, monkeypatch):
    from vidmbench.core.errors import UsageError
    from vidmbench.evaluation.choices import Choices
    from vidmbench.evaluation.request import request_of
    from vidmbench.sources.datasets.disk import root_of
    from vidmbench.sources.datasets.spec import load_dataset

    with pytest.raises(UsageError, match="--data-root"):
        root_of(load_dataset("clevrer"), None)
    (folder / "sets" / "clevrer").mkdir(parents=True)
    (folder / "vidmbench.toml").write_text('data_root = "sets"\n')
    assert root_of(load_dataset("clevrer"), None) == folder / "sets" / "clevrer"
    assert request_of("run", "clevrer", "control:static", Choices()).data_root == str(folder / "sets")
    assert request_of("run", "clevrer-mini", "control:static", Choices()).data_root is None
    assert request_of("score", "dataset:clevrer", "x", Choices()).data_root == str(folder / "sets")


def test_the_doctor_shows_where_each_default_comes_from(folder, monkeypatch):
    from vidmbench.check import doctor

    (folder / "vidmbench.toml").write_text('protocol = "fvd-tats"\ndata_root = "nowhere"\n')
    monkeypatch.setenv("VIDMBENCH_DEVICE", "cpu")
    found = {check.name: check for check in doctor.examine("defaults", "cache")}
    assert found["defaults"].state == "note"  # the data root does not exist
    for word in (
        f"protocol fvd-tats (from {folder / 'vidmbench.toml'})",
        "device cpu (from VIDMBENCH_DEVICE)",
        f"the data root {folder / 'nowhere'} does not exist",
    ):
        assert word in found["defaults"].said
    assert "(from VIDMBENCH_CACHE)" in found["cache"].said
    (folder / "vidmbench.toml").write_text('protocol = "fvd-tts"\n')
    assert [check.state for check in doctor.examine("defaults")] == ["FAIL"]
