"""A detector of the transformers library from the user's own files, and everything that can be wrong with them."""

import pickle
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from support.tiny_networks import CLIP, DETECTOR, OF_FRAMES, SMALL, save_checkpoint, tensors_of

from vidmbench.detectors import engine, openvino_trial
from vidmbench.protocols import detector

PROTOCOL = """\
name = "{metric}-mine"
version = 1
metric = "{metric}"
source = "ours"
[dataset]
short_videos = "error"
[clips]
frames = 2
frames_allowed = [1, 64]
real = {{ pick = "all", start = "zero" }}
fake = {{ pick = "all", start = "zero" }}
[array]
detector = "detector.toml"
crop = "centre-square"
resize = "bicubic-pil-uint8"
range = "clip"
[statistics]
{statistics}
"""
STATISTICS = {
    "frechet": 'covariance = "n-1"',
    "kernel": 'kernel = "gaussian"\nsigma = 10.0\ndiagonal = "kept"\nrows = "unit-length"\nscale = 1000.0',
    "precision-recall": "neighbours = 2",
}
FOLDER = OF_FRAMES["place"]


def write(place=FOLDER, class_name="CLIPVisionModelWithProjection", output="embedding", min_frames=1):
    facts = {"place": place, "class_name": class_name, "output": output, "min_frames": min_frames}
    text = DETECTOR.format(**(OF_FRAMES | facts))
    Path("detector.toml").write_text(text)
    detector._from_file.cache_clear()  # a command reads it once
    for metric, statistics in STATISTICS.items():
        Path(f"{metric}.toml").write_text(PROTOCOL.format(metric=metric, statistics=statistics))


@pytest.fixture(scope="module")
def tensors():
    return tensors_of("CLIPVisionModelWithProjection", CLIP)


@pytest.fixture
def score(folder, command, tensors, clips, own_cache, monkeypatch):
    """Scores by the checkpoint; PyTorch computes it, for each trial on OpenVINO takes half a second."""
    monkeypatch.setattr(engine, "is_for_openvino", lambda *_, **__: False)
    save_checkpoint("checkpoint", tensors, CLIP)
    np.save("real.npy", clips)
    np.save("fake.npy", 255 - clips[:, ::-1])
    write()

    def scored(metric="frechet", *more):
        return command("score", "real.npy", "fake.npy", "--protocol", f"{metric}.toml", *more)

    return scored


@pytest.mark.parametrize("metric", STATISTICS)
def test_every_metric(score, metric):
    done = score(metric, "--json")
    assert done.code == 0, done.err
    assert np.isfinite(done.json["value"])
    assert "det:mine:" in done.json["signature"]


def test_every_command(score, command, tensors, clips, monkeypatch):
    """A frame detector's intervals, comparison and limit; what is refused says why."""
    from vidmbench.metrics import infinity

    monkeypatch.setattr(infinity, "MIN_PART", 2)
    monkeypatch.setattr(infinity, "SAMPLES_PER_FEATURE", 0.0)
    np.save("other.npy", clips[:, ::-1] // 2)
    for metric in ("frechet", "kernel"):
        values = [command("score", "real.npy", fake, "--protocol", f"{metric}.toml", "--json").json
                  for fake in ("fake.npy", "other.npy")]  # fmt: skip
        assert values[0]["interval"][0] < values[0]["value"] < values[0]["interval"][1]
        words = ("compare-models", "real.npy", "fake.npy", "other.npy", "--protocol", f"{metric}.toml", "--json")
        said = command(*words).json
        assert [said[side]["value"] for side in "ab"] == pytest.approx([one["value"] for one in values])
    said = command("infinity", "real.npy", "fake.npy", "--protocol", "frechet.toml", "--json").json
    assert np.isfinite(said["value"])
    command("infinity", "real.npy", "fake.npy", "--protocol", "kernel.toml").fails("measures no Fréchet distance")
    # Copies are found among clips of other videos, and the same frames in another order are no copy.
    np.save("training.npy", np.concatenate([clips, clips[:, ::-1] // 3]))
    np.save("samples.npy", np.concatenate([clips[:2], clips[2:3, ::-1]]))
    words = ("memorisation", "training.npy", "other.npy", "samples.npy", "--protocol", "frechet.toml", "--frames", "4")
    said = command(*words, "--quantile", "0.2", "--json")
    assert said.code == 0, said.err
    assert [name.split()[0] for name in said.json["copies"]] == ["clip000000", "clip000001"]
    rough = score("frechet", "--json", "--precision", "bf16").json
    exact = score("frechet", "--json").json
    assert rough["value"] == pytest.approx(exact["value"], rel=0.1)
    assert "prec:bf16" in rough["signature"]
    assert rough["signature_id"] != exact["signature_id"]


def test_openvino_computes_it_on_a_cpu(score, command, monkeypatch):
    """Once tried, and then from the cache without a network; the plan of a dry run tries nothing."""
    by_torch = score("frechet", "--json").json
    assert by_torch["engine"].startswith("torch-")
    monkeypatch.setattr(engine, "is_for_openvino", openvino_trial.is_for_openvino)
    words = ("--device", "cpu")
    name = f"openvino-{version('openvino')}"
    assert score("frechet", *words, "--json", "--dry-run").json["engine"].startswith(f"{name} or torch-")
    first = score("frechet", *words, "--json")
    assert "trying whether OpenVINO computes what PyTorch does" in first.err
    assert first.json["engine"] == f"{name}/cpu"
    assert first.json["value"] == pytest.approx(by_torch["value"], rel=1e-4)
    assert first.json["signature_id"] == by_torch["signature_id"]
    monkeypatch.setattr("vidmbench.evaluation.networks.load_engine", None)
    again = score("frechet", *words, "--json")
    assert "trying" not in again.err
    assert again.json["value"] == first.json["value"]


def test_more_features_than_videos_are_said_once(score):
    done = score()
    assert done.err.count(f"strongly biased at N = {len(np.load('real.npy'))} for 8 features") == 1


def test_a_head_of_another_size(score):
    """How many labels a checkpoint has is kept; their names are not."""
    import torch
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification

    config = VideoMAEConfig(**SMALL, image_size=32, patch_size=16, num_frames=2, num_labels=5)
    torch.manual_seed(0)
    VideoMAEForVideoClassification(config).save_pretrained("checkpoint")
    write(class_name="VideoMAEForVideoClassification", output="layer-1")
    text = (
        Path("detector.toml")
        .read_text()
        .replace('"frames"', '"clips"')
        .replace("num_features = 8", "num_features = 12")
    )
    Path("detector.toml").write_text(text)
    detector._from_file.cache_clear()
    done = score("kernel", "--json")
    assert done.code == 0, done.err
    assert np.isfinite(done.json["value"])


def test_a_checkpoint_of_pretraining_with_names_of_older_versions(tensors, capfd):
    """As MCG-NJU/videomae-base is published: a decoder besides, and q_bias where transformers now has query.bias."""
    import torch
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

    from vidmbench.detectors.library_models import read_folder

    decoder = {"decoder_hidden_size": 12, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 2}
    config = VideoMAEConfig(**SMALL, **decoder, image_size=32, patch_size=16, num_frames=2, use_mean_pooling=False)
    torch.manual_seed(0)
    state = VideoMAEForPreTraining(config).state_dict()
    older = {name.replace("query.bias", "q_bias").replace("value.bias", "v_bias"): value.numpy() + 1
             for name, value in state.items()}  # fmt: skip
    assert sum("q_bias" in name for name in older) == 2
    save_checkpoint("published", older, {**config.to_dict(), "model_type": "videomae"})
    capfd.readouterr()
    found = read_folder(Path("published"), "VideoMAEModel")
    assert "tensors of the checkpoint do not belong to VideoMAEModel: decoder." in capfd.readouterr().err
    for name, value in state.items():
        if name.startswith("videomae."):
            np.testing.assert_array_equal(found[name.removeprefix("videomae.")], value.numpy() + 1)


def test_the_tensors_name_it_and_the_hub_cache_is_read(score, tensors, monkeypatch):
    first = score("frechet", "--json").json
    commit = Path("hub/models--org--net/snapshots/abc123")
    save_checkpoint(commit, tensors, CLIP)
    monkeypatch.setenv("HF_HUB_CACHE", str(Path("hub").resolve()))
    write('model = "org/net"\nrevision = "abc123"')
    same = score("frechet", "--json").json
    assert (same["value"], same["signature_id"]) == (first["value"], first["signature_id"])
    save_checkpoint(commit, {name: value * 1.5 for name, value in tensors.items()}, CLIP)
    other = score("frechet", "--json").json
    assert other["signature_id"] != first["signature_id"]
    assert other["value"] != first["value"]
    write('model = "org/net"\nrevision = "v9"')
    score().fails("revision v9 of org/net is not in the hub cache", "other revisions: abc123", "hf download org/net")


def test_files_that_are_missing_or_damaged(score, tensors):
    whole = Path("checkpoint/model.safetensors").read_bytes()
    Path("checkpoint/model.safetensors").write_bytes(whole[: len(whole) // 2])
    score().fails("a file is damaged, or half of it is missing", "where: ", "checkpoint")
    Path("checkpoint/model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    score().fails("a Git LFS pointer", "git lfs pull")
    Path("checkpoint/model.safetensors").unlink()
    score().fails("a file of a checkpoint is missing", "found: no model.safetensors")
    Path("checkpoint/pytorch_model.bin").write_bytes(pickle.dumps({}))
    score().fails("this checkpoint is a pickle", "found: pytorch_model.bin", "save_file", "weights_only=True")
    write('folder = "checkpoint/pytorch_model.bin"')
    score().fails("a checkpoint is a folder of files", "give the folder that the file is in")
    write()
    Path("checkpoint/config.json").unlink()
    score().fails("configuration is missing", "config.json")
    write('folder = "elsewhere"')
    score().fails("configuration is missing", "found: no such folder")


def test_another_network_under_the_same_name(score, tensors):
    less = {name: value for name, value in tensors.items() if "layers.0.mlp" not in name}
    save_checkpoint("checkpoint", less | {"stray": np.zeros(2, np.float32)}, CLIP)
    score().fails(
        "not the tensors of CLIPVisionModelWithProjection", "4 missing: ", "mlp.fc1.bias", "1 additional: stray"
    )
    save_checkpoint("checkpoint", tensors, {**CLIP, "projection_dim": 9})
    score().fails("1 of another shape: visual_projection.weight")
    save_checkpoint("checkpoint", tensors, {**CLIP, "model_type": "dinov2"})
    score().fails("another network than CLIPVisionModelWithProjection", '"model_type": "dinov2"')


def test_declarations_that_do_not_fit(score, monkeypatch):
    write(class_name="NoSuchModel")
    score().fails("transformers has no such model class", "found: NoSuchModel")
    write(output="pooled")
    score().fails("the network gives no pooler_output", "image_embeds")
    write(output="layer-7")
    score().fails("no such layer", "layer-0 to layer-1")
    write(output="best")
    score().fails("output")
    Path("detector.toml").write_text(Path("detector.toml").read_text().replace('"best"', '"embedding"'))
    Path("detector.toml").write_text(Path("detector.toml").read_text().replace("features = 8", "features = 9"))
    for is_on_openvino in (False, True):
        monkeypatch.setattr(engine, "is_for_openvino", lambda *_, taken=is_on_openvino, **__: taken)
        detector._from_file.cache_clear()
        score("frechet", "--device", "cpu").fails("another shape than it declares", "output embedding", "num_features")
    Path("detector.toml").write_text(
        Path("detector.toml").read_text().replace("features = 9", "features = 8").replace('"frames"', '"clips"')
    )
    detector._from_file.cache_clear()
    done = score("frechet", "--device", "cpu")
    done.fails("does not take this input", "single frames of 32 x 32 pixels", "found: 2 frames of 32 x 32 pixels")
    assert "damaged" not in done.err
    write(place="")
    score().fails("library needs folder, or model and revision")
    write(min_frames=9)
    score().fails("cannot score clips of 2 frames", "9 to 64 frames")
    text = Path("detector.toml").read_text()
    Path("detector.toml").write_text(text.replace('library = "transformers"\n', ""))
    detector._from_file.cache_clear()
    score().fails("without library")


def test_it_is_shown_and_so_is_what_a_protocol_needs(score, command):
    assert command("show", "detector.toml").out.startswith("# detector\nname: my-clip\n")
    shown = command("show", "jedi").out
    assert "weights:\n  name: v-jepa-vith16-ssv2\n  weights_file: vith16.pth.tar and ssv2-probe.pth.tar\n" in shown
    assert "  download: 10.4 GB and a small one\n  weights_sha256: none published\n  licence: CC BY-NC 4.0" in shown
    assert "  command: vidmbench weights add v-jepa-vith16-ssv2 vith16.pth.tar ssv2-probe.pth.tar\n" in shown
    shown = command("show", "cd-fvd-videomae", "--json").json["weights"]
    assert shown["weights_sha256"].startswith("5a210a92")
    assert "published" in shown


def test_without_transformers(score, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    score().fails("this detector needs transformers, which is not installed", "pip install transformers")


def test_built_in_ones_take_their_own_size_alone(score, command):
    done = command("weights", "add", "clip-vitl14-336", "checkpoint")
    done.fails("another size of the network", "768 features, as openai/clip-vit-large-patch14-336 has", "found: 8")
    done = command("score", "real.npy", "fake.npy", "--protocol", "cmmd-clip-frames")
    done.fails("the weights clip-vitl14-336 are not on this machine", "licence: ", "weights add clip-vitl14-336 FOLDER")
