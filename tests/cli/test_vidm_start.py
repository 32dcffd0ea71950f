"""Training that starts from a finished model, and first frames of another model's content generator."""

import json
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from support.minute_recipe import RECIPE

from vidmbench.core.files import sha256_of
from vidmbench.videos import open_source

FINER = RECIPE.replace('name = "minute"', 'name = "finer"').replace("lr = 1e-3", "lr = 1e-9")


def frames_in(folder):
    source = open_source(Path(folder) / "vidm.npz")
    return np.stack([source.read(index, range(source.num_frames(index))) for index in range(len(source))])


def test_a_model_is_trained_on_and_says_from_what(trained, command):
    Path("finer.toml").write_text(FINER)
    words = ("train", "--recipe", "finer.toml", "--from", "vidm:RUN", "--out", "FINER")
    done = command(*words)
    assert done.code == 0, done.err
    before, after = load_file(trained / "vidm.safetensors"), load_file("FINER/vidm.safetensors")
    assert before.keys() == after.keys()
    for name, value in before.items():  # a learning rate of nothing: the weights are those it started from
        assert (value - after[name]).abs().max() < 1e-6
    facts = json.loads(Path("FINER/vidm.json").read_text())["facts"]
    assert facts["recipe"] == "finer"
    assert facts["start"]["sha256"] == sha256_of(trained / "vidm.safetensors")
    assert facts["start"]["facts"]["recipe"] == "minute"
    assert facts["flow_start"] == "photometric"  # where its flow network once came from
    assert command(*words).code == 0  # the same command goes on
    command(*words[:3], "--out", "FINER").fails("other settings", "start")


def test_the_generator_that_is_not_trained_stays_as_it_was(trained, command):
    Path("finer.toml").write_text(FINER.replace("lr = 1e-9", "lr = 1e-3"))
    words = ("train", "--recipe", "finer.toml", "--from", "vidm:RUN", "--part", "motion", "--out", "HALF")
    assert command(*words).code == 0
    before, after = load_file(trained / "vidm.safetensors"), load_file("HALF/vidm.safetensors")
    assert before.keys() == after.keys()
    changed = {name.split(".")[0] for name, value in before.items() if not np.array_equal(value, after[name])}
    assert changed == {"motion"}
    facts = json.loads(Path("HALF/vidm.json").read_text())["facts"]
    assert facts["parts"] == ["motion"]
    assert facts["steps"] == {"motion": facts["steps"]["motion"]}


def test_a_model_that_is_not_trained_on_says_so(trained):
    assert json.loads((trained / "vidm.json").read_text())["facts"]["start"] is None


def test_models_that_cannot_be_started_from(trained, command):
    words = ("train", "--recipe", "finer.toml", "--out", "BAD")
    Path("finer.toml").write_text(FINER.replace("multipliers = [1, 2]", "multipliers = [1, 1]"))
    command(*words, "--from", "vidm:RUN").fails("do not fit the model", "has shape")
    for line, found in (("num_frames = 12", "num_frames = 16"), ("num_timesteps = 500", "num_timesteps = 1000")):
        kept = "" if line.startswith("num_frames") else "num_frames = 16\n"
        Path("finer.toml").write_text(FINER.replace("num_frames = 16", f"{kept}{line}"))  # every tensor fits
        command(*words, "--from", "vidm:RUN").fails("other sizes", f"expected: {line}", f"found: {found}")
        # The motion generator, which is taken over, would go into the new file under the recipe's numbers.
        command(*words, "--part", "content", "--from", "vidm:RUN").fails(f"expected: {line}", f"found: {found}")
    for part, key, found in (("content", "groups", 4), ("motion", "head_channels", 8)):
        line = next(line for line in FINER.splitlines() if line.startswith(f"{part} ="))
        other = line.replace(f"{key} = {found}", f"{key} = 2")
        Path("finer.toml").write_text(FINER.replace(line, other))  # every tensor fits here too
        command(*words, "--from", "vidm:RUN").fails(f"expected: {part}.{key} = 2", f"found: {part}.{key} = {found}")
    Path("finer.toml").write_text(FINER)
    assert not list(Path("BAD").glob("*"))  # said before the first step
    command(*words, "--from", "vidm:NOWHERE").fails("NOWHERE")
    command(*words, "--from", "vidm:NOWHERE", "--dry-run").fails("NOWHERE")
    for other in ("RUN", "./RUN-typo", "vidm:"):  # none of them is the shipped checkpoint
        command(*words, "--from", other).fails("only a VIDM can be trained on", f"--from {other}")
    posgn = FINER.replace("num_frames = 16", "num_frames = 16\nposgn = false")
    Path("finer.toml").write_text(posgn)
    command(*words, "--from", "vidm:RUN").fails("do not fit the model", "MotionNet")
    assert not list(Path("BAD").glob("content*"))  # not after all steps of the content generator
    Path("finer.toml").write_text(FINER)
    assert command("train", "--recipe", "finer.toml", "--out", "PART", "--part", "content").code == 0
    command(*words, "--from", "vidm:PART").fails("no motion generator", "--part content")


def test_the_content_generator_of_another_file_draws_first_frames(trained, command):
    words = ("sample", "--model", "vidm:RUN", "--num-videos", 3, "--frames", 2, "--format", "npz")
    assert command(*words, "--out", "own").code == 0
    train = ("train", "--recipe", "minute.toml", "--out", "OTHER", "--part", "content", "--seed", 9)
    assert command(*train).code == 0
    drawn = {}
    for run in ("RUN", "OTHER"):
        done = command(*words, "--content", f"{run}/vidm.safetensors", "--out", f"by-{run}")
        assert done.code == 0, done.err
        digest = sha256_of(Path(run) / "vidm.safetensors")[:8]
        assert f"first frames: generated by vidm.safetensors (sha256 {digest})" in done.err
        drawn[run] = frames_in(f"by-{run}")
    assert np.array_equal(drawn["RUN"], frames_in("own"))
    assert not np.array_equal(drawn["OTHER"], drawn["RUN"])


def test_content_files_that_do_not_serve(trained, command):
    words = ("sample", "--model", "vidm:RUN", "--num-videos", 1, "--out", "drawn")
    Path("finer.toml").write_text(FINER)
    assert command("train", "--recipe", "finer.toml", "--out", "MOTION", "--part", "motion").code == 0
    command(*words, "--content", "MOTION/vidm.safetensors").fails("no content generator")
    smaller = (
        FINER.replace("resolution = 32", "resolution = 16").replace("[16]", "[8]").replace("levels = 4", "levels = 2")
    )
    Path("finer.toml").write_text(smaller)
    assert command("train", "--recipe", "finer.toml", "--out", "SMALL", "--part", "content").code == 0
    command(*words, "--content", "SMALL/vidm.safetensors").fails("another size", "32 pixels", "16 pixels")
    Path("broken.pth").write_bytes(b"PK nothing")
    command(*words, "--content", "broken.pth").fails("not a PyTorch checkpoint")


def test_precision_is_the_recipes_unless_given(command, recipe, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    words = ("train", "--recipe", "minute.toml", "--part", "content")
    for has_units, given, out, said in ((True, "bf16", "HALF", False), (False, "bf16", "SLOW", True)):
        monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda has_units=has_units: has_units)
        done = command(*words, "--precision", given, "--out", out)
        assert done.code == 0, done.err
        assert ("no bf16 instructions" in done.err) == said
        assert json.loads((Path(out) / "vidm.json").read_text())["facts"]["precision"] == {"content": "bf16"}
    assert "bf16" not in command(*words, "--out", "WHOLE").err
    assert json.loads(Path("WHOLE/vidm.json").read_text())["facts"]["precision"] == {"content": "fp32"}
    half, whole = load_file("HALF/vidm.safetensors"), load_file("WHOLE/vidm.safetensors")
    assert any((half[name] != value).any() for name, value in whole.items())
    command(*words, "--out", "HALF").fails("other settings", "training.precision")
