"""A score for each video: what it is, and that it takes the precision apart."""

import numpy as np
import pytest
from reference import precision_recall as reference
from support.engines import FakeEngine, use_engine, whole_numbers
from support.score_map_sides import CHOICES, real_and_fake

from vidmbench.core.errors import UsageError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.score_map import prepare_score_map, principal_components, score_map


@pytest.fixture
def sides(monkeypatch):
    use_engine(lambda *_, **__: FakeEngine(whole_numbers), patch=monkeypatch.setattr)
    return real_and_fake()


def test_the_scores_take_the_precision_apart(sides):
    found = score_map(prepare_score_map(*sides, CHOICES))
    inside = [one.realism >= 1 for one in found.clips]
    assert found.precision.metric == "precision"
    assert np.mean(inside) == found.precision.value
    assert 0 < np.mean(inside) < 1
    assert [one.name for one in found.clips] == [f"clip{index:06d}" for index in range(8)]
    assert all(np.isinf(one.realism) for one in found.clips[:3])  # copies
    ranked = [one.realism for one in found.ranked]
    assert ranked == sorted(ranked)


def test_the_scores_are_those_of_plain_loops(sides):
    found = score_map(prepare_score_map(*sides, CHOICES))
    real, fake = (np.stack([np.resize(np.rint(one), 400) for one in side_features(side)]).astype(int) for side in sides)
    np.testing.assert_allclose([one.realism for one in found.clips], reference.realism(real, fake, 5), rtol=1e-12)


def side_features(side):
    from vidmbench.detectors.resize import prepared
    from vidmbench.protocols.protocol import load_protocol

    stage = load_protocol("prdc-i3d").array
    for clip in side:
        yield next(FakeEngine(whole_numbers).features([prepared(clip, stage, size=224)]))


def test_principal_components_are_those_of_the_covariance():
    samples = np.random.default_rng(1).normal(size=(40, 6)) * [5, 3, 1, 1, 1, 1]
    places, shares = principal_components(samples)
    values, vectors = np.linalg.eigh(np.cov(samples.T))
    expected = (samples - samples.mean(0)) @ vectors[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-9)
    assert shares == pytest.approx(tuple(values[:-3:-1] / values.sum()))
    assert all(column[np.abs(column).argmax()] > 0 for column in places.T)
    assert principal_components(np.ones((4, 3))) == (pytest.approx(np.zeros((4, 2))), (0.0, 0.0))


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (Choices(protocols=("fvd-tats",), frames=(16,)), "no score for each video"),
        (Choices(protocols=("prdc-i3d",), frames=(16, 32)), "one clip length"),
    ],
)
def test_what_has_no_map_is_refused(sides, choices, words):
    with pytest.raises(UsageError, match=words):
        prepare_score_map(*sides, choices)
