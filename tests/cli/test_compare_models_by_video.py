"""``compare-models`` with full-reference protocols: A and B video by video."""

import numpy as np
import pytest

from vidmbench.videos import write_mp4

COMMON = ("--protocol", "psnr-scikit-image", "--frames", "16")


@pytest.fixture
def models(folder, clips):
    """Eight targets and two models: near.npy is near to them, far.npy is not."""
    targets = np.concatenate([clips, clips[:3, ::-1]])
    chance = np.random.default_rng(1)
    for name, levels in (("real", 0), ("near", 4), ("far", 12)):
        added = chance.integers(-levels, levels + 1, targets.shape)
        np.save(folder / f"{name}.npy", np.clip(targets.astype(int) + added, 0, 255).astype(np.uint8))
    return "real.npy", "near.npy", "far.npy"


def test_the_better_model_is_named_by_the_direction_of_the_metric(command, models):
    real, near, far = models
    for protocol, given, better in (
        ("psnr-scikit-image", (near, far), "a"),
        ("psnr-scikit-image", (far, near), "b"),
        ("ssim-torchmetrics", (near, far), "a"),
    ):
        said = command("compare-models", real, *given, "--protocol", protocol, "--frames", 2, "--json").json
        assert (said["better"], said["better_is"]) == (better, "higher")
        assert said["better_in"] == {better: 8, "ab".replace(better, ""): 0}
        assert "is higher by" in said["verdict"]
        assert said["verdict"].startswith(f"{better.upper()} is better")


def test_lpips_is_better_where_it_is_lower(command, models, lpips_weights):
    said = command("compare-models", *models, "--protocol", "lpips-alex", "--frames", 2, "--json").json
    assert (said["better"], said["better_is"], said["metric"]) == ("a", "lower", "lpips")
    assert "is lower by" in said["verdict"]


def test_the_object_holds_the_numbers_of_score_and_the_test(command, models):
    found = command("compare-models", *models, *COMMON, "--json")
    assert found.code == 0, found.err
    said = found.json
    singles = [command("score", models[0], fake, *COMMON, "--json").json for fake in models[1:]]
    for name, single in zip("ab", singles, strict=True):
        assert (said[name]["value"], said[name]["interval"]) == (single["value"], single["interval"])
        assert said[f"signature_{name}"] == single["signature"]
    assert said["difference"] == pytest.approx(said["a"]["value"] - said["b"]["value"])
    assert said["interval"][0] < said["difference"] < said["interval"][1]
    assert (said["interval_kind"], said["unit"], said["num_units"]) == ("paired-t-8-videos-95", "video", 8)
    assert said["p_value_flips"] == 2 / 2**8
    text = command("compare-models", *models, *COMMON).out.splitlines()
    assert said["verdict"] in text
    assert "By video: A is better in 8 of 8, B in 0." in text
    assert "A: near.npy" in text[2]


def test_videos_of_one_kind_say_more_than_their_spread(command, models, folder):
    """Each model's own interval is wide, as videos differ; the difference's is not."""
    real = np.load(folder / "real.npy")
    levels = np.arange(1, 9)[:, None, None, None, None]
    for name, more in (("near", 0), ("far", 1)):
        np.save(folder / f"{name}.npy", np.clip(real.astype(int) + 3 * levels + more, 0, 255).astype(np.uint8))
    said = command("compare-models", *models, *COMMON, "--json").json
    halves = [(high - low) / 2 for low, high in (said["interval"], said["a"]["interval"])]
    assert halves[0] < halves[1] / 2
    assert said["better"] == "a"


def test_models_with_the_same_videos_tie(command, models):
    real, near, _ = models
    found = command("compare-models", real, near, near, *COMMON, "--json")
    said = found.json
    assert (said["difference"], said["p_value"], said["needed"], said["better"]) == (0.0, 1.0, None, None)
    assert said["verdict"].startswith("a tie: ")
    assert "A and B hold the same videos" in found.err


def test_few_videos_leave_it_undecided(command, models):
    said = command("compare-models", *models, *COMMON, "--num-videos", 4, "--json").json
    assert said["p_value"] < 0.05 < said["p_value_flips"] == 2 / 2**4
    assert said["better"] is None
    assert said["verdict"].startswith("undecided: ")
    assert said["verdict"].endswith("too few videos; 6 at least can tell models apart.")


def test_the_ratio_of_one_error_for_all_videos(command, models):
    said = command("compare-models", *models, "--protocol", "psnr-torchmetrics", "--json").json
    assert (said["better"], said["better_in"]) == ("a", {"a": 8, "b": 0})
    assert said["difference"] == pytest.approx(said["a"]["value"] - said["b"]["value"])


def test_models_of_other_videos_are_refused(command, models, folder):
    real = np.load(folder / "real.npy")
    for number, clip in enumerate(real):
        for name in ("targets", "whole", "torn"):
            write_mp4(folder / name / f"v{number}.mp4", clip if name == "targets" else clip // 2)
    (folder / "torn" / "v3.mp4").write_bytes(b"no video")
    given = ("compare-models", "targets", "whole", "torn", *COMMON)
    command(*given).fails("v3.mp4")
    skipped = command(*given, "--on-bad", "skip")
    assert skipped.code == 2
    assert "v3" in skipped.err


def test_models_with_unequal_numbers_of_predictions_are_refused(command, models, folder):
    real = np.load(folder / "real.npy")
    for number, clip in enumerate(real):
        write_mp4(folder / "targets" / f"v{number}.mp4", clip)
        write_mp4(folder / "one" / f"v{number}.mp4", clip // 2)
        for sample in range(2):
            write_mp4(folder / "two" / f"v{number}_{sample}.mp4", clip // 2)
    command("compare-models", "targets", "one", "two", *COMMON).fails(
        "different numbers of predictions", "1 of A, 2 of B", "give 1 of each"
    )


def test_what_has_no_test_is_refused(command, models):
    command("compare-models", *models, *COMMON, "--same-seeds").fails("--same-seeds is for Fréchet", "omit it")
    command("compare-models", *models, "--protocol", "prdc-i3d").fails("psnr, ssim or lpips")
    real, near, _ = models
    command("compare-models", real, near, real, *COMMON).fails("has no value", "infinite", "real.npy")


def test_controls_and_predictions(command, models):
    said = command(
        "compare-models", models[0], models[1], "control:static", "--protocol", "psnr-common-metrics", "--json"
    ).json
    assert said["better"] == "a"
