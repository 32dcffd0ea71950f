"""Arrays and tensors of every type, layout and range: converted as declared, or refused with what to declare."""

import numpy as np
import pytest
import torch

from vidmbench import open_source, to_uint8
from vidmbench.core.errors import DataError, UsageError, VidmbenchError
from vidmbench.videos.arrays.layout import ArrayLayout, as_pixels
from vidmbench.videos.in_memory.numbers import is_mapped

CLIPS = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 7, 3), dtype=np.uint8)
UNIT = torch.from_numpy(CLIPS).float() / 127.5 - 1


def order(layout):
    return ["NTHWC".index(axis) for axis in layout]


def pixels(source):
    return np.stack([source.read(index, range(source.num_frames(index))) for index in range(len(source))])


@pytest.mark.parametrize("layout", ["NTHWC", "NCTHW", "NTCHW", "TNCHW", "CWHTN", "b c t h w", "BFCHW", "NCDHW"])
@pytest.mark.parametrize("kind", ["numpy", "torch", "grad", "uint8"])
def test_every_layout_of_every_kind_gives_the_same_source(layout, kind):
    named = layout.replace(" ", "").upper().translate(str.maketrans("BFD", "NTT"))
    moved = {
        "numpy": lambda: UNIT.numpy().transpose(order(named)),
        "torch": lambda: UNIT.permute(order(named)),
        "grad": lambda: UNIT.permute(order(named)).clone().requires_grad_() * 1,
        "uint8": lambda: torch.from_numpy(CLIPS).permute(order(named)),
    }[kind]()
    found = open_source(moved, layout=layout, value_range=None if kind == "uint8" else (-1, 1))
    assert (pixels(found) == CLIPS).all()
    plain = open_source(CLIPS)
    assert (found.digest(), found.name(1), found.label) == (plain.digest(), plain.name(1), plain.label)
    assert (to_uint8(moved, layout=layout, value_range=None if kind == "uint8" else (-1, 1)) == CLIPS).all()


@pytest.mark.parametrize("value_range", [(0, 1), (-1, 1), (0, 255), (-0.5, 0.5), (10, 20), (0, 65535)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_range_comes_back_exactly(value_range, dtype):
    low, high = value_range
    values = torch.from_numpy(CLIPS).to(dtype) / 255 * (high - low) + low
    for given in (values, values.numpy()):
        assert (to_uint8(given, value_range=value_range) == CLIPS).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_numbers_of_16_bits_become_the_nearest_level(dtype):
    half = UNIT.to(dtype)
    expected = ((half.double() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
    found = to_uint8(half, value_range=(-1, 1))
    assert (found == expected).all()
    assert (abs(found.astype(int) - CLIPS) <= 1).all()
    assert (pixels(open_source(half.requires_grad_(), value_range=(-1, 1))) == expected).all()


def test_rounding_is_that_of_the_declared_layouts_of_files():
    values = np.random.default_rng(1).uniform(-1, 1, (2, 3, 4, 5, 3)).astype(np.float32)
    for rounding in ("nearest", "truncate"):
        expected = as_pixels(values, ArrayLayout("nthwc", "-1..1", rounding))
        assert (to_uint8(values, value_range=(-1, 1), rounding=rounding) == expected).all()
    levels = (values.astype(np.float64) + 1) * 127.5
    assert (abs(to_uint8(values, value_range=(-1, 1)) - levels) < 0.5001).all()
    assert (to_uint8(values, value_range=(-1, 1), rounding="truncate") == np.floor(levels)).mean() > 0.99


def test_integers_grey_masks_and_transparency():
    assert (to_uint8(CLIPS.astype(np.int64), value_range=(0, 255)) == CLIPS).all()
    assert (to_uint8(CLIPS.astype(np.uint16) * 257, value_range=(0, 65535)) == CLIPS).all()
    grey = to_uint8(CLIPS[..., 0], layout="NTHW")
    assert (grey == CLIPS[..., :1]).all()
    assert grey.shape == CLIPS.shape
    assert set(np.unique(to_uint8(CLIPS > 99, value_range=(0, 1)))) == {0, 255}
    alpha = open_source(np.concatenate([CLIPS, CLIPS[..., :1]], axis=-1), layout="NTHWC")
    assert (pixels(alpha) == CLIPS).all()
    assert any("transparency" in note for note in alpha.notes)
    assert to_uint8(CLIPS[0].transpose(3, 0, 1, 2), layout="CTHW").shape == CLIPS.shape[1:]
    assert (to_uint8(CLIPS.transpose(0, 4, 1, 2, 3), layout="CTHW") == CLIPS).all()  # several of such videos


def of_shape(*shape, dtype=torch.float32):
    return torch.linspace(-1, 1, int(np.prod(shape))).reshape(shape).to(dtype)


@pytest.mark.parametrize(
    ("videos", "declared", "words"),
    [
        (of_shape(4, 3, 8, 6, 6), {}, ['layout="NCTHW" and value_range=(-1, 1)', "torch.float32 tensor (4, 3, "]),
        (of_shape(4, 8, 3, 6, 6).numpy(), {}, ['layout="NTCHW" and value_range=(-1, 1)', "float32 (4, 8, 3, 6, 6)"]),
        (of_shape(4, 8, 6, 6, 3, dtype=torch.bfloat16), {}, ["declare value_range=(-1, 1)", "torch.bfloat16"]),
        (of_shape(4, 3, 8, 6, 6), {"value_range": (-1, 1)}, ['declare layout="NCTHW"']),
        (of_shape(4, 8, 6, 6, 3) * 127 + 127, {}, ["declare value_range=(0, 255)"]),
        (of_shape(4, 8, 6, 6, 3) * 0.6, {}, ["declare value_range=(-1, 1)"]),
        (of_shape(4, 8, 6, 6, 3) * 127 + 127, {"value_range": (-1, 1)}, ["outside", "value_range=(0, 255)"]),
        (of_shape(4, 8, 6, 6, 3) * 9, {"value_range": (-1, 1)}, ["outside", "x.clip(-1, 1)"]),
        (of_shape(8, 6, 6, 3), {}, ["one video", "x[None]"]),
        (of_shape(3, 8, 6, 6), {}, ["one video", 'layout="NCTHW"']),
        (torch.from_numpy(CLIPS), {"value_range": (-1, 1)}, ["omit value_range, uint8 is 0..255"]),
        (CLIPS, {"layout": "NCTHW"}, ['does not go with layout="NCTHW"', 'declare layout="NTHWC"']),
        (of_shape(4, 8, 6, 6), {}, ['of grey videos declare layout="NTHW"']),
        (of_shape(4, 8, 6, 6, 3) * float("nan"), {"value_range": (-1, 1)}, ["3456 values are NaN", "find out why"]),
        (CLIPS // 255, {}, ["no value in videos exceeds 1", "value_range=(0, 1)"]),
        (CLIPS / 255, {"value_range": (0, 255)}, ["no value in videos exceeds 1", "value_range=(0, 1)"]),
        (CLIPS.astype(np.int64) * 30, {}, ["token numbers must be decoded first", "value_range=(0, 65535)"]),
        (CLIPS[:0], {}, ["no videos", "give at least 2 videos"]),
        (CLIPS[:, :0], {}, ["no frames", "give videos that have frames"]),
        (CLIPS[..., :0, :], {}, ["no columns", "give videos that have columns"]),
        (of_shape(4, 3, 8, 0, 6), {"layout": "NCTHW"}, ["no rows", "give videos that have rows"]),
        (of_shape(4), {}, ["one array of five axes"]),
        (of_shape(4, 8, 6, 6, 3) + 0j, {"value_range": (0, 1)}, ["cannot be pixels", "complex64"]),
        (torch.zeros(4, 8, 6, 6, 3, device="meta"), {"value_range": (0, 1)}, ["cannot be pixels", "without values"]),
        (UNIT.to_sparse(), {"value_range": (-1, 1)}, ["cannot be pixels", "x.to_dense()"]),
        (np.float32(3), {}, ["one array of five axes"]),
        (np.ma.masked_array(CLIPS, CLIPS > 3), {}, ["masked arrays", "filled"]),
        (np.array(["x"]), {}, ["cannot be pixels"]),
    ],
)  # fmt: skip
def test_the_first_refusal_names_all_that_is_to_be_declared(videos, declared, words):
    for use in (open_source, to_uint8):
        with pytest.raises(DataError) as raised:
            use(videos, **declared)
        assert all(word in str(raised.value) for word in words), str(raised.value)
        assert "astype" not in str(raised.value)
        assert "transpose" not in str(raised.value)


@pytest.mark.parametrize(
    ("videos", "declared"),
    [(of_shape(4, 3, 8, 6, 6), {"value_range": (-1, 1), "layout": "NCTHW"}),
     (of_shape(4, 8, 6, 6, 3).numpy(), {"value_range": (-1, 1)}),
     (of_shape(4, 8, 6, 6), {"value_range": (-1, 1), "layout": "NTHW"})],
)  # fmt: skip
def test_what_is_proposed_works(videos, declared):
    assert open_source(videos, **declared).size == (6, 6)


def test_values_a_little_outside_are_clipped_and_noted():
    found = open_source(UNIT * 1.2, value_range=(-1, 1))
    assert (pixels(found) == to_uint8((UNIT * 1.2).clip(-1, 1), value_range=(-1, 1))).all()
    assert any("% of the values were clipped: they reach from -1.2 to 1.2" in note for note in found.notes)
    assert open_source(UNIT * 1.003, value_range=(-1, 1)).notes == ()
    with pytest.raises(DataError, match="outside the declared range"):
        open_source(UNIT * 1.6, value_range=(-1, 1))


def test_a_range_that_is_only_half_used_is_noted():
    assert any("no value" in note and "below 0" in note for note in open_source(UNIT.abs(), value_range=(-1, 1)).notes)
    assert any("all frames are black" in note for note in open_source(CLIPS * 0).notes)
    assert any("all frames are black" in note for note in open_source(UNIT * 0, value_range=(0, 1)).notes)


NO_RANGES = [1, (1,), (1, 2, 3), (1, -1), (0, 0), "01", "0..1", ("a", "b"), (0, float("nan")), (0, float("inf")),
             (True, 2), object(), {}, np.zeros(3)]  # fmt: skip


@pytest.mark.parametrize("value_range", NO_RANGES)
def test_ranges_that_mean_nothing_are_refused(value_range):
    with pytest.raises(UsageError, match="value_range"):
        to_uint8(UNIT, value_range=value_range)


@pytest.mark.parametrize("layout", ["", "NTHWCX", "NTHWW", "NCHW", "NBTHW", 5, None, ("N", "T")])
def test_layouts_that_mean_nothing_are_refused(layout):
    if layout is not None:
        with pytest.raises(UsageError, match="layout"):
            to_uint8(CLIPS, layout=layout)
    with pytest.raises(VidmbenchError, match="rounding"):
        to_uint8(CLIPS, rounding=layout)


def test_a_range_may_be_of_numpy_or_torch():
    for low, high in (np.array([-1.0, 1.0]), torch.tensor([-1.0, 1.0]), [np.float32(-1), 1]):
        assert (to_uint8(UNIT, value_range=(low, high)) == CLIPS).all()


def test_an_array_in_a_file_is_converted_without_being_held_in_memory(tmp_path):
    np.save(tmp_path / "x.npy", UNIT.numpy().transpose(0, 4, 1, 2, 3))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    found = open_source(mapped, value_range=(-1, 1), layout="NCTHW")
    assert (pixels(found) == CLIPS).all()
    assert found.digest() == open_source(CLIPS).digest()
    assert not hasattr(found, "_clips")
    np.save(tmp_path / "y.npy", CLIPS)
    assert is_mapped(open_source(np.load(tmp_path / "y.npy", mmap_mode="r"))._clips)
    with pytest.raises(UsageError, match=r"np\.load"):
        open_source(tmp_path / "x.npy", value_range=(-1, 1))


def test_what_is_declared_needlessly_but_truly_is_taken(tmp_path):
    np.save(tmp_path / "x.npy", CLIPS)
    true = {"value_range": (0, 255), "layout": "NTHWC"}
    for given in (CLIPS, torch.from_numpy(CLIPS), list(CLIPS), open_source(CLIPS), tmp_path / "x.npy"):
        assert (pixels(open_source(given, **true)) == CLIPS).all()
    with pytest.raises(DataError, match="list is not an array"):
        to_uint8([CLIPS])


def test_what_converts_itself_to_an_array_is_taken():
    class Foreign:
        """As arrays of JAX and TensorFlow are."""

        shape, dtype = UNIT.shape, "float32"

        def __array__(self, dtype=None, copy=None):
            return UNIT.numpy()

    assert (to_uint8(Foreign(), value_range=(-1, 1)) == CLIPS).all()


def test_a_tensor_is_not_changed_and_does_not_change_the_source():
    tensor = UNIT.clone()
    source = open_source(tensor, value_range=(-1, 1))
    assert (tensor == UNIT).all()
    tensor.zero_()
    assert (pixels(source) == CLIPS).all()
