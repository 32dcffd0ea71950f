"""Array files: which forms are read, and what is proposed for the others."""

import os

import numpy as np
import pytest
from support.stored_videos import CLIPS, as_npy

from vidmbench.core.errors import DataError
from vidmbench.videos import ArraySource, open_source

_WRONG = {
    "unit": (CLIPS / 255.0, "the array's range is not declared", '(x * 255).round().astype("uint8")'),
    "signed": (CLIPS.astype(np.float32) / 127.5 - 1, "values from -1 to 1", "-1..1"),
    "byte_floats": (CLIPS.astype(np.float32), "values from 0 to 255", 'x.round().astype("uint8")'),
    "int64": (CLIPS.astype(np.int64), "range is not declared", 'x.astype("uint8")'),
    "nan": (np.full(CLIPS.shape, np.nan), "nan", "NaN"),
    "second": (CLIPS.transpose(0, 4, 1, 2, 3), "(3, 3, 5, 16, 24)", "x.transpose(0, 2, 3, 4, 1)"),
    "third": (CLIPS[:1].transpose(0, 1, 4, 2, 3), "(1, 5, 3, 16, 24)", "x.transpose(0, 1, 3, 4, 2)"),
    "single": (CLIPS[0], "(5, 16, 24, 3)", "x[None]"),
    "tokens": (CLIPS[..., 0].astype(np.int64), "(3, 5, 16, 24)", "token numbers must be decoded first"),
    "alpha": (np.zeros((1, 2, 4, 4, 4), np.uint8), "(1, 2, 4, 4, 4)", "x[..., :3]"),
    "empty": (CLIPS[:0], "the array is empty", ""),
}


@pytest.mark.parametrize(("array", "words", "fix"), _WRONG.values(), ids=_WRONG)
def test_arrays_of_another_form_are_refused(array, words, fix, tmp_path):
    np.save(tmp_path / "a.npy", array)

    for attempt in (lambda: open_source(tmp_path / "a.npy"), lambda: ArraySource(array, "a.npy")):
        with pytest.raises(DataError) as raised:
            attempt()
        assert words in str(raised.value)
        assert fix in (raised.value.fix or "")
        assert raised.value.where == "a.npy"


def test_the_proposed_transposes_are_right():
    for moved, back in (
        (CLIPS.transpose(0, 4, 1, 2, 3), (0, 2, 3, 4, 1)),
        (CLIPS.transpose(0, 1, 4, 2, 3), (0, 1, 3, 4, 2)),
    ):
        np.testing.assert_array_equal(moved.transpose(back), CLIPS)


def test_pickles_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    np.save(tmp_path / "a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", clips=np.array([Trap()], dtype=object))

    for name in ("a.npy", "a.npz"):
        with pytest.raises(DataError, match="Python objects, which are never loaded"):
            open_source(tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_cut_and_empty_arrays_are_named(name, tmp_path):
    np.save(tmp_path / "a.npy", CLIPS)
    np.savez_compressed(tmp_path / "a.npz", clips=CLIPS)
    content = (tmp_path / name).read_bytes()
    for size in (0, 5, 60, len(content) // 2, len(content) - 10):
        (tmp_path / name).write_bytes(content[:size])
        with pytest.raises(DataError, match=rf"{name} cannot be read as an array"):
            open_source(tmp_path / name)


def test_npz_with_several_arrays(tmp_path):
    np.savez(tmp_path / "named.npz", clips=CLIPS, labels=np.arange(3))
    np.savez(tmp_path / "other.npz", real=CLIPS, fake=CLIPS)

    assert len(open_source(tmp_path / "named.npz")) == 3
    with pytest.raises(DataError, match="holds several arrays") as raised:
        open_source(tmp_path / "other.npz")
    assert raised.value.found == "real, fake"
    line = next(line for line in raised.value.fix.splitlines() if "if it is real: " in line)
    exec(line.split(": ", 1)[1], {"np": np})
    np.testing.assert_array_equal(open_source(tmp_path / "other-videos.npy").read(1, [0]), CLIPS[1][:1])

    np.savez(tmp_path / "each.npz", **{f"v{index}": clip for index, clip in enumerate(CLIPS)})
    with pytest.raises(DataError, match="holds several arrays") as raised:
        open_source(tmp_path / "each.npz")
    line = next(line for line in raised.value.fix.splitlines() if "each array is one video: " in line)
    exec(line.split(": ", 1)[1], {"np": np})
    assert len(open_source(tmp_path / "each-videos.npy")) == len(CLIPS)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_what_is_proposed_for_videos_of_unequal_lengths_works_too(write, tmp_path):
    write(tmp_path / "uneven.npz", v0=CLIPS[0], v1=CLIPS[1, :2])
    with pytest.raises(DataError, match="holds several arrays") as raised:
        open_source(tmp_path / "uneven.npz")
    line = next(line for line in raised.value.fix.splitlines() if "each array is one video: " in line)
    exec(line.split(": ", 1)[1], {"np": np})
    np.testing.assert_array_equal(open_source(tmp_path / "uneven-videos.npy").read(1, [0, 1]), CLIPS[1, :2])

    write(tmp_path / "others.npz", v0=CLIPS[0], v1=np.arange(3), v2=np.array([{}]))
    with pytest.raises(DataError, match="holds several arrays") as raised:
        open_source(tmp_path / "others.npz")
    assert "each array is one video" not in raised.value.fix


@pytest.mark.parametrize(("axis", "what"), list(enumerate(["videos", "frames", "rows", "columns"])))
def test_an_empty_array_says_what_it_lacks(axis, what, tmp_path):
    shape = [0 if each == axis else length for each, length in enumerate(CLIPS.shape)]
    np.save(tmp_path / "a.npy", np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match="the array is empty") as raised:
        open_source(tmp_path / "a.npy")
    assert raised.value.fix == f"give videos again: this array has no {what}"


def test_npy_is_read_in_place(tmp_path):
    source = open_source(as_npy(tmp_path / "set"))

    assert isinstance(source._clips, np.memmap)
    assert type(source.read(0, [0])) is np.ndarray
