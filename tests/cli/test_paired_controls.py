"""Controls beside predictions: made of the real videos themselves, for every full-reference protocol."""

import numpy as np
import pytest

from vidmbench.sources.control_kinds import OF_PREDICTIONS
from vidmbench.sources.controls import control
from vidmbench.videos.arrays.uint8_source import ArraySource

PSNR = ("--protocol", "psnr-mcvd", "--protocol", "ssim-scikit-image")


@pytest.fixture
def real(folder):
    """Videos whose frames grow brighter, so that each control shows."""
    chance = np.random.default_rng(0)
    clips = chance.integers(60, 160, (4, 1, 32, 32, 3)) + np.arange(8)[None, :, None, None, None] * 5
    clips = clips.astype(np.uint8)
    np.save(folder / "real.npy", clips)
    np.save(folder / "fake.npy", clips + np.uint8(3))
    return clips


def psnr(target, prediction, context):
    errors = (target[:, context:].astype(float) - prediction[:, context:].astype(float)) ** 2
    return (10 * np.log10(255**2 / errors.mean((1, 2, 3, 4)))).mean()


@pytest.mark.parametrize("context", [1, 3])
def test_static_repeats_the_last_frame_that_was_given(command, real, context):
    words = ("--protocol", "psnr-mcvd", "--frames", 8, "--context", context, "--json")
    expected = real.copy()
    expected[:, context:] = real[:, context - 1 : context]
    assert command("score", "real.npy", "control:static", *words).json["value"] == pytest.approx(
        psnr(real, expected, context), rel=1e-6
    )
    shifted = real[:, [0, 0, 1, 2, 3, 4, 5, 6]]
    assert command("score", "real.npy", "control:shifted", *words).json["value"] == pytest.approx(
        psnr(real, shifted, context), rel=1e-6
    )


def test_static_without_context_is_what_it_was(real):
    base = ArraySource(real, "real")
    assert control("static", base, context=1).digest() == control("static", base).digest()
    assert control("static", base, context=2).digest() != control("static", base).digest()
    frames = control("static", base, context=3).read(0, range(8))
    assert (frames[:3] == real[0, :3]).all()
    assert (frames[3:] == real[0, 2]).all()


@pytest.mark.parametrize("kind", ["reversed", "noise"])
def test_what_a_control_shows_does_not_depend_on_other_clip_lengths(command, real, kind):
    words = ("score", "real.npy", f"control:{kind}", "--protocol", "psnr-common-metrics", "--json", "--frames")
    both = command(*words, "4,8").json["measurements"]
    alone = [command(*words, frames).json for frames in (4, 8)]
    assert [one["value"] for one in both] == [one["value"] for one in alone]
    clips = real[:, :4][:, ::-1]
    if kind == "reversed":
        errors = ((real[:, :4].astype(float) - clips.astype(float)) ** 2).mean((2, 3, 4))
        assert alone[0]["value"] == pytest.approx((20 * np.log10(255 / np.sqrt(errors))).mean(), rel=1e-5)


def test_a_table_beside_the_controls(command, real, folder):
    words = ("compare", "real.npy", "fake.npy", *PSNR, "--controls", "--frames", 8, "--context", 2)
    done = command(*words, "--out", "made")
    assert done.code == 0, done.err
    head = done.out.splitlines()[1].split()
    assert head == ["Metric", "Protocol", "fake.npy", *OF_PREDICTIONS]
    assert "8 frames, 2 given" in done.out
    assert "worse than control:static" not in done.out
    assert "compression" not in done.err, "jpeg-75 is compressed on purpose"
    assert "next:    vidmbench plot horizon made" in done.err
    assert len(list((folder / "made").glob("*.json"))) == 1 + len(OF_PREDICTIONS)
    found = command(*words, "--json").json
    assert [one["model"] for one in found["models"]] == ["fake.npy", *(f"control:{kind}" for kind in OF_PREDICTIONS)]
    assert len({one["measurements"][0]["signature_id"] for one in found["models"]}) == 1
    alone = command("score", "real.npy", "control:blurred", *PSNR, "--frames", 8, "--context", 2, "--json").json
    blurred = found["models"][1 + OF_PREDICTIONS.index("blurred")]["measurements"]
    assert [one["value"] for one in blurred] == [one["value"] for one in alone["measurements"]]


def test_that_a_model_is_worse_than_no_motion_is_said(command, real, folder):
    np.save(folder / "bad.npy", 255 - real)
    done = command("compare", "real.npy", "bad.npy", *PSNR, "--controls", "--frames", 8, "--context", 2)
    assert "bad.npy scores worse than control:static, which shows no motion, in 2 of 2 rows" in done.out


def test_equal_first_frames_have_no_value_and_the_others_stay(command, real):
    words = ("--protocol", "psnr-srvp,psnr-mcvd", "--controls", "--frames", 8)
    done = command("compare", "real.npy", "fake.npy", *words)
    assert done.code == 0
    assert done.out.splitlines()[2].split()[:5] != []
    assert "no value (PSNR): the mean is infinite" in done.out
    assert "--context" in done.out


@pytest.mark.usefixtures("fake_network")
def test_controls_of_distributions_are_scored_one_by_one(command, real):
    words = ("compare", "real.npy", "fake.npy", "--controls", "--frames", 8)
    command(*words, "--protocol", "fvd-tf-hub").fails("8 frames")
    np.save("long.npy", np.repeat(real, 2, axis=1))
    words = ("compare", "long.npy", "long.npy", "--controls", "--frames", 16, "--protocol", "fvd-tf-hub")
    command(*words).fails("--controls shows what controls", "fvd-tf-hub", "add --paired")


def test_one_reason_of_several_protocols_is_said_once(command, real):
    done = command("score", "real.npy", "real.npy", "--protocol", "psnr-srvp,psnr-mcvd", "--frames", 8)
    assert done.code == 2
    assert [line.partition(": the mean")[0] for line in done.err.splitlines() if line.startswith("error:")] == [
        "error: psnr-srvp, psnr-mcvd have no value"]  # fmt: skip
