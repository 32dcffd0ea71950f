"""The figure of scores for each video: a map, and the videos at its ends."""

import numpy as np
import pytest
from support.engines import FakeEngine, use_engine, whole_numbers
from support.figure_texts import faults
from support.score_map_sides import CHOICES, real_and_fake

from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.score_map import prepare_score_map, score_map
from vidmbench.reporting.plots.score_map import _number, score_map_figure
from vidmbench.reporting.plots.style import new_figure


@pytest.fixture
def sides(monkeypatch):
    use_engine(lambda *_, **__: FakeEngine(whole_numbers), patch=monkeypatch.setattr)
    return real_and_fake()


def test_the_figure_shows_each_end_once(sides):
    scored = score_map(prepare_score_map(*sides, CHOICES))
    figure = score_map_figure(scored)
    texts = [text.get_text() for text in figure.texts]
    assert "least real" in texts
    assert "most real" in texts
    assert len(figure.axes) == 1 + 6  # the map and six strips
    worst, best = scored.ranked[0], scored.ranked[-1]
    assert f"1  {worst.realism:.2f}  {worst.name}" in texts
    assert f"4  inf  {best.name}" in texts
    axis = figure.axes[0]
    assert axis.get_xlabel().startswith("1st principal component of the features (")
    assert axis.get_ylabel().startswith("2nd principal component (")
    assert sum(scored.shares) <= 1
    assert faults(figure) == []
    legend = figure.axes[0].get_legend().get_window_extent()
    caption = figure.texts[-1].get_window_extent()
    assert legend.y0 > caption.y1  # these clips are small: the strips do not make room for the legend
    assert scored.precision.signature_id in texts[-1].replace("\n", " ")
    np.testing.assert_array_equal(
        figure.axes[1].images[0].get_array()[1:9, 1:9], sides[1][worst.clip.video, worst.clip.start]
    )


def test_few_samples_are_not_shown_twice(sides):
    real, fake = sides
    few = Choices(protocols=("prdc-i3d",), frames=(9,), num_real=10, num_fake=6)
    figure = score_map_figure(score_map(prepare_score_map(real, fake[:6], few)))
    shown = [text.get_text().split()[-1] for text in figure.texts if "clip0" in text.get_text()]
    assert len(shown) == len(set(shown)) == 6


def test_numbers_stand_beside_their_points():
    axis = new_figure(4, 4).subplots()
    positions = [(1000.0 * place, 500.0 * place) for place in range(1, 5)]  # far outside the limits of an empty axis
    axis.scatter(*zip(*positions, strict=True))
    _number(axis, positions)
    assert [text.xyann for text in axis.texts] == [(3, 3)] * 4
