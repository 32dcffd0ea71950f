import math
import tracemalloc
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vidmbench.core.errors import DataError
from vidmbench.metrics.memorisation import memorisation, nearest, quantiles, threshold_rank

module = import_module("vidmbench.metrics.memorisation")

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)
NAMES = (["t"] * 500, ["h"] * 500, ["a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4"])


def plain_nearest(train, clips):
    """Distance and index of the nearest training clip, one pair at a time."""
    found = []
    for clip in clips:
        distances = [
            math.sqrt(sum((float(a) - float(b)) ** 2 for a, b in zip(clip, row, strict=True))) for row in train
        ]
        found.append((min(distances), distances.index(min(distances))))
    return [distance for distance, _ in found], [index for _, index in found]


def plain_numbers(train, heldout, fake, rank):
    """Threshold, share and area by counting."""
    of_heldout, of_fake = plain_nearest(train, heldout)[0], plain_nearest(train, fake)[0]
    threshold = sorted(of_heldout)[rank - 1]
    wins = sum((theirs < other) + 0.5 * (theirs == other) for theirs in of_fake for other in of_heldout)
    share = sum(distance < threshold for distance in of_fake) / len(fake)
    return threshold, share, wins / (len(fake) * len(heldout))


def normal(seed, *counts, width=5):
    random = np.random.default_rng(seed)
    return [random.normal(size=(count, width)) for count in counts]


@quick
@given(seeds, st.integers(1, 30), st.integers(19, 40), st.integers(1, 25), st.sampled_from([0.05, 0.1, 0.3]))
def test_agrees_with_plain_loops(seed, num_train, num_heldout, num_fake, quantile):
    train, heldout, fake = normal(seed, num_train, num_heldout, num_fake)
    result = memorisation(train, heldout, fake, quantile=quantile)
    distances, indices = plain_nearest(train, fake)
    np.testing.assert_allclose(result.fake.distances, distances, rtol=1e-13)
    np.testing.assert_array_equal(result.fake.indices, indices)
    threshold, share, area = plain_numbers(train, heldout, fake, threshold_rank(num_heldout, quantile))
    assert result.threshold == pytest.approx(threshold, rel=1e-13)
    assert (result.share, result.area) == pytest.approx((share, area), abs=1e-12)


@quick
@given(seeds, st.integers(19, 40), st.integers(1, 25))
def test_equal_distances_count_half_in_the_area_and_not_in_the_share(seed, num_heldout, num_fake):
    random = np.random.default_rng(seed)  # whole numbers, so that many distances are equal and all are exact
    heldout, fake = (random.integers(1, 5, (count, 1)).astype(np.float64) for count in (num_heldout, num_fake))
    train = np.zeros((3, 1))
    result = memorisation(train, heldout, fake)
    assert (result.threshold, result.share, result.area) == plain_numbers(
        train, heldout, fake, threshold_rank(num_heldout, 0.05)
    )
    there = stats.mannwhitneyu(heldout[:, 0], fake[:, 0]).statistic / (num_heldout * num_fake)
    assert result.area == pytest.approx(there, abs=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_blocks_change_nothing(monkeypatch, rows):
    train, fake = normal(1, 50, 33)
    train[40] = train[3]  # of two equally near the first stands, also where they lie in different blocks
    fake[5] = train[3]
    whole = nearest(train, fake)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", rows)
    parts = nearest(train, fake)
    for field in ("distances", "indices", "copies"):
        np.testing.assert_array_equal(getattr(parts, field), getattr(whole, field))
    assert parts.indices[5] == 3


def test_memory_is_that_of_blocks(monkeypatch):
    """All distances at once would be 32 MB, and the training clips in float64 8 MB."""
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 100)
    train, fake = (rows.astype(np.float32) for rows in normal(2, 20_000, 200, width=50))
    tracemalloc.start()
    nearest(train, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000


def test_copies_are_found():
    train, heldout, fake = normal(3, 40, 40, 30)
    fake[[4, 17]] = train[[9, 31]]
    fake[20] = train[2] * (1 + 1e-7)  # what another batch on a GPU may make of the same clip
    fake[21] = train[2] * 1.001
    result = memorisation(train, heldout, fake)
    assert list(np.flatnonzero(result.fake.copies)) == [4, 17, 20]
    assert list(result.fake.indices[[4, 17, 20]]) == [9, 31, 2]
    assert list(result.fake.distances[[4, 17]]) == [0.0, 0.0]
    assert list(result.fake.order[:4]) == [4, 17, 20, 21]
    assert not result.heldout.copies.any()


def test_copies_with_a_little_noise_are_all_nearer():
    train, heldout, noise = normal(4, 100, 100, 100)
    result = memorisation(train, heldout, train + 0.001 * noise)
    assert (result.share, result.area) == (1.0, 1.0)
    assert not result.fake.copies.any()
    assert result.interval[0] > 0.95
    assert result.area_interval[0] > 0.93
    assert 0.0 < result.p_value < 1e-30


def test_a_few_copies_of_a_poor_generator_are_seen_by_the_share_and_not_by_the_area():
    """Why the share is the headline."""
    train, heldout, fake = normal(5, 200, 200, 100)
    fake = 3.0 * fake
    fake[:20] = train[:20] + 0.01
    result = memorisation(train, heldout, fake)
    assert result.area < 0.4
    assert result.share >= 0.2
    assert result.p_value < 0.01


def test_fresh_samples_of_the_same_distribution_give_the_expected_numbers():
    """Over many draws: the area is 1/2, the share is as expected, and both the range and the p-value are honest."""
    results = [memorisation(*normal(seed, 30, 59, 40, width=3)) for seed in range(400)]
    expected = 3 / 60
    assert {result.expected for result in results} == {expected}
    assert np.mean([result.area for result in results]) == pytest.approx(0.5, abs=0.01)
    assert np.mean([result.share for result in results]) == pytest.approx(expected, abs=0.007)
    inside = [result.null_range[0] <= result.share <= result.null_range[1] for result in results]
    assert np.mean(inside) >= 0.93
    assert np.mean([result.p_value <= 0.05 for result in results]) <= 0.07
    held = [result.area_interval[0] <= 0.5 <= result.area_interval[1] for result in results]
    assert 0.91 <= np.mean(held) <= 0.99


def test_the_null_is_the_law_of_exceedances():
    """By counting: of h + m values in random order, the number of generated ones before the k-th held-out one."""
    heldout, count, rank = 19, 6, 1
    below = np.zeros(count + 1)
    for number in range(count + 1):
        # the first `number` places are generated ones, then a held-out one, the rest in any order
        rest = heldout + count - number - 1
        below[number] = math.comb(rest, heldout - 1) / math.comb(heldout + count, heldout)
    train = np.zeros((1, 1))
    fake = np.array([[1.0], [2.0], [30.0], [31.0], [32.0], [33.0]])
    result = memorisation(train, np.arange(5.0, 5.0 + heldout)[:, np.newaxis], fake)
    assert (result.share, result.expected) == (2 / 6, 1 / 20)
    assert result.p_value == pytest.approx(below[2:].sum(), rel=1e-9)
    assert rank == threshold_rank(heldout, 0.05)


def test_the_interval_of_the_share_is_that_of_clopper_and_pearson():
    """Each end leaves 2.5 % of the binomial beyond what was found."""
    train, heldout, fake = normal(6, 20, 100, 30)
    result = memorisation(train, heldout, fake * 0.8, quantile=0.3)
    below, (low, high) = round(result.share * 30), result.interval
    assert 0 < below < 30
    assert stats.binom.sf(below - 1, 30, low) == pytest.approx(0.025, rel=1e-6)
    assert stats.binom.cdf(below, 30, high) == pytest.approx(0.025, rel=1e-6)


def test_the_interval_of_the_area_mirrors_and_does_not_collapse():
    train, near, far = np.zeros((1, 1)), np.full((25, 1), 1.0), np.full((30, 1), 2.0)
    one, zero = memorisation(train, far, near), memorisation(train, near, far)
    assert (one.area, zero.area) == (1.0, 0.0)
    assert one.area_interval[1] == 1.0
    assert 0.8 < one.area_interval[0] < 1.0
    assert zero.area_interval == pytest.approx((0.0, 1.0 - one.area_interval[0]))


@pytest.mark.parametrize(
    ("count", "quantile", "rank"), [(19, 0.05, 1), (38, 0.05, 1), (39, 0.05, 2), (29, 0.1, 3), (2048, 0.05, 102)]
)
def test_which_distance_the_threshold_is(count, quantile, rank):
    assert threshold_rank(count, quantile) == rank


def test_quantiles_of_distances():
    near = nearest(np.zeros((1, 1)), np.array([[3.0], [1.0], [2.0]]))
    assert quantiles(near, (0.0, 0.25, 0.5, 1.0)) == [1.0, 1.5, 2.0, 3.0]


def test_too_few_held_out_clips():
    with pytest.raises(DataError, match="too few held-out clips for their 5 % quantile") as caught:
        memorisation(*normal(7, 10, 18, 10))
    assert (caught.value.expected, caught.value.found) == ("at least 19 held-out clips", "18")
    assert caught.value.fix == "take more held-out clips, or a larger quantile: --quantile 0.053"
    assert threshold_rank(18, 0.053) == 1
    memorisation(*normal(7, 1, 19, 1))


def test_held_out_clips_inside_the_training_set():
    train, heldout, fake = normal(8, 60, 40, 10)
    heldout[7] = train[0]
    assert memorisation(train, heldout, fake).heldout.copies.sum() == 1  # below the threshold, which is the second
    heldout[[1, 2, 3]] = train[0]
    with pytest.raises(DataError, match="held-out clips are in the training set") as caught:
        memorisation(train, heldout, fake)
    assert caught.value.expected == "fewer than 2 such clips of 40, best none"
    assert caught.value.found == "4: clip 1, clip 2, clip 3 and 1 more"
    assert caught.value.fix == "take held-out clips that the generator was not trained on"


@pytest.mark.parametrize(("place", "side"), [(0, "training"), (1, "held-out"), (2, "generated")])
def test_features_that_are_not_finite(place, side):
    sets = normal(9, 20, 25, 5)
    sets[place][[1, 3]] = np.nan
    with pytest.raises(DataError, match=f"no finite features for 2 of {len(sets[place])} {side} clips") as caught:
        memorisation(*sets, names=NAMES)
    assert caught.value.found == ("b.mp4, d.mp4" if place == 2 else f"{'th'[place]}, {'th'[place]}")


def test_what_is_no_set_of_features():
    train, heldout, fake = normal(10, 20, 25, 5)
    with pytest.raises(ValueError, match="cannot compare clips of 5 and 4 features"):
        memorisation(train, heldout[:, :4], fake)
    with pytest.raises(ValueError, match="features must be float32 or float64"):
        memorisation(train.astype(int), heldout, fake)
    with pytest.raises(ValueError, match="must not be empty"):
        memorisation(train, heldout, fake[:0])
    with pytest.raises(ValueError, match="a quantile is between 0 and 1, found 1"):
        memorisation(train, heldout, fake, quantile=1.0)
    with pytest.raises(DataError, match="distances are not finite: the features are too large"):
        memorisation(train, heldout, fake * 1e200)
