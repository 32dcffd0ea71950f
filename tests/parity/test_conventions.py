"""The public codes' numbers on real and generated clips, through the whole path from array files on."""

import csv

import pytest

from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos import open_source

pytestmark = [pytest.mark.weights, pytest.mark.shared, pytest.mark.usefixtures("weights")]

# Float32 features of two implementations under one statistic in float64; 2e-6 is reached.
EXACT = 1e-5
# What the codes print themselves: float32 statistics, and scipy's sqrtm of singular matrices.
PRINTED = 1e-3
COUNTS = {"sky": (48, 48), "ucf": (24, 16)}
PROTOCOLS = (
    "fvd-tf-hub",
    "fvd-stylegan-v",
    "fvd-digan",
    "fvd-tats",
    "fvd-cd-fvd",
    "fvd-common-metrics",
    "fvd-videogpt",
    "fvd-vidm-release",
    "kvd-digan",
    "kvd-tats",
)


@pytest.fixture
def golden(shared):
    with (shared / "golden" / "conventions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["pair"], row["protocol"]): row for row in rows}


def bound(name, pair):
    real, fake = COUNTS[pair]
    return load_protocol(name).with_options(frames=16, num_real=real, num_fake=fake)


@pytest.mark.parametrize("pair", ["sky", "ucf"])
def test_every_protocol_on_a_pair(pair, golden, shared):
    assert {name for kind, name in golden if kind == pair} == set(PROTOCOLS)
    folder = shared / "golden" / "conventions"
    real, fake = (open_source(folder / f"{pair}_{side}.npz") for side in ("real", "fake"))
    names = [*PROTOCOLS, "fvd-vidm-paper"]
    measured = evaluate(real, fake, plan(real, fake, [bound(name, pair) for name in names])).measurements
    found = {item.protocol: item for item in measured}
    for name in PROTOCOLS:
        row = golden[pair, name]
        if row["exact"]:
            assert found[name].value == pytest.approx(float(row["exact"]), rel=EXACT), name
        if row["value"]:
            assert found[name].value == pytest.approx(float(row["value"]), rel=PRINTED), name
    # All clips are taken and none has room for another start: the paper's random choice changes nothing.
    assert found["fvd-vidm-paper"].value == found["fvd-stylegan-v"].value
    assert len({item.signature_id for item in measured}) == len(names)
    for item in measured:
        assert (item.status, item.num_real, item.num_fake) == ("ok", *COUNTS[pair])
        assert item.interval is not None
        assert item.interval[0] < item.value < item.interval[1]
        assert (item.spread_kind, item.spread) == (
            ("sd over 10 runs", pytest.approx(0.0, abs=1e-9 * item.value)) if "digan" in item.protocol else (None, None)
        )
