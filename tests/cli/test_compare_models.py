"""``compare-models`` and ``infinity``, with a network that costs nothing."""

import re

import numpy as np
import pytest
from support.paths import ROOT

from vidmbench.metrics import infinity
from vidmbench.sources.clevrer_mini import ToyVideos

COMMON = ("--protocol", "fvd-stylegan-v", "--frames", "16", "--num-videos", "5")
SMALL = ("--protocol", "fvd-stylegan-v", "--frames", "16")


@pytest.fixture
def models(folder, real, fake_network, clips):
    """Two models' videos beside the real ones: good.npy, and bad.npy, which is half as bright."""
    np.save(folder / "good.npy", clips)
    np.save(folder / "bad.npy", clips // 2)
    return real, "good.npy", "bad.npy"


@pytest.fixture
def few_are_enough(monkeypatch):
    """Eight videos may be extrapolated, as if the network had few features."""
    monkeypatch.setattr(infinity, "MIN_PART", 4)
    monkeypatch.setattr(infinity, "SAMPLES_PER_FEATURE", 0.0)


@pytest.fixture
def many(folder, fake_network):
    """real.npy and fake.npy of twelve clips each."""
    for name, split in (("real", "test"), ("fake", "train")):
        videos = ToyVideos(split)
        np.save(folder / f"{name}.npy", np.stack([videos.read(index, range(16)) for index in range(12)]))
    return "real.npy", "fake.npy"


def test_one_object_holds_the_whole_answer(command, models):
    found = command("compare-models", *models, *COMMON, "--json")
    assert found.code == 0, found.err
    said = found.json
    singles = [command("score", models[0], fake, *COMMON, "--json").json for fake in models[1:]]
    assert said["metric"] == "fvd"
    assert [said[name]["value"] for name in "ab"] == [pytest.approx(one["value"]) for one in singles]
    assert [said[name]["interval"] for name in "ab"] == [one["interval"] for one in singles]
    assert [said[f"signature_{name}"] for name in "ab"] == [one["signature"] for one in singles]
    assert said["difference"] == said["a"]["value"] - said["b"]["value"]
    assert said["interval"][0] < said["difference"] < said["interval"][1]
    assert 0.0 < said["p_value"] < 1.0
    assert said["needed"] >= 4
    assert said["interval_kind"] == "paired-jackknife-5x5x5-95"
    assert (said["num_real"], said["num_fake"], said["frames"], said["same_seeds"]) == (5, 5, 16, False)
    assert said["better"] == (None if said["p_value"] >= 0.05 else "a")


def test_a_table_and_a_sentence(command, models):
    found = command("compare-models", *models, *COMMON)
    lines = found.out.splitlines()
    assert [word in lines[0] for word in ("Model", "FVD", "95 % interval")] == [True] * 3
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["A: good.npy", "B: bad.npy", "A - B"]
    said = command("compare-models", *models, *COMMON, "--json").json
    assert said["verdict"] in lines
    assert f"A: {said['signature_a']}" in found.out
    assert f"B: {said['signature_b']}" in found.out


def test_the_better_model_is_named_either_way_round(command, models):
    """Seeds shared and one model much darker: few videos are enough."""
    real, good, bad = models
    np.save(bad, np.zeros_like(np.load(good)))
    for pair, better, name in (((good, bad), "a", "A"), ((bad, good), "b", "B")):
        said = command("compare-models", real, *pair, *COMMON, "--json").json
        assert said["better"] == better
        lower = abs(said["difference"])
        numbers = [float(word) for word in re.findall(r"FVD of ([\d.]+) is lower by ([\d.]+), p", said["verdict"])[0]]
        assert said["verdict"].startswith(f"{name} is better: its FVD of ")
        assert numbers == pytest.approx([said[better]["value"], lower], abs=0.5)
        assert f"about {said['needed']:,} videos per side" in said["verdict"]


def test_a_model_against_itself_is_a_tie(command, models):
    real, good, _ = models
    found = command("compare-models", real, good, good, *COMMON, "--same-seeds", "--json")
    said = found.json
    assert (said["difference"], said["p_value"], said["needed"], said["better"]) == (0.0, 1.0, None, None)
    assert said["verdict"] == "a tie: the interval of the difference, [0.0, 0.0], holds 0, p = 1."


def test_seeds_that_are_shared_are_said(command, models):
    apart, together = (command("compare-models", *models, *COMMON, *more, "--json").json for more in
                       ((), ("--same-seeds",)))  # fmt: skip
    assert together["same_seeds"]
    assert together["difference"] == apart["difference"]
    assert together["standard_error"] != apart["standard_error"]


def test_seeds_cannot_be_shared_where_a_video_is_left_out(command, models, folder):
    from vidmbench.videos import write_mp4

    real, good, _ = models
    for number, clip in enumerate(np.load(good)):
        for name in ("whole", "torn"):
            write_mp4(folder / name / f"{number}.mp4", clip)
    (folder / "torn" / "5.mp4").write_bytes(b"no video")
    given = ("compare-models", real, "whole", "torn", *SMALL, "--on-bad", "skip")
    assert command(*given).code == 0
    command(*given, "--same-seeds").fails("cannot be paired", "0 and 1 skipped", "omit --same-seeds")


def test_features_come_from_the_cache(command, models, fake_network):
    assert command("compare-models", *models, *COMMON).code == 0
    loads = len(fake_network)
    assert fake_network.scored == 15
    assert command("compare-models", *models, *COMMON).code == 0
    assert (len(fake_network), fake_network.scored) == (loads, 15)


def test_unequal_counts_are_refused_before_any_work(command, models, folder, fake_network):
    np.save(folder / "bad.npy", np.load(folder / "bad.npy")[:4])
    command("compare-models", *models, *SMALL).fails("equal counts", "5 and 4", "score 4 of each")
    assert fake_network.scored == 0
    assert command("compare-models", *models, *SMALL, "--num-real", 5, "--num-fake", 4).code == 0


@pytest.mark.parametrize("given", ["compare-models", "infinity"])
def test_only_one_distance_at_one_length(given, command, models):
    names = models if given == "compare-models" else models[:2]
    other, said = ("prdc-i3d", "no distance") if given == "compare-models" else ("kvd-tats", "no Fréchet distance")
    command(given, *names, "--protocol", other).fails(f"{other} measures {said}", "list protocols")
    command(given, *names, "--protocol", "fvd-mcvd-trajectory-mean").fails("a mean over trajectories", "score and run")
    command(given, *names, "--frames", "8,16").fails("one clip length", "8,16")
    command(given, *names, "--protocol", "fvd-styleganv").fails("unknown protocol", "fvd-stylegan-v")
    command(given, names[0], "nowhere.npy", *names[2:]).fails("nowhere.npy")


def test_kernel_distances_too(command, models, folder):
    """The value is the one that score prints, with its factor."""
    text = (
        (ROOT / "protocols" / "metrics" / "kvd-digan.toml")
        .read_text()
        .replace("repeats = 10", "repeats = 1")
        .replace("kvd-digan", "mine")
    )
    (folder / "mine.toml").write_text(text.replace("degree = 3", 'degree = 2\ndiagonal = "kept"\nscale = 100.0'))
    words = ("--protocol", "mine.toml", "--frames", 16, "--num-videos", 5, "--json")
    done = command("compare-models", *models, *words)
    assert done.code == 0, done.err
    said = done.json
    alone = [command("score", models[0], model, *words).json for model in models[1:]]
    for of_model, score in zip((said["a"], said["b"]), alone, strict=True):
        assert of_model["value"] == pytest.approx(score["value"])
        assert of_model["interval"] == score["interval"]
    assert said["difference"] == pytest.approx(alone[0]["value"] - alone[1]["value"])
    assert said["interval"][0] < said["difference"] < said["interval"][1]
    command("compare-models", *models, "--protocol", "kid-frames").fails("a mean over 100 subsets")


def test_infinity_says_how_many_it_needs_before_any_work(command, models, fake_network, folder):
    command("infinity", *models[:2], *COMMON).fails("too few videos", "at least 1024", "5 real and 5 generated")
    assert fake_network.scored == 0
    assert not (folder / "runs").exists()


def test_infinity_and_its_picture(command, many, few_are_enough, folder):
    found = command("infinity", *many, *SMALL, "--out", "fit.png")
    assert found.code == 0, found.err
    said = command("infinity", *many, *SMALL, "--json").json
    plain = command("score", *many, *SMALL, "--num-videos", 12, "--json").json
    assert (said["metric"], said["plain"]) == ("fvd-infinity", pytest.approx(plain["value"]))
    assert (said["plain_interval"], said["signature"]) == (plain["interval"], plain["signature"])
    assert said["value"] == pytest.approx(said["plain"] - said["slope"] / said["sizes"][0])
    assert said["interval"][0] < said["value"] < said["interval"][1]
    assert said["sizes"] == [12.0, 6.0, 4.0]
    assert said["picture"] == "runs/infinity.png"
    assert (folder / "runs" / "infinity.png").stat().st_size > 2000
    assert (folder / "fit.png").read_bytes().startswith(b"\x89PNG")
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in found.out.splitlines()[2:4]]
    assert [row[0] for row in rows] == ["plain, N = 12/12", "infinity"]
    assert [float(row[1]) for row in rows] == pytest.approx([said["plain"], said["value"]], abs=0.05)
    assert "comes from the number of videos" in found.out
    assert "figure: fit.png" in found.err


def test_infinity_dry_run(command, many, few_are_enough, fake_network, folder):
    found = command("infinity", *many, *SMALL, "--dry-run")
    assert (found.code, fake_network.scored) == (0, 0)
    assert "dry run" in found.out
    assert not (folder / "runs").exists()


def test_infinity_writes_pictures_only(command, many):
    command("infinity", *many, *SMALL, "--out", "fit.txt").fails("unknown figure format", ".png", "fit.txt")


def test_a_protocol_that_draws_more_than_once_says_so(command, models):
    found = command("compare-models", *models, "--protocol", "fvd-digan", "--frames", "16", "--num-videos", "5")
    assert found.code == 0, found.err
    assert "averages 10 repeats; these numbers are of the first" in found.err


def test_features_from_the_cache_are_announced(command, models):
    first, again = (command("score", *models[:2], *COMMON) for _ in range(2))
    assert "cached:" not in first.err
    assert "cached:  features of real.npy, good.npy\n" in again.err
    other = command("score", models[0], models[2], *COMMON)
    assert "cached:  features of real.npy\n" in other.err
    assert "cached:" not in command("score", *models[:2], *COMMON, "-q").err
    assert "cached:" not in command("score", *models[:2], *COMMON, "--json").err
