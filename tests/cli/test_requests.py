"""Requests of several models and protocols, and what is refused of a request: all of it at once."""

import json

import numpy as np
import pytest

from vidmbench.records.record import read_records

pytestmark = pytest.mark.usefixtures("fake_network")
COMMON = ("--frames", 16, "--num-videos", 5)


@pytest.fixture
def models(folder, clips, real):
    for name, array in (("a", clips), ("b", np.flip(clips, axis=1)), ("c", 255 - clips)):
        np.save(folder / f"{name}.npy", array)
    return "a.npy", "b.npy", "c.npy"


def test_several_models_read_the_real_videos_once(command, models, fake_network):
    done = command("score", "real.npy", *models, *COMMON, "--json")
    assert fake_network.scored == 20
    content = done.json
    assert [model["model"] for model in content["models"]] == list(models)
    assert [item["fake"]["label"] for item in content["measurements"]] == list(models)
    assert (content["model"], content["value"]) == ("a.npy", content["models"][0]["measurements"][0]["value"])
    alone = [command("score", "real.npy", model, *COMMON, "--json").json for model in models]
    assert [one["value"] for one in alone] == [item["value"] for item in content["measurements"]]
    assert [one["signature_id"] for one in alone] == [item["signature_id"] for item in content["measurements"]]
    assert "models" not in alone[0]


def test_a_record_for_each_model(command, models, folder):
    done = command("score", "real.npy", *models, *COMMON, "--protocol", "fvd-vidm-paper,kvd-tats", "--out", "made")
    assert done.code == 0, done.err
    records = read_records(folder / "made")
    assert sorted(record.model for record in records) == sorted(models)
    assert all([item.metric for item in record.measurements] == ["fvd", "kvd"] for record in records)
    assert [record.request.fake for record in records] == [record.model for record in records]
    assert done.err.count("record:  made") == 3


def test_models_of_one_name_are_told_apart(command, models, folder, clips):
    for place, array in (("x", clips), ("y", clips[:, ::-1])):
        (folder / place).mkdir()
        np.save(folder / place / "samples.npy", array)
    done = command("score", "real.npy", "x/samples.npy", "y/samples.npy", "x/samples.npy", *COMMON)
    assert done.code == 0, done.err
    lines = [line.split()[0] for line in done.out.splitlines() if "samples.npy" in line]
    assert lines == ["x/samples.npy", "y/samples.npy"]


def test_a_model_with_other_counts_is_not_in_one_column(command, models, folder, clips):
    """Numbers at different counts do not compare: each stands in a row of its own, with its counts."""
    np.save(folder / "few.npy", clips[:4])
    done = command("score", "real.npy", "a.npy", "few.npy", "--frames", 16, "--protocol", "fvd-common-metrics")
    assert done.code == 0, done.err
    rows = [line for line in done.out.splitlines() if "#" in line]
    assert "5+5" in rows[0]
    assert "5+4" in rows[1]


def test_protocols_by_commas(command, models):
    once = command("score", "real.npy", "a.npy", *COMMON, "--protocol", "fvd-tats, kvd-tats", "--json").json
    twice = command("score", "real.npy", "a.npy", *COMMON, "--protocol", "fvd-tats", "--protocol", "kvd-tats", "--json")
    values = [[item["value"] for item in content["measurements"]] for content in (once, twice.json)]
    assert values[0] == values[1]
    for words in ("fvd-tats,,kvd-tats", ",", ""):
        command("score", "real.npy", "a.npy", *COMMON, "--protocol", words).fails("--protocol without a name")


@pytest.mark.parametrize("name", ["compare-models", "infinity"])
def test_commands_of_one_protocol_refuse_two(name, command, models):
    sides = models if name == "compare-models" else models[:2]
    command(name, *sides, "--protocol", "fvd-tats,fvd-digan").fails("takes one protocol", "fvd-tats,fvd-digan")


def test_all_that_is_wrong_is_said_at_once(command, models):
    words = ("--protocol", "fvd,kvd-tats", "--frames", "9", "--num-videos", 0, "--data-root", "nowhere")
    done = command("score", "nothere", "gone.npy", *words)
    done.fails(
        "6 problems with this request", "1. --num-videos 0 is too small", "2. --data-root does not exist",
        "3. unknown protocol 'fvd': did you mean fvd-vidm-paper (the default)", "4. kvd-tats cannot score",
        "5. ", "nothere", "6. ", "gone.npy",
    )  # fmt: skip
    done = command("run", "--model", "x", "--samples", "gone.npy", "--dataset", "clevrr", "--protocol", "fvd-diga")
    done.fails("3 problems", "gone.npy", "unknown data set 'clevrr'", "fvd-digan")
    (one,) = [command("score", "real.npy", "gone.npy", *COMMON)]
    one.fails("gone.npy")
    assert "problems with this request" not in one.err


def test_nobody_asked_for_so_many(command, models):
    command("score", "real.npy", "a.npy").fails("fewer videos than are taken by default", "--num-videos 5 works")
    command("score", "real.npy", "a.npy", "--num-videos", 9).fails("fewer videos than asked for")
    command("score", "real.npy", "a.npy", "--num-fake", 5).fails("fewer videos than are taken by default on the real")


def test_two_notes_and_the_rest_on_demand(command, models, folder, clips):
    np.save(folder / "blank.npy", np.full_like(clips[:, :, :48], 128))
    words = ("score", "real.npy", "blank.npy", *COMMON)
    short, long = command(*words), command(*words, "-v")
    assert short.err.count("warning: ") == 2
    assert "2 more notes: -v" in short.err
    assert long.err.count("warning: ") == 4
    assert "proto:" not in short.out
    assert "signature  fvd | proto:fvd-vidm-paper.1 | " in long.out
    assert len(json.loads(command(*words, "--json").out)["warnings"]) == 4
