"""Kernel distances as the codes of JEDi and CMMD print them: values on given features, signatures, refusals."""

import numpy as np
import pytest
from pydantic import ValidationError
from support.paths import SHARED

from vidmbench.core.errors import DataError
from vidmbench.metrics import kernel_distance
from vidmbench.metrics.kernel_functions import GaussianKernel
from vidmbench.protocols.fields import signature_texts, words_of
from vidmbench.protocols.kinds.frechet import KIND as FRECHET
from vidmbench.protocols.kinds.frechet import FrechetStatistics
from vidmbench.protocols.kinds.kernel import KIND, KernelStatistics
from vidmbench.protocols.metric_kind import Counts, Features

JEDI = KernelStatistics(degree=2, coef0=0.0, diagonal="kept", scale=100.0)
CMMD = KernelStatistics(kernel="gaussian", sigma=10.0, diagonal="kept", scale=1000.0)
NORMALISED = KernelStatistics.model_validate({**CMMD.model_dump(), "rows": "unit-length"})
KVD = KernelStatistics(degree=3)


def drawn(num_real=9, num_fake=7, width=4):
    random = np.random.default_rng(3)
    return Features({"real": random.normal(size=(num_real, width)), "fake": random.normal(size=(num_fake, width)) + 1})


@pytest.mark.shared
@pytest.mark.parametrize(
    ("kind", "statistics", "exact"),
    [
        (KIND, JEDI, 53.43330967218151),
        (KIND, NORMALISED, 0.7233427426951433),
        (KIND, CMMD, 62.16332239737654),
        (FRECHET, FrechetStatistics(covariance="n"), 122.99116073438321),
        (FRECHET, FrechetStatistics(covariance="n-1"), 126.00900817463923),
    ],
    ids=["jedi", "cmmd", "cmmd as they are", "cd-fvd", "fd-dinov2"],
)
def test_the_vendors_own_numbers(kind, statistics, exact):
    file = SHARED / "golden" / "detectors" / "features.npz"
    if not file.is_file():
        pytest.skip(f"no {file}")
    with np.load(file) as arrays:
        features = Features({"real": arrays["x"], "fake": arrays["y"]})
    assert kind.compute(statistics, features)[0].value == pytest.approx(exact, rel=1e-6)


def test_biased_is_the_mean_over_all_pairs():
    real, fake = drawn().by_side.values()

    def mean(x, y):
        return ((x @ y.T / 4) ** 2).mean()

    expected = mean(real, real) + mean(fake, fake) - 2 * mean(real, fake)
    assert kernel_distance(real, fake, degree=2, coef0=0.0, is_biased=True) == pytest.approx(expected, rel=1e-12)
    assert KIND.compute(JEDI, drawn())[0].value == pytest.approx(100 * expected, rel=1e-12)
    distances = np.linalg.norm(real[:, None] - fake, axis=-1)
    assert GaussianKernel(2.0).values(real, fake) == pytest.approx(np.exp(-(distances**2) / 8))


@pytest.mark.parametrize("statistics", [JEDI, NORMALISED, KVD])
def test_the_interval_is_around_the_value(statistics):
    features = drawn(40, 30)
    interval = KIND.interval(statistics, features)
    assert (interval.low + interval.high) / 2 == pytest.approx(KIND.compute(statistics, features)[0].value, rel=1e-9)
    subsets = KernelStatistics.model_validate({**statistics.model_dump(), "subsets": 3, "subset_size": 30})
    assert KIND.compute(subsets, features)[0].spread > 0
    assert KIND.interval(subsets, features) is None


def test_what_signatures_and_tables_say():
    assert signature_texts(KVD, "statistics") == [("kernel", "poly3.unbiased")]
    assert signature_texts(JEDI, "statistics") == [("kernel", "poly2.c0.biased"), ("scale", "100")]
    said = signature_texts(NORMALISED, "statistics")
    assert said == [("kernel", "gauss10.biased"), ("rows", "unit"), ("scale", "1000")]
    assert words_of(KernelStatistics, {"degree": 3}) == [
        "poly 3"
    ]  # as a record holds it from before there was a choice
    assert words_of(KernelStatistics, NORMALISED.model_dump(exclude_none=True)) == [
        "Gaussian kernel of sigma 10, biased",
        "features of length 1",
        "times 1000",
    ]
    assert words_of(KernelStatistics, JEDI.model_dump(exclude_none=True))[0] == "poly 2 + 0, biased"
    assert KernelStatistics.model_validate(NORMALISED.model_dump(mode="json")) == NORMALISED
    counts = Counts(real=30, fake=20, features=8)
    assert KIND.notes(JEDI, counts)[0] == "biased at N = 20: it falls as N grows; compare only at equal N"
    assert not KIND.notes(KVD, counts)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "the polynomial kernel needs statistics.degree"),
        ({"kernel": "gaussian"}, "the gaussian kernel needs statistics.sigma, and takes no degree"),
        ({"kernel": "gaussian", "sigma": 1.0, "degree": 2}, "takes no degree"),
        ({"degree": 2, "sigma": 1.0}, "takes no sigma"),
        ({"kernel": "gaussian", "sigma": 0.0}, "greater than 0"),
        ({"degree": 2, "scale": float("inf")}, "finite"),
    ],
)
def test_kernels_that_are_none(content, said):
    with pytest.raises(ValidationError, match=said):
        KernelStatistics.model_validate(content)


def test_a_feature_of_length_zero_has_no_direction():
    features = Features({"real": np.zeros((3, 2)), "fake": np.ones((3, 2))})
    with pytest.raises(DataError, match="cannot be divided by its length") as caught:
        KIND.compute(NORMALISED, features)
    assert caught.value.found == "3 such vectors"
