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
FVD_TOLERANCE = 1e-5


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


def test_the_kernel_for_pools_gives_the_bits_of_pytorch():
    import torch

    from vidmbench.detectors import max_pool_kernel
    from vidmbench.detectors.i3d_device import DeviceOps

    gpu = torch.device("cuda")
    if not max_pool_kernel.is_usable(gpu):
        pytest.skip("Triton, or the C compiler that it wants, is not installed")
    plain = DeviceOps({}, torch.device("cpu"), torch.float32)
    x = torch.rand(3, 8, 28, 28, 192)
    for kernel, stride in (
        ((1, 3, 3), (1, 2, 2)),
        ((3, 3, 3), (2, 2, 2)),
        ((2, 2, 2), (2, 2, 2)),
        ((3, 3, 3), (1, 1, 1)),
    ):
        assert torch.equal(max_pool_kernel.max_pool(x.to(gpu), kernel, stride).cpu(), plain.max_pool(x, kernel, stride))
