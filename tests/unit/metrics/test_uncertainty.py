import numpy as np
import pytest
from reference.jackknife import jackknife_standard_error
from scipy import stats

from vidmbench.core.arguments import ArgumentError
from vidmbench.core.seeding import generator
from vidmbench.metrics.frechet import frechet_distance, frechet_interval
from vidmbench.metrics.moments import Moments
from vidmbench.metrics.uncertainty import TwoSampleStatistic, jackknife_interval

# The oracle takes each covariance anew from its samples; the package merges moments of groups.
ROUNDING = 1e-9
# Two hundred trials of an honest 95 % interval cover at least 90.4 % but for one time in a thousand.
NUM_TRIALS, LEAST_COVERAGE = 200, 0.90
# The standard error in root mean square, against the true one: 5 % of noise in each, and the jackknife errs upwards.
ERROR_RATIO = (0.85, 1.5)


class Numbers:
    """A summary that keeps everything, to see what was merged."""

    def __init__(self, values):
        self.values = list(values)

    def merge(self, other):
        return Numbers(self.values + other.values)


MEAN_DIFFERENCE = TwoSampleStatistic(
    summarise=lambda samples: Numbers(samples[:, 0].tolist()),
    prepare=lambda summary: float(np.mean(summary.values)),
    compare=lambda real, fake: real - fake,
)


def groups_of(seed, side, count, num_groups):
    """The groups as documented: a seeded permutation, cut into equal parts."""
    size = count // num_groups
    order = generator(seed, "jackknife", side).permutation(count)
    return order[: size * num_groups].reshape(num_groups, size).tolist()


def frechet(real, fake):
    return frechet_distance(Moments.of(real), Moments.of(fake), normalisation="n-1")


@pytest.mark.parametrize(
    ("num_real", "num_fake", "num_features"), [(40, 40, 3), (48, 25, 6), (7, 4, 3), (20, 61, 30), (5, 5, 12)]
)
def test_standard_error_is_that_of_the_plain_loops(num_real, num_fake, num_features):
    random = np.random.default_rng(num_real)
    real = random.standard_normal((num_real, num_features))
    fake = random.standard_normal((num_fake, num_features)) * 1.5 + 0.5
    interval = frechet_interval(real, fake, normalisation="n-1", seed=5)
    groups = [min(20, count) for count in (num_real, num_fake)]
    expected = jackknife_standard_error(
        real,
        fake,
        groups_of(5, "real", num_real, groups[0]),
        groups_of(5, "fake", num_fake, groups[1]),
        frechet,
    )
    assert interval.standard_error == pytest.approx(expected, rel=ROUNDING)
    assert interval.kind == f"jackknife-{groups[0]}x{groups[1]}-95"


def test_of_a_difference_of_means_it_is_the_interval_of_welch():
    """With single samples as groups the jackknife of a mean is the textbook standard error."""
    random = np.random.default_rng(6)
    real, fake = random.standard_normal((12, 1)), random.standard_normal((17, 1)) * 3.0
    interval = jackknife_interval(real, fake, MEAN_DIFFERENCE, level=0.9, lowest=-np.inf)
    expected = stats.ttest_ind(real[:, 0], fake[:, 0], equal_var=False).confidence_interval(0.9)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=ROUNDING)
    assert interval.kind == "jackknife-12x17-90"


def test_the_interval_is_centred_at_the_value_and_never_negative():
    random = np.random.default_rng(7)
    real, fake = random.standard_normal((30, 4)), random.standard_normal((30, 4)) + 5.0
    interval = frechet_interval(real, fake, normalisation="n-1")
    assert (interval.low + interval.high) / 2 == pytest.approx(frechet(real, fake), rel=ROUNDING)
    outlier = np.vstack([real, np.full((1, 4), 50.0)])
    assert frechet_interval(outlier, real, normalisation="n-1").low == 0.0


def test_the_seed_decides_the_groups():
    random = np.random.default_rng(8)
    real, fake = random.standard_normal((60, 4)), random.standard_normal((60, 4)) + 1.0
    first, again, other = (frechet_interval(real, fake, normalisation="n", seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.standard_error != other.standard_error


def test_too_few_samples_have_no_interval():
    samples = np.random.default_rng(9).standard_normal((10, 2))
    assert frechet_interval(samples[:3], samples, normalisation="n") is None
    assert frechet_interval(samples, samples[:3], normalisation="n") is None
    assert frechet_interval(samples[:4], samples, normalisation="n") is not None


def test_without_spread_the_interval_is_the_value():
    black, white = np.zeros((30, 4)), np.ones((30, 4))
    interval = frechet_interval(black, white, normalisation="n")
    assert (interval.low, interval.high, interval.standard_error) == (4.0, 4.0, 0.0)


@pytest.mark.parametrize("arguments", [{"groups": 1}, {"level": 0.0}, {"level": 95.0}])
def test_options_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match=r"groups|level"):
        frechet_interval(np.eye(5), np.eye(5), normalisation="n", **arguments)


def drawn(random, count, shift):
    return random.standard_normal((count, 5)) * [1.0, 0.8, 0.6, 0.4, 0.2] * (1.0 + shift) + shift


@pytest.mark.parametrize(("num_real", "num_fake", "shift"), [(60, 60, 0.15), (60, 60, 0.0), (24, 50, 0.3), (4, 4, 0.3)])
@pytest.mark.usefixtures("unchecked_shapes")
def test_intervals_hold_the_expected_value_as_often_as_they_say(num_real, num_fake, shift):
    random = np.random.default_rng(10)
    values = [frechet(drawn(random, num_real, 0.0), drawn(random, num_fake, shift)) for _ in range(1000)]
    expected, true_error = np.mean(values), np.std(values)
    intervals = [
        frechet_interval(drawn(random, num_real, 0.0), drawn(random, num_fake, shift), normalisation="n-1", seed=trial)
        for trial in range(NUM_TRIALS)
    ]
    coverage = np.mean([interval.low <= expected <= interval.high for interval in intervals])
    ratio = np.sqrt(np.mean([interval.standard_error**2 for interval in intervals])) / true_error
    assert coverage >= LEAST_COVERAGE
    assert ERROR_RATIO[0] < ratio < ERROR_RATIO[1]


@pytest.mark.parametrize("shape", [(23, 48), (7, 3, 48)])  # the latter: frames of one clip stay together
def test_of_fewer_samples_than_many_features_no_covariance_is_needed(shape, monkeypatch):
    chance = np.random.default_rng(0)
    real, fake = chance.normal(size=shape), chance.normal(0.1, 2, (*shape[:-1], 48))
    wanted = frechet_interval(real, fake, normalisation="n-1")
    monkeypatch.setattr("vidmbench.metrics.frechet.LARGE", 48)
    monkeypatch.setattr("vidmbench.metrics.frechet.covariance_factor", None)
    found = frechet_interval(real, fake, normalisation="n-1")
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)
    assert found.kind == wanted.kind
    fake[0] = np.nan
    with pytest.raises(ArgumentError):
        frechet_interval(real, fake, normalisation="n-1")
