"""The user's own weights for SpyNet; random ones stand in for those that may not be passed on."""

import json
import sys

import pytest
import torch
from safetensors.torch import save_file

from vidmbench.cli import main
from vidmbench.core.errors import WeightsError
from vidmbench.vidm.checkpoints.spynet_sintel import add_sintel, load_sintel, sintel_path, sintel_shapes
from vidmbench.vidm.networks.spynet import SpyNet


@pytest.fixture
def sintel():
    return {name: tensor.detach() for name, tensor in SpyNet().named_parameters()}


def assert_added(tensors):
    loaded = load_sintel()
    assert loaded is not None
    assert list(loaded) == list(tensors) == list(sintel_shapes())
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)
    missing, additional = SpyNet().load_state_dict(loaded, strict=False)
    assert (sorted(missing), additional) == (["mean", "std"], [])


def test_none_before_any_is_added():
    assert load_sintel() is None


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda tensors: tensors,
        lambda tensors: {"state_dict": tensors, "meta": {"epoch": 3}},
        lambda tensors: {f"spynet.{name}": tensor for name, tensor in tensors.items()},
        lambda tensors: {"state_dict": {f"module.spynet.{name}": tensor for name, tensor in tensors.items()}},
        lambda tensors: tensors | {name: getattr(SpyNet(), name) for name in ("mean", "std")},
    ],
    ids=["plain", "state_dict", "spynet.", "module.spynet.", "with mean and std"],
)
def test_a_copy_is_taken(wrapped, sintel, tmp_path):
    torch.save(wrapped(sintel), tmp_path / "own.pth")
    assert add_sintel(tmp_path / "own.pth") == sintel_path()
    assert_added(sintel)


def test_a_safetensors_copy_is_taken(sintel, tmp_path):
    save_file(sintel, tmp_path / "own.safetensors")
    add_sintel(tmp_path / "own.safetensors")
    assert_added(sintel)


FIRST, LAST = "basic_module.0.basic_module.0.conv.weight", "basic_module.5.basic_module.4.conv.bias"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop(LAST), f"no {LAST}"),
        (lambda tensors: tensors.update({"head.bias": torch.zeros(2)}), "additional head.bias"),
        (lambda tensors: tensors.update(mean=torch.zeros(1, 3, 1, 1)), "additional mean"),
        (lambda tensors: tensors.update({FIRST: torch.zeros(32, 8, 3, 3)}), f"{FIRST} has shape (32, 8, 3, 3), not"),
        (lambda tensors: tensors.update({LAST: torch.zeros(2).half()}), f"{LAST} is torch.float16, not float32"),
        (lambda tensors: tensors.update({LAST: [0.0, 0.0]}), f"{LAST} is list, not float32"),
        (lambda tensors: tensors.update({LAST: torch.tensor([0.0, torch.nan])}), f"{LAST} holds numbers that are not"),
        (lambda tensors: tensors.clear(), "57 more such"),
    ],
    ids=["missing", "additional", "other mean", "shape", "type", "no tensor", "nan", "empty"],
)
def test_other_tensors_are_refused_by_name(change, said, sintel, tmp_path):
    change(sintel)
    torch.save(sintel, tmp_path / "own.pth")
    with pytest.raises(WeightsError) as problem:
        add_sintel(tmp_path / "own.pth")
    assert said in str(problem.value)
    assert str(tmp_path / "own.pth") in str(problem.value)
    assert "weights add spynet-sintel" in str(problem.value)
    assert load_sintel() is None


class Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def test_no_code_in_a_file_is_run(tmp_path):
    torch.save({FIRST: Malicious(tmp_path / "ran")}, tmp_path / "own.pth")
    with pytest.raises(WeightsError, match="unsafe: it asks for code to be run when it is loaded, and none was"):
        add_sintel(tmp_path / "own.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["own.pth", "own.safetensors"])
@pytest.mark.parametrize("kept", [0, 100, 0.5])
def test_truncated_files_are_refused(name, kept, sintel, tmp_path):
    file = tmp_path / name
    (save_file if name.endswith("safetensors") else torch.save)(sintel, file)
    data = file.read_bytes()
    file.write_bytes(data[: int(kept if kept != 0.5 else len(data) / 2)])
    with pytest.raises(WeightsError, match="or it is truncated"):
        add_sintel(file)
    assert load_sintel() is None


def test_missing_file_and_tensor_alone(tmp_path):
    with pytest.raises(WeightsError, match="no such weights file"):
        add_sintel(tmp_path / "gone.pth")
    torch.save(torch.zeros(3), tmp_path / "own.pth")
    with pytest.raises(WeightsError, match="57 more such"):
        add_sintel(tmp_path / "own.pth")


def test_a_damaged_cache_is_named(sintel, tmp_path):
    torch.save(sintel, tmp_path / "own.pth")
    path = add_sintel(tmp_path / "own.pth")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(WeightsError, match="which replaces the file") as problem:
        load_sintel()
    assert str(path) in str(problem.value)


def test_on_the_command_line(sintel, tmp_path, monkeypatch, capsys):
    def given(*words):
        monkeypatch.setattr(sys, "argv", ["vidmbench", "weights", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, capsys.readouterr()

    assert "spynet-sintel: none; optional: vidmbench weights add spynet-sintel FILE" in given("status")[1].out
    code, said = given("get", "spynet-sintel")
    assert code == 2
    for words in ("no package registry has them", "non-commercial", "vidmbench weights add spynet-sintel FILE"):
        assert words in said.err
    assert given("get", "spynet-sintl")[0] == 2
    torch.save(sintel, tmp_path / "own.pth")
    code, said = given("add", "spynet-sintel", tmp_path / "own.pth")
    assert (code, said.out) == (0, f"spynet-sintel: {sintel_path()}\n")
    assert f"spynet-sintel: here, {sintel_path()}" in given("status")[1].out
    listed = json.loads(given("status", "--json")[1].out)
    assert listed["spynet-sintel"] == {"path": str(sintel_path()), "present": True}
