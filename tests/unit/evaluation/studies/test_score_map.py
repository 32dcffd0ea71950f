"""A score for each video: what it is, that it takes the precision apart, and what the picture shows."""

import numpy as np
import pytest
from reference import precision_recall as reference
from support.engines import FakeEngine, use_engine, whole_numbers

from vidmbench.core.errors import UsageError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.score_map import prepare_score_map, principal_components, score_map
from vidmbench.reporting.plots.score_map import score_map_figure

CHOICES = Choices(protocols=("prdc-i3d",), frames=(9,), num_real=10, num_fake=8)


@pytest.fixture
def sides(monkeypatch):
    use_engine(lambda *_, **__: FakeEngine(whole_numbers), patch=monkeypatch.setattr)
    random = np.random.default_rng(0)
    real = random.integers(0, 256, (10, 9, 8, 8, 3), dtype=np.uint8)
    fake = np.concatenate([real[:3], random.integers(0, 256, (5, 9, 8, 8, 3), dtype=np.uint8)])
    fake[3:6] //= 4
    return real, fake


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
    places, share = principal_components(samples)
    values, vectors = np.linalg.eigh(np.cov(samples.T))
    expected = (samples - samples.mean(0)) @ vectors[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-9)
    assert share == pytest.approx(values[-2:].sum() / values.sum())
    assert all(column[np.abs(column).argmax()] > 0 for column in places.T)
    assert principal_components(np.ones((4, 3))) == (pytest.approx(np.zeros((4, 2))), 0.0)


def test_the_picture_shows_each_end_once(sides):
    found = score_map(prepare_score_map(*sides, CHOICES))
    figure = score_map_figure(found)
    said = [text.get_text() for text in figure.texts]
    assert "least real" in said
    assert "most real" in said
    assert len(figure.axes) == 1 + 6  # the map and six strips
    worst, best = found.ranked[0], found.ranked[-1]
    assert f"1  {worst.realism:.2f}  {worst.name}" in said
    assert f"4  inf  {best.name}" in said
    legend = figure.axes[0].get_legend().get_window_extent()
    caption = figure.texts[-1].get_window_extent()
    assert legend.y0 > caption.y1  # these clips are small: the strips do not make room for the legend
    assert found.precision.signature_id in said[-1].replace("\n", " ")
    np.testing.assert_array_equal(
        figure.axes[1].images[0].get_array()[1:9, 1:9], sides[1][worst.clip.video, worst.clip.start]
    )


def test_few_samples_are_not_shown_twice(sides):
    real, fake = sides
    few = Choices(protocols=("prdc-i3d",), frames=(9,), num_real=10, num_fake=6)
    figure = score_map_figure(score_map(prepare_score_map(real, fake[:6], few)))
    shown = [text.get_text().split()[-1] for text in figure.texts if "clip0" in text.get_text()]
    assert len(shown) == len(set(shown)) == 6


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
