import numpy as np
import pytest
from reference.extrapolation import line_by_least_squares, mean_over_parts
from reference.frechet import frechet_by_sqrtm
from reference.jackknife import jackknife_standard_error

from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.frechet import frechet_distance
from vidmbench.metrics.infinity import check_counts, fitted_line, frechet_infinity, least_samples
from vidmbench.metrics.moments import Moments
from vidmbench.metrics.uncertainty import Interval
from vidmbench.reporting.plots.fvd_vs_n import extrapolation_figure

# The oracle takes covariances anew from samples and roots of whole matrices.
ROUNDING = 1e-7
COUNT = 1100
# Five standard errors of a mean over 24 trials.
TRIALS, SURE = 24, 5.0


def drawn(seed, count=COUNT, shift=0.0, width=4):
    return np.random.default_rng(seed).standard_normal((count, width)) * (1.0 + shift) + shift


def textbook(real, fake):
    sides = [(side.mean(axis=0), np.cov(side, rowvar=False, ddof=0)) for side in (real, fake)]
    return frechet_by_sqrtm(*sides[0], *sides[1])


def labels_of(seed, side, count, parts):
    """The cuts as documented: seeded permutations, dealt out to the parts like cards."""
    labels = np.empty((count, len(parts)), dtype=int)
    for place, number in enumerate(parts):
        labels[generator(seed, "infinity", side, place).permutation(count), place] = np.arange(count) % number
    return labels


@pytest.mark.parametrize("sizes", [(2048, 1024), (2048, 1024, 683, 512), (1500, 750, 750, 500)])
def test_a_straight_line_comes_back(sizes):
    x = [1.0 / size for size in sizes]
    line = fitted_line(x, [12.5 + 3000.0 * place for place in x])
    assert (line.value, line.slope) == pytest.approx((12.5, 3000.0), rel=1e-12)


def test_the_line_is_that_of_weighted_least_squares():
    x, values = [1.0, 2.0, 3.0, 4.0], [5.0, 9.0, 8.0, 15.0]
    line = fitted_line(x, values)
    assert (line.value, line.slope) == pytest.approx(tuple(line_by_least_squares(x, values)), rel=1e-6)
    assert line.value + line.slope == 5.0  # through the point of all samples
    assert line.slope == 17.0 / 6.0


@pytest.mark.parametrize(("x", "values"), [([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0, 2.0], [2.0])])
def test_no_line_without_two_places(x, values):
    with pytest.raises(ValueError, match="two points"):
        fitted_line(x, values)


@pytest.mark.parametrize("num_fake", [COUNT, 1030])
def test_points_and_value_are_those_of_the_plain_loops(num_fake):
    real, fake, parts = drawn(0), drawn(1, num_fake, 0.3), (1, 2)
    found = frechet_infinity(real, fake, normalisation="n", seed=3, groups=2)
    labels = labels_of(3, "real", COUNT, parts), labels_of(3, "fake", num_fake, parts)
    expected = [mean_over_parts(real, fake, *(own[:, place] for own in labels), textbook) for place in (0, 1)]
    assert found.values == pytest.approx(expected, rel=ROUNDING)
    assert found.value == pytest.approx(2.0 * expected[0] - expected[1], rel=ROUNDING)
    mean_count = 2.0 / (1.0 / COUNT + 1.0 / num_fake)
    assert found.sizes == pytest.approx((mean_count, mean_count / 2.0))
    assert found.slope == pytest.approx((expected[1] - expected[0]) * mean_count, rel=ROUNDING)


def test_the_interval_leaves_whole_samples_out_of_every_part():
    real, fake, parts, groups = drawn(0), drawn(1, shift=0.3), (1, 2), 4
    found = frechet_infinity(real, fake, normalisation="n", seed=3, groups=groups)
    labelled = [
        np.hstack([samples, labels_of(3, name, COUNT, parts)]) for samples, name in ((real, "real"), (fake, "fake"))
    ]

    def value_of(one, other):
        values = [
            mean_over_parts(one[:, :4], other[:, :4], one[:, place], other[:, place], textbook) for place in (4, 5)
        ]
        return 2.0 * values[0] - values[1]

    cut = [generator(3, "jackknife", name).permutation(COUNT).reshape(groups, -1).tolist() for name in ("real", "fake")]
    expected = jackknife_standard_error(*labelled, *cut, value_of)
    assert found.interval.standard_error == pytest.approx(expected, rel=ROUNDING)
    assert found.interval.kind == "jackknife-4x4-95"
    assert (found.interval.low + found.interval.high) / 2.0 == pytest.approx(found.value, rel=ROUNDING)


def test_by_default_up_to_four_points_from_all_samples_to_512():
    small = [frechet_infinity(drawn(0, n, width=2), drawn(1, n, width=2), normalisation="n", groups=2) for n in
             (1024, 2048, 9000)]  # fmt: skip
    assert [len(found.sizes) for found in small] == [2, 4, 4]
    assert [found.sizes[-1] for found in small] == pytest.approx([512.0, 512.0, 9000 / 16])


def test_more_cuts_of_one_size_are_averaged():
    real, fake = drawn(0), drawn(1, shift=0.3)
    one, several = (
        frechet_infinity(real, fake, normalisation="n", parts=(1, 2), repeats=repeats, groups=2) for repeats in (1, 3)
    )
    assert several.sizes == one.sizes
    assert several.values[0] == one.values[0]
    places = [mean_over_parts(real, fake, *(labels_of(0, side, COUNT, (1, 2, 2, 2))[:, place] for side in
              ("real", "fake")), textbook) for place in (1, 2, 3)]  # fmt: skip
    assert several.values[1] == pytest.approx(np.mean(places), rel=ROUNDING)


def test_the_bias_is_gone_and_the_value_may_be_negative():
    """Equal distributions: plain values are off by many standard errors, extrapolated ones by none."""
    found = [
        frechet_infinity(drawn(2 * t, 1024, width=16), drawn(2 * t + 1, 1024, width=16), normalisation="n-1", groups=2)
        for t in range(TRIALS)
    ]
    for values, is_off in (([one.value for one in found], False), ([one.values[0] for one in found], True)):
        error = np.std(values, ddof=1) / np.sqrt(TRIALS)
        assert (abs(np.mean(values)) > SURE * error) == is_off
    assert min(one.value for one in found) < 0.0
    assert min(one.interval.low for one in found) < 0.0


def test_frames_of_one_clip_stay_together():
    clips, others = (drawn(seed, 1030 * 3).reshape(1030, 3, 4) for seed in (0, 1))
    found = frechet_infinity(clips, others, normalisation="n", groups=2)
    rows = Moments.of(clips.reshape(-1, 4)), Moments.of(others.reshape(-1, 4))
    assert found.values[0] == pytest.approx(frechet_distance(*rows, normalisation="n"), rel=ROUNDING)
    assert found.sizes[0] == pytest.approx(1030.0)
    single = frechet_infinity(clips, others[:, 0], normalisation="n", groups=2)  # three of one side, one of the other
    sides = rows[0], Moments.of(others[:, 0])
    assert single.values[0] == pytest.approx(frechet_distance(*sides, normalisation="n"), rel=ROUNDING)


def test_too_few_samples_are_refused_with_what_would_do():
    with pytest.raises(DataError, match="too few videos to extrapolate") as problem:
        frechet_infinity(drawn(0, 1023), drawn(1, 5000), normalisation="n")
    assert (problem.value.expected or "").startswith("at least 1024 per side")
    assert problem.value.found == "1023 real and 5000 generated"
    assert "1024 videos per side" in (problem.value.fix or "")


def test_many_features_need_more_samples():
    assert (least_samples(400), least_samples(2048), least_samples(2048, rows=16)) == (1024, 5120, 1024)
    with pytest.raises(DataError, match="extrapolate"):
        check_counts(5119, 6000, 2048)
    check_counts(5120, 6000, 2048)


def test_parts_that_are_too_small_or_out_of_order():
    real, fake = drawn(0), drawn(1)
    with pytest.raises(DataError, match="3 parts are too many") as problem:
        frechet_infinity(real, fake, normalisation="n", parts=(1, 3))
    assert problem.value.found == "366"
    for parts in ((2, 1), (1,), (2, 3), (1, 1, 2)):
        with pytest.raises(ValueError, match="parts"):
            frechet_infinity(real, fake, normalisation="n", parts=parts)


def test_the_picture_shows_points_line_and_interval():
    from vidmbench.metrics.infinity import Extrapolation

    found = Extrapolation(10.0, Interval(7.0, 13.0, 1.5, "jackknife-20x20-95"), (1024.0, 512.0), (30.0, 50.0), 20480.0)
    (axis,) = extrapolation_figure(found, metric="FVD", title="fakes against truth").axes
    assert axis.get_title() == "fakes against truth"
    np.testing.assert_allclose(axis.lines[0].get_data(), [[0.0, 1 / 512], [10.0, 50.0]])
    np.testing.assert_allclose(axis.collections[0].get_offsets(), [[1 / 1024, 30.0], [1 / 512, 50.0]])
    assert [text.get_text() for text in axis.texts] == ["10.0 [7.0, 13.0]", "30.0", "50.0"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["∞", "1,024", "512"]
    assert "FVD-infinity, with its 95 % interval" in axis.get_legend_handles_labels()[1]
