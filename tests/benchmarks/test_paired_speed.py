"""Full-reference metrics beside the packages that people take: frames a second of lpips and of scikit-image.

Quick by default. For the figures in docs/accuracy.md: VIDMBENCH_BENCHMARK_CLIPS=64 make benchmark
"""

import importlib.util
import os
import shutil

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from support.lpips_wheel import wheel_input, wheel_network
from support.timing import check_faster

from vidmbench.detectors import engine as base
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos import ArraySource

NUM_CLIPS = int(os.environ.get("VIDMBENCH_BENCHMARK_CLIPS", "32"))
HAS_OPENVINO = importlib.util.find_spec("openvino") is not None
FRAMES, SIZE = 16, 128


@pytest.fixture(scope="module")
def sides():
    """Targets of coarse structure, and each with noise: uint8 (clip, 16, 128, 128, 3)."""
    chance = np.random.default_rng(0)
    coarse = chance.integers(20, 236, (NUM_CLIPS, FRAMES, SIZE // 8, SIZE // 8, 3))
    real = coarse.repeat(8, axis=2).repeat(8, axis=3)
    fake = np.clip(real + chance.integers(-20, 21, real.shape), 0, 255)
    return real.astype(np.uint8), fake.astype(np.uint8)


def scored(sides, names, own_cache):
    """The values of some protocols, nothing cached."""
    shutil.rmtree(own_cache / "features", ignore_errors=True)
    real, fake = (ArraySource(side, label) for side, label in zip(sides, ("real", "fake"), strict=True))
    specs = [load_protocol(name).with_options(frames=FRAMES) for name in names]
    return [measurement.value for measurement in evaluate(real, fake, plan(real, fake, specs)).measurements]


def state(benchmark, clips, ratio):
    benchmark.extra_info["frames a second"] = round(clips * FRAMES / ratio.fast)
    benchmark.extra_info["frames a second of the other"] = round(clips * FRAMES / ratio.slow)
    print(dict(benchmark.extra_info))


def test_ssim_and_psnr_beside_scikit_image(benchmark, sides, own_cache, unchecked_shapes):
    """From arrays to intervals, beside a loop over frames."""
    found = {}

    def by_scikit_image():
        values = [
            (peak_signal_noise_ratio(one, other), structural_similarity(one, other, channel_axis=-1))
            for real, fake in zip(*sides, strict=True)
            for one, other in zip(real, fake, strict=True)
        ]
        found["theirs"] = np.mean(values, axis=0)

    def by_vidmbench():
        found["ours"] = scored(sides, ["psnr-scikit-image", "ssim-scikit-image"], own_cache)

    ratio = check_faster(benchmark, by_scikit_image, by_vidmbench, least=2, than="scikit-image", pairs=3)
    state(benchmark, NUM_CLIPS, ratio)
    np.testing.assert_allclose(found["ours"], found["theirs"], rtol=1e-6)


# Codes that call the package for each frame (common_metrics_on_video_quality, TokenBench, TecoGAN) lose more than those
# that give it whole clips, which comes near what the processor's matrix units can do.
@pytest.mark.parametrize(
    ("at_once", "least"), [pytest.param(1, 2, id="frame by frame"), pytest.param(16, None, id="clip by clip")]
)
@pytest.mark.parametrize(
    "library", ["torch", pytest.param("openvino", marks=pytest.mark.skipif(not HAS_OPENVINO, reason="no OpenVINO"))]
)
@pytest.mark.weights
def test_lpips_beside_the_package(benchmark, monkeypatch, sides, lpips_weights, library, at_once, least):
    monkeypatch.setattr(base, "_choose", lambda *_, **__: f"{library}/cpu")
    clips = min(NUM_CLIPS, 4) if NUM_CLIPS < 64 else NUM_CLIPS // 4
    stage = load_protocol("lpips-alex").array
    network, wheel = base.load_engine(stage)._network._network, wheel_network(stage.detector)
    pairs = np.concatenate([side[:clips] for side in sides], axis=3)
    found = {}

    def by_the_package():
        with torch.no_grad():
            found["theirs"] = [
                wheel(*(wheel_input(side[clip, start : start + at_once]) for side in sides)).flatten().numpy()
                for clip in range(clips)
                for start in range(0, FRAMES, at_once)
            ]

    def by_the_engine():
        found["ours"] = [network.distances(clip)[:, 0] for clip in pairs]

    by_the_engine()  # the first clip pays for set-up
    ratio = check_faster(benchmark, by_the_package, by_the_engine, least=least, than="lpips", pairs=3)
    state(benchmark, clips, ratio)
    np.testing.assert_allclose(np.concatenate(found["ours"]), np.concatenate(found["theirs"]), rtol=0, atol=1e-6)


@pytest.mark.weights
def test_all_three_in_one_pass(benchmark, sides, lpips_weights, own_cache, unchecked_shapes):
    """LPIPS, PSNR and SSIM from arrays to intervals, beside LPIPS alone: the rest is small beside it."""
    some = [side[: min(NUM_CLIPS, 8)] for side in sides]
    ratio = check_faster(
        benchmark,
        lambda: scored(some, ["lpips-alex"], own_cache),
        lambda: scored(some, ["lpips-alex", "psnr-scikit-image", "ssim-scikit-image"], own_cache),
        least=None,
        than="LPIPS alone",
        pairs=3,
    )
    state(benchmark, len(some[0]), ratio)
