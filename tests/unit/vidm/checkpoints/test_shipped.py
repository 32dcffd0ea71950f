"""The checkpoint that is shipped: what it says of itself is true, and what it draws can be looked at."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from vidmbench.core import resources
from vidmbench.core.files import sha256_of
from vidmbench.records.record import read_records
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.vidm.checkpoints.checkpoint import load_vidm
from vidmbench.vidm.recipes import SamplingSpec, load_recipe
from vidmbench.vidm.sampling.source import VidmVideos

FOLDER = resources.results_dir() / "checkpoints"
FILE = FOLDER / "vidm-clevrer-mini.safetensors"
MOST_BYTES = 16_000_000


@pytest.fixture(scope="module")
def vidm():
    return load_vidm(FILE, torch.device("cpu"))


def roughness(frames):
    """Median size of the second difference between neighbouring pixels, grey levels: what noise makes large."""
    levels = frames.astype(np.float64)
    return np.median(np.abs(levels[..., 2:, :] - 2 * levels[..., 1:-1, :] + levels[..., :-2, :]))


def test_it_says_where_it_comes_from(vidm):
    about = json.loads(FILE.with_suffix(".json").read_text())
    assert FILE.stat().st_size <= MOST_BYTES
    assert about["bytes"] == FILE.stat().st_size
    assert about["sha256"] == sha256_of(FILE) == vidm.sha256
    recipe = load_recipe(about["facts"]["recipe"])
    assert vidm.spec == recipe.model
    assert about["facts"]["seed"] == 0
    assert about["facts"]["dataset"] == "clevrer-mini@train/32"
    assert about["facts"]["command"][:2] == ["vidmbench", "train"]
    for part in ("content", "motion"):
        log = pd.read_csv(FOLDER / f"vidm-clevrer-mini.{part}.csv")
        assert log["step"].iloc[-1] == recipe.part(part).steps == about["facts"]["steps"][part]
        assert log["loss"].iloc[-5:].mean() < 0.8 * log["loss"].iloc[0]  # it started from a trained model


def test_its_notes_tell_the_steps_of_first_frames(vidm):
    assert vidm.sampling.content_steps != vidm.sampling.steps
    (note, *_) = VidmVideos(vidm, num_videos=1).notes
    assert f"{vidm.sampling.steps} steps per frame, {vidm.sampling.content_steps} for first frames" in note
    assert note.startswith(f"VIDM vidm-clevrer-mini (sha256 {vidm.sha256[:8]}), paper variant")


def test_its_frames_are_clean_and_move(vidm):
    """Frames as smooth as real ones, a grey plane with something on it, that changes from frame to frame."""
    drawn = VidmVideos(vidm, num_videos=8, batch_size=8, sampling=SamplingSpec(steps=10)).draw(range(8), 4)
    toy = ToyVideos("test", resolution=32)
    real = np.stack([toy.read(index, range(4)) for index in range(8)])
    noisy = np.clip(real + np.random.default_rng(0).normal(0, 8, real.shape), 0, 255).astype(np.uint8)
    assert roughness(drawn) < 0.5 * roughness(noisy)
    assert roughness(drawn) < 3 * max(1.0, roughness(real))
    assert abs(np.median(drawn) - np.median(real)) < 10
    spread = drawn.astype(int).max(axis=(2, 3)) - drawn.astype(int).min(axis=(2, 3))
    assert (spread.max(axis=(1, 2)) > 60).mean() >= 0.5  # most videos have an object
    assert np.abs(np.diff(drawn.astype(int), axis=1)).max() > 30


def test_what_was_measured_of_it_stands_in_the_results(vidm):
    """The numbers shown for it are of this very file, at its resolution; it beats noise, blur and standing still."""
    records = read_records(resources.results_dir() / "measured")
    scores = {
        record.model: one
        for record in records
        for one in record.measurements
        if record.dataset == "clevrer-mini" and one.real.size == (32, 32) and one.frames == 16
    }
    measured = scores["vidm"]
    assert measured.num_real == measured.num_fake == 256
    assert measured.fake.digest == VidmVideos(vidm, num_videos=256).digest()
    others = [scores[f"control:{name}"] for name in ("noise", "static", "blurred")] + [scores["static-of:vidm"]]
    assert {one.signature_id for one in others} == {measured.signature_id}
    assert all(measured.value < one.value for one in others)
