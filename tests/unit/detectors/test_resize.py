import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from reference.resizing import line_weights, resize_image, resize_scalar, short_side_crop, short_side_size

from vidmbench.detectors import resize
from vidmbench.detectors.resize import prepared
from vidmbench.protocols.protocol import load_protocol

KERNELS = ["bilinear-half-pixel", "bilinear-tf1"]
GREY = 1e-3  # grey levels; float32 positions on 0..255 reach about 1e-4
SIZES = [(1, 1), (1, 5), (7, 1), (2, 2), (13, 7), (64, 64), (120, 160), (223, 225), (224, 224), (300, 210)]


@pytest.fixture
def stage():
    base = load_protocol("fvd-stylegan-v").array

    def with_values(**values):
        return base.model_copy(update=values)

    return with_values


def frames_of(height, width, count=2):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def grey(array, interval="-1..1"):
    """Back to grey levels, in float64."""
    array = array.astype(np.float64)
    return (array + 1) * 127.5 if interval == "-1..1" else array * 255


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_squashing_against_the_scalar_oracle(stage, height, width, kernel):
    frames = frames_of(height, width)
    found = prepared(frames, stage(resize=kernel), size=224)
    assert found.shape == (2, 224, 224, 3)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    expected = np.stack([resize_image(frame, (224, 224), kernel) for frame in frames])
    np.testing.assert_allclose(grey(found), expected, rtol=0, atol=GREY)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 3), (9, 14), (30, 20)])
def test_pixel_by_pixel(stage, height, width, kernel):
    (frame,) = frames_of(height, width, 1)
    found = prepared(frame[None], stage(resize=kernel), size=12)
    np.testing.assert_allclose(grey(found[0]), resize_scalar(frame, (12, 12), kernel), rtol=0, atol=GREY)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_half_pixel_is_what_pytorch_calls_bilinear(stage, height, width):
    frames = frames_of(height, width)
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float()
    expected = F.interpolate(x, size=(224, 224), mode="bilinear", align_corners=False).permute(0, 2, 3, 1).numpy()
    found = prepared(frames, stage(resize="bilinear-half-pixel"), size=224)
    np.testing.assert_allclose(grey(found), expected, rtol=0, atol=GREY)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("height", "width"), [(120, 160), (160, 120), (64, 64), (224, 300), (9, 40), (1, 3), (3, 1), (101, 100), (300, 500)]
)
def test_cropping_the_short_side(stage, height, width, kernel):
    frames = frames_of(height, width)
    found = prepared(frames, stage(resize=kernel, crop="short-side-centre"), size=224)
    assert found.shape == (2, 224, 224, 3)
    expected = np.stack([short_side_crop(frame, 224, kernel) for frame in frames])
    np.testing.assert_allclose(grey(found), expected, rtol=0, atol=GREY)


def test_crop_and_squash_differ_off_the_square(stage):
    frames = frames_of(120, 160)
    squashed, cropped = (prepared(frames, stage(crop=crop), size=224) for crop in ("none", "short-side-centre"))
    assert np.abs(grey(squashed) - grey(cropped)).max() > 10


def test_the_kernels_differ_by_half_a_pixel(stage):
    ramp = np.tile(np.arange(64, dtype=np.uint8)[None, None, :, None] * 4, (1, 64, 1, 3))
    half, tf1 = (grey(prepared(ramp, stage(resize=kernel), size=224)) for kernel in KERNELS)
    # A step of 4 grey levels an input pixel; half an output pixel less half an input pixel is 0.357 input pixels.
    np.testing.assert_allclose((tf1 - half)[:, :, 4:-8], 4 * (0.5 - 0.5 * 64 / 224), atol=GREY)


@pytest.mark.parametrize("crop", ["none", "short-side-centre"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_networks_own_size_is_left_alone(stage, kernel, crop):
    frames = frames_of(224, 224)
    found = prepared(frames, stage(resize=kernel, crop=crop), size=224)
    np.testing.assert_allclose(grey(found), frames, rtol=0, atol=3e-5)


@pytest.mark.parametrize(("interval", "ends"), [("-1..1", (-1.0, 1.0)), ("0..1", (0.0, 1.0))])
@pytest.mark.parametrize("size", [64, 224])
def test_black_and_white_are_the_ends_of_the_range(stage, interval, ends, size):
    for value, end in zip((0, 255), ends, strict=True):
        frames = np.full((9, size, size, 3), value, dtype=np.uint8)
        found = prepared(frames, stage(range=interval), size=224)
        np.testing.assert_allclose(found, end, rtol=0, atol=2e-7)


def test_the_ranges_hold_the_same_picture(stage):
    frames = frames_of(50, 60)
    one, two = (grey(prepared(frames, stage(range=name), size=224), name) for name in ("-1..1", "0..1"))
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_each_frame_is_resized_by_itself(stage, kernel):
    frames = frames_of(50, 60, 5)
    together = prepared(frames, stage(resize=kernel), size=224)
    alone = [prepared(frame[None], stage(resize=kernel), size=224)[0] for frame in frames]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_views_and_read_only_arrays_are_taken(stage):
    frames = frames_of(30, 40, 4)
    backwards = prepared(np.ascontiguousarray(frames[::-1]), stage(), size=224)
    kept = frames.copy()
    np.testing.assert_array_equal(prepared(frames, stage(), size=224)[::-1], backwards)
    np.testing.assert_array_equal(frames, kept)


LARGE = [(449, 3), (450, 7), (600, 40), (672, 5), (896, 9), (1000, 8), (1080, 192), (1117, 30), (2160, 36), (4320, 6)]


@pytest.mark.parametrize("crop", ["none", "short-side-centre"])
@pytest.mark.parametrize("kernel", [*KERNELS, "bilinear-antialias", "bicubic-pil"])
def test_rows_that_are_never_read_may_hold_anything(stage, kernel, crop, monkeypatch):
    """Of large frames only the rows that count become floats; the others are poisoned here."""
    made = np.empty

    def poisoned(shape, dtype=float, *rest, **kind):
        array = made(shape, dtype, *rest, **kind)
        if array.dtype == np.float32:
            array[...] = np.nan
        return array

    monkeypatch.setattr(np, "empty", poisoned)
    for (height, width), size in itertools.product(LARGE, (112, 224, 299)):
        if crop == "none" or 4 * width >= height:
            frames = frames_of(height, width)
            found = prepared(frames, stage(resize=kernel, crop=crop), size=size)
            with monkeypatch.context() as patch:
                patch.setattr(resize, "_rows_read", lambda kernel, old, new: np.arange(old))
                whole = prepared(frames, stage(resize=kernel, crop=crop), size=size)
            np.testing.assert_array_equal(found.view(np.uint32), whole.view(np.uint32))


# The oracles themselves.


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("old", "new"), [(1, 5), (5, 1), (7, 13), (13, 7), (64, 224)])
def test_weights_of_a_pixel_sum_to_one(kernel, old, new):
    weights = line_weights(kernel, old, new)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    assert weights.min() >= 0


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_two_oracles_agree(kernel):
    (frame,) = frames_of(5, 9, 1)
    np.testing.assert_allclose(resize_scalar(frame, (8, 4), kernel), resize_image(frame, (8, 4), kernel), atol=1e-9)


def test_the_short_side_by_hand():
    assert short_side_size(120, 160, 224) == (224, 299)
    assert short_side_size(160, 120, 224) == (299, 224)
    assert short_side_size(64, 64, 224) == (224, 224)
