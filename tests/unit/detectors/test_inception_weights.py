"""Weights files of Inception-v3 that are not what they should be; zeros stand in for the published numbers."""

import hashlib
import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from vidmbench.core.errors import WeightsError
from vidmbench.detectors import inception
from vidmbench.detectors.inception import SHA256, WEIGHTS_FILE, layout, load, read_weights, seeded_weights

FIRST, LAST = "Conv2d_1a_3x3.conv.weight", "fc.bias"
VARIANCE = "Mixed_7c.branch_pool.bn.running_var"


@pytest.fixture
def state():
    """The whole layout; a file of it is small, for each tensor is one number seen many times."""
    return {name: torch.zeros(()).expand(shape) for name, shape in layout().items()}


@pytest.fixture
def few(monkeypatch):
    """A layout of three tensors, for files that hold every number."""
    shapes = {FIRST: (2, 3, 3, 3), VARIANCE: (2,), LAST: (4,)}
    monkeypatch.setattr(inception, "layout", lambda: shapes)
    return {name: torch.arange(np.prod(shape)).float().reshape(shape) for name, shape in shapes.items()}


def refused(path, **options):
    with pytest.raises(WeightsError) as problem:
        read_weights(path, **options)
    error = problem.value
    assert error.expected
    assert error.where == str(path)
    assert WEIGHTS_FILE in str(error.fix)
    return str(error)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("is_zip", [True, False])
def test_the_whole_layout_is_read(is_zip, state, tmp_path):
    path = tmp_path / "own.pth"
    torch.save(state, path, _use_new_zipfile_serialization=is_zip)
    tensors = read_weights(path, sha256_prefix=digest(path)[:8])
    assert {name: array.shape for name, array in tensors.items()} == layout()
    assert list(tensors) == list(layout())
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float32)}
    assert len(tensors) == 472
    assert sum(array.size for array in tensors.values()) == 23_885_392


@pytest.mark.parametrize("name", ["own.pth", "old.pth", "own.safetensors"])
def test_numbers_come_as_they_are(name, few, tmp_path):
    path = tmp_path / name
    if name == "own.safetensors":
        save_file(few, path)
    else:
        torch.save(few, path, _use_new_zipfile_serialization=name == "own.pth")
    tensors = read_weights(path, sha256_prefix=digest(path).upper())
    assert list(tensors) == list(few)
    for key, array in tensors.items():
        np.testing.assert_array_equal(array, few[key])
        assert array.flags.owndata
    path.write_bytes(b"")  # nothing of the arrays lies in the file any more
    assert tensors[LAST].tolist() == [0.0, 1.0, 2.0, 3.0]
    tensors[LAST][0] = 5


@pytest.mark.parametrize("is_zip", [True, False])
def test_what_a_networks_own_state_dict_has_besides(is_zip, few, tmp_path):
    state = OrderedDict((name, torch.nn.Parameter(tensor)) for name, tensor in few.items())
    state["Mixed_7c.branch_pool.bn.num_batches_tracked"] = torch.tensor(7)
    state._metadata = OrderedDict({"": {"version": 1}})
    torch.save(state, tmp_path / "own.pth", _use_new_zipfile_serialization=is_zip)
    assert list(read_weights(tmp_path / "own.pth", sha256_prefix="")) == list(few)


def test_another_hash(few, tmp_path):
    path = tmp_path / "own.pth"
    torch.save(few, path)
    said = refused(path)
    assert f"begins with {SHA256}" in said
    assert f"{path.stat().st_size} bytes with sha256 {digest(path)}" in said
    wrong = f"{int(digest(path)[0], 16) ^ 1:x}"
    assert f"begins with {wrong}" in refused(path, sha256_prefix=wrong)
    assert SHA256.startswith("6726825d")
    assert len(SHA256) == 64


@pytest.mark.parametrize("name", ["own.pth", "old.pth", "own.safetensors"])
@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1])
def test_truncated_files(name, kept, few, tmp_path):
    path = tmp_path / name
    if name == "own.safetensors":
        save_file(few, path)
    else:
        torch.save(few, path, _use_new_zipfile_serialization=name == "own.pth")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 if kept == 0.5 else kept])
    assert "or it is truncated" in refused(path, sha256_prefix=digest(path))
    assert "bytes with sha256" in refused(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop(VARIANCE), f"no {VARIANCE}"),
        (lambda state: state.update({"AuxLogits.fc.bias": torch.zeros(2)}), "additional AuxLogits.fc.bias"),
        (lambda state: state.update({5: torch.zeros(2)}), "additional 5"),
        (lambda state: state.update({LAST: torch.zeros(1000)}), "fc.bias has shape (1000,), not (1008,)"),
        (lambda state: state.update({FIRST: torch.zeros(32, 3, 3)}), "has shape (32, 3, 3), not (32, 3, 3, 3)"),
        (lambda state: state.update({LAST: torch.zeros(1008).half()}), "fc.bias is float16, not float32"),
        (lambda state: state.update({LAST: torch.zeros(1008).bfloat16()}), "fc.bias is bfloat16, not float32"),
        (
            lambda state: state.update({LAST: torch.zeros(1008).to_sparse()}),
            "fc.bias is a sparse_coo tensor, not float32",
        ),
        (lambda state: state.update({LAST: [0.0] * 1008}), "fc.bias is list, not float32"),
        (
            lambda state: state.update({LAST: torch.full((1008,), torch.nan)}),
            "fc.bias holds numbers that are not finite",
        ),
        (lambda state: state.clear(), f"no {FIRST}"),
        (lambda state: state.clear(), "; 469 more such"),
    ],
)
def test_other_tensors_are_refused_by_name(change, said, state, tmp_path):
    change(state)
    torch.save(state, tmp_path / "own.pth")
    message = refused(tmp_path / "own.pth", sha256_prefix="")
    assert said in message
    assert f"472 float32 tensors, from {FIRST} to {LAST}" in message


def test_load_refuses_them_too(state):
    tensors = {name: tensor.numpy() for name, tensor in state.items()}
    del tensors[LAST]
    with pytest.raises(WeightsError, match=r"no fc\.bias"):
        load(tensors, output="pool")


def test_a_tensor_and_a_list_are_no_weights(tmp_path):
    for content in (torch.zeros(3), [torch.zeros(3)]):
        torch.save(content, tmp_path / "own.pth")
        assert "469 more such" in refused(tmp_path / "own.pth", sha256_prefix="")


def test_a_missing_file(tmp_path):
    assert "no such weights file" in refused(tmp_path / "gone.pth")
    assert "no such weights file" in refused(tmp_path)


class Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


@pytest.mark.parametrize("way", ["zip", "old", "pickle"])
def test_no_code_in_a_file_is_run(way, state, tmp_path):
    path, marker = tmp_path / "own.pth", tmp_path / "ran"
    content = {**state, LAST: Malicious(marker)}
    if way == "pickle":
        path.write_bytes(pickle.dumps({LAST: Malicious(marker)}, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=way == "zip")
    said = refused(path, sha256_prefix=digest(path))
    assert "no code of it was run" in said
    assert "a reference to posix.system" in said
    assert "weights_only" not in said
    assert not marker.exists()
    torch.load(path, weights_only=False) if way != "pickle" else pickle.loads(path.read_bytes())
    assert marker.exists(), "the file was one that runs code"


def test_seeded_weights_are_the_seeds_alone():
    first, again, other = (seeded_weights(seed) for seed in (0, 0, 1))
    assert {name: array.shape for name, array in first.items()} == layout()
    for name, array in first.items():
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        np.testing.assert_array_equal(array, again[name])
        assert (array != other[name]).mean() > 0.9
    assert min(array.min() for name, array in first.items() if name.endswith("running_var")) > 0
