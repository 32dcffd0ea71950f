"""How much faster the distance is than the textbook formula, both in the same run on one thread."""

from statistics import median
from time import perf_counter

import numpy as np
import pytest
from reference.frechet import frechet_by_sqrtm
from threadpoolctl import threadpool_limits

from vidmbench.metrics.frechet import frechet_distance, frechet_interval
from vidmbench.metrics.moments import Moments

NUM_SAMPLES = 2048
# SciPy's root of covariances that are singular, as of 2048 samples in 2048 features, is good to some 1e-8.
SQRTM_ERROR = 1e-6
# An interval takes 41 distances. Forty textbook formulas are what it must beat by half; 11 were measured.
FORMULAS_AN_INTERVAL_MAY_TAKE = 20


def drawn(num_features, seed):
    random = np.random.default_rng(seed)
    spread = np.exp(-6.0 * np.arange(num_features) / num_features) * (1.0 + 0.2 * seed)
    turn = np.linalg.qr(random.standard_normal((num_features, num_features)))[0]
    return (random.standard_normal((NUM_SAMPLES, num_features)) * spread @ turn).astype(np.float32)


def timed(function):
    """Seconds and result of one call."""
    start = perf_counter()
    result = function()
    return perf_counter() - start, result


def textbook(a, b):
    """The textbook distance with the covariances ready, which is to its advantage."""
    covariances = a.covariance("n-1"), b.covariance("n-1")
    return lambda: frechet_by_sqrtm(a.mean, covariances[0], b.mean, covariances[1])


# The root of 2048 features takes some 17 s, so it is taken once.
@pytest.mark.parametrize(("num_features", "rounds", "least_ratio"), [(400, 7, 2.0), (2048, 1, 3.0)])
def test_faster_than_the_matrix_root(benchmark, num_features, rounds, least_ratio):
    a, b = Moments.of(drawn(num_features, 0)), Moments.of(drawn(num_features, 1))
    formula = textbook(a, b)

    def distance():
        return frechet_distance(a, b, normalisation="n-1")

    with threadpool_limits(limits=1):
        runs = [(*timed(distance), *timed(formula)) for _ in range(rounds)]
        found = benchmark.pedantic(distance, rounds=rounds)
    ratio = median(run[2] for run in runs) / median(run[0] for run in runs)
    benchmark.extra_info["times faster than scipy.linalg.sqrtm"] = round(ratio, 2)
    assert found == pytest.approx(runs[0][3], rel=SQRTM_ERROR)
    assert ratio >= least_ratio


def test_an_interval_costs_less_than_half_of_its_textbook_formulas(benchmark):
    real, fake = drawn(400, 0), drawn(400, 1)
    formula = textbook(Moments.of(real), Moments.of(fake))

    def interval():
        return frechet_interval(real, fake, normalisation="n-1")

    with threadpool_limits(limits=1):
        benchmark.pedantic(interval, rounds=1)
        runs = [(timed(interval)[0], timed(formula)[0]) for _ in range(3)]
    ratio = median(run[0] for run in runs) / median(run[1] for run in runs)
    benchmark.extra_info["textbook formulas it takes as long as"] = round(ratio, 1)
    assert ratio <= FORMULAS_AN_INTERVAL_MAY_TAKE
