import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vidmbench.metrics.frechet import frechet_distance
from vidmbench.metrics.moments import Moments

# Relative to the traces (and to squared shifts), for at most 12 x 8 numbers.
ROUNDING = 1e-12
# The distance of a set to itself is a difference of equal traces.
ZERO = 1e-13

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(2, 12)
sizes = st.integers(1, 8)
ways = st.sampled_from(["n", "n-1"])
quick = settings(max_examples=60, deadline=None)


def drawn(seed, count, size):
    """Features of very unequal spread, with a mean of their own."""
    random = np.random.default_rng(seed)
    spread = 10.0 ** random.uniform(-3, 1, size)
    return random.standard_normal((count, size)) * spread + random.standard_normal(size)


def trace(moments):
    return np.trace(moments.covariance("n-1"))


@quick
@given(seeds, counts, sizes, ways)
def test_a_set_is_at_distance_zero_from_itself(seed, count, size, way):
    moments = Moments.of(drawn(seed, count, size))
    assert 0.0 <= frechet_distance(moments, moments, normalisation=way) <= ZERO * trace(moments)


@quick
@given(seeds, seeds, counts, counts, sizes, ways)
def test_the_distance_is_symmetric_to_the_last_bit_and_not_negative(seed, other, count, other_count, size, way):
    a, b = Moments.of(drawn(seed, count, size)), Moments.of(drawn(other, other_count, size))
    distance = frechet_distance(a, b, normalisation=way)
    assert distance == frechet_distance(b, a, normalisation=way)
    assert distance >= 0.0


@quick
@given(seeds, seeds, counts, counts, sizes, ways)
def test_a_common_rotation_and_shift_change_nothing(seed, other, count, other_count, size, way):
    real, fake = drawn(seed, count, size), drawn(other, other_count, size)
    random = np.random.default_rng(seed ^ other)
    turn = np.linalg.qr(random.standard_normal((size, size)))[0]
    shift = random.standard_normal(size)
    a, b = Moments.of(real), Moments.of(fake)
    moved_a, moved_b = Moments.of(real @ turn + shift), Moments.of(fake @ turn + shift)
    before = frechet_distance(a, b, normalisation=way)
    after = frechet_distance(moved_a, moved_b, normalisation=way)
    assert abs(before - after) <= ROUNDING * (trace(a) + trace(b) + before + size)


@quick
@given(seeds, counts, sizes, st.data())
def test_batches_and_their_order_do_not_matter(seed, count, size, data):
    features = drawn(seed, count, size)
    cuts = sorted(data.draw(st.sets(st.integers(1, count - 1))))
    batches = data.draw(st.permutations(np.split(features, cuts)))
    whole = Moments.of(features)
    total = Moments.of(batches[0])
    for batch in batches[1:]:
        total = total.update(batch)
    scale = 1.0 + np.abs(features).max() ** 2
    assert total.count == whole.count
    assert np.abs(total.mean - whole.mean).max() <= ROUNDING * scale
    assert np.abs(total.scatter - whole.scatter).max() <= ROUNDING * scale
    assert np.array_equal(total.scatter, total.scatter.T)
