"""What ``identify`` looks numbers up in against what ``score`` gives for the same videos (minutes of I3D)."""

import os

import pytest

from vidmbench import Choices, score_all
from vidmbench.evaluation.studies.identify import candidates
from vidmbench.sources.golden_sets import golden_set

SHORT = ("fvd-short-hold", "fvd-short-linear", "fvd-short-pool1", "fvd-short-repeat")
WIDE = ("fvd-wide-flattened", "fvd-wide-mean", "fvd-wide-pool")


@pytest.mark.skipif(os.environ.get("VIDMBENCH_PARITY") != "all", reason="takes minutes: VIDMBENCH_PARITY=all")
@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("name", ["square", "wide"])
@pytest.mark.parametrize(
    ("length", "frames", "rule", "protocols"),
    [
        (16, 16, "first 16", ("fvd-stylegan-v", "fvd-wcoda", "fvd-wcoda-212", *WIDE)),
        (16, 15, "1 to 15", ("fvd-irasim", "fvd-irasim-mirror")),
        (8, 8, "first 8", SHORT),
        (16, 16, "mean over the first 10 to 16", ("fvd-open-sora-plan",)),
    ],
)
def test_published_conventions(name, length, frames, rule, protocols):
    golden = golden_set(name)
    choices = Choices(protocols=protocols, frames=(frames,), num_real=24, num_fake=24)
    for one in score_all(golden.real[:, :length], golden.fake[:, :length], choices):
        (listed,) = (
            each.values[name]
            for each in candidates((name,))
            if one.protocol in each.names and each.fields["frames"] == rule
        )
        assert one.value == pytest.approx(listed, rel=2e-5), one.protocol
