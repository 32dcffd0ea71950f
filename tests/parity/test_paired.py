"""PSNR, SSIM and LPIPS of the public codes, through the whole path from arrays on.

Tolerances, relative unless said otherwise. Codes in float64: 1e-6. PSNR of codes in float32: 1e-6. SSIM of codes in
float32 on 0..1: up to 1e-4 off their own formula (cancellation in E[x²] - m²), and more where it is nearly 0, so 2e-4
and 1e-6 absolute. LPIPS: networks in float32 that sum in another order, 1e-6 absolute.
"""

import csv

import numpy as np
import pytest
from support.paired_inputs import INPUTS, inputs_of

from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.paired_kind import first_scored, scored
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos.arrays.uint8_source import ArraySource

# Protocol: the code's source in the golden file, and how the options of its row begin.
PIXELS = {
    "psnr-common-metrics": ("calculate_psnr.py", "rgb"),
    "psnr-mcvd": ("mcvd-pytorch", "10 log10(1/mean over frames of frame mse), per clip; input through"),
    "psnr-srvp": ("srvp", "float32"),
    "psnr-ivideogpt": ("iVideoGPT", "piqa"),
    "psnr-nano-wm": ("nano-world-model", "piqa.PSNR epsilon=1e-8 range 1, input ((2x-1)+1)/2 float32; per frame"),
    "psnr-tokenbench": ("TokenBench", "one mse"),
    "psnr-irasim": ("IRASim", "grey"),
    "psnr-irasim-colour": ("IRASim", "RGB"),
    "psnr-fastvideo": ("FastVideo", "rgb"),
    "psnr-tecogan": ("TecoGAN", "Y"),
    "psnr-scikit-image": ("scikit-image", "peak"),
    "psnr-torchmetrics": ("torchmetrics", "peak_signal_noise_ratio(preds"),
    "psnr-torchmetrics-frame": ("torchmetrics", "peak_signal_noise_ratio(..."),
    "psnr-piqa": ("piqa", "psnr"),
    "psnr-opencv": ("opencv", "cv2"),
    "ssim-common-metrics": ("calculate_ssim.py", "rgb"),
    "ssim-mcvd": ("mcvd-pytorch", "PIL L uint8; skimage gaussian_weights, use_sample_covariance=False, data_range=255; "
                  "input through"),
    "ssim-srvp": ("srvp", "float32"),
    "ssim-ivideogpt": ("iVideoGPT", "piqa"),
    "ssim-nano-wm": ("nano-world-model", "piqa.SSIM 11/1.5 float32; valid; channels pooled"),
    "ssim-tokenbench": ("TokenBench", "skimage"),
    "ssim-irasim": ("IRASim", "grey"),
    "ssim-fastvideo": ("FastVideo", "rgb"),
    "ssim-tecogan": ("TecoGAN", "Y"),
    "ssim-scikit-image": ("scikit-image", "structural"),
    "ssim-scikit-image-gaussian": ("scikit-image", "gaussian"),
    "ssim-torchmetrics": ("torchmetrics", "structural_similarity_index_measure(data_range=1.0) float32"),
    "ssim-piqa": ("piqa", "SSIM"),
    "ssim-pytorch-msssim": ("pytorch-msssim", "ssim(X, Y, data_range=255, size_average=False) float32"),
}  # fmt: skip
LPIPS = {
    "lpips-alex": ("lpips==", "LPIPS(net=alex)"),
    "lpips-vgg": ("lpips==", "LPIPS(net=vgg)"),
    "lpips-common-metrics": ("calculate_lpips.py", "alex"),
    "lpips-mcvd": ("mcvd-pytorch", "alex v0.1; PIL bilinear to 128x128 first; input through"),
    "lpips-srvp": ("srvp", "alex"),
    "lpips-ivideogpt": ("iVideoGPT", "vgg"),
    "lpips-nano-wm": ("nano-world-model", "vgg v0.1 (lpips package)"),
    "lpips-nano-wm-alex": ("nano-world-model", "alex"),
    "lpips-tokenbench": ("TokenBench", "vgg"),
    "lpips-fastvideo": ("FastVideo", "alex"),
    "lpips-tecogan": ("TecoGAN", "alex"),
    "lpips-torchmetrics": ("torchmetrics", "learned_perceptual_image_patch_similarity(net_type=alex"),
    "lpips-piqa": ("piqa", "LPIPS(alex)"),
    "lpips-piqa-vgg": ("piqa", "LPIPS(vgg)"),
    "lpips-torchmetrics-vgg": ("torchmetrics", "learned_perceptual_image_patch_similarity(net_type=vgg"),
}
_FLOAT32_SSIM = ("srvp", "ivideogpt", "nano-wm", "fastvideo", "torchmetrics", "piqa", "pytorch-msssim")


def golden(shared, protocol, of):
    """What the public code prints: item to value, for one input."""
    source, options = of[protocol]
    with (shared / "golden" / "paired.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    found = {}
    for row in rows:
        is_code = source in row["source"] and row["metric"] == protocol.split("-")[0] and row["kind"] == "ran"
        if is_code and row["options"].startswith(options) and "n_context" not in row["options"]:
            found.setdefault(row["input"], {})[row["item"]] = float(row["value"])
    assert found, f"no row for {protocol}"
    return found


def tolerance(protocol):
    metric, _, code = protocol.partition("-")
    if metric == "lpips":
        return {"rtol": 0, "atol": 1e-6}
    if metric == "ssim" and code in _FLOAT32_SSIM:
        return {"rtol": 2e-4, "atol": 1e-6}
    return {"rtol": 1e-6, "atol": 1e-6}


def check(shared, protocols, of, names):
    for name in names:
        real, fake = (ArraySource(side, label) for side, label in zip(inputs_of(shared, name), "rf", strict=True))
        wanted = {protocol: golden(shared, protocol, of).get(name) for protocol in protocols}
        there = [protocol for protocol in protocols if wanted[protocol]]
        specs = [load_protocol(protocol).with_options(frames=16) for protocol in there]
        found = evaluate(real, fake, plan(real, fake, specs))
        for spec, measurement, (repeat,) in zip(specs, found.measurements, found.repeats, strict=True):
            expected = wanted[spec.name]
            where = f"{spec.name} on {name}"
            aggregate = expected.get("aggregate")  # some were only asked clip by clip
            if aggregate is not None and np.isinf(aggregate):
                assert measurement.status == "failed", where
                assert "equal" in measurement.reason, where
                continue
            if aggregate is not None:
                np.testing.assert_allclose(measurement.value, aggregate, err_msg=where, **tolerance(spec.name))
            values = spec.kind.of_videos(spec.statistics, Features(repeat.features()))
            clips = [index for index in range(len(values)) if f"clip{index}" in expected]
            given = [expected[f"clip{index}"] for index in clips]
            np.testing.assert_allclose(values[clips], given, err_msg=where, **tolerance(spec.name))
            first = first_scored(spec.statistics)
            by_clip = spec.kind.of_frames(spec.statistics, scored(spec.statistics, Features(repeat.features())))
            for clip, curve in enumerate(by_clip[:, 0]):
                frames = [index for index in range(16) if f"clip{clip}/frame{index}" in expected]
                given = [expected[f"clip{clip}/frame{index}"] for index in frames]
                found_there = [curve[index - first] for index in frames]
                np.testing.assert_allclose(found_there, given, err_msg=f"{where}, clip {clip}", **tolerance(spec.name))
            frames = [index for index in range(16) if f"frame{index}" in expected]  # the code's own mean over clips
            given = [expected[f"frame{index}"] for index in frames]
            curve = [measurement.by_frame.values[index] for index in frames]
            np.testing.assert_allclose(curve, given, err_msg=where, **tolerance(spec.name))


@pytest.mark.shared
def test_pixels_against_the_public_codes(shared):
    check(shared, PIXELS, PIXELS, INPUTS)


@pytest.mark.weights
@pytest.mark.shared
def test_lpips_against_the_public_codes(shared, lpips_weights):
    check(shared, LPIPS, LPIPS, ("sky", "blackwhite", "same"))
