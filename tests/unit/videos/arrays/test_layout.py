"""What declared numbers stand for."""

import tracemalloc

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.arrays.values import (
    ALPHA_NOTE,
    DARK_SIDE_NOTE,
    Extent,
    check_values,
    notes_on,
    slabs,
    to_clips,
)

CLIPS = np.random.default_rng(0).integers(0, 256, (2, 5, 8, 12, 3), dtype=np.uint8)
ORDER = "nthwc"


def in_axes(clips, axes):
    return clips.transpose([ORDER.index(letter) for letter in axes])


@pytest.mark.parametrize("axes", ["nthwc", "ntchw", "ncthw", "hwcnt"])
def test_any_order_of_axes_gives_the_same_clips(axes):
    clips = to_clips(in_axes(CLIPS, axes), ArrayLayout(axes, "0..255"), "a")

    np.testing.assert_array_equal(clips, CLIPS)
    assert clips.dtype == np.uint8
    assert clips.flags.c_contiguous


@pytest.mark.parametrize("axes", ["thwc", "tchw", "cthw"])
def test_without_n_there_is_one_video(axes):
    video = CLIPS[0].transpose(["thwc".index(letter) for letter in axes])

    np.testing.assert_array_equal(to_clips(video, ArrayLayout(axes), "a"), CLIPS[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64, ">f4"])
@pytest.mark.parametrize("rounding", ["nearest", "truncate"])
def test_whole_numbers_stay_what_they_are(dtype, rounding):
    layout = ArrayLayout(ORDER, "0..255", rounding)

    np.testing.assert_array_equal(to_clips(CLIPS.astype(dtype), layout, "a"), CLIPS)


@pytest.mark.parametrize(
    ("declared", "rounding", "values", "levels"),
    [
        # An even level takes the half: that is what rint means.
        ("0..255", "nearest", [0, 0.4, 0.5, 0.6, 1.5, 254.6, 255.9, -0.9], [0, 0, 0, 1, 2, 255, 255, 0]),
        ("0..255", "truncate", [0, 0.4, 0.99, 1.0, 1.99, 254.99, 255.9, -0.9], [0, 0, 0, 1, 1, 254, 255, 0]),
        ("0..1", "nearest", [0, 0.5, 1, 1.003, -0.003, 0.999, 0.0019, 0.002], [0, 128, 255, 255, 0, 255, 0, 1]),
        ("0..1", "truncate", [0, 0.5, 1, 1.003, -0.003, 0.999, 0.0039, 0.004], [0, 127, 255, 255, 0, 254, 0, 1]),
        ("-1..1", "nearest", [-1, 0, 1, 1.007, -1.007, 0.999, -0.5, 0.5], [0, 128, 255, 255, 0, 255, 64, 191]),
        ("-1..1", "truncate", [-1, 0, 1, 1.007, -1.007, 0.999, -0.5, 0.5], [0, 127, 255, 255, 0, 254, 63, 191]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_become_bytes_as_declared(declared, rounding, values, levels, dtype):
    array = np.array(values, dtype).reshape(1, 2, 2, 2, 1)

    clips = to_clips(array, ArrayLayout(ORDER, declared, rounding), "a")

    assert clips[..., 0].ravel().tolist() == levels


@pytest.mark.parametrize("rounding", ["nearest", "truncate"])
def test_the_arithmetic_is_that_of_the_systems_in_torch(rounding):
    torch = pytest.importorskip("torch")
    array = np.random.default_rng(1).uniform(-1, 1, (1, 4, 64, 64, 3)).astype(np.float32)
    levels = torch.from_numpy(array).clamp(-1, 1).mul(0.5).add(0.5).mul(255)
    expected = (levels.round() if rounding == "nearest" else levels).to(torch.uint8).numpy()

    np.testing.assert_array_equal(to_clips(array, ArrayLayout(ORDER, "-1..1", rounding), "a"), expected)


def test_half_precision_is_widened_before_it_is_scaled():
    array = (CLIPS / 255).astype(np.float16)

    clips = to_clips(array, ArrayLayout(ORDER, "0..1"), "a")

    np.testing.assert_array_equal(clips, np.rint(array.astype(np.float32) * 255).astype(np.uint8))


def test_black_and_white_in_integers():
    clips = to_clips(np.array([0, 1], np.uint8).reshape(1, 1, 1, 2, 1), ArrayLayout(ORDER, "0..1"), "a")

    assert clips[0, 0, 0, :, 0].tolist() == [0, 255]


def test_grey_is_repeated_with_an_axis_of_channels_and_without():
    grey = CLIPS[..., :1]
    expected = np.repeat(grey, 3, axis=-1)

    np.testing.assert_array_equal(to_clips(grey, ArrayLayout(ORDER), "a"), expected)
    np.testing.assert_array_equal(to_clips(grey[..., 0], ArrayLayout("nthw"), "a"), expected)
    assert notes_on(grey.shape, ArrayLayout(ORDER)) == ()


def test_a_fourth_channel_is_dropped_and_noted():
    array = np.concatenate([CLIPS, CLIPS[..., :1]], axis=-1).transpose(0, 4, 1, 2, 3)
    layout = ArrayLayout("ncthw", "0..255")

    np.testing.assert_array_equal(to_clips(array, layout, "a"), CLIPS)
    assert notes_on(array.shape, layout) == (ALPHA_NOTE,)


def test_a_signed_range_without_dark_values_is_noted():
    layout = ArrayLayout(ORDER, "-1..1")

    assert notes_on(CLIPS.shape, layout, Extent(0, 1, 0)) == (DARK_SIDE_NOTE,)
    assert notes_on(CLIPS.shape, layout, Extent(-0.1, 1, 0)) == ()
    assert notes_on(CLIPS.shape, layout, Extent(0.5, 0.5, 0)) == ()


UNIT = (CLIPS / 255).astype(np.float32)
_REFUSED = {
    "undeclared_unit": (
        UNIT, ArrayLayout(ORDER), "range is not declared", "values from 0 to 1",
        'if 0 is black and 1 is white, declare it in the layout: array = { axes = "nthwc", range = "0..1", '
        'rounding = "nearest" }',
    ),
    "undeclared_signed": (
        UNIT * 2 - 1, ArrayLayout(ORDER, rounding="truncate", key="x"), "range is not declared", "values from -1 to 1",
        'range = "-1..1", rounding = "truncate", key = "x" }',
    ),
    "undeclared_bytes": (
        CLIPS.astype(np.float32), ArrayLayout(ORDER), "range is not declared", "values from 0 to 255",
        'range = "0..255"',
    ),
    "undeclared_other": (
        UNIT * 6 - 3, ArrayLayout(ORDER), "range is not declared", "values from -3 to 3", "as the system's own code",
    ),
    "undeclared_bits": (
        (CLIPS > 99).astype(np.int64), ArrayLayout(ORDER), "range is not declared", "values from 0 to 1", "0..1",
    ),
    "undeclared_negative": (
        CLIPS.astype(np.int16) - 128, ArrayLayout(ORDER), "range is not declared", "values from -128 to 127", "bring",
    ),
    "too_high": (
        UNIT * 1.005, ArrayLayout(ORDER, "0..1"), "not in the range declared, 0..1", "values from 0 to 1.005",
        '"-1..1"',
    ),
    "too_low": (UNIT - 1, ArrayLayout(ORDER, "0..1"), "not in the range declared", "values from -1 to 0", '"-1..1"'),
    "signed_as_bytes": (
        UNIT * 2 - 1, ArrayLayout(ORDER, "0..255"), "all of it would be black", "values from -1 to 1", '"-1..1"',
    ),
    "unit_as_bytes": (
        UNIT, ArrayLayout(ORDER, "0..255"), "all of it would be black", "values from 0 to 1", 'range = "0..1"',
    ),
    "bytes_as_unit": (CLIPS, ArrayLayout(ORDER, "0..1"), "not in the range declared", "values from 0 to 255", "0..255"),
    "nan": (
        np.where(CLIPS == 7, np.nan, UNIT), ArrayLayout(ORDER, "0..1"),
        f"{(CLIPS == 7).sum()} values are NaN or infinite", "values from 0 to 1", "why the generator",
    ),
    "infinite": (
        np.full(CLIPS.shape, -np.inf), ArrayLayout(ORDER), f"{CLIPS.size} values are NaN", "no finite value", "why",
    ),
    "tokens_of_tats": (
        CLIPS[..., 0].astype(np.int64), ArrayLayout(ORDER, "0..255", "truncate"), "token indices, no pixels",
        "int64 (2, 5, 8, 12)", "--save_videos",
    ),
    "small_tokens": (CLIPS[..., 0], ArrayLayout(ORDER), "token indices, no pixels", "uint8 (2, 5, 8, 12)", '"nthw"'),
    "tokens_of_one_video": (
        CLIPS[0, ..., 0].astype(np.int32), ArrayLayout("tchw", "0..255"), "token indices", "int32 (5, 8, 12)", "decode",
    ),
    "large_integers": (
        CLIPS.astype(np.int64) * 64, ArrayLayout(ORDER, "0..255"), "token indices", "from 0 to 16320", "more than 8",
    ),
    "one_video": (CLIPS[0], ArrayLayout(ORDER), "not have the axes declared", "uint8 (5, 8, 12, 3)", 'axes = "thwc"'),
    "float_without_channels": (UNIT[..., 0], ArrayLayout(ORDER, "0..1"), "axes declared", "float32 (2, 5, 8, 12)", "t"),
    "six_axes": (CLIPS[None], ArrayLayout(ORDER), "axes declared", "(1, 2, 5, 8, 12, 3)", "a letter for each axis"),
    "channels_second": (
        CLIPS.transpose(0, 4, 1, 2, 3), ArrayLayout(ORDER), "12 channels where the axes nthwc have them",
        "uint8 (2, 3, 5, 8, 12)", 'axes = "ncthw"',
    ),
    "no_colours": (CLIPS[..., :2], ArrayLayout(ORDER), "2 channels", "(2, 5, 8, 12, 2)", "in the order of the file"),
    "empty": (CLIPS[:, :0], ArrayLayout(ORDER), "the array is empty", "(2, 0, 8, 12, 3)", "again"),
    "masks": (CLIPS > 9, ArrayLayout(ORDER, "0..1"), "no numbers that can be pixels", "bool", "not that of masks"),
    "complex": (CLIPS.astype(np.complex64), ArrayLayout(ORDER, "0..255"), "no numbers", "complex64", "objects"),
}  # fmt: skip


@pytest.mark.parametrize(("array", "layout", "problem", "found", "fix"), _REFUSED.values(), ids=_REFUSED)
def test_what_is_not_as_declared_is_refused(array, layout, problem, found, fix):
    with pytest.raises(DataError) as raised:
        to_clips(array, layout, "samples/a.npy")

    assert problem in raised.value.problem
    assert found in raised.value.found
    assert fix in raised.value.fix
    assert raised.value.expected
    assert raised.value.where == "samples/a.npy"


def test_the_axes_proposed_are_right():
    array = CLIPS.transpose(0, 1, 4, 2, 3)
    with pytest.raises(DataError) as raised:
        to_clips(array, ArrayLayout(ORDER), "a")

    axes = raised.value.fix.split('"')[1]

    np.testing.assert_array_equal(to_clips(array, ArrayLayout(axes), "a"), CLIPS)


def test_a_grey_level_beyond_the_range_is_rounding_and_more_is_not():
    for declared, low, high in (("0..255", 0, 255), ("0..1", 0, 1), ("-1..1", -1, 1)):
        level = (high - low) / 255
        video = np.array([low - 0.9 * level, high + 0.9 * level]).reshape(1, 1, 2, 1)
        clips = to_clips(video, ArrayLayout("thwc", declared), "a")
        assert clips[0, 0, :, 0].tolist() == [0, 255]
        for beyond in ([low - 1.1 * level, high], [low, high + 1.1 * level]):
            with pytest.raises(DataError, match="not in the range declared"):
                to_clips(np.array(beyond).reshape(1, 1, 2, 1), ArrayLayout("thwc", declared), "a")


def test_a_black_video_of_floats_is_black():
    assert not to_clips(np.zeros((2, 4, 4, 3), np.float32), ArrayLayout("thwc", "0..255"), "a").any()


@pytest.mark.parametrize("axes", ["nthwx", "nthww", "nhwc", "", "NTHWC"])
def test_axes_that_cannot_be(axes):
    with pytest.raises(DataError, match="unknown axes of an array of videos") as raised:
        ArrayLayout(axes)

    assert raised.value.found == f"axes {axes!r}"
    assert "such as nthwc" in raised.value.expected


@pytest.mark.parametrize("kind", ["c", "fortran", "transposed", "strided"])
def test_slabs_are_all_of_the_array_and_small(kind, monkeypatch):
    monkeypatch.setattr("vidmbench.videos.arrays.values._SLAB", 100)
    array = np.arange(6 * 7 * 8 * 9).reshape(6, 7, 8, 9)
    array = {
        "c": array,
        "fortran": np.asfortranarray(array),
        "transposed": array.transpose(2, 0, 3, 1),
        "strided": array[::2, :, ::-3],
    }[kind]

    parts = list(slabs(array))

    assert max(part.size for part in parts) <= 100
    assert sorted(np.concatenate([part.ravel() for part in parts]).tolist()) == sorted(array.ravel().tolist())
    assert all(np.shares_memory(part, array) for part in parts)


def test_one_part_decides_about_bytes_and_floats_are_not_copied():
    def first_alone():
        yield np.full(8, 99, np.uint8)
        raise AssertionError("99 is an intensity level: nothing else is looked at")

    check_values(first_alone(), (1,), np.dtype(np.uint8), ArrayLayout("thw"), "a")
    array = np.ones((8, 256, 256, 3), np.float32)
    tracemalloc.start()
    try:
        check_values(slabs(array), array.shape, array.dtype, ArrayLayout("thwc", "0..1"), "a")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < array.nbytes / 10
