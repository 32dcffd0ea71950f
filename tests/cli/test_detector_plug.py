"""A detector from outside the package: a TOML file, an import path, weights, and a protocol that names it."""

import hashlib

import numpy as np
import pytest

from vidmbench.detectors import torch_module as module_engine

DETECTOR = """\
name = "grey-means"
short = "grey"
title = "weighted means of a clip, or of a frame"
reads = "{reads}"
num_features = 3
min_frames = 2
input_size = 8
measures = {{ frechet = "grey-fd", kernel = "grey-kd", precision-recall = "prdc", inception-score = "grey-is" }}
network = "grey.py:build"
prepare = "grey.py:halved"
gives = "{gives}"
options = {{ power = "1" }}
weights_file = "grey.npz"
weights_sha256 = "{digest}"
licence = "ours"
published = "nowhere"
"""
NETWORK = """\
import numpy as np
import torch


class Means(torch.nn.Module):
    def __init__(self, weight, is_sharp):
        super().__init__()
        self.weight, self.is_sharp = torch.from_numpy(weight), is_sharp

    def forward(self, x):
        means = x.mean(dim=tuple(range(2, x.ndim))) @ self.weight
        return torch.softmax(means, dim=1) if self.is_sharp else means


def build(weights, power, sharp="no"):
    return Means(weights["weight"] ** int(power), sharp == "yes")


def halved(frames):
    return np.ascontiguousarray(frames[:, ::8, ::8], dtype=np.float32) / 255
"""
PROTOCOL = """\
name = "{name}"
version = 1
metric = "{metric}"
source = "ours"
[dataset]
short_videos = "error"
[clips]
frames = 4
frames_allowed = [1, 1024]
real = {{ pick = "all", start = "zero" }}
fake = {{ pick = "all", start = "zero" }}
[array]
detector = "{detector}"
resize = "{resize}"
range = "0..1"
[statistics]
{statistics}
"""
STATISTICS = {
    "frechet": 'covariance = "n-1"',
    "kernel": "degree = 3",
    "precision-recall": "neighbours = 2",
    "inception-score": "splits = 1\nlog_eps = 0.0",
}


@pytest.fixture
def plug(folder):
    """Writes the files; returns a function that writes a protocol for a metric and gives its path."""
    weight = np.random.default_rng(3).normal(size=(3, 3)).astype(np.float32)
    np.savez(folder / "grey.npz", weight=weight)
    digest = hashlib.sha256((folder / "grey.npz").read_bytes()).hexdigest()
    (folder / "grey.py").write_text(NETWORK)

    def protocol(metric="frechet", *, reads="clips", gives="features", resize="detector", digest=digest, more=""):
        content = DETECTOR.format(reads=reads, gives=gives, digest=digest)
        if gives == "probabilities":
            content = content.replace('power = "1"', 'power = "1", sharp = "yes"')
        name = hashlib.sha256(f"{reads}{gives}{digest}{more}".encode()).hexdigest()[:8]
        (folder / f"{name}.toml").write_text(content + more)
        path = folder / f"my-{metric}-{name}-{resize}.toml"
        path.write_text(
            PROTOCOL.format(
                name=path.stem,
                metric=metric,
                detector=f"{name}.toml",
                resize=resize,
                statistics=STATISTICS[metric],
            )
        )
        return path

    return protocol


@pytest.fixture
def pair(folder):
    random = np.random.default_rng(0)
    for name, low in (("real", 0), ("fake", 60)):
        np.save(folder / f"{name}.npy", random.integers(low, 256, (7, 6, 64, 64, 3), dtype=np.uint8))
    return folder / "real.npy", folder / "fake.npy"


def features(path, folder, frames=4):
    """What the network gives, by plain numpy: (clip, frame, feature)."""
    weight = np.load(folder / "grey.npz")["weight"]
    pictures = np.load(path)[:, :frames, ::8, ::8].astype(np.float64) / 255
    return pictures.mean(axis=(2, 3)) @ weight


def frechet(real, fake):
    from scipy.linalg import sqrtm

    means = [side.mean(axis=0) for side in (real, fake)]
    covariances = [np.cov(side.T) for side in (real, fake)]
    root = np.trace(sqrtm(covariances[0] @ covariances[1])).real
    return ((means[0] - means[1]) ** 2).sum() + sum(np.trace(one) for one in covariances) - 2 * root


def test_a_clip_detector_gets_every_metric(command, plug, pair, folder):
    real, fake = (features(path, folder).mean(axis=1) for path in pair)
    found = command("score", *pair, "--protocol", plug(), "--json").json
    assert found["metric"] == "grey-fd"
    assert found["value"] == pytest.approx(frechet(real, fake), rel=1e-4)
    assert "det:grey:" in found["signature"]
    assert found["engine"].startswith("torch-")
    assert found["interval"] is not None
    assert command("score", *pair, "--protocol", plug("kernel"), "--json").json["metric"] == "grey-kd"
    four = command("score", *pair, "--protocol", plug("precision-recall"), "--json").json["measurements"]
    assert [one["metric"] for one in four] == ["precision", "recall", "density", "coverage"]


@pytest.mark.parametrize("gives", ["logits", "probabilities"])
def test_an_inception_score_looks_at_the_scored_side_alone(command, plug, pair, folder, gives):
    logits = features(pair[1], folder).mean(axis=1)
    classes = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    marginal = classes.mean(axis=0)
    expected = np.exp((classes * np.log(classes / marginal)).sum(axis=1).mean())
    found = command("score", *pair, "--protocol", plug("inception-score", gives=gives), "--json").json
    assert found["metric"] == "grey-is"
    assert found["value"] == pytest.approx(expected, rel=1e-5)
    assert found["num_real"] == 0


def test_a_frame_detector_gives_a_row_a_frame(command, plug, pair, folder):
    real, fake = (features(path, folder).reshape(-1, 3) for path in pair)
    found = command("score", *pair, "--protocol", plug(reads="frames"), "--json").json
    assert found["value"] == pytest.approx(frechet(real, fake), rel=1e-4)
    assert (found["num_real"], found["frames"]) == (7, 4)


def test_our_own_resizing_feeds_it_too(command, plug, pair):
    found = command("score", *pair, "--protocol", plug(resize="bilinear-half-pixel"), "--json").json
    assert "rs:bilinear-hp" in found["signature"]


def test_the_second_run_takes_features_from_the_cache(command, plug, pair, monkeypatch):
    first = command("score", *pair, "--protocol", plug(), "--json").json
    monkeypatch.setattr(module_engine, "ModuleEngine", None)
    assert command("score", *pair, "--protocol", plug(), "--json").json["value"] == first["value"]


@pytest.mark.parametrize("change", ["code", "options", "weights"])
def test_a_changed_network_is_another_one(change, command, plug, pair, folder):
    words = ("score", *pair, "--protocol", plug(), "--json")
    first = command(*words).json
    if change == "code":
        (folder / "grey.py").write_text(NETWORK.replace("@ self.weight", "@ self.weight * 2"))
    elif change == "options":
        words = ("score", *pair, "--protocol", plug(more="# other options\n"), "--json")
        for path in folder.glob("????????.toml"):
            path.write_text(path.read_text().replace('power = "1"', 'power = "2"'))
    else:
        np.savez(folder / "grey.npz", weight=np.ones((3, 3), np.float32))
        digest = hashlib.sha256((folder / "grey.npz").read_bytes()).hexdigest()
        words = ("score", *pair, "--protocol", plug(digest=digest), "--json")
    again = command(*words).json
    assert again["value"] != pytest.approx(first["value"], rel=1e-3)
    if change == "code":
        assert again["value"] == pytest.approx(4 * first["value"], rel=1e-4)
    assert again["signature_id"] != first["signature_id"]
    assert again["weights"] != first["weights"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            f"{NETWORK}\ndef build(weights, power): raise RuntimeError('asked again')",
            ("building its network", "asked again"),
        ),
        ("def build(weights, power:", ("cannot be imported", "SyntaxError")),
        ("import nothing_of_the_sort", ("cannot be imported", "nothing_of_the_sort")),
        (
            NETWORK.replace("return torch.softmax", "raise ValueError('too dark')  # "),
            ("features", "too dark"),
        ),
        (
            NETWORK.replace("if self.is_sharp else means", "if self.is_sharp else means.numpy()"),
            ("no tensor", "ndarray"),
        ),
    ],
)
def test_mistakes_in_a_network_are_one_message(code, said, command, plug, pair, folder):
    path = plug()
    (folder / "grey.py").write_text(code)
    command("score", *pair, "--protocol", path).fails(*said, "grey")


def test_other_weights_are_refused(command, plug, pair):
    command("score", *pair, "--protocol", plug(digest="0" * 64)).fails("not the weights of grey-means", "0" * 64)


def test_a_network_that_is_not_there(command, plug, pair, folder):
    path = plug(more="")
    (folder / "grey.py").unlink()
    command("score", *pair, "--protocol", path).fails("cannot be imported", "grey.py")


def test_features_of_another_shape(command, plug, pair, folder):
    path = plug(more="")
    (folder / "grey.py").write_text(
        NETWORK.replace("return torch.softmax", "return means[:, :2] if 1 else torch.softmax")
    )
    command("score", *pair, "--protocol", path).fails("another shape than it declares", "(1, 3)", "(1, 2)")


def test_classes_are_needed_for_an_inception_score(command, plug, pair):
    command("score", *pair, "--protocol", plug("inception-score")).fails("needs logits or probabilities", "gives")


def test_bf16_is_refused(command, plug, pair):
    command("score", *pair, "--protocol", plug(), "--precision", "bf16").fails("fp32 alone")


def test_built_in_detectors_without_weights(command, pair):
    words = ("score", *pair, "--protocol", "fid-frames", "--num-videos", 6)
    command(*words).fails("no package registry carries them", "pt_inception-2015-12-05-6726825d.pth", "weights add")
    command("weights", "get", "c3d-ucf101").fails("conv3d_deepnetA_ucf.npz", "releases page of rezoo/tgan2")
