import csv
import importlib.util
import itertools
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from reference.i3d import PlainI3D, plain_features
from support.processor import HAS_AMX

from vidmbench.core.errors import UsageError
from vidmbench.detectors import engine as base
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.i3d import folded, same_padding
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.controls import control

# Float32 through 58 layers; engines differ from each other by 3e-6 on logits of up to 15.
LOGIT = 1e-4
DISTANCE = 1e-5
# bf16 keeps 8 bits: single logits move by some tenths at the most, and never by nothing.
BF16_LOGIT = 0.6

BF16_DISTANCE = 5e-3

pytestmark = pytest.mark.weights

has_openvino = importlib.util.find_spec("openvino") is not None
needs_openvino = pytest.mark.skipif(not has_openvino, reason="OpenVINO is not installed (the extra named cpu)")
needs_amx = pytest.mark.skipif(not HAS_AMX, reason="no matrix units for bf16")
ENGINES = ["torch", pytest.param("openvino", marks=needs_openvino)]
FASTEST = "openvino" if has_openvino else "torch"


@pytest.fixture(scope="module")
def stage():
    return load_protocol("fvd-tf-hub").array


@pytest.fixture
def engines(weights, stage):
    """Engines by (name, precision, eps), each made once."""

    def engine(name, precision="fp32", eps=1e-3):
        key = name, precision, eps
        if key not in _MADE:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(base, "_choose", lambda *_, **__: f"{name}/cpu")
                own = stage.model_copy(update={"batch_norm_eps": eps})
                _MADE[key] = load_engine(own, precision=precision, device="cpu")
        return _MADE[key]

    return engine


_MADE: dict = {}


@pytest.fixture(scope="module", autouse=True)
def _forget_engines():
    yield
    _MADE.clear()


def golden_clips(shared, stage):
    golden = np.load(shared / "golden" / "i3d_logits.npz")
    return [prepared(clip, stage, size=224) for clip in golden["clips"]], golden["logits"]


def random_clip(frames, seed):
    """Smooth noise over the whole range, so that every unit of the network has something to do."""
    random = np.random.default_rng(seed)
    small = random.uniform(-1, 1, (frames, 14, 14, 3)).astype(np.float32)
    return np.ascontiguousarray(small.repeat(16, axis=1).repeat(16, axis=2))


def even_clip(frames, value):
    return np.full((frames, 224, 224, 3), value, dtype=np.float32)


def distance(black, white):
    return float(((black.astype(np.float64) - white) ** 2).sum())


@pytest.mark.shared
@pytest.mark.parametrize("name", ENGINES)
def test_logits_of_an_independent_implementation(name, engines, shared, stage):
    clips, logits = golden_clips(shared, stage)
    found = np.stack(list(engines(name).features(clips)))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, logits, rtol=0, atol=LOGIT)


@pytest.mark.shared
@pytest.mark.parametrize("name", ENGINES)
def test_black_against_white_clips_at_every_length(name, engines, shared):
    with (shared / "golden" / "i3d_zeros_ones.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    wanted = [row for row in rows if name == FASTEST or row["frames"] in ("9", "10", "30")]
    assert name != FASTEST or [int(row["frames"]) for row in wanted] == list(range(9, 31))
    for row in wanted:
        frames = int(row["frames"])
        value = distance(*engines(name).features([even_clip(frames, -1.0), even_clip(frames, 1.0)]))
        assert value == pytest.approx(float(row["fvd_float64"]), rel=DISTANCE), f"{frames} frames"
        if row["styleganv_reported"]:  # of common_metrics' README, made on a GPU with TF32
            assert value == pytest.approx(float(row["styleganv_reported"]), rel=4e-3)
        if row["tensorflow_reported"]:
            assert value == pytest.approx(float(row["tensorflow_reported"]), rel=DISTANCE)
            assert row["tensorflow_reported"] == "151.39244"


def test_what_tokenbench_prints_in_its_readme(engines):
    """232.7575 for 50 black against 50 white frames."""
    value = distance(*engines(FASTEST).features([even_clip(50, -1.0), even_clip(50, 1.0)]))
    assert value == pytest.approx(232.7575, rel=1e-4)


@pytest.fixture(scope="module")
def plain_features_at():
    """Features of the plain graph by epsilon, computed once for all engines."""

    @cache
    def features(eps):
        plain = PlainI3D(load_weights(load_detectors()["i3d-kinetics400"]), eps)
        return [plain_features(plain, clip) for clip in (random_clip(9, 0), random_clip(10, 1))]

    return features


@pytest.mark.parametrize("eps", [1e-3, 1e-5])
@pytest.mark.parametrize("name", ENGINES)
def test_agrees_with_the_plain_graph(name, eps, engines, plain_features_at):
    found = engines(name, eps=eps).features([random_clip(9, 0), random_clip(10, 1)])
    for feature, expected in zip(found, plain_features_at(eps), strict=True):
        np.testing.assert_allclose(feature, expected, rtol=0, atol=LOGIT)


@pytest.fixture(scope="module")
def real_and_shuffled(stage):
    """Two real clips of clevrer-mini and two shuffled ones, as the network takes them, and the plain graph's FVD."""
    real, fake = ToyVideos("test"), control("shuffled", ToyVideos("train"))
    clips = [prepared(source.read(index, range(16)), stage, size=224) for source in (real, fake) for index in range(2)]
    plain = PlainI3D(load_weights(load_detectors()["i3d-kinetics400"]))
    return clips, fvd([plain_features(plain, clip) for clip in clips])


def fvd(features):
    real, fake = (Moments.of(np.stack(side)) for side in (features[:2], features[2:]))
    return frechet_distance(real, fake, normalisation="n")


@pytest.mark.parametrize(
    ("name", "precision", "tolerance"),
    [
        ("torch", "fp32", DISTANCE),
        pytest.param("openvino", "fp32", DISTANCE, marks=needs_openvino),
        pytest.param("openvino", "bf16", BF16_DISTANCE, marks=[needs_openvino, needs_amx]),
    ],
)
def test_the_distance_is_that_of_the_plain_graph(name, precision, tolerance, engines, weights, real_and_shuffled):
    clips, expected = real_and_shuffled
    assert fvd(list(engines(name, precision=precision).features(clips))) == pytest.approx(expected, rel=tolerance)


def test_the_epsilon_matters(weights, plain_features_at):
    assert np.abs(plain_features_at(1e-3)[0] - plain_features_at(1e-5)[0]).max() > 100 * LOGIT


@pytest.mark.parametrize("name", ENGINES)
def test_a_feature_depends_on_its_own_clip_alone(name, engines):
    clips = [random_clip(frames, seed) for seed, frames in enumerate((9, 10, 9))]
    first, second, third = engines(name).features(iter(clips))
    third_again, first_again = engines(name).features([clips[2], clips[0]])
    (second_again,) = engines(name).features([clips[1]])
    np.testing.assert_array_equal(first, first_again)
    np.testing.assert_array_equal(second, second_again)
    np.testing.assert_array_equal(third, third_again)
    assert np.abs(first - third).max() > 0.01


@pytest.mark.parametrize("name", ENGINES)
def test_few_clips_are_in_flight(name, engines):
    """An engine that first gathered its input would ask for all clips before it gives the first feature."""
    asked = itertools.count()
    clip = random_clip(9, 0)
    stream = engines(name).features(clip for _ in range(10) if next(asked) >= 0)
    next(stream)
    assert next(asked) <= 7
    stream.close()


@pytest.mark.parametrize("name", ENGINES)
def test_a_broken_stream_raises_and_leaves_the_engine_usable(name, engines):
    def clips():
        yield random_clip(9, 0)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        list(engines(name).features(clips()))
    (feature,) = engines(name).features([random_clip(9, 0)])
    assert np.isfinite(feature).all()


@pytest.mark.parametrize("name", ENGINES)
def test_no_clips_give_no_features(name, engines):
    assert list(engines(name).features([])) == []


@pytest.mark.shared
@needs_openvino
def test_bf16_changes_little_but_not_nothing(engines, shared, stage):
    clips, logits = golden_clips(shared, stage)
    found = np.stack(list(engines("openvino", precision="bf16").features(clips[:1])))
    difference = np.abs(found - logits[:1]).max()
    assert 1e-4 < difference < BF16_LOGIT
    assert found[0].argmax() == logits[0].argmax()


def test_folding_keeps_every_layer(weights):
    layers = folded(load_weights(load_detectors()["i3d-kinetics400"]), eps=1e-3)
    assert len(layers) == 58
    assert layers["Conv3d_1a_7x7"].weight.shape == (64, 3, 7, 7, 7)
    assert layers["Logits/Conv3d_0c_1x1"].weight.shape == (400, 1024, 1, 1, 1)
    assert all(layer.bias.shape == layer.weight.shape[:1] for layer in layers.values())


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        (224, 7, 2, (2, 3)),
        (112, 3, 2, (0, 1)),
        (15, 7, 2, (3, 3)),
        (5, 3, 1, (1, 1)),
        (3, 2, 2, (0, 1)),
        (4, 1, 2, (0, 0)),
    ],
)
def test_same_padding_as_tensorflow_has_it(size, kernel, stride, expected):
    assert same_padding(size, kernel, stride) == expected


def test_eight_frames_are_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(base, "load_weights", lambda spec: pytest.fail("weights were asked for"))
    with pytest.raises(UsageError) as caught:
        load_protocol("fvd-tf-hub").with_options(frames=8)
    said = str(caught.value)
    assert "fvd-tf-hub cannot score clips of 8 frames" in said
    assert "9 to 1024 frames" in said
    assert "choose --frames 9" in said


QUIET = """
import sys
def watch(event, details):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen"):
        raise RuntimeError(f"{event} while scoring")
sys.addaudithook(watch)
"""
SCORE = """
import numpy as np
from vidmbench.detectors.engine import load_engine
from vidmbench.protocols.protocol import load_protocol
engine = load_engine(load_protocol("fvd-tf-hub").array, device="cpu")
(feature,) = engine.features([np.zeros((9, 224, 224, 3), np.float32)])
assert np.isfinite(feature).all()
assert "openvino_telemetry" not in sys.modules
print(engine.name)
"""
CALL = """
import socket
socket.create_connection(("127.0.0.1", 9), timeout=1)
"""


def run_quietly(code):
    return subprocess.run([sys.executable, "-c", QUIET + code], capture_output=True, text=True, env=os.environ.copy())


@needs_openvino
def test_scoring_calls_nobody(weights):
    done = run_quietly(SCORE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("openvino")


def test_a_call_would_be_noticed():
    done = run_quietly(CALL)
    assert done.returncode != 0
    assert "while scoring" in done.stderr
