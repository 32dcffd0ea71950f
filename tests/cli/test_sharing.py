"""--shard and torchrun on commands that score: the record is that of one process."""

import json

import numpy as np
import pytest

COUNT = 20


@pytest.fixture
def films(folder):
    for seed, name in enumerate(("real", "fake")):
        np.save(f"{name}.npy", np.random.default_rng(seed).integers(0, 256, (COUNT, 9, 8, 8, 3), dtype=np.uint8))


RUN = [
    "run",
    "--model",
    "mine",
    "--samples",
    "fake.npy",
    "--dataset",
    "folder:real.npy",
    "--frames",
    "9",
    "--num-videos",
]
RUN += [str(COUNT), "--quiet"]


@pytest.fixture
def as_worker(command, monkeypatch, folder):
    """Gives a command as one of the processes of a launcher; the launcher sets the variables anew in every call."""

    def give(rank, world, *words, **more):
        with monkeypatch.context() as patch:
            values = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": world} | more
            for name, value in values.items():
                patch.setenv(name, str(value))
            return command(*words)

    return give


def test_what_does_not_share_its_work_is_done_once(as_worker):
    """explain, infinity, compare-models, table ... once printed everything from every process."""
    first, second = (as_worker(rank, 2, "list", "recipes") for rank in (0, 1))
    assert first.code == second.code == 0
    assert "tiny" in first.out
    assert first.err == "list does not share its work: process 0 of 2 does all\n"
    assert (second.out, second.err) == ("", "")
    assert "tiny" in as_worker("x", 2, "list", "recipes").out


def only_record(folder):
    """What a record says, but for names, times and the machine."""
    (path,) = (folder / "runs").glob("*.json")
    record = json.loads(path.read_text())
    assert "shard" not in record["command"]
    for key in ("run_id", "created", "environment", "digest", "command"):
        del record[key]
    for measurement in record["measurements"]:
        del measurement["seconds"]
    for left in (folder / "runs").iterdir():
        left.unlink()
    return json.dumps(record)


@pytest.fixture
def alone(fake_network, films, command, folder, monkeypatch, tmp_path):
    """The record of one undisturbed process."""
    assert command(*RUN).code == 0
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "shared"))
    fake_network.clear()
    return only_record(folder)


def test_shards_and_then_the_command_without(alone, fake_network, command, folder):
    first = command(*RUN, "--shard", "3/3", "--json").json
    assert set(first) == {"shard", "computed", "missing", "unfinished", "clips"}
    assert first["shard"] == "3/3"
    said = [command(*RUN, "--shard", f"{part}/3") for part in (1, 2)]
    assert [each.code for each in said] == [0, 0]
    assert "next:    the other shards, and then the same command without --shard" in said[0].err
    assert said[1].out.endswith("clips computed, 0 missing; 0 of 40 clips of all shards not finished yet\n")
    assert said[1].err == "next:    the same command without --shard\n"
    assert not (folder / "runs").exists() or not list((folder / "runs").iterdir())
    assert command(*RUN).code == 0
    assert only_record(folder) == alone
    assert fake_network.scored == 2 * COUNT


def test_a_number_of_processes_that_changes_between_tries(alone, as_worker, fake_network, folder):
    """Process 1 of 3 worked, then the job was started again with two; process 0 gives the record."""
    others = [as_worker(2, 3, *RUN)]
    others.append(as_worker(1, 2, *RUN, TORCHELASTIC_RUN_ID="job"))
    assert [(each.code, each.out) for each in others] == [(0, ""), (0, "")]
    assert others[0].err == "process 2 of 3: its part is done; process 0 gives the numbers\n"
    assert others[1].err == ""
    assert list((folder / "runs").iterdir()) == []
    assert as_worker(0, 2, *RUN).code == 0
    assert only_record(folder) == alone
    assert fake_network.scored == 2 * COUNT


@pytest.mark.parametrize("words", ["0/4", "5/4", "all"])
def test_what_is_no_shard(command, films, words):
    command("score", "real.npy", "fake.npy", "--shard", words).fails(f"--shard {words} is not a part of the work", "1")


def test_score_and_compare_have_shards(films, fake_network, command):
    for words in (["score", "real.npy", "fake.npy", "--frames", "9"], ["compare", "real.npy", "fake.npy"]):
        more = ["--protocol", "fvd-vidm-paper", "--frames", "9"] if words[0] == "compare" else []
        for part in (1, 2):
            assert command(*words, *more, "--num-videos", str(COUNT), "--shard", f"{part}/2").code == 0
    assert fake_network.scored == 2 * COUNT


def test_a_dry_run_speaks_once(films, command, as_worker):
    assert as_worker(1, 2, *RUN, "--dry-run").out == ""
    assert as_worker(0, 2, *RUN, "--dry-run").out != ""
