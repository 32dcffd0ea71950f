"""Weights in a folder that is only read: of a machine's administrator, or inside a container."""

import pytest
from safetensors.numpy import load_file, save_file

from vidmbench.core import resources
from vidmbench.core.defaults import defaults
from vidmbench.core.errors import UsageError, WeightsError
from vidmbench.detectors import weights_adding, weights_local, weights_registry
from vidmbench.detectors.weights_local import real_path
from vidmbench.detectors.weights_registry import (
    add_weights,
    get_weights,
    load_weights,
    own_weights_path,
    tensors_digest,
    weights_path,
)
from vidmbench.protocols.detector import load_detectors

from .test_weights import TREE, flattened


@pytest.fixture
def spec():
    """A detector with a handful of weights, which nobody can fetch."""
    changes = {"name": "small", "weights_sha256": "ab" * 32, "tensors_sha256": tensors_digest(flattened(TREE))}
    return load_detectors()["i3d-kinetics400"].model_copy(update={**changes, "package": None})


@pytest.fixture
def shared(spec, tmp_path, monkeypatch):
    """The shared folder, with those weights."""
    folder = tmp_path / "shared"
    folder.mkdir()
    save_file(flattened(TREE), folder / weights_path(spec).name)
    monkeypatch.setenv("VIDMBENCH_WEIGHTS", str(folder))
    return folder


def test_shared_weights_are_read_and_nothing_is_written_there(spec, shared, own_cache):
    before = sorted(shared.iterdir())
    assert weights_path(spec).parent == shared
    assert sorted(load_weights(spec)) == sorted(flattened(TREE))
    assert get_weights(spec) == weights_path(spec)
    assert sorted(shared.iterdir()) == before
    assert not list(own_cache.rglob("*"))


def test_ones_own_weights_come_first_and_are_written_to_the_cache(spec, shared, tmp_path):
    save_file(flattened(TREE), tmp_path / "mine.safetensors")
    assert add_weights(spec, tmp_path / "mine.safetensors") == own_weights_path(spec) == weights_path(spec)
    assert own_weights_path(spec).parent == resources.cache_dir() / "weights"


def test_damaged_shared_weights_are_replaced_in_the_cache(spec, shared, tmp_path, monkeypatch):
    path = weights_path(spec)
    path.write_bytes(b"half")
    with pytest.raises(WeightsError, match="could not be fetched"):
        load_weights(spec)
    save_file(flattened(TREE), tmp_path / "fetched.safetensors")
    monkeypatch.setattr(weights_registry, "_download", lambda *_: tmp_path / "fetched.safetensors")
    assert sorted(load_weights(spec)) == sorted(flattened(TREE))
    assert path.read_bytes() == b"half"
    assert sorted(load_file(own_weights_path(spec))) == sorted(flattened(TREE))


def test_weights_on_no_registry_may_be_shared_too(shared, tmp_path, monkeypatch):
    spec = next(one for one in load_detectors().values() if one.package is None and one.network is not None)
    assert real_path(spec) == own_weights_path(spec)
    (shared / real_path(spec).name).touch()
    assert real_path(spec).parent == shared
    (tmp_path / "published").touch()
    monkeypatch.setattr(weights_adding, "read_file", lambda *_: flattened(TREE))
    assert weights_adding.add_other(spec, str(tmp_path / "published")) == own_weights_path(spec)
    assert real_path(spec) == own_weights_path(spec)


@pytest.mark.parametrize("name", ["", "nowhere", "~nobody/x"])
def test_a_shared_folder_that_is_not_there_changes_nothing(name, spec, monkeypatch):
    monkeypatch.setenv("VIDMBENCH_WEIGHTS", name)
    assert weights_path(spec) == own_weights_path(spec)


def test_missing_weights_name_the_shared_folder_too(spec, shared, monkeypatch):
    weights_path(spec).unlink()
    with pytest.raises(WeightsError) as caught:
        load_weights(spec)
    assert f"none in {shared} either (VIDMBENCH_WEIGHTS)" in caught.value.found
    monkeypatch.setenv("VIDMBENCH_WEIGHTS", "nowhere")
    other = next(one for one in load_detectors().values() if one.package is None and one.network is not None)
    assert weights_local.missing(other).found == (
        "nothing; none in nowhere either (VIDMBENCH_WEIGHTS, which is not a folder)"
    )


def test_a_misspelt_variable_is_refused(monkeypatch):
    monkeypatch.setenv("VIDMBENCH_WEIGHT", "somewhere")
    with pytest.raises(UsageError, match="did you mean VIDMBENCH_WEIGHTS"):
        defaults()
