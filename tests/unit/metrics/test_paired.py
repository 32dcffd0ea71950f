import numpy as np
import pytest
from reference.extrapolation import difference_test
from scipy import stats

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.frechet import frechet_distance, frechet_interval
from vidmbench.metrics.kernel import kernel_distance, kernel_interval, kernel_statistic
from vidmbench.metrics.moments import Moments
from vidmbench.metrics.paired import paired_difference, paired_test, videos_needed

# The oracle takes each covariance anew from its samples; the package merges moments of groups.
ROUNDING = 1e-9
# Sixty trials of a test at 5 % find something that is not there in more than 15 % but once in a thousand.
TRIALS, MOST_FALSE = 60, 0.15


def drawn(seed, count=40, shift=0.0):
    random = np.random.default_rng([11, seed])
    return random.standard_normal((count, 3)) * [1.0, 0.7, 0.4] * (1.0 + shift) + shift


def frechet(real, fake):
    return frechet_distance(Moments.of(real), Moments.of(fake), normalisation="n-1")


def groups_of(name, count, seed=5):
    size = count // min(20, count)
    order = generator(seed, "jackknife", name).permutation(count)
    return order[: size * min(20, count)].reshape(-1, size), size


def without(samples, group):
    return np.delete(samples, group, axis=0)


def test_a_ridge_is_on_all_covariances():
    real, a, b = drawn(0), drawn(1, 40, 0.3), drawn(2, 40, 0.4)
    found = paired_difference(real, a, b, normalisation="n-1", ridge=0.3)
    moments = [Moments.of(side) for side in (real, a, b)]
    ridged = [frechet_distance(moments[0], side, normalisation="n-1", ridge=0.3) for side in moments[1:]]
    assert (found.first, found.second) == pytest.approx(ridged, rel=ROUNDING)
    assert found.first != pytest.approx(frechet(real, a), rel=1e-3)


@pytest.mark.parametrize("options", [{"degree": 2, "coef0": 0.0, "is_biased": True}, {"sigma": 2.0}])
def test_kernel_distances(options):
    real, a, b = drawn(0), drawn(1, 40, 0.3), drawn(2, 40, 1.0)
    found = paired_test(real, a, b, kernel_statistic(**options), seed=5)
    expected = [kernel_distance(real, side, **options) for side in (a, b)]
    assert (found.first, found.second) == pytest.approx(expected, rel=1e-7)
    of_a, of_b = (kernel_interval(real, side, seed=5, **options).standard_error for side in (a, b))
    assert found.standard_error > 0
    alike = paired_test(real, a, b, kernel_statistic(**options), same_seeds=True, seed=5)  # in the groups of both
    assert 0 < alike.standard_error < of_a + of_b
    assert found.p_value < 0.05, "b is far away"
    assert paired_test(real, a, a, kernel_statistic(**options), same_seeds=True).p_value == 1.0
    tenfold = found.times(10.0)
    assert (tenfold.difference, tenfold.interval.high) == (10 * found.difference, 10 * found.interval.high)
    assert (tenfold.p_value, tenfold.needed) == (found.p_value, found.needed)


@pytest.mark.parametrize("same_seeds", [False, True])
@pytest.mark.parametrize("count", [5, 40, 47])
def test_everything_is_that_of_the_plain_loops(count, same_seeds):
    real, a, b = drawn(0, count), drawn(1, count, 0.3), drawn(2, count, 0.4)
    found = paired_difference(real, a, b, normalisation="n-1", same_seeds=same_seeds, seed=5)
    whole = frechet(real, a), frechet(real, b)
    (of_real, size), (of_a, _) = groups_of("real", count), groups_of("fake", count)
    of_b = of_a if same_seeds else groups_of("other fake", count)[0]
    shares = [([frechet(without(real, g), a) - frechet(without(real, g), b) for g in of_real], size)]
    without_a = [frechet(real, without(a, g)) for g in of_a]
    without_b = [frechet(real, without(b, g)) for g in of_b]
    if same_seeds:
        shares.append(([one - other for one, other in zip(without_a, without_b, strict=True)], size))
    else:
        shares += [(without_a, size), (without_b, size)]
    error, p_value, half = difference_test(count, shares, whole[0] - whole[1])
    assert (found.first, found.second) == pytest.approx(whole, rel=ROUNDING)
    assert found.difference == found.first - found.second
    assert (found.standard_error, found.p_value) == pytest.approx((error, p_value), rel=1e-7)
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (found.difference - half, found.difference + half), rel=1e-7
    )
    groups = min(20, count)
    assert found.interval.kind == f"paired-jackknife-{groups}x{groups}x{groups}-95"
    assert found.effect == pytest.approx(found.difference / error / np.sqrt(count), rel=1e-7)


def test_what_both_share_cancels():
    """Real noise moves both distances alike: the difference is surer than two intervals side by side say."""
    real, fakes = drawn(0, 30), drawn(1, 16000, 1.0)
    a, b = fakes[:8000], fakes[8000:] + 0.01
    apart = [frechet_interval(real, fake, normalisation="n-1").standard_error for fake in (a, b)]
    assert paired_difference(real, a, b, normalisation="n-1").standard_error < 0.4 * np.hypot(*apart)


def test_the_same_seeds_make_it_surer():
    real, a = drawn(0), drawn(1, shift=0.5)
    apart, together = (
        paired_difference(real, a, a + 0.1, normalisation="n-1", same_seeds=same_seeds) for same_seeds in (False, True)
    )
    assert together.difference == pytest.approx(apart.difference, rel=ROUNDING)
    assert together.standard_error < 0.7 * apart.standard_error


def test_the_other_way_round_only_the_sign_changes():
    real, a, b = drawn(0), drawn(1, shift=0.3), drawn(2, shift=0.6)
    one, other = (paired_difference(real, *pair, normalisation="n-1", same_seeds=True) for pair in ((a, b), (b, a)))
    assert one.difference < 0.0
    assert (one.difference, one.p_value, one.needed) == pytest.approx((-other.difference, other.p_value, other.needed))


@pytest.mark.parametrize("seed", range(6))
def test_the_interval_holds_0_where_p_is_not_small(seed):
    real, a, b = drawn(3 * seed), drawn(3 * seed + 1, shift=0.3), drawn(3 * seed + 2, shift=0.45)
    found = paired_difference(real, a, b, normalisation="n-1", level=0.8)
    assert (found.interval.low < 0.0 < found.interval.high) == (found.p_value > 0.2)


def test_a_model_against_itself_is_a_tie_for_ever():
    real, a = drawn(0), drawn(1, shift=0.3)
    found = paired_difference(real, a, a, normalisation="n", same_seeds=True)
    assert (found.difference, found.p_value, found.needed, found.effect) == (0.0, 1.0, None, None)


def test_without_spread_the_answer_is_certain():
    black, white, grey = np.zeros((30, 3)), np.ones((30, 3)), np.full((30, 3), 0.5)
    found = paired_difference(black, grey, white, normalisation="n")
    assert (found.difference, found.p_value, found.standard_error) == (0.75 - 3.0, 0.0, 0.0)
    assert (found.interval.low, found.interval.high, found.needed) == (-2.25, -2.25, 4)


@pytest.mark.parametrize("effect", [0.3, -0.05, 0.011])
def test_the_number_of_videos_gives_the_power(effect):
    def power(count):
        return stats.norm.sf(stats.norm.ppf(0.975) - abs(effect) * np.sqrt(count))

    needed = videos_needed(effect)
    assert power(needed - 1) < 0.8 <= power(needed)


def test_no_number_of_videos_finds_nothing():
    assert videos_needed(0.0) is None
    assert videos_needed(50.0) == 4


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((40, 40, 39), ("equal counts", "40 and 39", "score 39 of each")),
        ((3, 9, 9), ("too few", "3 real", "at least 4")),
        ((9, 3, 3), ("too few", "3 of each model", "more videos")),
    ],
)
def test_counts_that_make_no_fair_test(counts, words):
    with pytest.raises(DataError) as problem:
        paired_difference(*(drawn(place, count) for place, count in enumerate(counts)), normalisation="n")
    for word in words:
        assert word in str(problem.value)


@pytest.mark.parametrize("options", [{"groups": 1}, {"level": 0.0}, {"level": 95.0}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"groups|level"):
        paired_difference(drawn(0), drawn(1), drawn(2), normalisation="n", **options)


def test_frames_of_one_clip_stay_together():
    sides = [drawn(place, 60, 0.2 * place).reshape(20, 3, 3) for place in range(3)]
    found = paired_difference(*sides, normalisation="n-1")
    flat = [side.reshape(60, 3) for side in sides]
    assert found.difference == pytest.approx(frechet(flat[0], flat[1]) - frechet(flat[0], flat[2]), rel=ROUNDING)
    assert found.interval.kind == "paired-jackknife-20x20x20-95"


@pytest.mark.parametrize(("shift", "is_there"), [(0.4, False), (1.0, True)])
@pytest.mark.usefixtures("unchecked_shapes")
def test_it_finds_what_is_there_and_seldom_what_is_not(shift, is_there):
    found = [
        paired_difference(
            drawn(10 + 3 * trial), drawn(11 + 3 * trial, shift=0.4), drawn(12 + 3 * trial, shift=shift),
            normalisation="n-1", groups=10, seed=trial,
        ).p_value
        < 0.05
        for trial in range(TRIALS if not is_there else 12)
    ]  # fmt: skip
    assert np.mean(found) > 0.9 if is_there else np.mean(found) <= MOST_FALSE
