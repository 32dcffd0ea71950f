"""How much of a run the feature cache saves."""

import shutil

import numpy as np
import pytest
from support.timing import check_faster

from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import ArraySource

NUM_CLIPS = 4


@pytest.mark.weights
def test_a_second_run_skips_reading_and_the_network(benchmark, weights, own_cache):
    real, fake = (
        ArraySource(np.stack([ToyVideos(split).read(index, range(16)) for index in range(NUM_CLIPS)]), split)
        for split in ("test", "train")
    )
    spec = load_protocol("fvd-stylegan-v").with_options(frames=16, num_real=NUM_CLIPS, num_fake=NUM_CLIPS)

    def cached():
        evaluate(real, fake, plan(real, fake, [spec]))

    def anew():
        shutil.rmtree(own_cache / "features", ignore_errors=True)
        cached()

    check_faster(benchmark, anew, cached, least=10.0, than="without a cache", pairs=3)
