"""Parts of mapped arrays are read from the file, never from the map."""

import os

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays import mapped
from vidmbench.videos.arrays.mapped import read_frames, read_mapped

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


@pytest.mark.parametrize("is_mapped", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 2, 0), (1, 0, 2, 3)])
@pytest.mark.parametrize("frames", [[0], [2, 3, 4], [4, 3, 2], [0, 0, 9], [9, 0], list(range(10))])
def test_frames_are_copies_of_those_asked_for(frames, order, is_mapped, tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (10, 4, 6, 3), np.uint8).transpose(order)
    np.save(tmp_path / "video.npy", np.ascontiguousarray(array))
    stored = np.load(tmp_path / "video.npy", mmap_mode="r" if is_mapped else None)
    video = stored.transpose(np.argsort(order))
    found = read_frames(video, frames)
    assert np.array_equal(found, video[frames])
    assert not np.may_share_memory(found, video)


def test_frames_between_those_asked_for_are_not_read(tmp_path, monkeypatch):
    np.save(tmp_path / "video.npy", np.zeros((100, 8, 8, 3), np.uint8))
    read = []
    monkeypatch.setattr(mapped, "read_mapped", lambda part: read.append(part.nbytes) or np.array(part))
    read_frames(np.load(tmp_path / "video.npy", mmap_mode="r"), [0, 99])
    assert sum(read) == 2 * 8 * 8 * 3
