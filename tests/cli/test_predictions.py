"""Several predictions of one video, videos without counterpart, and other input that pairs refuse."""

import json

import numpy as np
import pytest

import vidmbench
from vidmbench.core.errors import VidmbenchError
from vidmbench.detectors.weights_registry import weights_path
from vidmbench.protocols.detector import load_detector

CHANCE = np.random.default_rng(0)
REAL = CHANCE.integers(0, 236, (5, 4, 32, 32, 3), dtype=np.uint8)
# Each prediction is off by one number of levels: 10, 2 and 20.
OFF = (10, 2, 20)
MANY = np.stack([REAL + np.uint8(step) for step in OFF], axis=1)


def ratio(*steps):
    return float(np.mean([20 * np.log10(255 / step) for step in steps]))


@pytest.fixture
def sides(folder):
    """Folders of targets and of predictions: targets/a.npy, predictions/0/a.npy, ..."""
    for index, name in enumerate("abcde"):
        (folder / "targets").mkdir(exist_ok=True)
        np.save(folder / "targets" / f"{name}.npy", REAL[index])
        for sample in range(3):
            (folder / "predictions" / str(sample)).mkdir(parents=True, exist_ok=True)
            np.save(folder / "predictions" / str(sample) / f"{name}.npy", MANY[index, sample])
    return folder


SCORE = ("score", "targets", "predictions", "--protocol", "psnr-scikit-image", "--frames", 4)


@pytest.mark.parametrize(
    ("rule", "value", "text"),
    [("best", ratio(2), "best.3"), ("mean", ratio(*OFF), "mean.3"), ("all", ratio(*OFF), "all.3")],
)
@pytest.mark.usefixtures("sides")
def test_what_counts_of_several_predictions(command, rule, value, text):
    found = command(*SCORE, "--predictions", rule, "--json").json
    assert found["value"] == pytest.approx(value, rel=1e-6)
    assert f"| of:{text} |" in found["signature"]
    assert (found["num_real"], found["num_fake"]) == (5, 15)
    assert any("compare only at N = 3" in note for note in found["warnings"]) == (rule == "best")
    assert (found["spread_kind"] == "sd over 15 predictions") == (rule == "all")


def test_the_best_of_each_number(command, sides):
    done = command(*SCORE, "--best-of", "curve.csv")
    assert done.code == 0, done.err
    assert "  k  PSNR ↑ psnr-scikit-image" in done.out
    assert "note: paired by name: NAME with 0/NAME; 3 predictions of each video" in done.err
    lines = (sides / "curve.csv").read_text().splitlines()
    values = [float(line.split(",")[7]) for line in lines[1:]]
    by_hand = [ratio(*OFF), np.mean([ratio(2), ratio(10), ratio(2)]), ratio(2)]
    np.testing.assert_allclose(values, by_hand, rtol=1e-6)
    found = command(*SCORE, "--best-of", "curve.json", "--json").json["best_of"]
    assert found == json.loads((sides / "curve.json").read_text())["best_of"]
    assert [row["predictions"] for row in found] == [1, 2, 3]


@pytest.mark.usefixtures("sides")
def test_best_of_is_refused_where_it_says_nothing(command):
    command(*SCORE, "--best-of", "curve.txt").fails(".csv or .json")
    command("score", "targets", "targets", *SCORE[3:], "--best-of", "c.csv").fails("one prediction of each video")
    command("score", "targets", "predictions", "--frames", 9, "--predictions", "best").fails("psnr-...")


def test_fewer_predictions_of_some_videos(command, sides):
    (sides / "predictions" / "2" / "b.npy").unlink()
    command(*SCORE).fails("different numbers of predictions", "b: 2", "--on-bad skip")
    done = command(*SCORE, "--on-bad", "skip", "--json").json
    assert (done["num_real"], done["num_fake"]) == (4, 12)
    assert [name for name, _ in done["real"]["skipped"]] == ["b.npy"]
    assert [name for name, _ in done["fake"]["skipped"]] == ["0/b.npy", "1/b.npy"]


def test_a_video_that_cannot_be_read_takes_its_counterparts_along(command, sides):
    (sides / "targets" / "a.npy").write_bytes(b"damaged")
    (sides / "predictions" / "1" / "e.npy").write_bytes(b"damaged")
    command(*SCORE).fails("a.npy")
    done = command(*SCORE, "--on-bad", "skip", "--json").json
    assert (done["num_real"], done["num_fake"]) == (3, 9)
    assert {name for name, _ in done["real"]["skipped"]} == {"a.npy", "e.npy"}
    assert {name for name, _ in done["fake"]["skipped"]} == {
        "1/e.npy", "0/e.npy", "2/e.npy", "0/a.npy", "1/a.npy", "2/a.npy"
    }  # fmt: skip


def test_short_videos(command, sides):
    np.save(sides / "predictions" / "1" / "c.npy", MANY[2, 1, :2])
    command(*SCORE).fails("1 of 15 pairs are shorter", "1/c.npy (target 4, prediction 2)", "--frames 2")
    done = command(*SCORE, "--on-bad", "skip", "--json").json
    assert (done["num_real"], done["num_fake"]) == (4, 12)
    assert command(*SCORE, "--stride", 2, "--frames", 1, "--json").json["num_real"] == 5


@pytest.mark.usefixtures("sides")
def test_numbers_of_videos(command):
    assert command(*SCORE, "--num-videos", 1, "--json").json["num_fake"] == 3
    command(*SCORE, "--num-videos", 6).fails("fewer", "5")
    command(*SCORE, "--num-fake", 2).fails("--num-videos")
    command(*SCORE, "--num-real", 2, "--num-fake", 3).fails("2 real, 3 scored")
    assert command(*SCORE, "--num-real", 2, "--num-fake", 6, "--json").json["num_fake"] == 6


def test_an_axis_of_predictions(command, folder):
    np.savez(folder / "real.npz", clips=REAL)
    np.savez(folder / "many.npz", clips=MANY)
    found = command("score", "real.npz", "many.npz", *SCORE[3:], "--predictions", "best", "--json").json
    assert found["value"] == pytest.approx(ratio(2), rel=1e-6)
    assert any(note.startswith("paired in order, as arrays have no names") for note in found["warnings"])


@pytest.mark.parametrize("layout", [None, "NSTCHW", "SNTHWC"])
def test_arrays_in_memory_with_an_axis_of_predictions(layout):
    many, real = MANY, REAL
    if layout is not None:
        many = MANY.transpose(["NSTHWC".index(axis) for axis in layout]).astype(np.float32) / 255
        real = REAL.transpose(["NTHWC".index(axis) for axis in layout.replace("S", "")]).astype(np.float32) / 255
    declared = {} if layout is None else {"layout": layout, "value_range": (0, 1)}
    found = vidmbench.score(real, many, protocol="psnr-srvp", frames=4, **declared)
    assert found.value == pytest.approx(ratio(2), rel=1e-6)
    assert "of:best.3" in found.signature


def test_what_pairs_refuse(command, folder):
    for name, side in (("real", REAL), ("small", REAL[:, :, :8, :8]), ("fewer", REAL[:3]), ("grey", REAL[..., :1])):
        np.save(folder / f"{name}.npy", side)
    score = ("score", "real.npy", "real.npy", "--frames", 4, "--protocol")
    command(*score, "psnr-scikit-image", "--context", 4).fails("no frame is left to score", "0 to 3 of the 4 frames")
    done = command(*score, "psnr-scikit-image")
    assert (done.code, "20 of 20 frames are equal" in done.out) == (2, True)
    command("score", "small.npy", "small.npy", *score[3:], "ssim-piqa").fails("smaller than the window", "11 x 11")
    command("score", "small.npy", "small.npy", *score[3:], "lpips-alex").fails("too small for the network", "31 x 31")
    command("score", "small.npy", "small.npy", *score[3:], "ssim-tecogan").fails("48 x 48")
    command("score", "real.npy", "fewer.npy", *score[3:], "psnr-piqa").fails("counts differ", "--num-videos 3")
    command("score", "real.npy", "small.npy", *score[3:], "psnr-piqa").fails("differ in size")
    command("score", "grey.npy", "grey.npy", *score[3:], "psnr-piqa").fails("repeat(3, axis=-1)")
    with pytest.raises(VidmbenchError, match="layout"):
        vidmbench.score(REAL, REAL, protocol="psnr-piqa", frames=4, layout="STHWC")


def test_flat_and_equal_frames(command, folder):
    flat = np.full((4, 4, 64, 64, 3), 90, np.uint8)
    np.save(folder / "flat.npy", flat)
    found = command("score", "flat.npy", "flat.npy", "--frames", 4, "--protocol", "ssim-piqa,psnr-piqa", "--json").json
    assert [one["value"] for one in found["measurements"]] == pytest.approx([1, 80])
    notes = [note for one in found["measurements"] for note in one["warnings"]]
    assert "16 of 16 scored frames show no difference from their targets" in notes
    assert "16 of 16 scored frames show no difference from their targets, and count 80 dB each" in notes
    found = command("score", "flat.npy", "flat.npy", "--frames", 8, "--protocol", "ssim-tecogan", "--json")
    found.fails("shorter than the clip")


@pytest.mark.parametrize("is_damaged", [False, True])
def test_weights_of_lpips_that_are_not_there_or_damaged(command, folder, monkeypatch, is_damaged):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    path = weights_path(load_detector("lpips-alexnet"))
    if is_damaged:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"damaged")
    for name, side in (("real", REAL), ("fake", MANY[:, 1])):
        np.save(folder / f"{name}.npy", side)
    done = command("score", "real.npy", "fake.npy", "--frames", 4, "--protocol", "lpips-alex", "-q")
    done.fails("lpips-alexnet", "weights", *(["could not be fetched anew", str(path)] if is_damaged else []))


def test_given_frames_in_python():
    made = REAL.copy()
    made[:, 0] += 10
    made[:, 1:] += 2
    found = vidmbench.score(REAL, made, protocol="psnr-scikit-image", frames=4, context=1)
    assert (found.value, found.context) == (pytest.approx(ratio(2)), 1)
    with pytest.raises(VidmbenchError, match="fvd-vidm-paper"):
        vidmbench.score(REAL, made, protocol="fvd-vidm-paper", frames=4, context=1)
    with pytest.raises(VidmbenchError):
        vidmbench.score(REAL, made, protocol="psnr-scikit-image", frames=4, context=4)


@pytest.mark.parametrize(("given", "frame"), [((), 0), (("--context", 2), 1)])
def test_the_static_baseline_of_predictions(folder, command, given, frame):
    chance = np.random.default_rng(1)
    np.save(folder / "real.npy", REAL)
    made = chance.integers(0, 256, REAL.shape, dtype=np.uint8)
    np.save(folder / "made.npy", made)
    np.save(
        folder / "still.npy", np.concatenate([made[:, :frame], np.repeat(made[:, frame : frame + 1], 4 - frame, 1)], 1)
    )
    words = ("--protocol", "psnr-scikit-image", "--frames", 4, *given, "--json")
    found = [command("score", "real.npy", fake, *words) for fake in ("static-of:made.npy", "still.npy")]
    assert found[0].json["value"] == pytest.approx(found[1].json["value"], abs=1e-12), found[0].err
    run = ("run", "--model", "static-of:mine", "--samples", "made.npy", "--dataset", "folder:real.npy")
    assert command(*run, *words, "--out", "runs").json["value"] == found[0].json["value"]
