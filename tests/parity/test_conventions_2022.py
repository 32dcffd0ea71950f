"""The FVDs of 2022 to 2026 against what their codes print for the same arrays (../shared/golden/conventions2.csv).

Where a code could not run, its golden number is that of a restatement; ../shared/golden/README.md says which. Most rows
take minutes of I3D: VIDMBENCH_PARITY=all scores them too.
"""

import csv
import os

import numpy as np
import pytest

from vidmbench import Choices, score_all

# Float32 features of two implementations under one statistic in float64; 4e-7 is reached.
EXACT = 1e-5
# What the codes print themselves: float32 statistics, and scipy's sqrtm of singular matrices.
PRINTED = 1e-3
WIDE = {"fvd-wide-flattened": "flattened", "fvd-wide-pool": "pool-7x13", "fvd-wide-mean": "spatial-mean"}
SHORT = {
    "fvd-short-hold": "hold-last-to-10",
    "fvd-short-linear": "linear-to-16",
    "fvd-short-pool1": "pool1",
    "fvd-short-repeat": "repeat-2",
}
OPEN_SORA = ("fvd-open-sora-plan", "fvd-open-sora-plan-last-prefix")
LONG = pytest.mark.skipif(os.environ.get("VIDMBENCH_PARITY") != "all", reason="takes minutes: VIDMBENCH_PARITY=all")
GOLDEN_NAMES = {
    **{name: f"fvd-224x400-{words}" for name, words in WIDE.items()},
    **{name: f"fvd-common-metrics-short-{words}" for name, words in SHORT.items()},
}


@pytest.fixture
def clips(shared):
    def read(name, videos=None):
        folder = shared / "golden" / "conventions"
        return [np.load(folder / f"{name}_{side}.npz")["clips"][:videos] for side in ("real", "fake")]

    return read


@pytest.fixture
def golden(shared):
    with (shared / "golden" / "conventions2.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["protocol"], row["input"], int(row["frames"])): row for row in csv.DictReader(stream)}


def check(found, row):
    assert found.value == pytest.approx(float(row["exact"]), rel=EXACT), row["protocol"]
    if row["value"]:
        assert found.value == pytest.approx(float(row["value"]), rel=PRINTED), row["protocol"]


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("pair", "videos", "frames", "protocols"),
    [
        ("ucf", None, 16, ("fvd-fastvideo", "fvd-ivideogpt")),
        pytest.param("ucf", None, 16, ("fvd-tokenbench", "fvd-disco"), marks=LONG),
        pytest.param("ucf", None, 16, ("fvd-wcoda", "fvd-wcoda-212", *WIDE), marks=LONG),
        pytest.param("ucf", 16, 16, ("fvd-nano-wm",), marks=LONG),
        pytest.param("ucf", 16, 16, OPEN_SORA, marks=LONG),
        pytest.param("ucf", None, 15, ("fvd-irasim", "fvd-irasim-mirror"), marks=LONG),
        pytest.param("ucf", None, 8, tuple(SHORT), marks=LONG),
        pytest.param("sky", None, 16, ("fvd-fastvideo", "fvd-ivideogpt"), marks=LONG),
        pytest.param("sky", None, 16, ("fvd-nano-wm",), marks=LONG),
        pytest.param("sky", None, 16, ("fvd-disco", "fvd-wcoda"), marks=LONG),
        pytest.param("sky", None, 15, ("fvd-irasim", "fvd-irasim-mirror"), marks=LONG),
        pytest.param("sky", None, 8, tuple(SHORT), marks=LONG),
        pytest.param("sky", None, 7, tuple(SHORT), marks=LONG),
        pytest.param("sky", None, 16, ("fvd-tokenbench", "fvd-common-metrics", *OPEN_SORA), marks=LONG),
        *(pytest.param("sky", None, frames, ("fvd-common-metrics",), marks=LONG) for frames in range(10, 16)),
    ],
)
def test_their_own_numbers(pair, videos, frames, protocols, clips, golden):
    found = score_all(*clips(pair, videos), Choices(protocols=protocols, frames=(frames,)))
    assert [one.protocol for one in found] == list(protocols)
    for one in found:
        check(one, golden[GOLDEN_NAMES.get(one.protocol, one.protocol), pair, frames])


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize(
    ("pair", "videos", "spread"), [("ucf", 16, 402.705152), pytest.param("sky", 48, 12.419331, marks=LONG)]
)
def test_trajectories(pair, videos, spread, clips, golden):
    """Predictions 2 i and 2 i + 1 belong to real video i; the spread is that of the golden row's note."""
    real, fake = clips(pair, videos)
    half = videos // 2
    choices = Choices(protocols=("fvd-mcvd", "fvd-mcvd-trajectory-mean"), frames=(16,), context=4)
    pooled, mean = score_all(real[:half], fake.reshape(half, 2, *fake.shape[1:]), choices)
    check(pooled, golden["fvd-mcvd-2-trajectories", pair, 16])
    check(mean, golden["fvd-mcvd-trajectory-mean", pair, 16])
    assert mean.spread == pytest.approx(spread, rel=EXACT)
    assert mean.spread_kind == "sd over 2 trajectories"
    assert (pooled.num_real, pooled.num_fake) == (half, videos)


@LONG
@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("pair", ["ucf", "sky"])
def test_context_in_front(pair, clips, golden):
    """One prediction of each real video."""
    real, fake = clips(pair, None if pair == "sky" else 16)
    protocols = ("fvd-mcvd", "fvd-srvp")
    found = score_all(real, fake, Choices(protocols=protocols, frames=(16,), context=4))
    for one in found:
        check(one, golden[one.protocol, pair, 16])


@LONG
@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("starts", [[0] * 16, [6, 6, 0, 4, 7, 6, 4, 7, 5, 3, 2, 4, 2, 1, 4, 2]])
def test_every_eighth_of_128_frames(starts, clips, golden):
    """What `fvd-128f-subsample8` scores once its starts are drawn; see test_clips.py for the drawing."""
    real, fake = clips("clevrer128")
    real = np.stack([video[start::8][:16] for video, start in zip(real, starts, strict=True)])
    (found,) = score_all(real, fake[:, ::8][:, :16], Choices(protocols=("fvd-ivideogpt",), frames=(16,)))
    name = "fvd2048_128f_subsample8f" + ("-random-start" if any(starts) else "")
    check(found, golden[name, "clevrer128", 16])
