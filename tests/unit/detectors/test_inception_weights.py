"""Weights files of Inception-v3: reading them, and refusing invalid ones; zeros replace the published weights."""

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
    """All tensors; a file of them is small, because each is one number expanded to its shape."""
    return {name: torch.zeros(()).expand(shape) for name, shape in layout().items()}


@pytest.fixture
def three_tensors(monkeypatch):
    """A layout of three tensors, for files that store every number."""
    shapes = {FIRST: (2, 3, 3, 3), VARIANCE: (2,), LAST: (4,)}
    monkeypatch.setattr(inception, "layout", lambda: shapes)
    return {name: torch.arange(np.prod(shape)).float().reshape(shape) for name, shape in shapes.items()}


def refusal(path, **options):
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
    path = tmp_path / "weights.pth"
    torch.save(state, path, _use_new_zipfile_serialization=is_zip)
    tensors = read_weights(path, sha256_prefix=digest(path)[:8])
    assert {name: array.shape for name, array in tensors.items()} == layout()
    assert list(tensors) == list(layout())
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float32)}
    assert len(tensors) == 472
    assert sum(array.size for array in tensors.values()) == 23_885_392


@pytest.mark.parametrize("name", ["weights.pth", "old.pth", "weights.safetensors"])
def test_numbers_are_read_unchanged(name, three_tensors, tmp_path):
    path = tmp_path / name
    if name == "weights.safetensors":
        save_file(three_tensors, path)
    else:
        torch.save(three_tensors, path, _use_new_zipfile_serialization=name == "weights.pth")
    tensors = read_weights(path, sha256_prefix=digest(path).upper())
    assert list(tensors) == list(three_tensors)
    for key, array in tensors.items():
        np.testing.assert_array_equal(array, three_tensors[key])
        assert array.flags.owndata
    path.write_bytes(b"")  # the arrays are no views of the file
    assert tensors[LAST].tolist() == [0.0, 1.0, 2.0, 3.0]
    tensors[LAST][0] = 5


@pytest.mark.parametrize("is_zip", [True, False])
def test_state_dicts_of_modules_are_accepted(is_zip, three_tensors, tmp_path):
    state = OrderedDict((name, torch.nn.Parameter(tensor)) for name, tensor in three_tensors.items())
    state["Mixed_7c.branch_pool.bn.num_batches_tracked"] = torch.tensor(7)
    state._metadata = OrderedDict({"": {"version": 1}})
    torch.save(state, tmp_path / "weights.pth", _use_new_zipfile_serialization=is_zip)
    assert list(read_weights(tmp_path / "weights.pth", sha256_prefix="")) == list(three_tensors)


def test_another_hash(three_tensors, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(three_tensors, path)
    message = refusal(path)
    assert f"begins with {SHA256}" in message
    assert f"{path.stat().st_size} bytes with sha256 {digest(path)}" in message
    wrong = f"{int(digest(path)[0], 16) ^ 1:x}"
    assert f"begins with {wrong}" in refusal(path, sha256_prefix=wrong)
    assert SHA256.startswith("6726825d")
    assert len(SHA256) == 64


@pytest.mark.parametrize("name", ["weights.pth", "old.pth", "weights.safetensors"])
@pytest.mark.parametrize("length", [0, 1, 100, 0.5, -1])
def test_truncated_files(name, length, three_tensors, tmp_path):
    path = tmp_path / name
    if name == "weights.safetensors":
        save_file(three_tensors, path)
    else:
        torch.save(three_tensors, path, _use_new_zipfile_serialization=name == "weights.pth")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 if length == 0.5 else length])
    assert "or it is truncated" in refusal(path, sha256_prefix=digest(path))
    assert "bytes with sha256" in refusal(path)


@pytest.mark.parametrize(
    ("change", "expected"),
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
def test_other_tensors_are_refused_by_name(change, expected, state, tmp_path):
    change(state)
    torch.save(state, tmp_path / "weights.pth")
    message = refusal(tmp_path / "weights.pth", sha256_prefix="")
    assert expected in message
    assert f"472 float32 tensors, from {FIRST} to {LAST}" in message


def test_load_refuses_them_too(state):
    tensors = {name: tensor.numpy() for name, tensor in state.items()}
    del tensors[LAST]
    with pytest.raises(WeightsError, match=r"no fc\.bias"):
        load(tensors, output="pool")


def test_a_tensor_or_a_list_is_refused(tmp_path):
    for content in (torch.zeros(3), [torch.zeros(3)]):
        torch.save(content, tmp_path / "weights.pth")
        assert "469 more such" in refusal(tmp_path / "weights.pth", sha256_prefix="")


def test_a_missing_file(tmp_path):
    assert "no such weights file" in refusal(tmp_path / "gone.pth")
    assert "no such weights file" in refusal(tmp_path)


class Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


@pytest.mark.parametrize("file_format", ["zip", "old", "pickle"])
def test_no_code_in_a_file_is_run(file_format, state, tmp_path):
    path, marker = tmp_path / "weights.pth", tmp_path / "ran"
    content = {**state, LAST: Malicious(marker)}
    if file_format == "pickle":
        path.write_bytes(pickle.dumps({LAST: Malicious(marker)}, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=file_format == "zip")
    message = refusal(path, sha256_prefix=digest(path))
    assert "no code of it was run" in message
    assert "a reference to posix.system" in message
    assert "weights_only" not in message
    assert not marker.exists()
    torch.load(path, weights_only=False) if file_format != "pickle" else pickle.loads(path.read_bytes())
    assert marker.exists(), "the file was one that runs code"


def test_seeded_weights_depend_on_the_seed_only():
    first, again, other = (seeded_weights(seed) for seed in (0, 0, 1))
    assert {name: array.shape for name, array in first.items()} == layout()
    for name, array in first.items():
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        np.testing.assert_array_equal(array, again[name])
        assert (array != other[name]).mean() > 0.9
    assert min(array.min() for name, array in first.items() if name.endswith("running_var")) > 0
