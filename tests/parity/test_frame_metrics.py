"""FID and IS of frames against torch-fidelity, from clips to the value, on weights made from a seed.

The published weights are on no package registry; graph, resizing and statistics are compared here.
"""

import numpy as np
import pytest
import torch
from support.torch_fidelity_beside_cpu import import_torch_fidelity

from vidmbench.core import resources
from vidmbench.detectors.inception import seeded_weights
from vidmbench.detectors.weights_adding import add_other
from vidmbench.detectors.weights_local import identity
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini.videos import ToyVideos
from vidmbench.videos import ArraySource

# Features differ by rounding in resizing (3e-5 on features of up to 18).
TOLERANCE = 2e-4
CLIPS, FRAMES = 3, 4


@pytest.fixture(scope="module")
def fidelity():
    return import_torch_fidelity()


@pytest.fixture(autouse=True)
def seeded_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "cache_dir", lambda: tmp_path)
    add_other(load_detector("inception-pool"), "seed:0")


@pytest.fixture(scope="module")
def sides():
    videos = ToyVideos("train", resolution=32)
    real = np.stack([videos.read(index, range(FRAMES)) for index in range(CLIPS)])
    fake = np.stack([255 - videos.read(index, range(FRAMES)) // 2 for index in range(CLIPS, 2 * CLIPS)])
    return real, fake.astype(np.uint8)


@pytest.fixture(scope="module")
def their_features(fidelity, sides, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "seeded.pth"
    torch.save({name: torch.from_numpy(array) for name, array in seeded_weights(0).items()}, path)
    layers = ["2048", "logits_unbiased"]
    extractor = fidelity.feature_extractor_inceptionv3.FeatureExtractorInceptionV3(
        "inception-v3-compat", layers, feature_extractor_weights_path=str(path)
    )
    path.unlink()
    features = []
    with torch.inference_mode():
        for videos in sides:
            frames = torch.from_numpy(videos.reshape(-1, *videos.shape[2:])).permute(0, 3, 1, 2)
            features.append(dict(zip(layers, (output.clone() for output in extractor(frames)), strict=True)))
    return features


def measure(sides, protocol, **statistics):
    spec = load_protocol(protocol).with_options(num_real=CLIPS * FRAMES, num_fake=CLIPS * FRAMES)
    spec = spec.model_copy(update={"statistics": spec.statistics.model_copy(update=statistics)})
    sources = [ArraySource(videos, name) for videos, name in zip(sides, ("real", "fake"), strict=True)]
    (measurement,) = evaluate(*sources, plan(*sources, [spec])).measurements
    return measurement


def test_fid(fidelity, sides, their_features):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    theirs = fid_statistics_to_metric(
        *[fid_features_to_statistics(features["2048"]) for features in their_features], False
    )
    measurement = measure(sides, "fid-frames", covariance="n-1")  # torch-fidelity divides by N - 1, StyleGAN-V by N
    # Its matrix square root of a singular product loses half of the digits.
    assert measurement.value == pytest.approx(theirs["frechet_inception_distance"], rel=2e-3)
    assert (measurement.metric, measurement.num_real) == ("fid", CLIPS * FRAMES)
    assert measurement.interval is None  # three videos: too few for an interval, whatever the number of frames
    assert identity(load_detector("inception-pool")).startswith("seed0-")
    assert ":seed0-" in measurement.signature
    assert "made from a seed" in measurement.warnings[0]


def test_kid(fidelity, sides, their_features):
    from torch_fidelity.metric_kid import kid_features_to_metric

    options = {"kid_subsets": 5, "kid_subset_size": 8}
    theirs = kid_features_to_metric(*[features["2048"] for features in their_features], verbose=False, **options)
    measurement = measure(
        sides, "kid-frames", subsets=5, subset_size=8
    )  # its seed, kernel and draws are the protocol's
    # Features differ by rounding in resizing, and the degree is 3.
    assert measurement.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-3)
    assert measurement.spread == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-2)
    assert (measurement.metric, measurement.spread_kind) == ("kid", "sd over 5 subsets")
    assert (load_protocol("kid-frames").statistics.subsets, load_protocol("kid-frames").statistics.subset_size) == (
        fidelity.defaults.DEFAULTS["kid_subsets"],
        fidelity.defaults.DEFAULTS["kid_subset_size"],
    )


def test_inception_score(fidelity, sides, their_features):
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = their_features[1]["logits_unbiased"]
    theirs = isc_features_to_metric(logits, splits=4, shuffle=False)
    measurement = measure(sides, "is-frames", splits=4)
    assert measurement.value == pytest.approx(float(theirs["inception_score_mean"]), rel=TOLERANCE)
    assert measurement.spread == pytest.approx(float(theirs["inception_score_std"]), rel=2e-3, abs=1e-6)
    assert (measurement.metric, measurement.spread_kind) == ("is", "sd over 4 splits")
    shuffled = measure(sides, "is-frames", splits=4, shuffle_seed=2020)
    theirs = isc_features_to_metric(logits, splits=4, shuffle=True, rng_seed=2020)
    assert shuffled.value == pytest.approx(float(theirs["inception_score_mean"]), rel=TOLERANCE)
