"""HDF5 arrays that are not whole, or not in the file: HDF5 itself gives black frames or other files."""

import h5py
import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays.hdf5 import open_hdf5

FRAMES = np.random.default_rng(0).integers(3, 256, (12, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def path(tmp_path):
    """A file with an index of three videos, and no frames yet."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train_idx"] = np.array([0, 4, 8])
    return tmp_path / "a.h5"


def virtual(path, name="part.h5", dtype=np.uint8, length=8):
    layout = h5py.VirtualLayout(FRAMES.shape, np.uint8)
    layout[:4] = h5py.VirtualSource(path.parent / "first.h5", "a", shape=(4, 8, 8, 3))
    layout[4:] = h5py.VirtualSource(name, "a", shape=(8, 8, 8, 3))
    with h5py.File(path.parent / "first.h5", "w") as file:
        file["a"] = FRAMES[:4]
    with h5py.File(path.parent / name, "w") as file:
        file["a"] = FRAMES[4 : 4 + length].astype(dtype)
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("train_data", layout)


def test_a_whole_virtual_array_is_read_and_its_sources_are_part_of_the_digest(path):
    virtual(path)
    source = open_hdf5(path)
    digest = source.digest()

    np.testing.assert_array_equal(source.read(2, range(4)), FRAMES[8:])
    with h5py.File(path.parent / "part.h5", "a") as file:
        file["a"][7] = 99
    with pytest.raises(DataError, match="changed while it was read"):
        source.read(2, range(4))
    assert open_hdf5(path).digest() != digest


@pytest.mark.parametrize("fault", ["gone", "short", "type", "elsewhere", "hole", "no array"])
def test_a_virtual_array_with_a_wrong_part_is_refused(path, fault, tmp_path_factory):
    name = str(tmp_path_factory.mktemp("other") / "part.h5") if fault == "elsewhere" else "part.h5"
    virtual(path, name, np.int16 if fault == "type" else np.uint8, 5 if fault == "short" else 8)
    if fault == "gone":
        (path.parent / name).unlink()
    if fault == "no array":
        with h5py.File(path.parent / name, "a") as file:
            del file["a"]
    if fault == "hole":
        layout = h5py.VirtualLayout(FRAMES.shape, np.uint8)
        layout[:4] = h5py.VirtualSource("first.h5", "a", shape=(4, 8, 8, 3))
        with h5py.File(path, "a") as file:
            del file["train_data"]
            file.create_virtual_dataset("train_data", layout)

    with pytest.raises(DataError, match="not in the file" if fault == "elsewhere" else "read as black") as raised:
        open_hdf5(path)
    assert raised.value.where == f"{path}:/train_data"


def test_frames_that_were_never_written_are_refused(path):
    with h5py.File(path, "a") as file:
        frames = file.create_dataset("train_data", FRAMES.shape, np.uint8, chunks=(2, 8, 8, 3))
        frames[:6] = FRAMES[:6]
    with pytest.raises(DataError, match="read as black") as raised:
        open_hdf5(path)
    assert "frames 6 to 7, of video 1" in raised.value.found

    with h5py.File(path, "a") as file:
        file["train_data"][6:8] = FRAMES[6:8]
    with pytest.raises(DataError, match="read as black") as raised:
        open_hdf5(path)
    assert "frames 8 to 11, of video 2" in raised.value.found

    with h5py.File(path, "a") as file:
        file["train_data"][8:] = FRAMES[8:]
    np.testing.assert_array_equal(open_hdf5(path).read(2, range(4)), FRAMES[8:])


def test_an_array_without_any_frame_written_is_refused(path):
    with h5py.File(path, "a") as file:
        file.create_dataset("train_data", FRAMES.shape, np.uint8)
    with pytest.raises(DataError, match="read as black"):
        open_hdf5(path)


def test_other_files_are_never_read_as_pixels(path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(range(3, 256)) * 100)
    with h5py.File(path, "a") as file:
        file.create_dataset("train_data", FRAMES.shape, np.uint8, external=[(str(secret), 0, FRAMES.nbytes)])
    with pytest.raises(DataError, match="other files are not read") as raised:
        open_hdf5(path)
    assert str(secret) in raised.value.found


@pytest.mark.parametrize("way", ["external", "soft", "through a group"])
def test_links_out_of_the_file_are_refused(path, way):
    with h5py.File(path.parent / "other.h5", "w") as file:
        file["a"] = FRAMES
        file["g/a"] = FRAMES
    with h5py.File(path, "a") as file:
        outside = "train_data" if way == "external" else "outside"
        file[outside] = h5py.ExternalLink("other.h5", "/a" if way != "through a group" else "/g")
        if way != "external":
            file["train_data"] = h5py.SoftLink("/outside" + ("/a" if way == "through a group" else ""))
    with pytest.raises(DataError, match="other files are not read"):
        open_hdf5(path)


def test_links_in_a_circle_and_empty_arrays_are_refused(path):
    with h5py.File(path, "a") as file:
        file["train_data"] = h5py.SoftLink("/other")
        file["other"] = h5py.SoftLink("/train_data")
    with pytest.raises(DataError):
        open_hdf5(path)
    with h5py.File(path, "a") as file:
        del file["train_data"]
        file["train_data"] = h5py.Empty("u1")
    with pytest.raises(DataError):
        open_hdf5(path)
