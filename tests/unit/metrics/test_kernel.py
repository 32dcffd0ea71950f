import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.jackknife import jackknife_standard_error
from reference.kernel import mmd2, mmd2_over_subsets

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics import kernel_functions
from vidmbench.metrics.kernel import kernel_distance, kernel_distance_subsets, kernel_interval

# Relative to the largest kernel: sums of some hundred roundings of 1.1e-16.
ROUNDING = 1e-13
# Standard errors are differences of distances that are themselves differences.
ERROR_ROUNDING = 1e-9
# Two hundred trials of an honest 95 % interval cover at least 90.4 % but for one time in a thousand.
NUM_TRIALS, LEAST_COVERAGE = 200, 0.90
# The standard error in root mean square, against the true one: 5 % of noise in each, and the jackknife errs upwards.
ERROR_RATIO = (0.85, 1.3)

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(2, 9)
quick = settings(max_examples=40, deadline=None)


def drawn(seed, num_real, num_fake, num_features, shift=0.4):
    random = np.random.default_rng(seed)
    real = random.standard_normal((num_real, num_features)) * 2.0
    return real, random.standard_normal((num_fake, num_features)) + shift


def scale(*sides):
    """The largest kernel there can be: features are at most that long."""
    return (max((rows.astype(float) ** 2).sum(axis=1).max() for rows in sides) + 1.0) ** 3


@pytest.mark.parametrize(("num_real", "num_fake", "num_features"), [(2, 2, 1), (7, 4, 3), (12, 15, 6), (3, 9, 20)])
def test_agrees_with_the_plain_loops(num_real, num_fake, num_features):
    real, fake = drawn(num_real, num_real, num_fake, num_features)
    assert abs(kernel_distance(real, fake) - mmd2(real, fake)) < ROUNDING * scale(real, fake)


@pytest.mark.parametrize(
    "parameters",
    [{"degree": 1}, {"degree": 2}, {"degree": 5}, {"gamma": 0.25}, {"coef0": 0.0}, {"coef0": 2.5, "gamma": 1.0}],
)
def test_the_parameters_are_those_of_the_kernel(parameters):
    real, fake = drawn(20, 6, 8, 3)
    expected = mmd2(real, fake, **parameters)
    assert kernel_distance(real, fake, **parameters) == pytest.approx(expected, rel=1e-11)


def test_a_case_worked_by_hand():
    """Real 0 and 2, generated 1 and 3, one feature: kernels (xy + 1)^3 are 1, 1; 64; 1, 1, 27, 343."""
    real, fake = np.array([[0.0], [2.0]]), np.array([[1.0], [3.0]])
    assert kernel_distance(real, fake) == 1.0 + 64.0 - 2.0 * (1.0 + 1.0 + 27.0 + 343.0) / 4.0


def test_the_default_gamma_is_one_over_the_number_of_features():
    real, fake = drawn(21, 6, 5, 4)
    assert kernel_distance(real, fake) == kernel_distance(real, fake, gamma=0.25, degree=3, coef0=1.0)


def test_degree_one_is_the_unbiased_distance_of_means():
    """With a linear kernel MMD² is |difference of means|² less what the variances add to it."""
    real, fake = drawn(22, 9, 13, 4)
    difference = real.mean(axis=0) - fake.mean(axis=0)
    noise = real.var(axis=0, ddof=1).sum() / 9 + fake.var(axis=0, ddof=1).sum() / 13
    assert kernel_distance(real, fake, degree=1, gamma=1.0) == pytest.approx(difference @ difference - noise)


def test_float32_features_are_multiplied_in_float64():
    real, fake = (side.astype(np.float32) * 30.0 for side in drawn(23, 8, 8, 50))
    assert abs(kernel_distance(real, fake) - mmd2(real, fake)) < ROUNDING * scale(real, fake) / 50**3


@quick
@given(seeds, counts, counts)
def test_sides_and_samples_may_change_places(seed, num_real, num_fake):
    real, fake = drawn(seed, num_real, num_fake, 3)
    random = np.random.default_rng(seed)
    expected = kernel_distance(real, fake)
    tolerance = ROUNDING * scale(real, fake)
    assert abs(kernel_distance(fake, real) - expected) < tolerance
    shuffled = kernel_distance(random.permutation(real), random.permutation(fake))
    assert abs(shuffled - expected) < tolerance


@quick
@given(seeds, counts, counts)
def test_a_turn_of_the_features_changes_nothing(seed, num_real, num_fake):
    real, fake = drawn(seed, num_real, num_fake, 4)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))[0]
    difference = kernel_distance(real @ turn, fake @ turn) - kernel_distance(real, fake)
    assert abs(difference) < ROUNDING * scale(real, fake)


@pytest.mark.usefixtures("unchecked_shapes")
def test_it_is_unbiased_where_both_sides_have_one_distribution():
    """Zero on average, and so below zero often; a biased estimate is above zero always."""
    random = np.random.default_rng(24)
    values = [kernel_distance(random.random((10, 3)), random.random((14, 3))) for _ in range(500)]
    assert abs(np.mean(values)) < 4.0 * np.std(values) / np.sqrt(len(values))
    assert 0.3 < np.mean(np.array(values) < 0.0) < 0.8


@pytest.mark.parametrize("block_rows", [1, 3, 8, 1000])
def test_blocks_change_nothing_but_rounding(monkeypatch, block_rows):
    real, fake = drawn(25, 17, 11, 5)
    expected = kernel_distance(real, fake)
    monkeypatch.setattr(kernel_functions, "BLOCK_ROWS", block_rows)
    assert abs(kernel_distance(real, fake) - expected) < ROUNDING * scale(real, fake)


def test_memory_is_that_of_blocks(monkeypatch):
    """All kernels of one side at once would be 18 MB, those of a block 64 of its rows wide are 33 kB."""
    monkeypatch.setattr(kernel_functions, "BLOCK_ROWS", 64)
    real, fake = drawn(26, 1500, 1500, 2)
    tracemalloc.start()
    kernel_distance(real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_subsets_are_those_of_the_legacy_generator():
    real, fake = drawn(27, 12, 9, 3)
    mean, std = kernel_distance_subsets(real, fake, subsets=7, subset_size=5, seed=2020)
    expected = mmd2_over_subsets(real, fake, 7, 5, 2020)
    assert mean == pytest.approx(np.mean(expected), rel=1e-9)
    assert std == pytest.approx(np.std(expected), rel=1e-9)


def test_subsets_take_the_parameters_and_the_seed():
    real, fake = drawn(28, 12, 9, 3)
    options = {"subsets": 4, "subset_size": 6}
    first = kernel_distance_subsets(real, fake, **options)
    assert first == kernel_distance_subsets(real, fake, **options, seed=0)
    assert first != kernel_distance_subsets(real, fake, **options, seed=1)
    for parameter in ({"degree": 2}, {"gamma": 1.0}, {"coef0": 0.5}):
        assert first != kernel_distance_subsets(real, fake, **options, **parameter)


def test_a_subset_of_all_is_all():
    real, fake = drawn(29, 8, 8, 3)
    mean, std = kernel_distance_subsets(real, fake, subsets=3, subset_size=8)
    assert mean == pytest.approx(kernel_distance(real, fake), rel=1e-9)
    assert std < ROUNDING * scale(real, fake)


def groups_of(seed, side, count, num_groups):
    """The groups as documented: a seeded permutation, cut into equal parts."""
    size = count // num_groups
    order = generator(seed, "jackknife", side).permutation(count)
    return order[: size * num_groups].reshape(num_groups, size).tolist()


@pytest.mark.parametrize(
    ("num_real", "num_fake", "groups"), [(12, 12, 20), (23, 16, 5), (4, 9, 20), (31, 30, 4), (9, 4, 2)]
)
def test_standard_error_is_that_of_the_plain_loops(num_real, num_fake, groups):
    real, fake = drawn(num_real, num_real, num_fake, 3)
    interval = kernel_interval(real, fake, groups=groups, seed=5)
    real_groups, fake_groups = min(groups, num_real), min(groups, num_fake)
    expected = jackknife_standard_error(
        real,
        fake,
        groups_of(5, "real", num_real, real_groups),
        groups_of(5, "fake", num_fake, fake_groups),
        mmd2,
    )
    assert interval.standard_error == pytest.approx(expected, rel=ERROR_ROUNDING)
    assert interval.kind == f"jackknife-{real_groups}x{fake_groups}-95"
    centre = (interval.low + interval.high) / 2.0
    assert abs(centre - kernel_distance(real, fake)) < ROUNDING * scale(real, fake)


def test_an_interval_takes_the_parameters_the_level_and_the_seed():
    real, fake = drawn(30, 50, 50, 4)
    interval = kernel_interval(real, fake, degree=2, gamma=0.5, coef0=0.0)
    value = kernel_distance(real, fake, degree=2, gamma=0.5, coef0=0.0)
    assert (interval.low + interval.high) / 2.0 == pytest.approx(value)
    first, again, other = (kernel_interval(real, fake, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.standard_error != other.standard_error
    narrow = kernel_interval(real, fake, level=0.5)
    assert first.low < narrow.low < narrow.high < first.high
    assert narrow.kind == "jackknife-20x20-50"


def test_an_interval_may_lie_below_zero():
    random = np.random.default_rng(31)
    intervals = [kernel_interval(random.random((12, 3)), random.random((12, 3)), groups=6) for _ in range(20)]
    assert min(interval.low for interval in intervals) < 0.0
    widths = [(interval.high - interval.low) / interval.standard_error for interval in intervals]
    assert min(widths) > 2.0  # none was cut off


def test_each_kernel_is_computed_once(monkeypatch):
    computed = []
    values_of = kernel_functions.PolynomialKernel.values
    monkeypatch.setattr(
        kernel_functions.PolynomialKernel,
        "values",
        lambda self, x, y: computed.append(len(x) * len(y)) or values_of(self, x, y),
    )
    real, fake = drawn(32, 50, 43, 3)
    kernel_interval(real, fake, groups=7)
    assert sum(computed) < 50 * 50 + 43 * 43 + 50 * 43


def test_clusters_stay_whole():
    """Frames of one video that are all alike say no more than one of them does."""
    real, fake = drawn(33, 24, 24, 3)
    one, many = (kernel_interval(*(np.repeat(side[:, None], n, axis=1) for side in (real, fake))) for n in (1, 5))
    apart = kernel_interval(*(np.repeat(side, 5, axis=0) for side in (real, fake)))
    assert one == kernel_interval(real, fake)
    assert many.standard_error == pytest.approx(one.standard_error, rel=0.25)
    assert apart.standard_error < 0.6 * many.standard_error
    biased = kernel_interval(np.repeat(real[:, None], 5, axis=1), np.repeat(fake[:, None], 5, axis=1), is_biased=True)
    value = kernel_distance(np.repeat(real, 5, axis=0), np.repeat(fake, 5, axis=0), is_biased=True)
    assert (biased.low + biased.high) / 2 == pytest.approx(value)


def test_too_few_samples_have_no_interval():
    samples = np.random.default_rng(33).standard_normal((10, 2))
    assert kernel_interval(samples[:3], samples) is None
    assert kernel_interval(samples, samples[:3]) is None
    assert kernel_interval(samples[:4], samples[4:]) is not None


@pytest.mark.parametrize(("num_real", "num_fake"), [(30, 30), (25, 60)])
@pytest.mark.usefixtures("unchecked_shapes")
def test_intervals_hold_the_expected_value_as_often_as_they_say(num_real, num_fake):
    random = np.random.default_rng(34)

    def pair():
        return random.standard_normal((num_real, 4)), random.standard_normal((num_fake, 4)) * 1.2 + 0.5

    values = [kernel_distance(*pair()) for _ in range(600)]
    expected, true_error = np.mean(values), np.std(values)
    intervals = [kernel_interval(*pair(), groups=8, seed=trial) for trial in range(NUM_TRIALS)]
    coverage = np.mean([interval.low <= expected <= interval.high for interval in intervals])
    ratio = np.sqrt(np.mean([interval.standard_error**2 for interval in intervals])) / true_error
    assert coverage >= LEAST_COVERAGE
    assert ERROR_RATIO[0] < ratio < ERROR_RATIO[1]


@pytest.mark.parametrize(("num_real", "num_fake"), [(1, 5), (5, 1)])
def test_a_single_sample_is_refused(num_real, num_fake):
    with pytest.raises(DataError, match="too few samples for a kernel distance") as caught:
        kernel_distance(np.ones((num_real, 3)), np.ones((num_fake, 3)))
    assert caught.value.expected == "at least 2 on each side"
    assert caught.value.found == f"{num_real} real and {num_fake} generated"
    assert caught.value.fix == "score more videos"


@pytest.mark.parametrize(("num_real", "num_fake"), [(999, 1000), (1000, 48)])
def test_fewer_samples_than_a_subset_are_refused(num_real, num_fake):
    with pytest.raises(DataError, match="too few samples for a kernel distance") as caught:
        kernel_distance_subsets(np.ones((num_real, 1)), np.ones((num_fake, 1)))
    assert caught.value.expected == "at least 1000 on each side"
    assert caught.value.found == f"{num_real} real and {num_fake} generated"
    assert caught.value.fix == "score more videos, or take smaller subsets"


ENTRANCES = pytest.mark.parametrize("measure", [kernel_distance, kernel_distance_subsets, kernel_interval])


@ENTRANCES
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"degree": 0}, "the degree of a polynomial kernel is at least 1, found 0"),
        ({"gamma": 0.0}, r"the gamma of a polynomial kernel is a positive number, found 0\.0"),
        ({"gamma": float("inf")}, "the gamma of a polynomial kernel is a positive number, found inf"),
        ({"coef0": -1.0}, r"the coef0 of a polynomial kernel is 0 or a positive number, found -1\.0"),
        ({"coef0": float("nan")}, "the coef0 of a polynomial kernel is 0 or a positive number, found nan"),
    ],
)
def test_what_makes_no_kernel_is_refused(measure, parameters, message):
    with pytest.raises(ValueError, match=message):
        measure(np.eye(5), np.eye(5), **parameters)


@ENTRANCES
def test_what_makes_no_pair_is_refused(measure):
    with pytest.raises(ValueError, match="cannot compare samples of 5 and 4 features"):
        measure(np.eye(5), np.eye(4))
    with pytest.raises(ValueError, match="features must be finite: 1 samples hold NaN or infinity, the first is 2"):
        measure(np.eye(5), np.where(np.arange(5)[:, None] == 2, np.nan, np.eye(5)))
    with pytest.raises(ValueError, match="features must be float32 or float64, found int64"):
        measure(np.eye(5, dtype=np.int64), np.eye(5))


@pytest.mark.parametrize("measure", [kernel_distance, kernel_interval])
def test_features_too_large_are_refused(measure):
    with pytest.raises(DataError, match="the kernel distance is not finite: the features are too large for float64"):
        measure(np.full((5, 2), 1e60), np.full((5, 2), -1e60))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"subsets": 0}, "a kernel distance over subsets needs at least 1 of them, found 0"),
        ({"subset_size": 1}, "a subset needs at least 2 samples, found 1"),
    ],
)
def test_subsets_that_are_none_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance_subsets(np.eye(5), np.eye(5), **parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"groups": 1}, "at least 2 groups, found 1"), ({"level": 95.0}, r"between 0 and 1, found 95\.0")],
)
def test_options_of_an_interval_out_of_range_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        kernel_interval(np.eye(5), np.eye(5), **parameters)
