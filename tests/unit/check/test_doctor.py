import numpy as np
import pytest

from vidmbench.check import doctor
from vidmbench.core.errors import WeightsError
from vidmbench.detectors.weights_registry import weights_path
from vidmbench.protocols.detector import load_detectors


def found(name):
    return next(check for check in doctor.examine() if check.name.startswith(name))


@pytest.fixture
def no_network(monkeypatch):
    """Two features at the golden distance, and no weights to load."""

    class Engine:
        distance = 151.39247

        def features(self, clips):
            for number, clip in enumerate(clips):
                assert clip.shape == (30, 224, 224, 3)
                yield np.full(1, number * np.sqrt(self.distance), np.float32)

    engine = Engine()
    monkeypatch.setattr(doctor, "load_engine", lambda stage: engine)
    monkeypatch.setattr(doctor, "load_weights", lambda spec: {})
    return engine


@pytest.mark.weights
def test_all_is_well_here(weights):
    checks = list(doctor.examine())
    assert [check for check in checks if check.state == "FAIL"] == []
    said = {check.name: check for check in checks}
    assert len(said) == len(checks) == 11
    golden = next(check for name, check in said.items() if name.startswith("golden"))
    assert golden.state == "ok"
    assert golden.said.startswith("151.392")
    assert "af5c50f0df57" in said["weights"].said


def test_a_golden_number_within_tolerance_is_ok(no_network):
    assert found("golden").state == "ok"


def test_a_wrong_golden_number_fails(no_network):
    no_network.distance = 151.40
    check = found("golden")
    assert check.state == "FAIL"
    assert check.said.startswith("151.4")
    assert "151.39244" in check.said


def test_an_error_is_a_line_not_the_end(no_network, monkeypatch):
    def missing(spec):
        raise WeightsError("the weights are not here")

    monkeypatch.setattr(doctor, "load_weights", missing)
    monkeypatch.setattr(doctor, "_python", lambda: 1 / 0)
    checks = {check.name: check for check in doctor.examine()}
    assert (checks["weights"].state, checks["weights"].said) == ("FAIL", "the weights are not here")
    assert (checks["python"].state, checks["python"].said) == ("FAIL", "ZeroDivisionError: division by zero")
    assert next(check for name, check in checks.items() if name.startswith("golden")).state == "ok"


def test_damaged_weights_fail(no_network, monkeypatch):
    from vidmbench.detectors.weights_registry import load_weights

    monkeypatch.setattr(doctor, "load_weights", load_weights)
    path = weights_path(load_detectors()["i3d-kinetics400"])
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # offline: what is damaged cannot be fetched anew
    check = found("weights")
    assert check.state == "FAIL"
    assert "damaged" in check.said


def test_a_decoder_that_gives_other_frames_fails(no_network, monkeypatch):
    from vidmbench import videos

    monkeypatch.setattr(videos, "decode", lambda *_, **__: np.zeros((12, 48, 64, 3), np.uint8))
    check = found("decoders")
    assert check.state == "FAIL"
    assert "does not give back the frames" in check.said


def test_the_slow_engine_is_a_note(no_network, monkeypatch):
    monkeypatch.setattr(doctor, "engine_name", lambda device: "torch-2.13.0/cpu")
    check = found("engine")
    assert check.state == "note"
    assert "pip install openvino" in check.said


def test_a_cache_that_cannot_be_written_fails(no_network, monkeypatch, tmp_path):
    (tmp_path / "way").touch()
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "way"))
    assert found("cache").state == "FAIL"
