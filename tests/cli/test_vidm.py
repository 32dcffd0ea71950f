"""``train``, ``sample``, ``run --model vidm`` and ``ablate``, from a minute recipe to records."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.torch import load_file
from support.minute_recipe import RECIPE

from vidmbench.core.locks import locked
from vidmbench.records.record import read_record
from vidmbench.videos import open_source

pytestmark = pytest.mark.usefixtures("recipe")


def frames_in(folder):
    source = open_source(Path(folder))
    return [source.read(index, range(source.num_frames(index))) for index in range(len(source))]


def test_a_run_leaves_model_log_and_pictures(trained, command):
    about = json.loads((trained / "vidm.json").read_text())
    assert about["facts"]["flow_start"] == "photometric"
    assert about["facts"]["steps"] == {"content": 4, "motion": 4}
    assert about["facts"]["command"][:2] == ["vidmbench", "train"]
    assert about["facts"]["dataset"] == "clevrer-mini@train/32"  # not the split that scores are taken against
    log = pd.read_csv(trained / "motion.csv")
    assert list(log["step"]) == [4]
    assert log["loss"].between(0.1, 3).all()
    for part in ("content", "motion"):
        with Image.open(trained / "samples" / f"{part}-0000004.png") as picture:
            assert picture.width % 32 == 0
    weights = (trained / "vidm.safetensors").read_bytes()
    again = command("train", "--recipe", "minute.toml", "--out", "RUN")
    assert again.code == 0
    before = load_file(trained / "vidm.safetensors")
    (trained / "before.safetensors").write_bytes(weights)
    for name, value in load_file(trained / "before.safetensors").items():
        assert (before[name] == value).all()


def test_one_part_after_the_other_gives_the_same_model(trained, command):
    for part in ("content", "motion"):
        assert command("train", "--recipe", "minute.toml", "--out", "PARTS", "--part", part).code == 0
    whole, parts = load_file(trained / "vidm.safetensors"), load_file("PARTS/vidm.safetensors")
    assert whole.keys() == parts.keys()
    assert all((whole[name] == parts[name]).all() for name in whole)


def test_a_finished_model_of_another_run_is_not_overwritten(trained, command):
    for part in ("content", "motion"):
        (trained / f"{part}.state.safetensors").unlink()
    before = (trained / "vidm.safetensors").read_bytes()
    for more in ((), ("--part", "motion"), ("--dry-run",)):
        command("train", "--recipe", "minute.toml", "--out", "RUN", "--seed", 5, *more).fails(
            "finished model of another run", "without content.state.safetensors", "another --out"
        )
    assert (trained / "vidm.safetensors").read_bytes() == before
    assert not list(trained.glob("*.state.safetensors"))


def test_samples_are_written_and_go_on(trained, command):
    words = ("sample", "--model", "vidm:RUN", "--num-videos", 3, "--frames", 4)
    first = command(*words, "--out", "drawn", "--batch-size", 2)
    assert first.code == 0, first.err
    assert "first frames: generated" in first.err
    whole = frames_in("drawn")
    assert [frames.shape for frames in whole] == [(4, 32, 32, 3)] * 3
    Path("drawn/sample_00001.mp4").unlink()
    second = command(*words, "--out", "drawn", "--batch-size", 3)
    assert "(2 were there already)" in second.out
    for old, new in zip(whole, frames_in("drawn"), strict=True):
        assert (np.abs(old.astype(int) - new) <= 1).mean() > 0.999
    command(*words, "--out", "drawn", "--seed", 1).fails("already holds something else")
    for form in ("png", "gif", "npz"):
        assert command(*words, "--out", form, "--format", form).code == 0
    assert (np.abs(np.stack(frames_in("png")).astype(int) - np.stack(whole)) <= 1).mean() > 0.999
    assert (np.abs(np.stack(frames_in("npz/vidm.npz")).astype(int) - np.stack(whole)) <= 1).mean() > 0.999


def test_run_scores_what_it_draws(trained, command, fake_network):
    done = command(
        "run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", "9,16", "--num-videos", 4, "--json"
    )
    assert done.code == 0, done.err
    content = done.json
    assert [one["frames"] for one in content["measurements"]] == [9, 16]
    assert content["fake"]["size"] == [32, 32]
    assert content["real"]["label"] == "clevrer-mini@test/32"  # scored at the model's resolution
    assert "first frames: generated" in content["warnings"]
    assert any("dpm-solver sampler, 2 steps" in note for note in content["warnings"])
    scored = fake_network.scored
    again = command(
        "run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", "9,16", "--num-videos", 4, "--json"
    )
    assert again.json["value"] == content["value"]
    assert fake_network.scored == scored  # features of samples are kept by checkpoint, settings and seed
    other = command(
        "run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", "9", "--num-videos", 4, "--seed", 1,
        "--json",
    )  # fmt: skip
    assert other.json["value"] != content["value"]
    assert fake_network.scored == scored + 8


def test_the_frozen_twin_repeats_the_first_frames(trained, command, fake_network):
    words = ("--dataset", "clevrer-mini", "--frames", 9, "--num-videos", 4, "--json")
    moving, frozen = (
        command("run", "--model", "vidm:RUN", *words),
        command("run", "--model", "static-of:vidm:RUN", *words),
    )
    assert frozen.json["fake"]["label"] == "static-of:vidm"
    assert frozen.json["value"] != moving.json["value"]
    assert frozen.json["signature_id"] == moving.json["signature_id"]


def test_first_frames_from_elsewhere(trained, command, fake_network):
    scene = np.zeros((40, 60, 3), np.uint8)
    scene[:, 30:] = 200
    Image.fromarray(scene).save("scene.png")
    words = ("run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", 9, "--num-videos", 4, "--json")
    values = set()
    for content, note in (
        ("generated", "first frames: generated"),
        ("real", "first frames: real, frame 0 of each video of clevrer-mini@train/32"),
        ("scene.png", "first frames: one picture for all videos, scene.png"),
    ):
        done = command(*words, "--content", content)
        assert done.code == 0, done.err
        assert any(warning.startswith(note) for warning in done.json["warnings"]), done.json["warnings"]
        values.add(done.json["value"])
    assert len(values) == 3
    assert command("sample", "--model", "vidm:RUN", "--content", "scene.png", "--frames", 2, "--num-videos", 2,
                   "--out", "scenes").code == 0  # fmt: skip
    for frames in frames_in("scenes"):
        assert (frames[0, :, :15] == 0).all()  # the centre square of the picture, at the model's size
        assert (frames[0, :, 17:] == 200).all()


def test_longer_than_trained_is_allowed_and_said(trained, command, fake_network):
    done = command(
        "run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", 20, "--num-videos", 2, "--json"
    )
    assert done.code == 0
    assert any("drawn to 20 frames, trained for 16" in warning for warning in done.json["warnings"])


def test_ablation_trains_scores_and_goes_on(command, fake_network, monkeypatch):
    words = (
        "ablate",
        "--recipe",
        "minute.toml",
        "--frames",
        "9,12",
        "--num-videos",
        2,
        "--out",
        "rows",
        "--budget",
        0.5,
    )
    plan = command(*words, "--dry-run")
    assert plan.out.count("to do") == 7
    assert "2 content and 2 motion steps" in plan.out
    assert command(*words, "--part", "content").code == 0
    assert fake_network.scored > 0
    half = sorted(Path("rows/records").glob("*.json"))
    assert len(half) == 4
    done = command(*words)
    assert done.code == 0, done.err
    assert len(done.out.split("\n\n")[0].splitlines()) == 2 + 3 * 1 + 4 * 2
    found = {record.model: record for record in map(read_record, sorted(Path("rows/records").glob("*.json")))}
    assert len(found) == 7
    assert len(list(Path("rows/records").glob("*.png"))) == 7  # for the report
    assert {path for path in half} <= set(Path("rows/records").glob("*.json"))
    assert [one.frames for one in found["vidm-default"].measurements] == [9, 12]
    assert [one.frames for one in found["vidm-content-vanilla"].measurements] == [9]
    assert len({one.fake.digest for record in found.values() for one in record.measurements}) == 7
    trained = {path.parent.name for path in Path("rows").glob("*/vidm.safetensors")}
    assert trained == {
        "content", "content-no-truncation", "content-no-penalty", "content-no-truncation-no-penalty", "motion",
        "motion-no-posgn", "motion-no-implicit-condition", "motion-no-posgn-no-implicit-condition-no-residual",
    }  # fmt: skip
    for more in ((), ("--dry-run",)):
        command(*words[:-1], 0.75, *more).fails(
            "begun with other settings", "expected: recipe.content.steps = 3", "found: recipe.content.steps = 2"
        )


def test_another_number_of_steps(trained, command):
    words = ("train", "--recipe", "minute.toml", "--out", "SHORT", "--steps", 2)
    assert command(*words, "--part", "motion").code == 0
    facts = json.loads(Path("SHORT/vidm.json").read_text())["facts"]
    assert facts["steps"] == {"motion": 2}
    command("train", "--recipe", "minute.toml", "--out", "SHORT", "--part", "motion").fails(
        "other settings", "expected: training.", "found: training."
    )
    # The other generator keeps the recipe's steps and joins the same model.
    assert command("train", "--recipe", "minute.toml", "--out", "RUN", "--part", "content").code == 0
    assert json.loads(Path("RUN/vidm.json").read_text())["facts"]["steps"] == {"content": 4, "motion": 4}
    assert command("train", "--recipe", "minute.toml", "--steps", 0).code == 2


def test_the_folder_may_be_in_the_users_home(trained, command, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    done = command("train", "--recipe", "minute.toml", "--out", "~/RUN")  # finished: the model is written again
    assert done.code == 0, done.err
    assert f"model: {trained.resolve() / 'vidm.safetensors'}" in done.out
    plan = command(
        "ablate", "--recipe", "minute.toml", "--frames", 9, "--num-videos", 2, "--out", "~/rows", "--dry-run"
    )
    assert f"in {folder / 'rows'}" in plan.out
    assert not Path("~").exists()


def test_parts_of_other_steps_join_one_model(command):
    words = ("train", "--recipe", "minute.toml", "--out", "SHORT")
    assert command(*words, "--part", "content", "--steps", 2).code == 0
    content = load_file("SHORT/vidm.safetensors")
    shutil.copytree("SHORT", "WHOLE")
    for folder, more, steps in (("SHORT", ("--steps", 2), 2), ("WHOLE", (), 4)):
        assert command(*words[:3], "--out", folder, "--part", "motion", *more).code == 0
        weights = load_file(f"{folder}/vidm.safetensors")
        assert any(name.startswith("motion.") for name in weights)
        assert all((weights[name] == value).all() for name, value in content.items())
        facts = json.loads(Path(folder, "vidm.json").read_text())["facts"]
        assert facts["steps"] == {"content": 2, "motion": steps}


def test_a_generator_of_another_model_in_the_folder_is_not_left_out_in_silence(command):
    words = ("train", "--recipe", "minute.toml", "--out", "RUN", "--steps", 2)
    assert command(*words, "--part", "content", "--seed", 1).code == 0
    model = Path("RUN/vidm.safetensors").read_bytes()
    for more in ((), ("--dry-run",)):
        command(*words, "--part", "motion", "--seed", 2, *more).fails(
            "a content generator that was begun with other settings", "expected: seed = 2", "found: seed = 1"
        )
    assert Path("RUN/vidm.safetensors").read_bytes() == model


def test_a_schedule_shorter_than_the_sampling_of_pictures(command, recipe):
    one = RECIPE.replace("num_frames = 16", "num_frames = 16\nnum_timesteps = 1")
    recipe.write_text(one.replace('"dpm-solver"\nsteps = 2', '"dpm-solver"\nsteps = 1'))
    done = command("train", "--recipe", "minute.toml", "--out", "ONE", "--steps", 1)
    assert done.code == 0, done.err
    assert {path.name for path in Path("ONE/samples").iterdir()} == {"content-0000001.png", "motion-0000001.png"}


def test_a_dry_run_says_how_long_training_takes_here(command, monkeypatch):
    from vidmbench.reporting import training
    from vidmbench.vidm.training.speed import StepTime

    words = ("train", "--recipe", "minute.toml", "--out", "x", "--dry-run")
    plan = command(*words).out
    assert plan.count("per step here") == 2
    assert "measured now; without reading videos" in plan
    assert "GiB free" in plan
    assert not Path("x").exists()
    monkeypatch.setattr(training, "measured_step", lambda part, *_: StepTime(1800.0, 1, 32, part == "content"))
    plan = command(*words, "--steps", 10).out
    assert "content:   10 steps of 2, fp32; 30 min per step here" in plan
    assert "about 10 hours on this processor" in plan
    assert "measured now on 1 x 32 pixels, scaled by the count of operations" in plan
    plan = command(*words, "--steps", 100, "--part", "motion").out
    assert "content:   not trained" in plan
    assert "about 2.08 days" in plan
    monkeypatch.setattr(training, "measured_step", lambda *_: None)
    assert "not measured: this machine's memory is too small" in command(*words).out


def test_what_memory_cannot_hold_is_refused_before_the_first_step(command, monkeypatch):
    monkeypatch.setattr("vidmbench.vidm.training.memory.free_memory", lambda: 1 << 16)
    for more in ((), ("--dry-run",)):
        command("train", "--recipe", "minute.toml", "--out", "x", *more).fails("memory cannot hold a step", "torchrun")
    assert not list(Path().glob("x/*"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--steps", 3000), ("sampling steps", "3000")),
        (("--frames", "0"), ("frames",)),
        (("--frames", "200"), ("200",)),
        (("--num-videos", 5000), ("5000",)),
    ],
)
def test_what_an_ablation_cannot_score_is_said_before_it_trains(more, said, command, fake_network):
    for last in (("--dry-run",), ()):
        words = ("--recipe", "minute.toml", "--frames", "9", "--num-videos", 2, "--out", "rows")
        command("ablate", *words, *more, *last).fails(*said)
    assert not list(Path().glob("rows/*/*"))


def test_a_content_generator_that_an_ablation_cannot_train_is_said_before_it_trains(command, recipe, fake_network):
    words = ("ablate", "--recipe", "minute.toml", "--frames", "9", "--num-videos", 2, "--out", "rows")
    classes = RECIPE.replace("num_frames = 16", "num_frames = 16\nnum_classes = 5")
    large = RECIPE.replace("batch_size = 2\nlr", "batch_size = 1000000000\nlr", 1)
    for text, said in ((classes, "no class labels"), (large, "content.batch_size = 1000000000")):
        recipe.write_text(text)
        command(*words, "--dry-run").fails(said)


def test_rows_that_would_be_one_network_are_refused(command, recipe):
    command("ablate", "--recipe", "clevrer-128-official", "--dataset", "clevrer-mini", "--dry-run").fails(
        "the same network", "penalty off already", "official variant"
    )
    recipe.write_text(RECIPE.replace("num_frames = 16", "num_frames = 16\nposgn = false"))
    words = ("ablate", "--recipe", "minute.toml", "--frames", "9", "--num-videos", 2, "--dry-run")
    command(*words).fails("the same network", "posgn off already")
    assert command(*words, "--part", "content").code == 0


def test_one_process_trains_in_a_folder(trained, command):
    words = ("train", "--recipe", "minute.toml", "--out", "RUN")
    with locked(trained / "motion.state.safetensors", "training"):
        command(*words).fails("another process is training motion.state.safetensors")
        assert command(*words, "--part", "content").code == 0


def test_a_run_that_goes_on_says_from_where(trained, command):
    words = ("train", "--recipe", "minute.toml", "--out", "RUN")
    assert "content: resumes at step 4 of 4" in command(*words).err
    assert "4 of them done" in command(*words, "--dry-run").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "--recipe", "huge"), ("unknown recipe", "tiny")),
        (("train", "--recipe", "minute.toml", "--dataset", "clevrer-maxi"), ("unknown data set",)),
        (("train", "--recipe", "minute.toml", "--dataset", ""), ("unknown data set",)),
        (("ablate", "--recipe", "minute.toml", "--dataset", "", "--dry-run"), ("unknown data set",)),
        (("train", "--recipe", "minute.toml", "--from", ""), ("vidm or vidm:PATH",)),
        (("train", "--recipe", "minute.toml", "--device", "cuda"), ("no GPU",)),
        (("sample", "--model", "digan", "--out", "x"), ("only VIDM",)),
        (("sample", "--model", "vidm:nowhere", "--out", "x"), ("no such checkpoint",)),
        (("run", "--model", "vidm:nowhere", "--dataset", "clevrer-mini"), ("no such checkpoint",)),
        (
            ("run", "--model", "vidm", "--dataset", "folder:.", "--frames", "16"),
            ("no VIDM for folder:.", "--model vidm:vidm-clevrer-mini"),
        ),
        (("run", "--model", "vidm:minute.toml", "--dataset", "clevrer-mini"), ("cannot be read",)),
        (
            ("run", "--model", "vidm", "--samples", "x", "--dataset", "clevrer-mini"),
            ("is sampled by vidmbench itself",),
        ),
        (("run", "--model", "control:real", "--steps", "3", "--dataset", "clevrer-mini"), ("--content, --sampler",)),
        (("ablate", "--recipe", "minute.toml", "--budget", "2"), ("--budget",)),
        (("train", "--recipe", "minute.toml", "--seed", 2**63), ("a whole number from 0 to 2^63 - 1",)),
        (("ablate", "--recipe", "minute.toml", "--seed", 2**63), ("a whole number from 0 to 2^63 - 1",)),
    ],
)
def test_bad_requests(words, said, command):
    command(*words).fails(*said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("num_frames = 16", "num_frames = 200", ("no video that is long enough", "200", "128")),
        ("resolution = 32", "resolution = 33", ("cannot be halved",)),
        ("[data]", "[data]\ncolour = 3", ("colour",)),
        ("lr = 1e-3", "lr = 1e9", ("no longer a number", "step", "lower lr")),
        ("resolution = 32", "resolution = 48", ("attention = 16",)),
        ('"dpm-solver"\nsteps = 2', '"dpm-solver"\nsteps = 3000', ("num_timesteps", "3000")),
        ("[motion]", "[motion]\nema_half_life = 5e-324", ("ema_half_life", "1")),
        ("[motion]", "[motion]\nmin_snr = 5.0", ("min_snr", "penalty = false")),
        ("num_frames = 16", "num_frames = 16\nnum_classes = 5", ("no class labels",)),
    ],
)
def test_bad_recipes(old, new, said, command, recipe):
    assert old in RECIPE
    recipe.write_text(RECIPE.replace(old, new))
    words = ("train", "--recipe", "minute.toml", "--out", "BAD")
    command(*words).fails(*said)
    if "lr" not in old:  # a dry run finds all that can be known without training
        command(*words, "--dry-run").fails(*said)


def test_bad_choices_for_a_good_model(trained, command):
    words = ("run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", 9, "--num-videos", 2)
    command(*words, "--content", "nowhere.png").fails("unknown first frame", "generated, real")
    Path("text.png").write_text("no picture")
    command(*words, "--content", "text.png").fails("no picture")
    command(*words, "--steps", 2000).fails("out of range")
    (trained / "vidm.safetensors").write_bytes((trained / "vidm.safetensors").read_bytes()[:5000])
    command(*words).fails("vidm.json beside it", "cut off")
    (trained / "vidm.json").unlink()
    command(*words).fails("cannot be read", "cut off")
    (trained / "vidm.safetensors").unlink()
    command(*words).fails("unfinished run")
    for more in ((), ("--dry-run",)):
        command("train", "--recipe", "minute.toml", "--out", "RUN", "--seed", 5, *more).fails("other settings", "seed")


def test_own_results_are_listed_alone(trained, command, fake_network):
    command("run", "--model", "vidm:RUN", "--dataset", "clevrer-mini", "--frames", 9, "--num-videos", 2, "--out", "own")
    listed = command("results", "list", "--runs", "own", "--own")
    assert len([line for line in listed.out.splitlines() if "vidm:RUN" in line.split()]) == 1
    assert "control:" not in listed.out
    assert "control:" in command("results", "list", "--runs", "own").out
