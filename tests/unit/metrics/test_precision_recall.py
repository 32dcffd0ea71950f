import tracemalloc
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import precision_recall as reference

from vidmbench.core.errors import DataError
from vidmbench.metrics.precision_recall import PRDC, density_coverage, prdc, precision_recall, realism

# The package re-exports a function of this name, which hides the module from "import as".
module = import_module("vidmbench.metrics.precision_recall")

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(6, 20)
neighbours = st.integers(1, 5)
quick = settings(max_examples=60, deadline=None)


def on_a_grid(seed, num_real, num_fake, num_features=2, width=4):
    """Samples with whole features, so that many distances are equal and all are exact."""
    random = np.random.default_rng(seed)
    real = random.integers(0, width, (num_real, num_features))
    return real.astype(np.float64), random.integers(1, width + 1, (num_fake, num_features)).astype(np.float64)


def apart(seed, num_real, num_fake, num_features=3):
    """Samples no two of which are at equal distances."""
    random = np.random.default_rng(seed)
    real = random.standard_normal((num_real, num_features))
    return real, random.standard_normal((num_fake, num_features)) * 0.7 + 0.3


def numbers(result):
    return result.precision, result.recall, result.density, result.coverage


@quick
@given(seeds, counts, counts, neighbours)
def test_agrees_with_the_plain_loops_to_the_last_bit(seed, num_real, num_fake, k):
    real, fake = on_a_grid(seed, num_real, num_fake)
    assert numbers(prdc(real, fake, k=k)) == reference.prdc(real, fake, k)


def test_a_case_worked_by_hand():
    """On a line: real 0, 1, 3 reach 1, 1, 2 and generated 2, 5, 6 reach 3, 1, 1 to their first neighbours.

    2 is on the surface of the ball around 1 and inside that around 3, 5 on the surface of the ball around 3, and 6
    outside. Of the real ones, 0 is inside the ball around 2 and 1 and 3 are as well.
    """
    real, fake = np.array([[0.0], [1.0], [3.0]]), np.array([[2.0], [5.0], [6.0]])
    assert prdc(real, fake, k=1) == PRDC(precision=2 / 3, recall=1.0, density=1 / 3, coverage=1 / 3)


def test_on_the_surface_is_inside_for_precision_and_recall_alone():
    real, fake = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    assert prdc(real, fake, k=1) == PRDC(precision=0.5, recall=0.5, density=0.0, coverage=0.0)


def test_videos_that_repeat_are_precise_but_cover_nothing():
    """Three equal real samples have balls of radius 0 for k = 2: the centre is on the surface."""
    same = np.full((3, 4), 0.1, dtype=np.float32)
    assert prdc(same, same, k=2) == PRDC(precision=1.0, recall=1.0, density=0.0, coverage=0.0)


@quick
@given(seeds, counts, neighbours)
def test_of_a_set_and_itself_all_four_are_one(seed, count, k):
    samples, _ = apart(seed, count, 1)
    assert prdc(samples, samples.copy(), k=k) == PRDC(1.0, 1.0, 1.0, 1.0)


@quick
@given(seeds, counts, counts, neighbours)
def test_the_order_of_samples_does_not_matter(seed, num_real, num_fake, k):
    real, fake = apart(seed, num_real, num_fake, 5)
    random = np.random.default_rng(seed)
    assert prdc(random.permutation(real), random.permutation(fake), k=k) == prdc(real, fake, k=k)


@quick
@given(seeds, counts, counts, neighbours)
def test_precision_and_recall_change_places_with_the_sides(seed, num_real, num_fake, k):
    real, fake = on_a_grid(seed, num_real, num_fake)
    precision, recall = precision_recall(real, fake, k=k)
    assert precision_recall(fake, real, k=k) == (recall, precision)


@quick
@given(seeds, counts, counts, neighbours)
def test_the_numbers_are_shares(seed, num_real, num_fake, k):
    result = prdc(*on_a_grid(seed, num_real, num_fake), k=k)
    assert all(0.0 <= share <= 1.0 for share in (result.precision, result.recall, result.coverage))
    assert 0.0 <= result.density <= num_real / k


@quick
@given(seeds, counts, counts, st.integers(1, 4))
def test_larger_balls_hold_no_less(seed, num_real, num_fake, k):
    real, fake = on_a_grid(seed, num_real, num_fake)
    small, large = prdc(real, fake, k=k), prdc(real, fake, k=k + 1)
    assert small.precision <= large.precision
    assert small.recall <= large.recall
    assert small.coverage <= large.coverage
    assert small.density * k <= large.density * (k + 1) * (1 + 1e-12)


def test_sides_far_apart_share_nothing():
    real, fake = apart(40, 30, 20)
    assert prdc(real, fake + 100.0, k=5) == PRDC(0.0, 0.0, 0.0, 0.0)


def test_an_outlier_raises_precision_and_not_density():
    """What Naeem et al. propose density for: one far real sample has a ball as large as the whole set."""
    real, fake = apart(41, 40, 40)
    outlier = real.copy()
    outlier[0] = 50.0
    result = prdc(outlier, fake + 20.0, k=3)
    assert result.precision == 1.0
    assert result.density == pytest.approx(1.0 / 3.0)


def test_one_distribution_has_a_density_of_one_and_the_coverage_naeem_et_al_expect():
    """Expected coverage with as many samples per side is 1 - (N - 1) ... (N - k) / ((2N - 1) ... (2N - k))."""
    random = np.random.default_rng(42)
    results = [density_coverage(random.random((40, 4)), random.random((40, 4))) for _ in range(200)]
    density, coverage = np.mean(results, axis=0)
    missed = np.prod([(40 - i) / (80 - i) for i in range(1, 6)])
    assert density == pytest.approx(1.0, abs=0.05)
    assert coverage == pytest.approx(1.0 - missed, abs=0.005)


def test_the_short_forms_have_the_neighbours_of_their_papers():
    real, fake = apart(43, 30, 25)
    three, five = prdc(real, fake, k=3), prdc(real, fake, k=5)
    assert precision_recall(real, fake) == (three.precision, three.recall)
    assert density_coverage(real, fake) == (five.density, five.coverage)
    assert precision_recall(real, fake, k=5) == (five.precision, five.recall)
    assert density_coverage(real, fake, k=3) == (three.density, three.coverage)


def test_distances_of_float32_features_are_exact():
    """In float32, or by |x|² + |y|² - 2 x·y, steps of 1e-4 so far from the origin would be lost."""
    steps = np.array([[0.0], [1.0], [3.0], [7.0], [12.0]])
    near = prdc(steps, steps + 0.5, k=1)
    far = prdc(np.float32(1e3) + steps * 2**-13, np.float32(1e3) + (steps + 0.5) * 2**-13, k=1)
    assert far == near
    single = [(1e3 + rows * 2**-13).astype(np.float32) for rows in (steps, steps + 0.5)]
    assert prdc(*single, k=1) == near


@pytest.mark.parametrize("block_distances", [1, 50, 64, 10**6])
def test_blocks_change_nothing(monkeypatch, block_distances):
    real, fake = on_a_grid(44, 23, 17, 3)
    expected = prdc(real, fake, k=3)
    monkeypatch.setattr(module, "BLOCK_DISTANCES", block_distances)
    assert prdc(real, fake, k=3) == expected


def test_memory_is_that_of_blocks(monkeypatch):
    """All distances of one side at once would be 18 MB."""
    monkeypatch.setattr(module, "BLOCK_DISTANCES", 20_000)
    real, fake = apart(45, 1500, 1500, 2)
    tracemalloc.start()
    prdc(real, fake, k=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000


@pytest.mark.parametrize(("num_real", "num_fake"), [(3, 10), (10, 3)])
def test_too_few_samples_are_refused(num_real, num_fake):
    for measure in (prdc, precision_recall, density_coverage):
        with pytest.raises(DataError, match="too few samples to have 3 neighbours each") as caught:
            measure(np.eye(num_real, 10), np.eye(num_fake, 10), k=3)
        assert caught.value.expected == "at least 4 on each side"
        assert caught.value.found == f"{num_real} real and {num_fake} generated"
        assert caught.value.fix == "score more videos, or take a smaller k"
    prdc(np.eye(4, 10), np.eye(4, 10), k=3)


def test_what_has_no_neighbours_is_refused():
    with pytest.raises(ValueError, match="the nearest neighbour is k = 1, found 0"):
        prdc(np.eye(4), np.eye(4), k=0)
    with pytest.raises(ValueError, match="cannot compare samples of 4 and 5 features"):
        prdc(np.eye(4), np.eye(5), k=1)
    with pytest.raises(ValueError, match="features must be finite: 4 samples"):
        prdc(np.eye(4), np.full((4, 4), np.nan), k=1)
    with pytest.raises(DataError, match="distances are not finite: the features are too large"):
        prdc(np.eye(4), np.eye(4) * 1e200, k=1)


@quick
@given(seeds, counts, counts, neighbours)
def test_realism_is_the_precision_sample_by_sample(seed, num_real, num_fake, k):
    real, fake = on_a_grid(seed, num_real, num_fake)
    found = realism(real, fake, k=k)
    np.testing.assert_allclose(found, reference.realism(real, fake, k), rtol=1e-15)
    assert float((found >= 1).mean()) == prdc(real, fake, k=k).precision


def test_realism_in_blocks_is_the_same(monkeypatch):
    real, fake = apart(3, 30, 20)
    whole = realism(real, fake, k=3)
    monkeypatch.setattr(module, "BLOCK_DISTANCES", 64)
    np.testing.assert_array_equal(realism(real, fake, k=3), whole)


def test_realism_of_a_copy_is_infinite():
    real, fake = apart(4, 9, 9)
    fake[2] = real[5]
    found = realism(real, fake, k=2)
    assert np.isinf(found[2])
    assert np.isfinite(np.delete(found, 2)).all()
