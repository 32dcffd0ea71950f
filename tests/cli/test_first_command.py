"""The first command of the paper's reader, on a machine without data or weights, and what makes it work."""

import pytest
import torch
from support.dataset_trees import write_videos
from support.vidm_networks import built, small

from vidmbench.core.files import sha256_of
from vidmbench.vidm.checkpoints import official
from vidmbench.vidm.checkpoints.known import OFFICIAL, OFFICIAL_FILE, OFFICIAL_URL, official_path
from vidmbench.vidm.networks.motion import MotionNet

FIRST = ("run", "--model", "vidm", "--dataset", "clevrer", "--frames", 128)


@pytest.fixture
def published(folder, monkeypatch):
    """A file as the published code writes it, of a network with few channels."""
    monkeypatch.setattr(official, "_spec", lambda *_, **__: small("official"))
    weights = built(MotionNet, small("official")).state_dict()
    state = {f"module.{name}": value for name, value in weights.items()}
    torch.save({"iters": 400_000, "state_dict": state, "ema_state_dict": state, "optimizer": {}}, OFFICIAL_FILE)
    return folder / OFFICIAL_FILE


@pytest.fixture
def clevrer(folder):
    """Two videos of each of two splits."""
    return write_videos(folder / "clevrer", [f"video_{n:05d}.mp4" for n in (0, 1, 10_000, 10_001)], count=128)


def test_all_that_is_missing_is_said_at_once(command):
    done = command(*FIRST)
    done.fails(
        "no VIDM for clevrer on this machine", "clevrer is not built in",
        OFFICIAL_URL, f"vidmbench weights add {OFFICIAL} FILE", "--content real",
        "vidmbench train --recipe clevrer-256 --dataset clevrer --data-root DIR --out RUN", "about 400 H100 hours",
        "http://clevrer.csail.mit.edu", "video_00000-01000/", "--data-root DIR",
        "vidmbench data check clevrer --data-root DIR",
        "vidmbench run --model vidm --dataset clevrer-mini --frames 128\n",
    )  # fmt: skip
    score = ("score", "dataset:clevrer", "vidm", "--frames", "16,128,200")
    command(*score).fails("no VIDM for clevrer", "not built in", "score dataset:clevrer-mini vidm --frames 16,128\n")


def test_the_command_proposed_instead_works(command, fake_network):
    said = command(*FIRST).err.splitlines()[-1].partition("built-in videos: vidmbench ")[2]
    done = command(*said.split(), "--num-videos", 2, "--dry-run")
    assert done.code == 0, done.err


def test_what_is_there_is_not_said_to_be_missing(command, clevrer):
    done = command(*FIRST, "--data-root", "clevrer")
    done.fails("no VIDM for clevrer on this machine", OFFICIAL_URL, "works now", "--dataset clevrer-mini")
    assert "not built in" not in done.err
    named = command(*FIRST[:2], "vidm:nowhere", *FIRST[3:])
    named.fails("no such checkpoint; clevrer is not built in", "1. a model: check the path", "2. the videos: pass")
    assert OFFICIAL_URL not in named.err
    other = command("run", "--model", "vidm", "--dataset", "ucf101", "--data-root", "nowhere-to-be-found")
    other.fails("nowhere-to-be-found")
    taichi = command("run", "--model", "vidm", "--dataset", "taichi-hd")
    taichi.fails("no VIDM for taichi-hd", "--recipe taichi-128", "about 100 H100 hours")
    assert OFFICIAL_URL not in taichi.err


def test_the_published_checkpoint_is_found_once_it_was_added(command, published, clevrer, fake_network):
    added = command("weights", "add", OFFICIAL, published)
    assert added.code == 0, added.err
    assert str(official_path()) in added.out
    assert "assumed as it does not say: T = 1000, N = 20, pixels = 8" in added.out
    assert "iterations 400000" in added.out
    published.rename("elsewhere.tar")
    command(*FIRST).fails(f"{OFFICIAL} has no content generator", "no --content; no --data-root")
    words = (*FIRST[:5], "--frames", 9, "--num-videos", 2, "--data-root", "clevrer", "--steps", 1, "--json")
    command(*words).fails("no content generator", "add --content real")
    found = command(*words, "--content", "real").json
    digest = sha256_of(published.with_name("elsewhere.tar"))
    assert f" | model:{OFFICIAL}:{digest[:8]} | fakes:" in found["signature"]
    notes = "\n".join(found["warnings"])
    assert f"VIDM {OFFICIAL} (sha256 {digest[:8]}), official variant, ancestral sampler, 1 step per frame" in notes
    assert "published checkpoint: assumed as it does not say: T = 1000, N = 20, pixels = 8" in notes
    assert "loss unknown: the file's name says robust" in notes
    assert "first frames: real, frame 0 of each video of clevrer@validation" in notes
    # The file itself draws the same videos, under its own name; so does the copy in the cache where it is named.
    own = command("run", "--model", "vidm:elsewhere.tar", *words[3:], "--content", "real").json
    assert own["fake"]["digest"] == found["fake"]["digest"]
    assert (own["value"], own["signature_id"]) == (found["value"], found["signature_id"])
    assert f" | model:elsewhere.tar:{digest[:8]} | " in own["signature"]
    named = command("run", "--model", f"vidm:{OFFICIAL}", *words[3:], "--content", "real").json
    assert named["signature"] == found["signature"]


def test_weights_get_says_where_it_is_published(command, published):
    command("weights", "get", OFFICIAL).fails(
        OFFICIAL_FILE, OFFICIAL_URL, f"vidmbench weights add {OFFICIAL} FILE", "--content real",
        "http://clevrer.csail.mit.edu", "vidmbench data check clevrer --data-root DIR",
    )  # fmt: skip
    assert f"{OFFICIAL}: none" in command("weights", "status").out
    command("run", "--model", f"vidm:{OFFICIAL}", "--dataset", "clevrer-mini").fails(
        f"{OFFICIAL} was not added yet", f"vidmbench weights get {OFFICIAL}"
    )
    assert command("weights", "add", OFFICIAL, published).code == 0
    assert command("weights", "get", OFFICIAL).out == f"{OFFICIAL}: {official_path()}\n"
    assert f"{OFFICIAL}: here, {official_path()}" in command("weights", "status").out
    assert command("weights", "status", "--json").json[OFFICIAL]["present"] is True


def test_files_that_are_another_thing(command, folder, published, monkeypatch):
    command("weights", "add", OFFICIAL, "seed:0").fails("not made from a seed")
    command("weights", "add", OFFICIAL, ".").fails("a folder was given", OFFICIAL_FILE)
    command("weights", "add", OFFICIAL, "gone").fails("no such weights file", OFFICIAL_FILE)
    command("weights", "add", OFFICIAL, "vidm-clevrer-mini.safetensors").fails("no such weights file")
    whole = published.read_bytes()
    (folder / "cut.pth.tar").write_bytes(whole[: len(whole) // 2])
    command("weights", "add", OFFICIAL, "cut.pth.tar").fails("truncated", "cut.pth.tar")
    (folder / "notes.txt").write_text("words")
    command("weights", "add", OFFICIAL, "notes.txt").fails("not a PyTorch checkpoint", "a text file")
    torch.save({"ema_state_dict": {"module.a": torch.zeros(2)}}, "other.pth")
    command("weights", "add", OFFICIAL, "other.pth").fails("do not fit the model", "MotionNet, official variant")
    assert not official_path().exists()
    assert command("weights", "add", OFFICIAL, published).code == 0
    (folder / "shared").mkdir()
    shared = official_path().rename(folder / "shared" / official_path().name)
    official_path().with_suffix(".json").unlink()
    assert f"{OFFICIAL}: none" in command("weights", "status").out
    monkeypatch.setenv("VIDMBENCH_WEIGHTS", str(folder / "shared"))
    assert f"{OFFICIAL}: here, {shared}" in command("weights", "status").out
    monkeypatch.delenv("VIDMBENCH_WEIGHTS")
    moved = shared.rename(folder / "moved.safetensors")
    assert command("weights", "add", OFFICIAL, moved).code == 0  # as copied from another machine
    assert "pixels = 8; iterations 400000" in command("weights", "add", OFFICIAL, moved).out
