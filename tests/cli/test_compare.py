"""``vidmbench compare`` and ``vidmbench explain``, on a network that costs nothing."""

import csv

import numpy as np
import pytest
from PIL import Image

from vidmbench.core import resources

MINE = (resources.protocols_dir() / "metrics" / "fvd-tf-hub.toml").read_text(encoding="utf-8")
MINE = MINE.replace('name = "fvd-tf-hub"', 'name = "mine"').replace('family = "TensorFlow"\n', "")

pytestmark = pytest.mark.usefixtures("fake_network")


@pytest.fixture
def pair(folder, clips):
    real, fake = folder / "real.npy", folder / "fake.npy"
    np.save(real, clips)
    np.save(fake, np.flip(clips, axis=1).copy())
    return real, fake


def test_every_convention_in_one_table(command, pair):
    outcome = command("compare", *pair, "--frames", 16)
    assert outcome.code == 0, outcome.err
    for name in ("fvd-digan", "fvd-stylegan-v", "fvd-tats", "fvd-tf-hub", "fvd-vidm-release", "kvd-digan", "prdc-i3d"):
        assert f"  {name}" in outcome.out
    assert "proto:" not in outcome.out
    assert "mean of 10 draws (" in outcome.out
    assert "no value (Precision, Recall, Density, Coverage): " in outcome.out
    # Latte's real clips span 46 frames, and these have 16.
    skipped = [line for line in outcome.err.splitlines() if line.startswith("skipped: ")]
    assert len(skipped) == 3  # a line for each reason
    weights, short, frames = skipped
    assert weights.startswith("skipped: the weights are not on this machine (")
    assert "; fid-frames, fid-frames-digan, is-frames, kid-frames (inception-v3); " in weights
    assert short == (
        "skipped: 5 of 5 videos of real.npy are shorter than the clip: fvd-128f-subsample8 (128 frames); "
        "fvd-irasim, fvd-irasim-mirror (17 frames); fvd-latte (46 frames); fvd-longvideogan-128f (121 frames)"
    )
    assert frames.startswith("skipped: cannot score clips of 16 frames: fvd-short-hold, fvd-short-pool1 (2 to 9 fr")


def test_conventions_are_grouped_by_family(command, pair, folder):
    (folder / "mine.toml").write_text(MINE)
    names = ("fvd-tats", "fvd-mcvd", "mine.toml", "fvd-vidm-paper", "fvd-tokenbench", "fvd-nano-wm", "fvd-digan")
    words = ("compare", *pair, "--frames", 16, "--protocol", ",".join(names))
    expected = [
        ("StyleGAN-V", "fvd-vidm-paper"), ("StyleGAN-V", "fvd-nano-wm"), ("common_metrics", "fvd-mcvd"),
        ("common_metrics", "fvd-tokenbench"), ("others", "mine"), ("VideoGPT", "fvd-tats"), ("VideoGPT", "fvd-digan"),
    ]  # fmt: skip
    table = list(csv.DictReader(command(*words, "--format", "csv").out.splitlines()))
    assert [(row["family"], row["protocol"]) for row in table] == expected
    assert float(table[0]["vs_default"]) == 0
    change = float(table[2]["value"]) / float(table[0]["value"]) - 1
    assert float(table[2]["vs_default"]) == pytest.approx(change)
    lines = [line.strip("| ").split(" | ") for line in command(*words, "--format", "md").out.splitlines()]
    protocols = {name for _, name in expected}
    rows = [(line[1], *(cell for cell in line if cell in protocols)) for line in lines if line[0] == "FVD ↓"]
    assert rows == expected
    text = command(*words).out.splitlines()
    starts = [line.index(name) for line, (_, name) in zip(text[2:], expected, strict=False)]
    assert len(set(starts)) == 1  # in the same order, below each other
    assert [line.split()[0] for line in text[4:6]] == ["common_metrics", text[5].split()[0]]
    assert "common_metrics" not in text[5]
    assert command(*words, "--json").json["families"] == {
        name: family.replace("others", "") for family, name in expected
    }


def test_a_format_of_what_has_its_own_form(command, pair):
    command("compare", *pair, "--format", "md", "--json").fails("--format is of the table of protocols", "omit one")
    command("compare", *pair, "--format", "csv", "--paired", "--controls").fails("--format csv or --controls")


def test_a_dry_run_says_what_would_be_skipped(command, pair):
    outcome = command("compare", *pair, "--frames", 16, "--protocol", "fvd-tats,fvd-latte", "--dry-run")
    assert "skipped: 5 of 5 videos of real.npy are shorter than the clip: fvd-latte (46 frames)" in outcome.err


def test_videos_that_are_too_short_for_what_is_asked(command, folder, clips):
    np.save(folder / "short.npy", clips[:, :3])
    both = ("short.npy", "short.npy")
    everything = command("compare", *both)
    everything.fails("no protocol can score", "5 of 5 videos of short.npy are shorter than the clip: ",
                     "what to do: ask for clips as short as the videos: --frames 3")  # fmt: skip
    assert everything.err.count("inception-v3") == 1
    score = ("score", *both, "--num-videos", 5, "--protocol")
    command(*score, "fvd-tats").fails(
        "give longer videos; what can score these: vidmbench compare REAL FAKE --frames 3"
    )
    np.save(folder / "longer.npy", np.repeat(clips, 7, axis=1)[:, :100])
    long = command("score", "longer.npy", "longer.npy", "--num-videos", 5, "--protocol", "fvd-128f-subsample8")
    long.fails("at least 128 frames", "give longer videos; what")
    assert "--frames 13" not in long.err  # 13 frames at its stride fit, and it still wants 128
    command(*score, "fvd").fails("unknown protocol 'fvd': did you mean fvd-vidm-paper (the default)?")


def test_as_one_object(command, pair):
    outcome = command("compare", *pair, "--frames", 16, "--json", "--protocol", "fvd-digan", "--protocol", "fvd-latte")
    content = outcome.json
    assert (content["protocol"], content["metric"], content["spread_kind"]) == ("fvd-digan", "fvd", "sd over 10 runs")
    assert [one["protocol"] for one in content["refused"]] == ["fvd-latte"]
    assert content["num_real"] == 5


def test_a_record_is_written(command, pair, folder):
    outcome = command("compare", *pair, "--frames", 16, "--protocol", "prdc-i3d", "--num-videos", 5, "--out", "made")
    assert outcome.code == 2  # nothing has a value: five neighbours need six clips
    assert "prdc-i3d has no value" in outcome.err
    assert len(list((folder / "made").glob("*.json"))) == 1


def test_what_is_wrong_with_the_sources_comes_before_missing_weights(command, pair, own_cache):
    words = ("--frames", 8, "--protocol", "fid-frames", "--protocol", "fvd-tats")
    done = command("compare", *pair, *words)
    done.fails("no protocol can score", "found: fvd-tats: ", "fid-frames: the weights inception-v3")


def test_protocols_without_a_common_clip_length(command, pair):
    done = command("explain", "fid-frames", "fid-frames-digan", *pair)
    done.fails("share no clip length", "fid-frames: 1 to 1 frames; fid-frames-digan: 2 to 2 frames")


def test_nothing_that_fits(command, pair):
    both = ("--protocol", "fvd-latte", "--protocol", "fid-frames")
    command("compare", *pair, *both).fails("no protocol can score these sources", "fvd-latte")
    # Of one protocol its own reason, as `score` gives it.
    command("compare", *pair, "--protocol", "fvd-latte").fails("are shorter than the clip", "at least 46 frames")


def test_the_way_from_one_number_to_another(command, pair, folder):
    outcome = command(
        "explain", "fvd-stylegan-v", "fvd-vidm-release", *pair, "--frames", 16, "--json", "--out", "way.png"
    )
    content = outcome.json
    first, second = content["first"]["value"], content["second"]["value"]
    assert (content["first"]["protocol"], content["second"]["protocol"]) == ("fvd-stylegan-v", "fvd-vidm-release")
    fields = [step["field"] for step in content["steps"]]
    assert fields == ["array.first_resize", "array.range", "clips.real", "clips.fake", "statistics.covariance"]
    assert sum(step["change"] for step in content["steps"]) == pytest.approx(second - first)
    assert sum(step["share"] for step in content["steps"]) == pytest.approx(1)
    assert content["steps"][-1]["value"] == second
    with Image.open(folder / "way.png") as picture:
        assert picture.size[0] > 500
    alone = command("score", *pair, "--protocol", "fvd-vidm-release", "--num-videos", 5, "--json").json
    assert (alone["value"], alone["signature_id"]) == (second, content["second"]["signature_id"])


def test_the_printed_way(command, pair):
    outcome = command("explain", "fvd-tf-hub", "fvd-stylegan-v", *pair, "--frames", 16, "--out", "way.png")
    assert outcome.code == 0
    assert "bilinear-tf1" in outcome.out
    assert "array.resize" in outcome.out
    assert outcome.out.count("proto:") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fvd-digan", "kvd-digan"), "measure different things"),
        (("fvd-digan", "fvd-digan"), "say the same"),
        (("prdc-i3d", "prdc-i3d"), "gives several numbers, and explain follows one"),
        (("fvd-digan", "fvd-diga"), "did you mean"),
    ],
)
def test_ways_that_cannot_be_walked(command, pair, words, said):
    command("explain", *words, *pair).fails(said)


def test_explain_takes_one_length(command, pair):
    command("explain", "fvd-digan", "fvd-tf-hub", *pair, "--frames", "9,16").fails("one clip length")


def test_explain_checks_the_picture_before_the_work(command, pair, fake_network):
    command("explain", "fvd-digan", "fvd-tf-hub", *pair, "--frames", 16, "--out", "way.xyz").fails(
        "unknown figure format"
    )
    assert fake_network.scored == 0
