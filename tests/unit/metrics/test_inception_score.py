import tracemalloc
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import inception_score as reference
from scipy import stats

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.inception_score import (
    inception_score,
    inception_score_from_logits,
    inception_score_interval,
)

# The package re-exports a function of this name, which hides the module from "import as".
module = import_module("vidmbench.metrics.inception_score")

# Entropies of at most log 101, from some thousand roundings of 1.1e-16.
ROUNDING = 1e-13
# Values without a group differ in few digits, which is what a standard error is made of.
ERROR_ROUNDING = 1e-9
# Two hundred trials of an honest 95 % interval cover at least 90.4 % but for one time in a thousand.
NUM_TRIALS, LEAST_COVERAGE = 200, 0.90
# The standard error in root mean square, against the true one: 5 % of noise in each, and the jackknife errs upwards.
ERROR_RATIO = (0.85, 1.3)

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=60, deadline=None)


def drawn(seed, count=60, num_classes=7, sharpness=0.2):
    return np.random.default_rng(seed).dirichlet(np.full(num_classes, sharpness), count)


def with_zeros(seed, count=60, num_classes=7):
    """Rows that hold zeros, the first class never being named at all."""
    rows = np.random.default_rng(seed).integers(0, 3, (count, num_classes)).astype(np.float64)
    rows[:, 0] = 0.0
    rows[:, 1] += 1.0
    return rows / rows.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("eps", [0.0, 1e-20, 1e-7, 0.01])
@pytest.mark.parametrize("splits", [1, 2, 7, 10])
@pytest.mark.parametrize("rows", [drawn(1), drawn(2, 61, 101, 0.02), with_zeros(3)], ids=["few", "many", "zeros"])
def test_agrees_with_the_definition(rows, splits, eps):
    result = inception_score(rows, splits=splits, eps=eps)
    expected = reference.scores_of_splits(rows, splits, eps)
    assert result.per_split == pytest.approx(expected, rel=ROUNDING)
    assert result.mean == pytest.approx(np.mean(expected), rel=ROUNDING)
    assert result.std == pytest.approx(np.std(expected, ddof=0), rel=1e-9, abs=1e-12)


def test_sure_and_even_answers_score_the_number_of_classes():
    result = inception_score(np.repeat(np.eye(8), 5, axis=0))
    assert result.mean == pytest.approx(8.0, rel=ROUNDING)
    assert (result.std, len(result.per_split)) == (0.0, 1)


def test_answers_all_alike_score_one():
    assert inception_score(np.tile(drawn(4, 1), (50, 1))).mean == pytest.approx(1.0, abs=ROUNDING)
    assert inception_score(np.eye(5)[[2] * 30]).mean == 1.0


def test_a_case_worked_by_hand():
    """Half of the samples name one class and half leave it open between that and another."""
    rows = np.array([[1.0, 0.0], [0.5, 0.5]])
    divergences = [np.log(1.0 / 0.75), 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)]
    assert inception_score(rows).mean == pytest.approx(np.exp(np.mean(divergences)), rel=ROUNDING)


@quick
@given(seeds, st.integers(1, 40), st.integers(1, 12), st.floats(0.01, 5.0), st.sampled_from([0.0, 1e-20, 1e-7, 0.01]))
def test_the_score_lies_between_one_and_the_number_of_classes(seed, count, num_classes, sharpness, eps):
    rows = np.random.default_rng(seed).dirichlet(np.full(num_classes, sharpness), count)
    score = inception_score(rows, eps=eps).mean
    assert 1.0 <= score <= min(count, num_classes) * (1.0 + ROUNDING)


@quick
@given(seeds)
def test_the_order_of_samples_and_classes_does_not_matter_to_one_split(seed):
    rows = drawn(seed)
    random = np.random.default_rng(seed)
    shuffled = random.permutation(random.permutation(rows), axis=1)
    assert inception_score(shuffled).mean == pytest.approx(inception_score(rows).mean, rel=ROUNDING)


@quick
@given(seeds, st.integers(2, 6))
def test_a_set_repeated_scores_the_same(seed, times):
    rows = drawn(seed, 20)
    assert inception_score(np.tile(rows, (times, 1))).mean == pytest.approx(inception_score(rows).mean, rel=ROUNDING)


@pytest.mark.parametrize("seed", [0, 42, 2020])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_shuffle_is_that_of_style_gan_v_and_torch_fidelity(seed, dtype):
    """StyleGAN-V shuffles the array in place, torch-fidelity takes rows by a permutation: one order."""
    rows = drawn(5, 103).astype(dtype)
    in_place = rows.copy()
    np.random.RandomState(seed).shuffle(in_place)
    by_permutation = rows[np.random.RandomState(seed).permutation(103)]
    found = inception_score(rows, splits=10, seed=seed)
    assert found == inception_score(in_place, splits=10)
    assert found == inception_score(by_permutation, splits=10)
    assert found != inception_score(rows, splits=10)


def test_samples_sorted_by_class_score_less_in_splits():
    rows = np.repeat(np.eye(10) * 0.9 + 0.01, 20, axis=0)
    assert inception_score(rows, splits=10).mean == pytest.approx(1.0)
    assert inception_score(rows, splits=10, seed=42).mean > 3.0


def test_unequal_splits_begin_where_the_codes_in_use_cut():
    """11 samples in 4 splits begin at 0, 2, 5 and 8: the scores of sure samples count them."""
    assert inception_score(np.eye(11), splits=4).per_split == pytest.approx((2.0, 3.0, 3.0, 3.0), rel=ROUNDING)


def test_inputs_are_left_as_they_are():
    rows = drawn(6)
    before = rows.copy()
    inception_score(rows, splits=5, seed=1, eps=1e-7)
    inception_score_from_logits(rows)
    inception_score_interval(rows)
    assert np.array_equal(rows, before)


@pytest.mark.parametrize("rows_at_once", [1, 7, 59])
def test_blocks_change_nothing_but_rounding(monkeypatch, rows_at_once):
    expected = inception_score(drawn(7), splits=2, eps=1e-7)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows_at_once)
    found = inception_score(drawn(7), splits=2, eps=1e-7)
    assert found.per_split == pytest.approx(expected.per_split, rel=ROUNDING)


def test_memory_is_that_of_blocks(monkeypatch):
    """A float64 copy of these rows would be 16 MB; the checks look at truth values, a byte each."""
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 100)
    rows = drawn(8, 20_000, 100).astype(np.float32)
    tracemalloc.start()
    inception_score(rows, splits=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_go_through_the_softmax(dtype):
    logits = (np.random.default_rng(9).standard_normal((40, 9)) * 4.0).astype(dtype)
    rows = np.array([reference.softmax(row) for row in logits])
    options = {"splits": 3, "eps": 1e-3, "seed": 42}
    found, expected = inception_score_from_logits(logits, **options), inception_score(rows, **options)
    assert found.per_split == pytest.approx(expected.per_split, rel=ROUNDING)
    moved = inception_score_from_logits(logits + dtype(3.0))
    assert moved.mean == pytest.approx(inception_score_from_logits(logits).mean, rel=1e-5)


def test_very_sure_logits_underflow_to_the_score_of_sure_answers():
    assert inception_score_from_logits(np.eye(6) * 1e4).mean == pytest.approx(6.0, rel=ROUNDING)


def groups_of(seed, count, num_groups):
    """The groups as documented: a seeded permutation, cut into equal parts."""
    size = count // num_groups
    order = generator(seed, "jackknife", "fake").permutation(count)
    return order[: size * num_groups].reshape(num_groups, size).tolist()


@pytest.mark.parametrize(("count", "groups"), [(60, 20), (61, 20), (15, 20), (47, 5), (4, 2)])
@pytest.mark.parametrize("eps", [0.0, 0.01])
def test_standard_error_is_that_of_the_plain_loops(count, groups, eps):
    rows = drawn(count, count)
    interval = inception_score_interval(rows, groups=groups, seed=5, eps=eps, level=0.9)
    num_groups = min(groups, count)
    error = reference.jackknife_standard_error(
        rows, groups_of(5, count, num_groups), lambda kept: reference.score(kept, eps)
    )
    assert interval.standard_error == pytest.approx(error, rel=ERROR_ROUNDING)
    assert interval.kind == f"jackknife-{num_groups}-90"
    half_width = error * stats.t.ppf(0.95, num_groups - 1)
    value = reference.score(rows, eps)
    ends = max(1.0, value - half_width), min(7.0, value + half_width)
    assert (interval.low, interval.high) == pytest.approx(ends, rel=ERROR_ROUNDING)


def test_the_ends_stay_between_one_and_the_number_of_classes():
    almost_alike = np.full((12, 2), 0.5)
    almost_alike[0] = [0.9, 0.1]
    low = inception_score_interval(almost_alike)
    assert low.low == 1.0
    almost_all = np.vstack([np.eye(3), np.eye(3), [[0.5, 0.5, 0.0]]])
    high = inception_score_interval(almost_all)
    assert high.high == 3.0
    assert high.standard_error > 0.0


def test_without_spread_the_interval_is_the_value():
    interval = inception_score_interval(np.eye(4)[[1] * 30])
    assert (interval.low, interval.high, interval.standard_error) == (1.0, 1.0, 0.0)


def test_the_seed_decides_the_groups():
    first, again, other = (inception_score_interval(drawn(10, 200), seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.standard_error != other.standard_error


def test_too_few_samples_have_no_interval():
    assert inception_score_interval(drawn(11, 3)) is None
    assert inception_score_interval(drawn(11, 4)) is not None


@pytest.mark.parametrize(("count", "num_classes", "sharpness"), [(60, 7, 0.1), (200, 101, 0.02)])
@pytest.mark.usefixtures("unchecked_shapes")
def test_intervals_hold_the_expected_value_as_often_as_they_say(count, num_classes, sharpness):
    random = np.random.default_rng(12)

    def rows():
        return random.dirichlet(np.full(num_classes, sharpness), count)

    values = [inception_score(rows()).mean for _ in range(1000)]
    expected, true_error = np.mean(values), np.std(values)
    intervals = [inception_score_interval(rows(), seed=trial) for trial in range(NUM_TRIALS)]
    coverage = np.mean([interval.low <= expected <= interval.high for interval in intervals])
    ratio = np.sqrt(np.mean([interval.standard_error**2 for interval in intervals])) / true_error
    assert coverage >= LEAST_COVERAGE
    assert ERROR_RATIO[0] < ratio < ERROR_RATIO[1]


def test_splits_that_must_divide_and_do_not_are_refused():
    rows = np.full((2048, 2), 0.5)
    assert len(inception_score(rows, splits=10).per_split) == 10
    for measure in (inception_score, inception_score_from_logits):
        with pytest.raises(DataError, match="2048 samples do not divide into 10 splits of equal size") as caught:
            measure(rows, splits=10, must_divide=True)
        assert caught.value.expected == "a multiple of 10, such as 2040 or 2050"
        assert caught.value.found == "2048"
        assert caught.value.fix == "score 2040 or 2050 videos, or allow unequal splits"
    assert len(inception_score(rows[:2040], splits=10, must_divide=True).per_split) == 10


@pytest.mark.parametrize("must_divide", [False, True])
def test_more_splits_than_samples_are_refused(must_divide):
    with pytest.raises(DataError, match="9 samples cannot be cut into 10 splits") as caught:
        inception_score(np.full((9, 2), 0.5), splits=10, must_divide=must_divide)
    assert caught.value.expected == "at least 10 samples"
    assert caught.value.found == "9"
    assert caught.value.fix == "score more videos, or take fewer splits"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(4), r"must be \(sample, class\), found an array of shape \(4,\)"),
        (np.ones((4, 1), dtype=np.float16), "must be float32 or float64, found float16"),
        (np.ones((0, 3)), r"must not be empty, found shape \(0, 3\)"),
        (np.array([[1.0], [np.nan], [np.inf]]), "must be finite: 2 samples hold NaN or infinity, the first is 1"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(array, message):
    for measure in (inception_score, inception_score_interval):
        with pytest.raises(ValueError, match="probabilities " + message):
            measure(array)
    with pytest.raises(ValueError, match="logits " + message):
        inception_score_from_logits(array)


@pytest.mark.parametrize("measure", [inception_score, inception_score_interval])
def test_what_are_no_probabilities_is_refused(measure):
    with pytest.raises(ValueError, match="must not be negative: those of 1 samples are, the first is 2; inception_sc"):
        measure(np.array([[0.5, 0.5], [1.0, 0.0], [1.5, -0.5]]))
    with pytest.raises(ValueError, match=r"sum to one: those of 2 samples do not, the first is 1 with 1\.001; incept"):
        measure(np.array([[0.5, 0.5], [0.5, 0.501], [0.2, 0.2]]))


def test_a_softmax_in_float32_is_near_enough_to_one():
    logits = np.random.default_rng(13).standard_normal((50, 1008)).astype(np.float32)
    powers = np.exp(logits)
    inception_score(powers / powers.sum(axis=1, keepdims=True))


def test_options_out_of_range_are_refused():
    rows = drawn(14)
    with pytest.raises(ValueError, match="an Inception Score needs at least 1 split, found 0"):
        inception_score(rows, splits=0)
    with pytest.raises(ValueError, match="a jackknife needs at least 2 groups, found 1"):
        inception_score_interval(rows, groups=1)
    with pytest.raises(ValueError, match=r"the level of an interval must be between 0 and 1, found 95\.0"):
        inception_score_interval(rows, level=95.0)
    for measure in (inception_score, inception_score_from_logits, inception_score_interval):
        for eps in (-1e-9, 1.0, float("nan")):
            with pytest.raises(ValueError, match="eps is a number from 0 to below 1, found"):
                measure(rows, eps=eps)
