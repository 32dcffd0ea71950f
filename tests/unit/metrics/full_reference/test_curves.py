"""Means over videos frame by frame, in the reduction of each protocol."""

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.metrics.full_reference.curves import curve_over_videos
from vidmbench.metrics.full_reference.intervals import interval_over_videos, shares_of_ratio
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.protocol import load_protocol


def numbers(shape, seed=0):
    return np.random.default_rng(seed).gamma(5, 20, shape).astype(np.float32)


def curve_of(protocol, features, **changes):
    spec = load_protocol(protocol)
    statistics = spec.statistics.model_copy(update=changes)
    found = Features({"pair": features})
    return spec.kind.curve(statistics, found), spec.kind.compute(statistics, found)[0].value, (spec.kind, statistics)


def test_means_and_intervals_over_videos():
    values = np.array([[1.0, 2, 4], [3, 2, 0], [2, 5, 1], [2, 3, 3]])
    curve = curve_over_videos(values, 5)
    assert curve.first_frame == 5
    assert [frame.value for frame in curve.frames] == [2, 3, 2]
    assert (curve.mean.value, curve.change.value) == (pytest.approx(7 / 3), 0)
    for estimate, of_videos in (
        *zip(curve.frames, values.T, strict=True),
        (curve.change, values[:, 2] - values[:, 0]),
        (curve.mean, values.mean(1)),
    ):
        interval = interval_over_videos(of_videos)
        assert estimate.half_width == pytest.approx(interval.high - estimate.value)
        assert estimate.kind == "t-4-videos-95"


def test_what_has_no_interval():
    values = np.array([[np.inf, 2], [3, 2], [2, 5], [2, 3]])
    curve = curve_over_videos(values, 1)
    assert (curve.frames[0].value, curve.frames[0].half_width, curve.frames[0].kind) == (np.inf, None, None)
    assert curve.frames[1].half_width > 0
    assert curve.change.half_width is curve.mean.half_width is None
    assert curve_over_videos(values[1:], 1).frames[0].half_width is None


@pytest.mark.parametrize(
    "protocol", ["psnr-common-metrics", "psnr-srvp", "psnr-irasim", "ssim-scikit-image", "ssim-tecogan", "lpips-alex"]
)
@pytest.mark.parametrize("context", [0, 4])
def test_the_mean_over_frames_is_the_number_where_frames_are_averaged(protocol, context):
    features = numbers((6, 2, 16, 3 if protocol.startswith("psnr") else 1))
    curve, value, (_, statistics) = curve_of(protocol, features, context=context)
    assert curve.mean.value == pytest.approx(value, rel=1e-12)
    first = max(context, statistics.drop_first)
    assert (curve.first_frame, len(curve.frames)) == (first + 1, 16 - first - statistics.drop_last)


def test_one_error_for_all_has_one_for_each_frame():
    features = numbers((6, 2, 3, 3))
    curve, _, _ = curve_of("psnr-torchmetrics", features)
    for place, frame in enumerate(curve.frames):
        errors = features[:, :, place].astype(np.float64).mean((1, 2))
        assert frame.value == pytest.approx(-10 * np.log10(errors.mean() / 255**2), rel=1e-12)
        interval = interval_over_videos(shares_of_ratio(errors))
        assert frame.half_width == pytest.approx((interval.high - interval.low) / 2, rel=1e-9)
    features[:, :, 0] = 0
    curve, _, _ = curve_of("psnr-torchmetrics", features)
    assert (curve.frames[0].value, curve.frames[0].half_width) == (np.inf, None)
    assert np.isfinite(curve.frames[1].value)


@pytest.mark.parametrize(("protocol", "best"), [("psnr-mcvd", np.argmin), ("lpips-srvp", np.argmin)])
def test_of_several_predictions_the_frames_of_the_best_clip(protocol, best):
    features = numbers((6, 3, 4, 3 if protocol.startswith("psnr") else 1))
    curve, _, (kind, statistics) = curve_of(protocol, features, samples="best")
    chosen = features[range(6), best(features.mean((2, 3)), axis=1)]
    assert len(set(best(features.mean((2, 3)), axis=1))) > 1
    frames = kind.of_frames(statistics, chosen.astype(np.float64))
    np.testing.assert_allclose([frame.value for frame in curve.frames], frames.mean(0), rtol=1e-12)


def test_kinds_of_whole_sets_have_none():
    spec = load_protocol("fvd-tats")
    assert spec.kind.curve(spec.statistics, Features({"real": numbers((4, 3)), "fake": numbers((4, 3))})) is None


def test_videos_of_different_lengths():
    values = np.array([[1.0, 2, np.nan, np.nan], [3, 2, 0, np.nan], [2, 5, 1, np.nan]])
    curve = curve_over_videos(values, 1)
    assert [(frame.value, frame.num_videos) for frame in curve.frames] == [(2, 3), (3, 3), (0.5, 2)]
    assert (curve.change.value, curve.change.num_videos) == (-2, 2)
    assert curve.mean.value == pytest.approx((1.5 + 5 / 3 + 8 / 3) / 3)


@pytest.mark.parametrize("protocol", ["psnr-fastvideo", "psnr-torchmetrics", "ssim-fastvideo"])
@pytest.mark.parametrize("samples", ["mean", "best", "all"])
def test_frames_that_a_pair_lacks_count_nowhere(protocol, samples):
    features = numbers((6, 2, 4, 3 if protocol.startswith("psnr") else 1))
    features[0, :, 2:] = np.nan
    curve, value, _ = curve_of(protocol, features, samples=samples)
    assert [frame.num_videos for frame in curve.frames] == [6, 6, 5, 5]
    assert np.isfinite([frame.value for frame in curve.frames]).all()
    if protocol != "psnr-torchmetrics":
        assert curve.mean.value == pytest.approx(value, rel=1e-12)
    without, _, _ = curve_of(protocol, features[1:], samples=samples)
    assert curve.frames[3] == without.frames[3]


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([[[0.0], [1.0], [np.nan]]], "--context"),
        ([[[0.0], [0.0], [np.nan]]], "these are the targets themselves"),
    ],
)
def test_frames_that_a_pair_lacks_are_not_equal(features, said):
    numbers = np.repeat(np.array(features, np.float32)[None], 3, axis=-1)
    spec = load_protocol("psnr-scikit-image")
    with pytest.raises(DataError, match=r"of 2 frames are equal") as caught:
        spec.kind.compute(spec.statistics, Features({"pair": numbers}))
    assert said in caught.value.fix
