"""Floats that became bytes without being scaled: refused wherever arrays are read, and what is proposed is right."""

import h5py
import numpy as np
import pytest
import torch

import vidmbench
from vidmbench.core.errors import DataError
from vidmbench.videos import ArraySource, open_source
from vidmbench.videos.arrays.declared_source import ArrayFile, DeclaredArraySource, open_declared
from vidmbench.videos.arrays.hdf5 import open_hdf5
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.arrays.levels import possible_ranges
from vidmbench.videos.arrays.values import BLACK_NOTE, NEARLY_BLACK_NOTE

CLIPS = np.random.default_rng(0).integers(0, 256, (4, 5, 8, 12, 3), dtype=np.uint8)
UNIT = (CLIPS / 255).astype(np.float32)
SIGNED = UNIT * 2 - 1
_UNSCALED = {
    "rounded": (UNIT.round().astype(np.uint8), "no value in the array exceeds 1"),
    "truncated": (UNIT.astype(np.uint8), "no value in the array exceeds 1"),
    "shifted": ((SIGNED + 1).round().astype(np.uint8), "no value in the array exceeds 2"),
    "signed": (SIGNED.round().astype(np.int16).astype(np.uint8), "only the levels 0, 1 and 255 occur in"),
}


@pytest.mark.parametrize(("array", "problem"), _UNSCALED.values(), ids=_UNSCALED)
def test_floats_that_became_bytes_unscaled_are_refused_in_every_container(array, problem, tmp_path):
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", clips=array)
    torch.save(torch.from_numpy(array), tmp_path / "a.pt")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train_data"] = array.reshape(-1, *array.shape[2:])
        file["train_idx"] = np.arange(4) * 5
    attempts = {
        "npy": lambda: open_source(tmp_path / "a.npy"),
        "npz": lambda: open_source(tmp_path / "a.npz"),
        "pt": lambda: open_declared(tmp_path / "a.pt", ArrayLayout("nthwc")),
        "declared": lambda: open_declared(tmp_path / "a.npy", ArrayLayout("nthwc", "0..255")),
        "hdf5": lambda: open_hdf5(tmp_path / "a.h5"),
        "declared hdf5": lambda: open_hdf5(tmp_path / "a.h5", ArrayLayout("thwc", "0..255", key="train_data")),
    }

    for name, attempt in attempts.items():
        with pytest.raises(DataError, match=problem) as raised:
            attempt()
        assert "(x * 255).round()." in raised.value.fix, name
    for given in (array, torch.from_numpy(array), array.transpose(1, 0, 2, 3, 4), iter(array)):
        with pytest.raises(DataError, match=problem.replace("the array", "videos")) as raised:
            vidmbench.open_source(given)
        assert "vidmbench.to_uint8(x, value_range=(0, 1))" in raised.value.fix


def test_the_last_clip_decides_as_the_first_does():
    array = np.zeros((4, 5, 8, 12, 3), np.uint8)
    array[-1, -1, -1, -1, -1] = 3

    assert ArraySource(array).notes == ()


@pytest.mark.parametrize("values", [[0, 255], [255], [0, 3], [2, 254], [0, 1, 77, 255]])
def test_black_and_white_and_dark_videos_are_read(values):
    array = np.resize(np.array(values, np.uint8), (2, 2, 4, 4, 3))

    np.testing.assert_array_equal(ArraySource(array).read(1, [1]), array[1, 1:2])


def test_black_videos_are_read_and_noted():
    black = np.zeros((2, 4, 8, 8, 3), np.uint8)

    assert ArraySource(black).notes == (BLACK_NOTE,)
    assert DeclaredArraySource(black, ArrayLayout("nthwc", "0..255")).notes == (BLACK_NOTE,)


def test_one_dark_video_may_be_declared(tmp_path):
    np.save(tmp_path / "a.npy", np.resize(np.array([0, 1], np.uint8), (4, 8, 8, 3)))

    with pytest.raises(DataError, match="exceeds 1"):
        ArrayFile("a.npy", tmp_path / "a.npy", ArrayLayout("thwc")).inspect()
    facts = ArrayFile("a.npy", tmp_path / "a.npy", ArrayLayout("thwc", "0..255")).inspect()
    assert facts.notes == (NEARLY_BLACK_NOTE,)


_PROPOSED = {
    "bool": (CLIPS > 128, [np.where(CLIPS > 128, 255, 0)]),
    "int64 of 0 and 1": ((CLIPS > 128).astype(np.int64), [np.where(CLIPS > 128, 255, 0)]),
    "int8 from -1 to 1": (SIGNED.round().astype(np.int8), [np.rint((SIGNED.round() + 1) * 127.5)]),
    "unit": (UNIT, [CLIPS]),
    "signed": (SIGNED, [CLIPS]),
    "a rounding error above 1": (UNIT * 1.00006, [CLIPS, None]),
    "overshoot": (UNIT * 1.02 - 0.01, [np.rint((UNIT * 1.02 - 0.01).clip(0, 1) * 255), None]),
    "signed overshoot": (SIGNED * 1.1, [np.rint(((SIGNED * 1.1).clip(-1, 1) + 1) * 127.5)]),
}


@pytest.mark.parametrize(("array", "expected"), _PROPOSED.values(), ids=_PROPOSED)
def test_what_is_proposed_gives_the_right_pixels(array, expected):
    with pytest.raises(DataError) as raised:
        ArraySource(array)

    proposals = [proposal.partition(": ")[2] for proposal in raised.value.fix.split("; ")]
    assert len(proposals) == len(expected)
    for proposal, pixels in zip(proposals, expected, strict=True):
        converted = eval(proposal, {"x": array})
        assert converted.dtype == np.uint8
        if pixels is not None:
            np.testing.assert_array_equal(converted, pixels)


def test_overshoot_of_a_declared_array_names_both_ranges():
    with pytest.raises(DataError, match="range is not declared") as raised:
        DeclaredArraySource(UNIT * 1.02 - 0.01, ArrayLayout("nthwc"))
    assert "save x.clip(0, 1) and declare" in raised.value.fix
    assert "save x.clip(-1, 1) and declare" in raised.value.fix


def test_ranges_by_their_ends():
    assert possible_ranges(0.0, 1.0) == [("0..1", False)]
    assert possible_ranges(0.0, 1.00006) == [("0..1", True), ("-1..1", True)]
    assert possible_ranges(-0.01, 0.9) == [("0..1", True), ("-1..1", False)]
    assert possible_ranges(-1.0, 1.0) == [("-1..1", False)]
    assert possible_ranges(0.0, 255.0) == []


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_tensors_of_every_float_are_named_by_their_kind(kind):
    with pytest.raises(DataError, match="value_range must be declared") as raised:
        vidmbench.open_source(torch.from_numpy(UNIT).to(kind))
    assert raised.value.found == f"{kind} tensor {UNIT.shape}, values from 0 to 1"


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (torch.from_numpy(UNIT).bfloat16(), None),
        (torch.from_numpy(UNIT) * 1.00006, CLIPS),
        (torch.from_numpy(CLIPS > 128), np.where(CLIPS > 128, 255, 0)),
        (torch.from_numpy(CLIPS).permute(0, 4, 1, 2, 3), CLIPS),
        (torch.from_numpy(CLIPS[..., :1]), CLIPS[..., :1].repeat(3, axis=-1)),
        (UNIT, CLIPS),
        (SIGNED.transpose(0, 4, 1, 2, 3), CLIPS),
    ],
)
def test_what_is_proposed_about_videos_in_memory_are_arguments(tensor, expected):
    with pytest.raises(DataError) as raised:
        vidmbench.open_source(tensor)

    proposed = raised.value.fix.removeprefix("declare ").split(" if ")[0].split(" or ")[0].replace(" and ", ", ")
    converted = eval(f"vidmbench.to_uint8(x, {proposed})", {"x": tensor, "vidmbench": vidmbench})
    expected = (tensor.float() * 255).round().to(torch.uint8).numpy() if expected is None else expected
    np.testing.assert_array_equal(converted, expected)
