import numpy as np
import pytest
from reference.moments import exact_covariance, exact_mean
from safetensors.numpy import save_file

from vidmbench.core.errors import DataError
from vidmbench.metrics.moments import ROWS_AT_ONCE, Moments

# A sum of some hundred products of numbers near 1, each rounded to 1.1e-16.
ROUNDING = 1e-13
# With a mean of 1e4 and a spread of 1, one rounding of the mean is 1e-12 of the spread.
ROUNDING_AT_OFFSET = 1e-12


def largest_relative_error(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.fixture
def samples():
    return np.random.default_rng(3).standard_normal((40, 5)) @ np.random.default_rng(4).standard_normal((5, 5))


@pytest.mark.parametrize(("normalisation", "divisor"), [("n", 40), ("n-1", 39)])
def test_covariance_is_that_of_exact_fractions(samples, normalisation, divisor):
    found = Moments.of(samples).covariance(normalisation)
    assert largest_relative_error(found, exact_covariance(samples, divisor)) < ROUNDING
    assert np.array_equal(found, found.T)


def test_float32_features_are_summed_in_float64(samples):
    single = samples.astype(np.float32)
    moments = Moments.of(single)
    assert moments.mean.dtype == moments.scatter.dtype == np.float64
    assert largest_relative_error(moments.mean, np.array(exact_mean(single), dtype=float)) < ROUNDING
    assert largest_relative_error(moments.covariance("n"), exact_covariance(single, 40)) < ROUNDING


@pytest.mark.parametrize("batch", [1, 3, 20, 40])
def test_a_large_mean_costs_no_digits(samples, batch):
    far = samples + 1e4
    moments = Moments.of(far[:batch])
    for start in range(batch, len(far), batch):
        moments = moments.update(far[start : start + batch])
    assert moments.count == 40
    assert largest_relative_error(moments.covariance("n-1"), exact_covariance(far, 39)) < ROUNDING_AT_OFFSET


def test_a_mean_that_rounding_blurs_does_not_blur_the_covariance(samples):
    """At 1e12 one rounding is 1e-4, so the first mean is off by as much and only the second pass sees it."""
    far = samples + 1e12
    assert largest_relative_error(Moments.of(far).covariance("n"), exact_covariance(far, 40)) < ROUNDING_AT_OFFSET


def test_more_rows_than_one_block_count_once():
    features = np.random.default_rng(5).standard_normal((2 * ROWS_AT_ONCE + 7, 3)) + 2.0
    moments = Moments.of(features)
    assert moments.count == len(features)
    assert largest_relative_error(moments.mean, features.mean(axis=0)) < ROUNDING
    assert largest_relative_error(moments.covariance("n"), np.cov(features.T, bias=True)) < ROUNDING


def test_identical_features_have_no_spread():
    moments = Moments.of(np.full((30, 4), 0.1, dtype=np.float32))
    assert np.all(moments.scatter == 0.0)


def test_saving_and_loading_keeps_every_bit(samples, tmp_path):
    moments = Moments.of(samples)
    moments.save(tmp_path / "new" / "moments.safetensors")
    again = Moments.load(tmp_path / "new" / "moments.safetensors")
    assert again.count == moments.count
    assert again.mean.tobytes() == moments.mean.tobytes()
    assert again.scatter.tobytes() == moments.scatter.tobytes()


def test_a_missing_damaged_or_foreign_file_is_named(samples, tmp_path):
    path = tmp_path / "moments.safetensors"
    with pytest.raises(DataError, match=r"moments\.safetensors"):
        Moments.load(path)
    Moments.of(samples).save(path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"moments\.safetensors"):
        Moments.load(path)
    save_file({"mean": np.zeros(3)}, path)
    with pytest.raises(DataError, match="format None"):
        Moments.load(path)


@pytest.mark.parametrize(
    ("features", "complaint"),
    [
        (np.zeros(5), r"found an array of shape \(5,\)"),
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.zeros((4, 2), dtype=np.int64), "int64"),
        (np.zeros((0, 4)), "empty"),
        (np.array([[0.0, 1.0], [np.nan, 1.0], [np.inf, 0.0]]), "2 samples hold NaN or infinity, the first is 1"),
    ],
)
def test_unusable_features_are_refused(features, complaint):
    with pytest.raises(ValueError, match=complaint):
        Moments.of(features)


def test_one_sample_has_no_covariance(samples):
    with pytest.raises(DataError, match="at least 2"):
        Moments.of(samples[:1]).covariance("n")


def test_an_unknown_normalisation_is_refused(samples):
    # A TypeError where annotations are checked at run time.
    with pytest.raises((ValueError, TypeError), match=r"'n'.*'n-1'"):
        Moments.of(samples).covariance("N")


def test_moments_of_other_length_do_not_merge(samples):
    with pytest.raises(ValueError, match="5 and 4"):
        Moments.of(samples).merge(Moments.of(samples[:, :4]))


def test_moments_do_not_change_under_their_owner(samples):
    moments = Moments.of(samples)
    with pytest.raises(ValueError, match="read-only"):
        moments.mean[0] = 1.0
