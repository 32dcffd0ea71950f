"""The public codes' numbers on real and generated clips, through the whole path from array files on.

Another pair of clips goes through the command line, from video files on: tests/cli/test_run.py.
"""

import pytest
from support.conventions import COUNTS, PROTOCOLS, check_measurements

from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos import open_source


@pytest.mark.weights
@pytest.mark.shared
def test_every_protocol_on_a_pair(shared, weights):
    folder = shared / "golden" / "conventions"
    real, fake = (open_source(folder / f"sky_{side}.npz") for side in ("real", "fake"))
    num_real, num_fake = COUNTS["sky"]
    specs = [load_protocol(name).with_options(frames=16, num_real=num_real, num_fake=num_fake) for name in PROTOCOLS]
    check_measurements(evaluate(real, fake, plan(real, fake, specs)).measurements, "sky", shared)
