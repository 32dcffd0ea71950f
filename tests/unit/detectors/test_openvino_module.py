"""Vision transformers on OpenVINO: PyTorch's features, tried once for each network, and the same choice everywhere."""

import json
from importlib.metadata import version

import numpy as np
import pytest
import torch
from support.tiny_networks import CLIP, DETECTOR, OF_CLIPS, OF_FRAMES, VIDEOMAE, save_checkpoint, tensors_of

from vidmbench.core.errors import ProtocolError, UsageError
from vidmbench.detectors import openvino_conversion, openvino_module, openvino_trial
from vidmbench.detectors.engine import engine_name
from vidmbench.detectors.openvino_module import OpenVinoModuleEngine
from vidmbench.detectors.torch_module import ModuleEngine
from vidmbench.protocols.detector import load_detector

OPENVINO, TORCH = (f"{name}-{version(name).split('+')[0]}" for name in ("openvino", "torch"))


def declared(tmp_path, facts, config):
    save_checkpoint(tmp_path / "checkpoint", tensors_of(facts["class_name"], config), config)
    (tmp_path / "detector.toml").write_text(DETECTOR.format(**facts))
    return str(tmp_path / "detector.toml")


@pytest.fixture
def of_frames(tmp_path):
    return declared(tmp_path, OF_FRAMES, CLIP)


@pytest.fixture
def of_clips(tmp_path):
    return declared(tmp_path, OF_CLIPS, VIDEOMAE)


def kept(own_cache):
    (path,) = (own_cache / "engines").glob("*.json")
    return path


def forget(monkeypatch):
    """As another process."""
    monkeypatch.setattr(openvino_trial, "_KNOWN", {})


@pytest.mark.parametrize("which", ["of_frames", "of_clips"])
def test_the_features_of_pytorch(which, request):
    spec = load_detector(request.getfixturevalue(which))
    clips = list(np.random.default_rng(0).standard_normal((5, 4, 32, 32, 3), np.float32))
    expected = list(ModuleEngine(spec, device="cpu", name="torch").features(clips))
    engine = OpenVinoModuleEngine(spec, name="openvino")
    found = list(engine.features(clips))
    frames = 4 if which == "of_frames" else 1
    assert np.shape(found) == (5, spec.num_features * frames)
    assert np.abs(np.subtract(found, expected)).max() < 1e-5 * np.abs(expected).max()
    # Whatever came before or after, to the bit.
    np.testing.assert_array_equal(list(engine.features(clips[2:3])), found[2:3])


def test_a_network_is_tried_once_for_its_weights(of_frames, own_cache, monkeypatch, tmp_path, capsys):
    assert engine_name("cpu", of_frames, is_tried=False) == f"{OPENVINO} or {TORCH}/cpu"
    assert not (own_cache / "engines").exists()
    assert engine_name("cpu", of_frames) == f"{OPENVINO}/cpu"
    assert capsys.readouterr().err.count("trying whether OpenVINO computes what PyTorch does") == 1
    assert json.loads(kept(own_cache).read_text())["is_for_openvino"] is True
    forget(monkeypatch)
    compiled = openvino_conversion.compiled
    monkeypatch.setattr(openvino_conversion, "compiled", None)
    assert engine_name("cpu", of_frames) == engine_name("auto", of_frames, is_tried=False) == f"{OPENVINO}/cpu"
    assert engine_name("cpu", of_frames, "bf16") == f"{TORCH}/cpu"
    # Other weights are another network, and a damaged file is made anew.
    monkeypatch.setattr(openvino_conversion, "compiled", compiled)
    kept(own_cache).write_text('{"is_for_open')
    forget(monkeypatch)
    assert engine_name("cpu", of_frames) == f"{OPENVINO}/cpu"
    assert json.loads(kept(own_cache).read_text())["network"] == "my-clip"
    tensors = {name: value * 1.5 for name, value in tensors_of(OF_FRAMES["class_name"], CLIP).items()}
    save_checkpoint(tmp_path / "checkpoint", tensors, CLIP)
    assert engine_name("cpu", of_frames, is_tried=False) == f"{OPENVINO} or {TORCH}/cpu"


class Times(torch.nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


@pytest.mark.parametrize("what", ["another number", "not a number", "another shape", "no converter"])
def test_what_does_not_agree_is_left_to_pytorch(what, of_frames, own_cache, monkeypatch):
    import openvino

    def converted(traced, **options):
        if what == "no converter":
            raise RuntimeError("No conversion rule\nfor aten::something")
        factor = {"another number": 1.0002, "not a number": float("nan"), "another shape": torch.ones(2, 1)}[what]

        wrong = torch.nn.Sequential(traced, Times(factor))
        return convert(torch.jit.trace(wrong, options["example_input"], check_trace=False), **options)

    convert = openvino.convert_model
    monkeypatch.setattr(openvino, "convert_model", converted)
    assert engine_name("cpu", of_frames) == f"{TORCH}/cpu"
    forget(monkeypatch)
    monkeypatch.setattr(openvino, "convert_model", convert)
    assert engine_name("cpu", of_frames) == f"{TORCH}/cpu"
    content = json.loads(kept(own_cache).read_text())
    said = {"another number": "differ by 0.0002 of", "no converter": "RuntimeError: No conversion rule for aten::"}
    assert said.get(what, "differ by inf of the largest one") in content["reason"]


def test_input_of_another_size_that_does_not_agree(of_clips, monkeypatch):
    """What was tried at one size is tried again at each other: no number is computed by a wrong conversion."""
    assert engine_name("cpu", of_clips) == f"{OPENVINO}/cpu"
    engine = OpenVinoModuleEngine(load_detector(of_clips), name="openvino")
    with pytest.raises(ProtocolError, match="VideoMAEModel does not take this input") as refused:
        next(engine.features([np.zeros((6, 32, 32, 3), np.float32)]))  # its table of positions has 4 frames
    assert refused.value.expected == "4 frames of 32 x 32 pixels, as its config.json says"
    assert str(refused.value.found).startswith("6 frames of 32 x 32 pixels; transformers says: ")
    assert engine_name("cpu", of_clips) == f"{OPENVINO}/cpu"
    monkeypatch.setattr(openvino_module, "compiled", lambda *_: (None, 0.2))
    with pytest.raises(UsageError, match="my-videomae as PyTorch does for input of 4 x 32 x 32") as raised:
        next(engine.features([np.zeros((4, 32, 32, 3), np.float32)]))
    assert "the same command again" in str(raised.value.fix)
    assert engine_name("cpu", of_clips) == f"{TORCH}/cpu"


def test_where_the_cache_cannot_be_written(of_frames, own_cache, monkeypatch):
    (own_cache / "engines").write_text("a file where a folder should be")
    assert engine_name("cpu", of_frames) == f"{OPENVINO}/cpu"
    monkeypatch.setattr(openvino_conversion, "compiled", None)
    assert engine_name("cpu", of_frames) == f"{OPENVINO}/cpu"


def test_what_openvino_does_not_compute(of_frames, tmp_path, monkeypatch):
    """Networks of users, whose control flow nobody knows; networks without weights; and nothing where it is missing."""
    assert engine_name("cpu", "inception-pool") == f"{TORCH}/cpu"
    assert engine_name("cpu", "v-jepa-vith16-ssv2") == f"{TORCH}/cpu"
    (tmp_path / "net.py").write_text("def build(weights): ...")
    text = DETECTOR.format(**OF_FRAMES).replace('library = "transformers"', 'network = "net.py:build"')
    own = "\n".join(line for line in text.splitlines() if not line.startswith(("class", "folder", "output")))
    (tmp_path / "own.toml").write_text(own + '\nweights_file = ""\n')
    assert engine_name("cpu", str(tmp_path / "own.toml")) == f"{TORCH}/cpu"
    monkeypatch.setattr(openvino_trial, "find_spec", lambda name: None)
    assert engine_name("cpu", of_frames) == f"{TORCH}/cpu"
