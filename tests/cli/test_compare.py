"""``vidmbench compare`` and ``vidmbench explain``, on a network that costs nothing."""

import numpy as np
import pytest
from PIL import Image

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
    assert (
        "skipped: fid-frames, fid-frames-digan, is-frames, kid-frames: the weights inception-v3 are not on"
        in outcome.err
    )
    assert (
        "skipped: fvd-128f-subsample8, fvd-latte, fvd-longvideogan-128f: 5 of 5 videos of real.npy are shorter "
        "than the clip" in outcome.err
    )


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
