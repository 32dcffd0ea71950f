"""JEDi, content-debiased FVD, FD-DINOv2 and CMMD against their codes, on tiny networks made from a seed.

The published files were not available where this was written; layouts, preprocessing, networks and statistics are
compared here. ../shared/golden/README.md says how the numbers were made.
"""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.paths import ROOT, SHARED
from support.torchvision_beside_cpu import import_torchvision

from vidmbench.core import resources
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.preparation import preparation
from vidmbench.detectors.vision_transformer import sines_3d
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos import ArraySource

GOLDEN = SHARED / "golden"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not GOLDEN.is_dir(), reason=f"no {GOLDEN}"),
    pytest.mark.usefixtures("unchecked_shapes"),
]
COUNTS = {"real": 10, "fake": 8}
DETECTOR = """\
name = "tiny"
short = "tiny"
title = "a network of the same kind, made from a seed"
reads = "{reads}"
num_features = {num_features}
min_frames = 1
input_size = {size}
measures = {{ frechet = "fd", kernel = "kd", precision-recall = "prdc" }}
licence = "none"
published = "nowhere"
"""
OWN = """\
network = "vision-transformer"
options = {{ width = "48", depth = "2", heads = "3", {options} }}
weights_file = "tiny.safetensors"
"""
LIBRARY = """\
library = "transformers"
class = "{class_name}"
folder = "checkpoint"
output = "{output}"
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "cache_dir", lambda: tmp_path / "cache")


def arrays(name, *prefixes):
    with np.load(GOLDEN / "detectors" / f"{name}.npz") as stored:
        parts = {key: stored[key] for key in stored.files}
    return {key.removeprefix(p): parts[key] for p in prefixes for key in parts if key.startswith(p)}, parts


def clips(by_frame):
    for side, count in COUNTS.items():
        with np.load(GOLDEN / "conventions" / f"ucf_{side}.npz") as stored:
            videos = stored["clips"][:count]
        yield videos[:, [0, 8]].reshape(-1, 1, *videos.shape[2:]) if by_frame else videos


def written(folder, protocol, detector):
    (folder / "detector.toml").write_text(detector)
    text = (ROOT / "protocols" / "metrics" / f"{protocol}.toml").read_text()
    text = re.sub(r"(?m)^detector = .*", 'detector = "detector.toml"', text.replace(f'"{protocol}"', '"tiny"'))
    (folder / "tiny.toml").write_text(text)
    return load_protocol(folder / "tiny.toml")


def library_folder(folder, config, tensors):
    (folder / "checkpoint").mkdir()
    (folder / "checkpoint" / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "checkpoint" / "model.safetensors", metadata={"format": "pt"})


SMALL = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 192}
CLIP = {**SMALL, "model_type": "clip_vision_model", "image_size": 336, "patch_size": 14, "projection_dim": 32}
VIDEOMAE = {**SMALL, "model_type": "videomae", "image_size": 224, "patch_size": 16, "use_mean_pooling": False}
CASES = {
    "cd-fvd-videomae": ("cdfvd_videomae", 'family = "videomae-v2", patch = "14", hidden = "209"', 0.49862266704111347),
    "jedi": ("jedi_vjepa", 'family = "v-jepa", patch = "16"', 3261.936741684108),
    "fd-dinov2-frames": ("dinov2", 'family = "dinov2", patch = "14", table = "1370"', 52.882103262102554),
    "cmmd-clip-frames": ("clip_cmmd", CLIP, 4.938154825843366),
    "fvd-videomae-base": ("fastvideo_videomae", VIDEOMAE, 12.401332991845708),
}
#: Class, output, size fed and width of the features.
OF_LIBRARY = {
    "cmmd-clip-frames": ("CLIPVisionModelWithProjection", "embedding", 336, 32),
    "fvd-videomae-base": ("VideoMAEModel", "mean-of-tokens", 224, 48),
}


def case(protocol, folder):
    """The protocol with the tiny network instead of its own, and the vendor's arrays."""
    name, options, _ = CASES[protocol]
    tensors, stored = arrays(name, "w.", "enc.", "pool.")
    reads = "frames" if protocol.endswith("-frames") else "clips"
    if isinstance(options, dict):
        import_torchvision()
        library_folder(folder, options, tensors)
        class_name, output, size, width = OF_LIBRARY[protocol]
        rest = LIBRARY.format(class_name=class_name, output=output)
    else:
        if name == "jedi_vjepa":
            tensors["pos_embed"] = sines_3d(48, 8, 14)
            assert (tensors["pos_embed"][0, :5] == stored["pos_embed_head"]).all()
        save_file(tensors, folder / "tiny.safetensors")
        rest, size, width = OWN.format(options=options), 224, 48
    return written(folder, protocol, DETECTOR.format(reads=reads, num_features=width, size=size) + rest), stored


@pytest.mark.parametrize("protocol", CASES)
def test_the_number_of_its_code(protocol, tmp_path):
    spec, stored = case(protocol, tmp_path)
    by_frame = protocol.endswith("-frames")
    real, fake = (ArraySource(videos, name) for videos, name in zip(clips(by_frame), ("real", "fake"), strict=True))
    count = {"num_real": None, "num_fake": None} if by_frame else {"num_real": 10, "num_fake": 8}
    plans = plan(real, fake, [spec.with_options(**count)])
    (measurement,) = evaluate(real, fake, plans, device="cpu").measurements
    # Features agree to 1e-6 of their span, and of a distance of so few clips 1e-4 remains.
    assert measurement.value == pytest.approx(CASES[protocol][2], rel=1e-4)
    assert "det:tiny:" in measurement.signature
    assert measurement.engine.startswith("openvino-")  # whose converter takes each of these networks
    # The features themselves, of the first clip, and what the network was fed.
    clip = next(iter(clips(by_frame)))[0]
    prepared = preparation(spec.array)(clip)
    (feature,) = load_engine(spec.array, device="cpu").features([prepared])
    expected = stored["f.ucf_real"]
    feature = spec.statistics.scaled(feature) if protocol.startswith("cmmd") else feature
    assert np.abs(feature - expected[0]).max() < 1e-4 * np.ptp(expected)
    if "prep_ucf_real0" in stored:
        thinned = prepared[:: {"cd-fvd-videomae": 5, "jedi": 5}.get(protocol, 1), ::37, ::37].transpose(3, 0, 1, 2)
        given = stored["prep_ucf_real0"]
        given = given.transpose(1, 0, 2, 3) if protocol == "jedi" else given.reshape(thinned.shape)
        assert np.abs(thinned - given).max() < 1e-5
