"""SSIM against the formula written as loops."""

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.metrics.full_reference import ssim as module
from vidmbench.metrics.full_reference.ssim import ssim
from vidmbench.metrics.full_reference.windows import local_sums, padded, weights


def plain(real, fake, window, padding, factor, data_range):
    """One channel of one frame, window by window."""
    row = weights(window)
    taps, kernel = len(row), np.outer(row, row) / row.sum() ** 2
    real, fake = real.astype(float), fake.astype(float)
    if padding != "valid":
        half = taps // 2
        mode = {"zero": "constant", "reflect": "reflect"}[padding]
        real, fake = np.pad(real, half, mode=mode), np.pad(fake, half, mode=mode)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    found = []
    for top in range(real.shape[0] - taps + 1):
        for left in range(real.shape[1] - taps + 1):
            x, y = (image[top : top + taps, left : left + taps] for image in (real, fake))
            mx, my = (kernel * x).sum(), (kernel * y).sum()
            vx, vy = factor * (kernel * (x - mx) ** 2).sum(), factor * (kernel * (y - my) ** 2).sum()
            cxy = factor * (kernel * (x - mx) * (y - my)).sum()
            found.append((2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return np.mean(found)


@pytest.mark.parametrize("size", [(13, 19), (80, 15)])  # narrower and wider than a tile
@pytest.mark.parametrize("padding", ["valid", "zero", "reflect"])
@pytest.mark.parametrize(("window", "is_sample"), [("gaussian-11", False), ("uniform-7", True)])
def test_against_loops(window, is_sample, padding, size):
    chance = np.random.default_rng(0)
    real = chance.integers(0, 256, (2, *size, 3), np.uint8)
    fake = (real // 2 + chance.integers(0, 128, real.shape)).astype(np.uint8)
    factor = 49 / 48 if is_sample else 1
    expected = [
        np.mean([plain(x[..., c], y[..., c], window, padding, factor, 255) for c in range(3)])
        for x, y in zip(real, fake, strict=True)
    ]
    found = ssim(real, fake, window=window, padding=padding, is_sample_covariance=is_sample)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_a_flat_prediction_has_no_range_of_its_own():
    real = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 1), np.uint8)
    options = {"window": "uniform-7", "padding": "valid", "is_sample_covariance": True, "data_range": "prediction"}
    assert ssim(real, np.full_like(real, 7), **options) == [0]
    assert ssim(np.full_like(real, 7), np.full_like(real, 7), **options) == [0]


@pytest.mark.parametrize("window", ["gaussian-11", "uniform-7"])
def test_constant_frames_are_a_number(window):
    flat = np.full((1, 16, 16, 3), 9, np.uint8)
    found = ssim(flat, flat + np.uint8(100), window=window, padding="valid", is_sample_covariance=False)
    assert found == pytest.approx((2 * 9 * 109 + 6.5025) / (81 + 109**2 + 6.5025))
    assert ssim(flat, flat, window=window, padding="valid", is_sample_covariance=False) == [1]


def test_frames_smaller_than_the_window_are_refused():
    small = np.zeros((1, 8, 16, 3), np.uint8)
    with pytest.raises(DataError, match="11 x 11 pixels or more"):
        ssim(small, small, window="gaussian-11", padding="valid", is_sample_covariance=False)
    assert ssim(small, small, window="uniform-7", padding="valid", is_sample_covariance=False) == [1]


@pytest.mark.parametrize("window", ["gaussian-11", "uniform-7"])
@pytest.mark.parametrize("length", [11, 16, 26, 27, 75])
def test_local_sums_of_every_size(window, length):
    image = np.random.default_rng(length).normal(size=(12, length, 3))
    row = weights(window)
    along = np.apply_along_axis(np.convolve, 1, image, row, mode="valid")
    both = np.apply_along_axis(np.convolve, 0, along, row, mode="valid")
    found = local_sums(padded(image, window, "valid"), window)
    both = both if window == "uniform-7" else both.transpose(2, 0, 1)
    np.testing.assert_allclose(found, both, atol=1e-12)


@pytest.mark.parametrize("window", ["uniform-7", "gaussian-11"])
def test_strips_change_nothing(monkeypatch, window):
    real, fake = np.random.default_rng(0).integers(0, 256, (2, 1, 90, 20, 3)).astype(np.uint8)
    options = {"window": window, "padding": "reflect", "is_sample_covariance": True}
    whole = ssim(real, fake, **options)
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", 1)  # strips of 16 rows, and a short last one
    np.testing.assert_allclose(ssim(real, fake, **options), whole, rtol=1e-14)


@pytest.mark.parametrize("fake", [0, 255])
def test_the_largest_sums_of_whole_numbers_fit(fake):
    white = np.full((1, 9, 9, 1), 255, np.uint8)
    options = {"window": "uniform-7", "padding": "valid", "is_sample_covariance": True}
    expected = (2 * 255 * fake + 6.5025) / (255**2 + fake**2 + 6.5025)
    assert ssim(white, np.full_like(white, fake), **options) == pytest.approx(expected, rel=1e-14)
