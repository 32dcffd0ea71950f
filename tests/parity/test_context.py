"""FVD of predictions: the frames that were given to the model stand in front on both sides, as MCVD and SRVP do it."""

import csv

import numpy as np
import pytest

from vidmbench import Choices, score_all
from vidmbench.core.errors import UsageError
from vidmbench.evaluation.job import prepare_score
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos.arrays.uint8_source import ArraySource
from vidmbench.videos.pairs import ContextInFront, Pair


def clips_of(shared, side):
    return np.load(shared / "golden" / "conventions" / f"ucf_{side}.npz")["clips"][:16]


# Where the code could not run, the golden number is that of a restatement; see ../shared/golden/README.md.
@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("protocol", ["fvd-mcvd", "fvd-srvp"])
def test_their_own_numbers(protocol, shared):
    with (shared / "golden" / "conventions2.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    golden = next(float(row["exact"]) for row in rows if (row["protocol"], row["input"]) == (protocol, "ucf"))
    choices = Choices(protocols=(protocol,), frames=(16,), context=4)
    (found,) = score_all(clips_of(shared, "real"), clips_of(shared, "fake"), choices)
    assert found.value == pytest.approx(golden, rel=1e-5)
    assert " | context:4 | " in found.signature


def test_frames_in_front_are_the_targets_own():
    chance = np.random.default_rng(0)
    real, fake = (chance.integers(0, 256, (2, 6, 8, 8, 3), dtype=np.uint8) for _ in range(2))
    source = ContextInFront(ArraySource(real, "real"), ArraySource(fake, "fake"), [Pair(0, 1), Pair(1, 0)], 2)
    assert (source.read(1, range(6)) == np.concatenate([real[0, :2], fake[1, 2:]])).all()
    assert (source.read(0, [4, 1]) == np.stack([fake[0, 4], real[1, 1]])).all()
    assert len({source.digest(), source.base.digest(), source.real.digest()}) == 3


def test_without_context_they_are_plain_distances():
    bound = load_protocol("fvd-mcvd").with_options(frames=16)
    assert bound.context == 0
    assert bound.with_options(context=3).clips.context == 3
    assert bound.array == load_protocol("fvd-common-metrics").array


def test_distributions_without_a_rule_for_context_refuse_it():
    with pytest.raises(UsageError, match="has no rule for frames that the model was given"):
        load_protocol("fvd-vidm-paper").with_options(context=2)


def test_the_static_control_begins_with_the_frames_given():
    chance = np.random.default_rng(0)
    real = chance.integers(0, 256, (4, 16, 8, 8, 3), dtype=np.uint8)
    choices = Choices(protocols=("fvd-mcvd", "psnr-mcvd"), frames=(16,), context=5)
    job = prepare_score(real, "control:static", choices)
    scored = job.plans[0].scored
    expected = np.concatenate([real[1, :5], np.repeat(real[1, 4:5], 11, axis=0)])
    assert (scored.read(1, range(16)) == expected).all()
