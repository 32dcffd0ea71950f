"""``vidmbench motion`` and ``plot motion``: the profile of a frozen side, its files, and what is refused."""

import csv
import importlib.util

import numpy as np
import pytest
from PIL import Image

from vidmbench.core.errors import WeightsError

pytestmark = pytest.mark.skipif(importlib.util.find_spec("cv2") is None, reason="needs opencv-python-headless")


def videos(seed, frames=16):
    """Six videos of bars that move, uint8 (6, frame, 24, 24, 3)."""
    chance = np.random.default_rng(seed)
    across, time = np.arange(24)[None, None, None, :, None], np.arange(frames)[None, :, None, None, None]
    phase, down = chance.uniform(0, 6, (6, 1, 1, 1, 3)), chance.uniform(0.5, 1, (6, 1, 24, 1, 1))
    return (100 + 80 * down * np.sin(across / 3 - time / 4 + phase)).astype(np.uint8)


@pytest.fixture
def sides(folder):
    np.save("real.npy", videos(0))
    np.save("frozen.npy", videos(1)[:, :1].repeat(16, axis=1))
    return "real.npy", "frozen.npy"


def test_a_frozen_side_in_a_table_a_file_and_a_figure(command, sides, folder):
    # 8 frames: without fvmd-klt, whose distances take a second each
    found = command("motion", *sides, "--frames", 8, "--json", "--out", "runs").json
    rows = {row["metric"]: row for row in found["motion"]}
    assert rows["flad"]["worst"] == "static"
    assert rows["flad"]["value"] == pytest.approx(rows["flad"]["controls"]["static"], rel=0.2)
    assert rows["flad"]["controls"]["blurred"] < rows["flad"]["controls"]["static"] / 3
    assert (rows["ti"]["value"], rows["flicker"]["value"]) == (0, 1)
    assert rows["flad"]["notices"] is None  # these files hold no other real videos
    shown = command("motion", *sides, "--frames", 8)
    assert "control:real needs a second split of the real data: what distances notice is not known" in shown.err
    assert "real" not in rows["flad"]["controls"]  # of single videos it is the real videos themselves
    reverse = rows["flicker"]["controls"]["reversed"]  # which has the same frames
    assert rows["flicker"]["controls"]["real"] == pytest.approx(reverse, rel=1e-6)
    assert "static" in rows["flicker"]["notices"]
    assert "not known" in next(line for line in shown.out.splitlines() if "flad" in line)
    lines = list(csv.DictReader(command("motion", *sides, "--frames", 8, "--format", "csv").out.splitlines()))
    flad = {line["source"]: float(line["value"]) for line in lines if line["metric"] == "flad"}
    assert flad["control:static"] == rows["flad"]["controls"]["static"]
    assert "| FLAD ↓ | flad |" in command("motion", *sides, "--frames", 8, "--format", "md").out
    command("plot", "motion", "runs", "--out", "motion.png")
    with Image.open("motion.png") as figure:
        assert figure.width > 1000


def test_tof_of_predictions_beside_controls_of_their_targets(command, folder, monkeypatch):
    monkeypatch.setattr("vidmbench.evaluation.optional.get_weights", no_weights)
    shapes = videos(0).repeat(2, axis=2).repeat(2, axis=3)  # 48 pixels: TecoGAN cuts 16 away
    np.save("real.npy", shapes)
    found = command("motion", "real.npy", "real.npy", "--paired", "--frames", 8, "--json").json
    (tof,) = (row for row in found["motion"] if row["metric"] == "tof")
    assert (tof["value"], tof["controls"]["real"]) == (0, 0)
    assert tof["controls"]["static"] > tof["controls"]["blurred"]
    assert "static" in tof["notices"]
    assert "physics-iq" in {row["protocol"] for row in found["motion"]}
    assert "tlp-tecogan" in {each["protocol"] for each in found["refused"]}


def no_weights(detector):
    raise WeightsError("no connection", found="nothing", fix="try again")


def test_of_small_predictions_what_can_be_compared_is(command, sides):
    found = command("motion", *sides, "--paired", "--frames", 8, "--json").json
    assert {row["protocol"] for row in found["motion"]} >= {"physics-iq", "flad"}
    assert [name for each in found["refused"] for name in (each["protocol"],)].count("tof-tecogan") == 1


def test_no_control_is_worst_of_equals(command, folder):
    np.save("still.npy", np.full((6, 8, 24, 24, 3), 90, np.uint8))
    found = command("motion", "still.npy", "still.npy", "--frames", 8, "--json").json
    assert {row["metric"]: row["worst"] for row in found["motion"]}["stream-d"] is None


def test_frames_that_are_too_small_where_bad_videos_are_skipped(command, folder):
    np.save("tiny.npy", np.random.default_rng(0).integers(0, 256, (4, 8, 2, 16, 3), dtype=np.uint8))
    found = command("score", "tiny.npy", "tiny.npy", "--protocol", "siti-itu", "--frames", 8, "--on-bad", "skip")
    assert found.code == 2
    assert "clip000003: frames are smaller than the window of SI" in found.err
    assert "siti-itu has no value" in found.err


def test_protocols_that_do_not_take_these_frames_are_said(command, sides):
    assert "fvmd-klt" in command("motion", *sides, "--frames", 8).err
    command("motion", *sides, "--frames", 1).fails("no metric of motion can score clips of 1 frame")


def test_records_of_another_command_are_no_profile(command, sides):
    command("score", *sides, "--protocol", "flicker-vbench", "--frames", 8, "--out", "other")
    command("plot", "motion", "other").fails("these records do not make a profile of motion", "0 of controls")


def test_sides_that_make_no_profile(command, sides, folder):
    command("motion", sides[0], "control:static", "--frames", 8).fails("a control is part of every profile")
    command("pack", "make", sides[0], "--protocol", "stream-t", "--frames", 8, "--out", "r.pack")
    command("motion", "pack:r.pack", sides[1], "--frames", 8).fails("give the videos in place of the pack")
    np.save("fewer.npy", videos(2)[:4])
    command("motion", sides[0], "fewer.npy", "--paired", "--frames", 8).fails("6", "4", "fewer.npy")


def test_one_form_at_a_time(command, sides):
    command("motion", *sides, "--json", "--format", "csv").fails("--json and --format")
