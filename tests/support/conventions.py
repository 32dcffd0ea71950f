"""The public codes' numbers on pairs of real and generated clips, as ../shared/golden/conventions.csv has them."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from vidmbench.records.record import Measurement

# Float32 features of two implementations under one statistic in float64; 2e-6 is reached.
EXACT = 1e-5
# What the codes print themselves: float32 statistics, and scipy's sqrtm of singular matrices.
PRINTED = 1e-3
#: Real and generated clips of each pair.
COUNTS = {"sky": (48, 48), "ucf": (24, 16)}
GOLDEN = (
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
#: The paper's own protocol has no golden number; see :func:`check_measurements`.
PROTOCOLS = (*GOLDEN, "fvd-vidm-paper")


def check_measurements(measurements: Sequence[Measurement], pair: str, shared: Path) -> None:
    """Compares one measurement for each of `PROTOCOLS` with what independent code gives.

    Args:
        measurements: In any order.
        pair: ``sky`` or ``ucf``.
        shared: The folder of golden numbers.
    """
    with (shared / "golden" / "conventions.csv").open(newline="") as stream:
        golden = {row["protocol"]: row for row in csv.DictReader(stream) if row["pair"] == pair}
    assert set(golden) == set(GOLDEN)
    measured = {item.protocol: item for item in measurements}
    assert set(measured) == set(PROTOCOLS)
    for name, row in golden.items():
        if row["exact"]:
            assert measured[name].value == pytest.approx(float(row["exact"]), rel=EXACT), name
        if row["value"]:
            assert measured[name].value == pytest.approx(float(row["value"]), rel=PRINTED), name
    # All clips are taken and none has room for another start: the paper's random choice changes nothing.
    assert measured["fvd-vidm-paper"].value == measured["fvd-stylegan-v"].value
    assert len({item.signature_id for item in measurements}) == len(PROTOCOLS)
    for item in measurements:
        assert (item.status, item.num_real, item.num_fake) == ("ok", *COUNTS[pair])
        assert item.interval is not None
        assert item.interval[0] < item.value < item.interval[1]
        assert (item.spread_kind, item.spread) == (
            ("sd over 10 runs", pytest.approx(0.0, abs=1e-9 * item.value)) if "digan" in item.protocol else (None, None)
        )
