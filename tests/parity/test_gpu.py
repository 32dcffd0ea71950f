"""The GPU gives the CPU's numbers. Nothing here runs on a machine without one."""

from importlib.metadata import version

import numpy as np
import pytest

from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.controls import control

# Float32 sums in another order, over 400 features of 32 clips.
FVD_TOLERANCE = 1e-4


def has_cuda():
    if "+cpu" in version("torch"):
        return False
    import torch

    return torch.cuda.is_available()


pytestmark = [pytest.mark.gpu, pytest.mark.weights, pytest.mark.skipif(not has_cuda(), reason="no CUDA device")]


def test_fvd_on_the_gpu_equals_the_cpu(weights):
    real, fake = ToyVideos("test"), control("shuffled", ToyVideos("train"))
    spec = load_protocol("fvd-stylegan-v").with_options(frames=16, num_real=32, num_fake=32)
    values = [
        evaluate(real, fake, plan(real, fake, [spec]), device=device).measurements[0].value
        for device in ("cpu", "cuda")
    ]
    assert np.isclose(values[1], values[0], rtol=FVD_TOLERANCE)
