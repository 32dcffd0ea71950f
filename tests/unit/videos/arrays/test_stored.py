"""Array files of any origin: a number or one error, whatever their headers say."""

import struct
import zipfile

import numpy as np
import pytest
import torch

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source
from vidmbench.videos.arrays import stored
from vidmbench.videos.arrays.declared_source import open_declared
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.arrays.stored import load_array
from vidmbench.videos.arrays.tensors import array_of

CLIPS = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, 3), dtype=np.uint8)


def with_header(path, text, version=1):
    data = text.encode("latin1") + b"\n"
    path.write_bytes(b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(data)) + data)
    with path.open("ab") as stream:
        stream.write(CLIPS.tobytes())
    return path


def header(shape="(2, 3, 4, 5, 3)", descr="'|u1'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def test_plain_headers_are_read(tmp_path):
    for version in (1, 2, 3):
        array = load_array(with_header(tmp_path / "a.npy", header(), version=version))
        np.testing.assert_array_equal(array, CLIPS)
    of_python_2 = load_array(with_header(tmp_path / "a.npy", header("(2L, 3L, 4L, 5L, 3L)")))
    np.testing.assert_array_equal(of_python_2, CLIPS)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", ">f4", "<f8", "<i2"])
def test_what_numpy_writes_is_read(order, dtype, tmp_path):
    array = np.array(CLIPS, dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", array)
    np.savez_compressed(tmp_path / "packed.npz", x=array)

    for name in ("a.npy", "a.npz", "packed.npz"):
        read = load_array(tmp_path / name)
        np.testing.assert_array_equal(read, array)
        assert read.dtype == array.dtype


@pytest.mark.parametrize(
    "text",
    [
        header("(-2, 3, 4, 5, 3)"),
        header("(True, 3, 4, 5, 3)"),
        header("(2.0, 3, 4, 5, 3)"),
        header("[2, 3, 4, 5, 3]"),
        header("7"),
        header("(99999999999999999999, 3, 4, 5, 3)"),
        header("(2, 3, 4, 5, 30)"),
        header("(" + "1, " * 40 + ")"),
        header("(2, 3, 4, 5, 3"),
        header(descr="'x9'"),
        header(descr="'|O'"),
        header(descr="[('a', '|O')]"),
        header(descr="3"),
        header(descr="'<f16777216'"),
        header(descr="'''"),
        header(descr="__import__('os').getcwd()"),
        "{" * 5000,
        "[" * 9000,
        "-" * 9000 + "1",
        "{}",
        "",
        "\0",
        header() + "x",
        header(order="'x"),
    ],
)
@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_headers_that_cannot_be(text, kind, tmp_path):
    path = with_header(tmp_path / "a.npy", text)
    if kind == "npz":
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.write(path, "clips.npy")
        path = tmp_path / "a.npz"

    with pytest.raises(DataError, match="cannot be read as an array"):
        open_source(path)


@pytest.mark.parametrize("dtype", ["S3", "U2", "V4", "M8[s]", "m8[s]", "c8", [("a", "u1"), ("b", "f4")], "?"])
def test_numbers_that_are_no_pixels(dtype, tmp_path):
    array = np.zeros((2, 3, 4, 5, 3), dtype)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "a.npz", array)

    for name in ("a.npy", "a.npz"):
        with pytest.raises(DataError):
            open_source(tmp_path / name)


def test_archives_that_claim_more_than_memory_are_not_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", np.zeros((64, 16, 64, 64, 3), np.uint8))
    assert (tmp_path / "a.npz").stat().st_size < 50_000
    monkeypatch.setattr(stored, "free_memory", lambda: 10**6)

    with pytest.raises(DataError, match="larger than the free memory"):
        open_source(tmp_path / "a.npz")


@pytest.mark.parametrize("place", ["flags", "compression"])
def test_archives_with_a_wrong_member(place, tmp_path):
    np.savez(tmp_path / "a.npz", CLIPS)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    for mark, shift in ((b"PK\x01\x02", 0), (b"PK\x03\x04", -2)):
        start = data.index(mark)
        offset = {"flags": 8, "compression": 10}[place] + shift
        data[start + offset] |= 1 if place == "flags" else 77
    (tmp_path / "a.npz").write_bytes(data)

    with pytest.raises(DataError, match="cannot be read as an array"):
        open_source(tmp_path / "a.npz")


@pytest.mark.filterwarnings("ignore:.*quant")
@pytest.mark.filterwarnings("ignore:.*nested")
@pytest.mark.filterwarnings("ignore:.*CSR")
def test_tensors_without_plain_numbers_are_refused(tmp_path):
    plain = torch.rand(2, 3)
    tensors = {
        "quantised": torch.quantize_per_tensor(plain, 0.1, 0, torch.quint8),
        "without values": plain.to("meta"),
        "sparse": plain.to_sparse(),
        "nested": torch.nested.nested_tensor([plain, plain]),
    }
    for word, tensor in tensors.items():
        with pytest.raises(DataError, match="cannot be read as plain numbers") as raised:
            array_of(tensor, "tensor")
        assert word in raised.value.found
    for tensor in (plain.to("meta"), plain.to_sparse_csr(), plain.to(torch.complex64)):
        torch.save(tensor.expand(2, 3) if tensor.is_meta else tensor, tmp_path / "a.pt")
        with pytest.raises(DataError):
            declared(tmp_path / "a.pt")


def declared(path):
    return open_declared(path, ArrayLayout("nthwc", "0..1"))


def test_floats_that_numpy_lacks_are_widened():
    values = torch.tensor([0.0, 0.5, 1.0])
    for kind in (torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2):
        array = array_of(values.to(kind), "tensor")
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, values.numpy())


def test_a_tensor_that_repeats_one_number_beyond_memory(tmp_path):
    torch.save(torch.ones(1).expand(10**6, 10**9), tmp_path / "a.pt")
    with pytest.raises(DataError, match="repeats its numbers beyond the free memory"):
        load_array(tmp_path / "a.pt")
    torch.save(torch.ones(1).expand(10, 10), tmp_path / "b.pt")
    np.testing.assert_array_equal(load_array(tmp_path / "b.pt"), np.ones((10, 10), np.float32))


def test_joined_array_files_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", CLIPS)
    np.savez(tmp_path / "a.npz", CLIPS)
    for name in ("a.npy", "a.npz"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content + content)
        with pytest.raises(DataError, match=r"cannot be read as an array: .* bytes .* joined with cat"):
            load_array(tmp_path / name)
