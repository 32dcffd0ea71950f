"""How much faster the distance is than the textbook formula, on one thread."""

import pytest
from reference.frechet import frechet_by_sqrtm
from support.feature_samples import decaying_features
from support.timing import check_faster
from threadpoolctl import threadpool_limits

from vidmbench.metrics.frechet import frechet_distance, frechet_interval
from vidmbench.metrics.moments import Moments

NUM_SAMPLES = 2048
# An interval takes 41 distances. Forty textbook formulas are what it must beat by half; 11 were measured.
FORMULAS_AN_INTERVAL_MAY_TAKE = 20


def features(num_features, seed):
    return decaying_features(NUM_SAMPLES, num_features, seed)


def textbook(a, b):
    """The textbook distance with the covariances ready, which is to its advantage."""
    covariances = a.covariance("n-1"), b.covariance("n-1")
    return lambda: frechet_by_sqrtm(a.mean, covariances[0], b.mean, covariances[1])


# The root of 2048 features takes some 17 s, so it is taken once a series.
@pytest.mark.parametrize(("num_features", "pairs", "least"), [(400, 7, 2.0), (2048, 1, 3.0)])
def test_faster_than_the_matrix_root(benchmark, num_features, pairs, least):
    a, b = Moments.of(features(num_features, 0)), Moments.of(features(num_features, 1))
    formula = textbook(a, b)
    with threadpool_limits(limits=1):
        check_faster(
            benchmark,
            formula,
            lambda: frechet_distance(a, b, normalisation="n-1"),
            least=least,
            than="scipy.linalg.sqrtm",
            pairs=pairs,
        )


def test_an_interval_costs_less_than_half_of_its_textbook_formulas(benchmark):
    real, fake = features(400, 0), features(400, 1)
    formula = textbook(Moments.of(real), Moments.of(fake))
    with threadpool_limits(limits=1):
        check_faster(
            benchmark,
            formula,
            lambda: frechet_interval(real, fake, normalisation="n-1"),
            least=1 / FORMULAS_AN_INTERVAL_MAY_TAKE,
            than="one textbook formula",
            pairs=3,
        )
