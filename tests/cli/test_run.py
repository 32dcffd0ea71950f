"""``run``: the main job, end to end."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.conventions import COUNTS, PROTOCOLS, check_measurements

from vidmbench.records.record import read_record
from vidmbench.videos import write_mp4
from vidmbench.videos.files.inspection import FileSource

CONTRACT = {
    "metric", "value", "interval", "interval_kind", "num_real", "num_fake", "frames", "precision", "engine",
    "signature", "signature_id", "protocol", "weights", "seconds",
}  # fmt: skip
STATIC = ("run", "--model", "control:static", "--dataset", "clevrer-mini", "--frames", "16", "--num-videos", "4")


def records(folder="runs"):
    return [read_record(path) for path in sorted(Path(folder).glob("*.json"))]


@pytest.mark.weights
def test_the_main_job_through_the_script(script, weights):
    """What the row, the record and the picture hold; the second run gives the identical value."""
    first = script(*STATIC)
    assert first.code == 0, first.err
    second = script(*STATIC, "--json")

    value, about = first.out.splitlines()
    (record, again) = records()
    measured = record.measurements[0]
    assert about.split(" · ") == [
        "control:static vs clevrer-mini@test", "16 frames", "N = 4+4", "fvd-vidm-paper", f"#{measured.signature_id}"
    ]  # fmt: skip
    assert measured.interval is not None
    low, high = measured.interval
    assert low < measured.value < high
    assert value.startswith(f"FVD ↓  {measured.text()}   (95 % interval")
    assert measured.weights["i3d-kinetics400"].startswith("af5c50f0")

    # Notes and paths are no part of the table.
    assert "record:" not in first.out
    assert "warning:" not in first.out
    assert "record:  runs" in first.err
    assert "figure:  runs" in first.err
    assert "\r" not in first.err  # no bar where nobody watches
    with Image.open(Path("runs") / f"{record.run_id}.png") as picture:
        assert picture.width > 1000
        assert len(np.unique(np.asarray(picture))) > 50

    assert set(second.json) >= CONTRACT
    assert second.json["value"] == measured.value == again.measurements[0].value
    assert second.json["interval"] == list(measured.interval)


def test_a_second_run_leaves_the_network_alone(command, fake_network):
    first = command(*STATIC, "--json")
    assert (first.code, fake_network.scored) == (0, 8)
    loads = len(fake_network)
    second = command(*STATIC, "--json")
    assert (len(fake_network), fake_network.scored) == (loads, 8)
    own = dict.fromkeys(("seconds", "run_id", "record", "picture"))
    assert {**second.json, **own} == {**first.json, **own}
    another = command(*STATIC, "--json", "--seed", "1")
    assert another.json["value"] != first.json["value"]
    assert fake_network.scored > 8


def test_json_is_one_object_and_keeps_the_contract(command, fake_network):
    one = command(*STATIC, "--json")
    assert set(one.json) >= CONTRACT
    assert "measurements" not in one.json
    assert len(one.out.splitlines()) == 1
    assert (one.json["num_real"], one.json["num_fake"], one.json["frames"]) == (4, 4, 16)

    several = command(*STATIC[:5], "--num-videos", "4", "--frames", "16,10", "--protocol", "fvd-vidm-paper",
                      "--protocol", "fvd-tf-hub", "--json")  # fmt: skip
    made = several.json["measurements"]
    assert [(item["protocol"], item["frames"]) for item in made] == [
        ("fvd-vidm-paper", 16), ("fvd-vidm-paper", 10), ("fvd-tf-hub", 16), ("fvd-tf-hub", 10),
    ]  # fmt: skip
    assert all(set(item) >= CONTRACT for item in made)
    assert {key: several.json[key] for key in made[0]} == made[0]
    assert len({item["signature_id"] for item in made}) == 4
    assert len(records()[-1].measurements) == 4
    # The same note for four numbers is said once.
    assert several.err.count("strongly biased at N = 4") == 1


def test_counts_of_the_two_sides_may_differ(command, fake_network):
    found = command(*STATIC[:5], "--num-real", "5", "--num-fake", "3", "--json").json
    assert (found["num_real"], found["num_fake"]) == (5, 3)
    assert "real:5.rand" in found["signature"]
    assert "fake:3.rand" in found["signature"]


def test_clips_that_all_look_the_same_are_noted(command, fake_network, clips):
    np.save("various.npy", clips)
    np.save("blank.npy", np.full_like(clips, 128))
    words = ("--frames", 16, "--num-videos", 5)
    done = command("score", "various.npy", "blank.npy", *words)
    assert "warning: all 5 clips of blank.npy have the same features" in done.err
    assert "same features" not in command("score", "various.npy", "various.npy", *words).err


def test_dry_run_does_nothing(command, fake_network, folder, own_cache):
    plain = command(*STATIC, "--dry-run")
    assert plain.code == 0
    assert plain.err == ""
    for words in ("nothing was scored", "clevrer-mini@test (2048 videos)", "4 real and 4 scored clips of 16 frames"):
        assert words in plain.out
    planned = command(*STATIC, "--dry-run", "--json").json
    assert planned["dry_run"] is True
    assert planned["measurements"][0]["protocol_spec"]["clips"]["frames"] == 16
    assert fake_network == []
    assert not list(folder.iterdir())
    assert not list(own_cache.rglob("*.*"))
    # ... and the plan is what then happens.
    made = command(*STATIC, "--json").json
    assert planned["measurements"][0]["signature"] == made["signature"]
    assert planned["measurements"][0]["signature_id"] == made["signature_id"]
    assert planned["engine"] == made["engine"]


def test_default_counts_come_from_the_data_set(command):
    planned = command(*STATIC[:5], "--dry-run", "--json").json["measurements"]
    assert [(item["protocol"], item["num_real"], item["num_fake"], item["frames"]) for item in planned] == [
        ("fvd-vidm-paper", 256, 256, 16)
    ]


@pytest.mark.parametrize("kind", ["real", "static", "reversed", "shuffled", "blurred", "noise"])
def test_every_control(kind, command, fake_network):
    found = command("run", "--model", f"control:{kind}", *STATIC[3:], "--json")
    assert found.code == 0
    # Made from the other split: nothing is scored against itself.
    assert not any("paired" in note for note in found.json["warnings"])


def test_frozen_twin_of_a_model(command, fake_network, folder, clips):
    np.save(folder / "gan.npy", clips)
    base = ("--samples", "gan.npy", "--dataset", "clevrer-mini", "--num-videos", "5", "--json")
    frozen = command("run", "--model", "static-of:gan", *base)
    assert frozen.json["fake"]["label"] == "static-of:gan.npy"
    moving = command("run", "--model", "gan", *base)
    np.save(folder / "gan.npy", np.repeat(clips[:, :1], 16, axis=1))
    by_hand = command("run", "--model", "gan", *base)
    assert frozen.json["value"] == by_hand.json["value"] != moving.json["value"]


def test_output_goes_elsewhere(command, fake_network):
    assert command(*STATIC, "--out", "a/b").code == 0
    assert len(records("a/b")) == 1
    assert not Path("runs").exists()


@pytest.mark.shared
@pytest.mark.weights
def test_real_footage_against_a_real_generator(shared, folder, command, network, monkeypatch):
    """All conventions, known to six digits from independent code, in one command that reads each video once."""
    for side in ("real", "fake"):
        array = np.load(shared / "golden" / "conventions" / f"ucf_{side}.npz")
        (clips,) = (array[key] for key in array.files)
        for index, clip in enumerate(clips):
            write_mp4(folder / side / f"{index}.mp4", clip, fps=25, lossless=True)
    streamed = []
    stream = FileSource.stream
    monkeypatch.setattr(FileSource, "stream", lambda self, *rest: (streamed.append(1), stream(self, *rest))[1])
    num_real, num_fake = COUNTS["ucf"]
    outcome = command(
        "run", "--model", "my-gan", "--samples", "fake", "--dataset", "folder:real", "--frames", "16",
        "--num-real", num_real, "--num-fake", num_fake, *(f"--protocol={name}" for name in PROTOCOLS),
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    (record,) = records()
    check_measurements(record.measurements, "ucf", shared)
    assert all(f"  {name}  " in outcome.out for name in PROTOCOLS)
    assert "  8274 ± " in outcome.out  # fvd-stylegan-v
    assert "  8488 ± " in outcome.out  # fvd-tf-hub
    assert record.model == "my-gan"
    # Once for both networks (fvd-vidm-release has another epsilon); the figure shows four of each side again.
    # Before, each side of each protocol is looked at: one frame nearly always.
    assert num_real + num_fake + 8 <= len(streamed) < 2 * (num_real + num_fake)


@pytest.mark.shared
@pytest.mark.weights
def test_frame_folders_of_ucf101_against_files_of_other_sizes(shared, command, network):
    """Real files differ in size: a clear error, and --on-bad skip scores the most frequent size."""
    real = shared / "data" / "real" / "ucf101_frames" / "images_class1"
    fake = shared / "data" / "real" / "torchvision_clips" / "original"
    words = ("run", "--model", "other", "--samples", fake, "--dataset", f"folder:{real}", "--frames", "16")
    command(*words, "--num-videos", "2").fails("differ in size", "240x320", "such as", "what to do", "--on-bad skip")
    assert not Path("runs").exists()
    skipped = command(*words, "--num-videos", "2", "--on-bad", "skip")
    assert skipped.code == 0, skipped.err
    assert "skipped in original" in skipped.err
    assert "its size is" in skipped.err
    assert "other vs folder:" in skipped.out
    (record,) = records()
    measured = record.measurements[0]
    assert np.isfinite(measured.value)
    assert len(measured.fake.skipped) >= 1
    assert json.loads(next(Path("runs").glob("*.json")).read_text())["dataset"] == f"folder:{real}"


@pytest.mark.usefixtures("fake_network")
def test_a_long_label_names_a_file_that_can_be_written(command, real):
    label = "x" * 300
    done = command("run", "--model", label, "--samples", real, "--dataset", "folder:real.npy", "--num-videos", 4)
    assert done.code == 0, done.err
    (record,) = records()
    assert record.model == label
    assert f"_{'x' * 80}_folder-real.npy_t" in record.run_id
