"""``vidmbench motion`` and ``plot motion``: the profile of a frozen side, its files, and what is refused."""

import csv
import importlib.util

import numpy as np
import pytest
from PIL import Image

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
    # 15 frames: without fvmd-klt, whose distances take a second each
    found = command("motion", *sides, "--frames", 15, "--json", "--out", "runs").json
    rows = {row["metric"]: row for row in found["motion"]}
    assert rows["flad"]["worst"] == "static"
    assert rows["flad"]["value"] == pytest.approx(rows["flad"]["controls"]["static"], rel=0.2)
    assert rows["flad"]["controls"]["blurred"] < rows["flad"]["controls"]["static"] / 3
    assert (rows["ti"]["value"], rows["flicker"]["value"]) == (0, 1)
    assert rows["flad"]["notices"] is None  # these files hold no other real videos
    shown = command("motion", *sides, "--frames", 15)
    assert "control:real needs a second split of the real data: what each metric notices is not known" in shown.err
    assert "not known" in next(line for line in shown.out.splitlines() if "flad" in line)
    lines = list(csv.DictReader(command("motion", *sides, "--frames", 15, "--format", "csv").out.splitlines()))
    flad = {line["source"]: float(line["value"]) for line in lines if line["metric"] == "flad"}
    assert flad["control:static"] == rows["flad"]["controls"]["static"]
    assert "| FLAD ↓ | flad |" in command("motion", *sides, "--frames", 15, "--format", "md").out
    command("plot", "motion", "runs", "--out", "motion.png")
    with Image.open("motion.png") as figure:
        assert figure.width > 1000


def test_tof_of_predictions_beside_controls_of_their_targets(command, folder):
    shapes = videos(0).repeat(2, axis=2).repeat(2, axis=3)  # 48 pixels: TecoGAN cuts 16 away
    np.save("real.npy", shapes)
    found = command("motion", "real.npy", "real.npy", "--paired", "--frames", 15, "--json").json
    (tof,) = (row for row in found["motion"] if row["metric"] == "tof")
    assert tof["value"] == 0
    assert tof["controls"]["static"] > tof["controls"]["blurred"]


def test_protocols_that_do_not_take_these_frames_are_said(command, sides):
    assert "fvmd-klt" in command("motion", *sides, "--frames", 8).err
    command("motion", *sides, "--frames", 1).fails("cannot score clips of 1 frames")


def test_records_of_another_command_are_no_profile(command, sides):
    command("score", *sides, "--protocol", "flicker-vbench", "--frames", 15, "--out", "other")
    command("plot", "motion", "other").fails("these records do not make a profile of motion", "0 of controls")


def test_one_form_at_a_time(command, sides):
    command("motion", *sides, "--json", "--format", "csv").fails("--json and --format")
