import numpy as np
import pytest
from reference.frechet import frechet_by_sqrtm, frechet_from_samples, frechet_in_many_digits
from support.feature_samples import decaying_features

from vidmbench.core.errors import DataError
from vidmbench.metrics.frechet import covariance_factor, frechet_distance, frechet_parts
from vidmbench.metrics.moments import Moments

# Relative to the traces, which cancel in the distance; some tens of roundings of 1.1e-16.
ROUNDING = 1e-13
# A covariance in float64 with variances of 1 and of 1e-10 in turned axes knows the small ones to six digits, and
# with them terms of 1e-5 of the traces.
SPREAD_ROUNDING = 1e-11
# SciPy's matrix root of well-conditioned covariances of a dozen features.
SQRTM_ROUNDING = 1e-10
# Its root of covariances that are singular, as of n samples in n features, is good to some 1e-8.
SINGULAR_SQRTM_ROUNDING = 1e-6


def gaussian_moments(mean, covariance, count=10_000):
    return Moments(count, np.asarray(mean, dtype=float), np.asarray(covariance, dtype=float) * count)


def divisors(real, fake, normalisation):
    return (len(real), len(fake)) if normalisation == "n" else (len(real) - 1, len(fake) - 1)


def relative_error(real, fake, normalisation, expected):
    a, b = Moments.of(real), Moments.of(fake)
    scale = np.trace(a.covariance(normalisation)) + np.trace(b.covariance(normalisation))
    return abs(frechet_distance(a, b, normalisation=normalisation) - expected) / scale


@pytest.mark.parametrize("normalisation", ["n", "n-1"])
@pytest.mark.parametrize(
    ("num_real", "num_fake", "num_features"),
    [(12, 9, 4), (5, 4, 8), (2, 2, 5), (3, 12, 6), (6, 7, 6), (8, 8, 1)],
)
def test_agrees_with_fifty_digits(num_real, num_fake, num_features, normalisation):
    random = np.random.default_rng(num_real)
    real = random.standard_normal((num_real, num_features))
    fake = random.standard_normal((num_fake, num_features)) * 1.3 + 0.4
    expected = frechet_in_many_digits(real, fake, *divisors(real, fake, normalisation))
    assert relative_error(real, fake, normalisation, expected) < ROUNDING


def test_small_variances_keep_their_digits():
    """Variances over ten orders of magnitude, the small ones of one side on the large ones of the other."""
    random = np.random.default_rng(8)
    spread = np.logspace(0, -5, 6)
    turn = np.linalg.qr(random.standard_normal((6, 6)))[0]
    real = random.standard_normal((20, 6)) * spread @ turn
    fake = random.standard_normal((20, 6)) * spread[::-1] @ turn
    expected = frechet_in_many_digits(real, fake, 20, 20)
    assert relative_error(real, fake, "n", expected) < SPREAD_ROUNDING


def test_spaces_that_share_one_direction_keep_their_digits():
    """Most singular values are zero here; the root of a rounded zero would show as 1e-8."""
    random = np.random.default_rng(9)
    turn = np.linalg.qr(random.standard_normal((7, 7)))[0]
    real = random.standard_normal((5, 4)) @ turn[:4]
    fake = random.standard_normal((5, 4)) @ turn[3:]
    expected = frechet_in_many_digits(real, fake, 5, 5)
    assert relative_error(real, fake, "n", expected) < ROUNDING


@pytest.mark.parametrize(("num_real", "num_fake"), [(48, 48), (24, 16), (100, 900), (400, 401)])
def test_fewer_samples_than_features_is_exact(num_real, num_fake):
    random = np.random.default_rng(10)
    spread = np.exp(-np.arange(400) / 60)
    real = (random.standard_normal((num_real, 400)) * spread).astype(np.float32)
    fake = (random.standard_normal((num_fake, 400)) * spread[::-1] + 0.1).astype(np.float32)
    expected = frechet_from_samples(real, fake, num_real - 1, num_fake - 1)
    assert relative_error(real, fake, "n-1", expected) < ROUNDING


def test_agrees_with_the_textbook_formula_at_full_rank():
    random = np.random.default_rng(11)
    a = Moments.of(random.standard_normal((200, 12)) @ random.standard_normal((12, 12)))
    b = Moments.of(random.standard_normal((300, 12)) + 1.0)
    expected = frechet_by_sqrtm(a.mean, a.covariance("n-1"), b.mean, b.covariance("n-1"))
    assert frechet_distance(a, b, normalisation="n-1") == pytest.approx(expected, rel=SQRTM_ROUNDING)


@pytest.mark.parametrize(("num_samples", "num_features"), [(2048, 400), (512, 512)])
def test_agrees_with_the_textbook_formula_at_the_size_of_networks(num_samples, num_features):
    """Variances over five orders of magnitude; with as many samples as features the covariances are singular."""
    a, b = (Moments.of(decaying_features(num_samples, num_features, seed)) for seed in (0, 1))
    expected = frechet_by_sqrtm(a.mean, a.covariance("n-1"), b.mean, b.covariance("n-1"))
    assert frechet_distance(a, b, normalisation="n-1") == pytest.approx(expected, rel=SINGULAR_SQRTM_ROUNDING)


@pytest.mark.parametrize("num_features", [1, 2, 30, 400])
def test_covariances_that_commute_have_a_closed_form(num_features):
    random = np.random.default_rng(12)
    turn = np.linalg.qr(random.standard_normal((num_features, num_features)))[0]
    spread_a, spread_b = random.uniform(0.1, 2.0, (2, num_features))
    mean_a, mean_b = random.standard_normal((2, num_features))
    a = gaussian_moments(mean_a, turn * spread_a**2 @ turn.T)
    b = gaussian_moments(mean_b, turn * spread_b**2 @ turn.T)
    parts = frechet_parts(a, b, normalisation="n")
    scale = (spread_a**2 + spread_b**2).sum()
    assert parts.mean == pytest.approx(((mean_a - mean_b) ** 2).sum(), rel=ROUNDING)
    assert abs(parts.covariance - ((spread_a - spread_b) ** 2).sum()) < ROUNDING * scale
    assert parts.distance == parts.mean + parts.covariance


def test_the_normalisation_scales_the_covariance_term_alone():
    random = np.random.default_rng(13)
    a, b = Moments.of(random.standard_normal((10, 3))), Moments.of(random.standard_normal((10, 3)) * 2 + 1)
    by_n, by_less = (frechet_parts(a, b, normalisation=way) for way in ("n", "n-1"))
    assert by_n.mean == by_less.mean
    assert by_less.covariance == pytest.approx(by_n.covariance * 10 / 9, rel=ROUNDING)


def test_constant_features_leave_the_mean_term():
    black, white = np.zeros((30, 40), dtype=np.float32), np.full((30, 40), 0.3, dtype=np.float32)
    distance = frechet_distance(Moments.of(black), Moments.of(white), normalisation="n")
    assert distance == pytest.approx(40 * float(np.float32(0.3)) ** 2, rel=ROUNDING)


def test_a_factor_has_the_rank_of_its_covariance_and_no_more_than_its_samples_allow():
    rows = np.random.default_rng(14).standard_normal((3, 6))
    factor = covariance_factor(rows.T @ rows, max_rank=5)
    assert factor.shape == (3, 6)
    assert factor.T @ factor == pytest.approx(rows.T @ rows, rel=ROUNDING, abs=ROUNDING)
    noisy = rows.T @ rows + 1e-10 * np.eye(6)  # far above what the decomposition itself takes for rounding
    assert covariance_factor(noisy, max_rank=6).shape == (6, 6)
    assert covariance_factor(noisy, max_rank=3).shape == (3, 6)


def test_unequal_numbers_of_features_are_refused():
    a, b = Moments.of(np.eye(4)), Moments.of(np.eye(3))
    with pytest.raises(ValueError, match=r"4 and 3|3 and 4"):
        frechet_distance(a, b, normalisation="n")


def test_a_single_sample_is_refused():
    with pytest.raises(DataError, match="at least 2"):
        frechet_distance(Moments.of(np.eye(4)), Moments.of(np.ones((1, 4))), normalisation="n")
