"""The public codes' numbers on real and generated clips, through the whole path from array files on."""

import csv

import numpy as np
import pytest

from vidmbench.evaluate import evaluate, plan
from vidmbench.protocols import load_protocol
from vidmbench.videos import ArraySource, open_source

pytestmark = [pytest.mark.weights, pytest.mark.shared, pytest.mark.usefixtures("weights")]

# Float32 features of two implementations under one statistic in float64; 1e-6 is reached.
EXACT = 1e-5
COUNTS = {"sky": (48, 48), "ucf": (24, 16)}


@pytest.fixture
def golden(shared):
    with (shared / "golden" / "conventions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["pair"], row["protocol"]): float(row["exact"]) for row in rows if row["exact"]}


def bound(name, pair):
    real, fake = COUNTS[pair]
    return load_protocol(name).bound(frames=16, num_real=real, num_fake=fake)


@pytest.mark.parametrize("pair", ["sky", "ucf"])
def test_every_protocol_on_a_pair(pair, golden, shared):
    folder = shared / "golden" / "conventions"
    real, fake = (open_source(folder / f"{pair}_{side}.npz") for side in ("real", "fake"))
    specs = [bound(name, pair) for name in ("fvd-stylegan-v", "fvd-tf-hub", "fvd-vidm-paper")]
    stylegan, original, paper = evaluate(real, fake, plan(real, fake, specs))
    assert stylegan.value == pytest.approx(golden[pair, "fvd-stylegan-v"], rel=EXACT)
    assert original.value == pytest.approx(golden[pair, "fvd-tf-hub"], rel=EXACT)
    # All clips are taken and none has room for another start: the paper's random choice changes nothing.
    assert paper.value == stylegan.value
    assert len({item.signature_id for item in (stylegan, original, paper)}) == 3
    for item in (stylegan, original, paper):
        assert (item.status, item.num_real, item.num_fake) == ("ok", *COUNTS[pair])
        assert item.interval is not None
        assert item.interval[0] < item.interval[1]


def test_the_short_side_is_cropped_as_videogpt_does(golden, shared):
    """No protocol of ours crops yet; VideoGPT's array stage and statistics are spelt out here."""
    folder = shared / "golden" / "conventions"
    real, fake = (ArraySource(np.load(folder / f"ucf_{side}.npz")["clips"], side) for side in ("real", "fake"))
    spec = bound("fvd-stylegan-v", "ucf")
    array = spec.array.model_copy(update={"crop": "short-side-centre", "batch_norm_eps": 1e-5})
    statistics = spec.statistics.model_copy(update={"covariance": "n-1"})
    spec = spec.model_copy(update={"array": array, "statistics": statistics})
    (item,) = evaluate(real, fake, plan(real, fake, [spec]))
    assert item.value == pytest.approx(golden["ucf", "fvd-videogpt"], rel=EXACT)
