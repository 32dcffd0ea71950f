"""Large files of tensors: read in place, where they are, and never through a map that may end."""

import os
import zipfile

import numpy as np
import pytest
import torch

from vidmbench.core.errors import ChangedError, DataError
from vidmbench.videos.arrays import stored, tensors
from vidmbench.videos.arrays.declared_source import open_declared
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.arrays.stored import load_array

VALUES = torch.from_numpy(np.random.default_rng(0).random((4, 5, 8, 6, 3), dtype=np.float32))
LAYOUT = ArrayLayout("nthwc", "0..1")


@pytest.fixture(autouse=True)
def large(monkeypatch):
    """Every file counts as large."""
    monkeypatch.setattr(tensors, "IN_PLACE", 0)


def base_of(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@pytest.mark.parametrize(
    "tensor",
    [
        VALUES,
        VALUES[1:, 2:],
        VALUES.permute(0, 1, 4, 2, 3),
        VALUES.half(),
        VALUES.double(),
        VALUES[:1].expand(3, 5, 8, 6, 3),
        (VALUES * 255).to(torch.uint8),
        VALUES[0, 0, 0, 0, 0],
    ],
    ids=lambda tensor: f"{tensor.dtype}{list(tensor.stride())}{tensor.storage_offset()}",
)
def test_numbers_are_those_of_the_tensor_and_stay_in_the_file(tensor, tmp_path):
    for content in (tensor, {"labels": torch.arange(99), "clips": tensor, "same": tensor}):
        torch.save(content, tmp_path / "a.pt")
        array = load_array(tmp_path / "a.pt")
        assert isinstance(base_of(array), np.memmap)
        assert array.dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(array, tensor.numpy())


@pytest.mark.parametrize("tensor", [VALUES.bfloat16(), VALUES[:0], VALUES.neg()])
def test_other_kinds_are_read_whole(tensor, tmp_path):
    torch.save(tensor, tmp_path / "a.pt")
    np.testing.assert_array_equal(load_array(tmp_path / "a.pt"), tensor.float().numpy())


def test_the_older_format_and_compressed_members_are_read_whole(tmp_path):
    torch.save(VALUES, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    np.testing.assert_array_equal(load_array(tmp_path / "a.pt"), VALUES.numpy())
    torch.save(VALUES, tmp_path / "b.pt")
    with (
        zipfile.ZipFile(tmp_path / "b.pt") as old,
        zipfile.ZipFile(tmp_path / "c.pt", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    np.testing.assert_array_equal(load_array(tmp_path / "c.pt"), VALUES.numpy())


def test_a_file_cut_while_it_is_scored_is_one_message(tmp_path):
    """PyTorch's map of it would end the process."""
    path = tmp_path / "a.pt"
    torch.save(VALUES.repeat(40, 1, 1, 1, 1), path)
    source = open_declared(path, LAYOUT)
    source.read(0, range(5))
    os.truncate(path, 5000)
    with pytest.raises(ChangedError, match=r"a\.pt changed while it was read"):
        source.read(150, range(5))


def test_what_must_be_read_whole_and_does_not_fit_is_refused(tmp_path, monkeypatch):
    torch.save(VALUES.bfloat16(), tmp_path / "a.pt")
    monkeypatch.setattr(tensors, "free_memory", lambda: 100)
    with pytest.raises(DataError, match="holds tensors larger than the free memory"):
        load_array(tmp_path / "a.pt")


def test_a_tensor_that_claims_more_than_its_storage(tmp_path):
    torch.save(VALUES, tmp_path / "a.pt")
    data = (tmp_path / "a.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        pickle = archive.read("a/data.pkl")
    larger = pickle.replace(b"K\x04K\x05K\x08", b"K\x44K\x05K\x08")
    assert larger != pickle
    (tmp_path / "a.pt").write_bytes(data.replace(pickle, larger))
    with pytest.raises(DataError, match=r"a\.pt cannot be read as an array"):
        load_array(tmp_path / "a.pt")


def test_a_large_npz_is_read_in_place_after_its_checksum_was_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "IN_PLACE", 0)
    array = np.asfortranarray(VALUES.numpy())
    np.savez(tmp_path / "a.npz", labels=np.arange(5), clips=array)
    read = load_array(tmp_path / "a.npz")
    assert isinstance(base_of(read), np.memmap)
    np.testing.assert_array_equal(read, array)

    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[data.index(array.tobytes("F")[:64]) + 5000] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.npz cannot be read as an array"):
        load_array(tmp_path / "a.npz")
