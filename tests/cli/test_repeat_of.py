"""``score --repeat-of`` and ``--scenes``: what an interval is over."""

import numpy as np
import pytest

from vidmbench.records.record import read_records

PSNR = ("--protocol", "psnr-scikit-image", "--frames", "2")


@pytest.fixture
def runs(folder, clips):
    """Eight targets, and three runs of a model whose seeds differ in how near they come."""
    targets = np.concatenate([clips, clips[:3, ::-1]])
    np.save(folder / "real.npy", targets)
    for seed in range(3):
        added = np.random.default_rng(seed).integers(-6 - seed, 7 + seed, targets.shape)
        np.save(folder / f"seed{seed}.npy", np.clip(targets.astype(int) + added, 0, 255).astype(np.uint8))
    return "real.npy", "seed0.npy", "seed1.npy", "seed2.npy"


def test_the_mean_of_the_runs_has_a_wider_interval(command, runs):
    found = command("score", *runs, *PSNR, "--repeat-of", "mine", "--json")
    assert found.code == 0, found.err
    said = found.json
    (number,) = said["repeat_of"]["numbers"]
    singles = [model["measurements"][0] for model in said["models"]]
    assert said["repeat_of"]["model"] == "mine"
    assert number["by_seed"] == pytest.approx([one["value"] for one in singles])
    assert number["value"] == pytest.approx(np.mean(number["by_seed"]))
    assert number["interval_kind"] == "t-8-videos-in-3-seeds-95"
    low, high = number["interval"]
    assert high - low > 3 * (singles[0]["interval"][1] - singles[0]["interval"][0])
    text = command("score", *runs, *PSNR, "--repeat-of", "mine").out
    assert "mine: 3 seeds" in text
    assert "videos in seeds" in text


def test_the_record_of_the_model_stands_in_tables(command, runs, folder):
    found = command("score", *runs, *PSNR, "--repeat-of", "mine", "--out", "out", "--json").json
    (number,) = found["repeat_of"]["numbers"]
    records = {record.model: record.measurements[0] for record in read_records(folder / "out")}
    assert set(records) == {*runs[1:], "mine"}
    mean, one = records["mine"], records[runs[1]]
    assert (mean.value, list(mean.interval)) == (number["value"], number["interval"])
    assert (mean.interval_kind, mean.spread_kind) == ("t-8-videos-in-3-seeds-95", "sd over 3 seeds")
    assert mean.signature_id == one.signature_id
    assert f"fakes:{mean.fake.digest[:8]}" in mean.signature
    assert mean.fake.digest not in {records[run].fake.digest for run in runs[1:]}
    said = "mean of 3 runs with different seeds (seed0.npy, seed1.npy, seed2.npy); its interval holds for other seeds"
    assert mean.warnings[0] == f"{said} and other videos"
    table = command("table", "--runs", "out").out
    assert mean.text().split(" (")[0] in table


def test_what_are_no_runs_is_refused(command, runs, folder):
    real, first, second, _ = runs
    command("score", real, first, first, *PSNR, "--repeat-of", "mine").fails("several runs", "--repeat-of")
    (folder / "copy.npy").write_bytes((folder / first).read_bytes())
    command("score", real, first, "copy.npy", *PSNR, "--repeat-of", "mine").fails("hold the same videos", "copy.npy")
    command("score", real, first, second, *PSNR, "--repeat-of", " ").fails("no name that can be printed")
    protocol = ("--protocol", "fvd-stylegan-v", "--frames", 16, "--num-videos", 8)
    command("score", real, first, second, *protocol, "--repeat-of", "mine").fails("full-reference", "fvd-stylegan-v")


def test_scenes_widen_the_interval_and_stand_beside_it(command, runs, folder):
    real, first, _, _ = runs
    (folder / "scenes.csv").write_text("".join(f"clip{number:06d},{number // 2}\n" for number in range(8)))
    plain = command("score", real, first, *PSNR, "--json").json
    found = command("score", real, first, *PSNR, "--scenes", "scenes.csv", "--json")
    said = found.json
    assert (said["value"], said["signature_id"]) == (plain["value"], plain["signature_id"])
    assert said["interval_kind"] == "t-4-scenes-95"
    assert said["by_frame"]["interval_kind"] == "t-4-scenes-95"
    assert "8 videos show 4 scenes: intervals are over scenes" in said["warnings"]
    for more in ((), ("--dry-run",)):
        few = command("score", real, first, *PSNR, "--scenes", "clip00000([0-3])?", "--json", *more)
        few.fails("videos without a scene")
    test = command("compare-models", *runs[:3], *PSNR, "--scenes", "scenes.csv", "--json").json
    assert (test["unit"], test["num_units"], test["p_value_flips"]) == ("scene", 4, 2 / 2**4)


def test_scenes_of_other_metrics_are_refused(command, runs, fake_network):
    protocol = ("--protocol", "fvd-stylegan-v", "--frames", 16, "--num-videos", 8)
    command("score", *runs[:2], *protocol, "--scenes", "clip").fails("full-reference", "omit --scenes")
    assert fake_network.scored == 0
