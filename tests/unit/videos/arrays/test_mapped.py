"""Parts of mapped arrays are read from the file, never from the map."""

import os

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays import mapped
from vidmbench.videos.arrays.mapped import read_mapped

_VIEWS = {
    "whole": lambda x: x,
    "one": lambda x: x[2],
    "steps": lambda x: x[1::2, ::3, :, 1],
    "backwards": lambda x: x[::-1, :, ::-2],
    "turned": lambda x: x.transpose(3, 0, 2, 1)[1:, 2:3],
    "one element": lambda x: x[1:2, 2:3, 3:4, 1:2],
    "nothing": lambda x: x[:0],
}


@pytest.mark.parametrize("piece", [1, 64, 1 << 22])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("view", _VIEWS.values(), ids=_VIEWS)
def test_every_view_is_read_as_it_is(view, order, piece, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "_PIECE", piece)
    array = np.random.default_rng(0).random((7, 8, 9, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", np.asarray(array, order=order))

    read = read_mapped(view(np.load(tmp_path / "a.npy", mmap_mode="r")))

    np.testing.assert_array_equal(read, view(array))
    assert read.dtype == np.float32


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_file_cut_at_any_moment_is_one_message(order, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "_PIECE", 4096)
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((64, 16, 16, 16, 3), np.uint8, order=order))
    array = np.load(path, mmap_mode="r")
    os.truncate(path, 5000)  # every page of the map behind the second kills who touches it

    with pytest.raises(DataError, match=r"a\.npy was cut off"):
        read_mapped(array[3, :, :, 2:9])
