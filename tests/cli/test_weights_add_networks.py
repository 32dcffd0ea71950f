"""``weights add`` of the networks of today: several files, a folder of all of them, and whatever can be wrong."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.numpy import load_file, save_file

from vidmbench.core import resources
from vidmbench.detectors.vision_transformer import VisionTransformer
from vidmbench.protocols.detector import load_detectors

SMALL = {"width": "12", "depth": "1", "heads": "2"}
V_JEPA, DINO, MAE = "v-jepa-vith16-ssv2", "dinov2-vitl14", "videomae-v2-vitg-ssv2"


class Calls:
    def __reduce__(self):
        return print, ("run",)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The built-in networks with twelve numbers a token."""
    for name in (V_JEPA, DINO, MAE):
        spec = load_detectors()[name]
        options = {**spec.options, **SMALL, **({"hidden": "24"} if name == MAE else {})}
        update = {"options": options, "num_features": 12, "weights_sha256": None}
        monkeypatch.setitem(load_detectors(), name, spec.model_copy(update=update))


def tensors_of(name):
    torch.manual_seed(0)
    options = load_detectors()[name].options
    numbers = {key: int(options.get(key, default)) for key, default in
               (("width", 12), ("depth", 1), ("heads", 2), ("patch", 16), ("hidden", 48), ("table", 1568))}  # fmt: skip
    net = VisionTransformer(options["family"], **numbers)
    return {key: torch.randn(value.shape) for key, value in net.state_dict().items()}


def write_v_jepa(folder=Path()):
    folder.mkdir(exist_ok=True)
    tensors = tensors_of(V_JEPA)
    encoder = {f"module.backbone.{key}": value for key, value in tensors.items() if not key.startswith("pooler")}
    probe = {f"module.{key}": value for key, value in tensors.items() if key.startswith("pooler")}
    torch.save({"target_encoder": encoder, "opt": {"lr": 0.1}, "epoch": 3}, folder / "vith16.pth.tar")
    torch.save({"classifier": {**probe, "module.linear.weight": torch.ones(3, 12)}}, folder / "ssv2-probe.pth.tar")
    return tensors


def kept(name):
    (path,) = (resources.cache_dir() / "weights").glob(f"{name}*.safetensors")
    return load_file(path)


def test_two_files(command):
    tensors = write_v_jepa()
    done = command("weights", "add", V_JEPA, "ssv2-probe.pth.tar", "vith16.pth.tar")
    assert done.code == 0, done.err
    found = kept(V_JEPA)
    assert found.keys() == tensors.keys()
    assert all((found[name] == tensors[name].numpy()).all() for name in tensors)
    assert f"{V_JEPA}: here" in command("weights", "status").out


def test_not_the_two_files(command):
    write_v_jepa()
    command("weights", "add", V_JEPA, "vith16.pth.tar").fails("two files", "found: vith16.pth.tar", "give both")
    command("weights", "add", V_JEPA, *["vith16.pth.tar"] * 2).fails("the same name was given twice")
    command("weights", "add", V_JEPA, *["vith16.pth.tar"] * 3).fails("not that many files", "found: 3 files")
    command("weights", "add", V_JEPA, "vith16.pth.tar", "gone.pth").fails("no such weights file", "where: gone.pth")
    Path("cut").mkdir()
    Path("cut/vith16.pth.tar").write_bytes(Path("vith16.pth.tar").read_bytes()[:900])
    done = command("weights", "add", V_JEPA, "cut/vith16.pth.tar", "ssv2-probe.pth.tar")
    done.fails("or it is truncated", "where: cut/vith16.pth.tar")
    assert "missing; vidmbench weights add videomae-base FOLDER" in command("weights", "status").out
    Path("empty").mkdir()
    command("weights", "add", V_JEPA, "empty").fails("two files", "an empty folder")


def test_a_folder_of_all_downloads(command):
    folder = Path("downloads")
    write_v_jepa(folder)
    torch.save(tensors_of(DINO), folder / "dinov2_vitl14_pretrain.pth")
    (folder / "vit_g_hybrid_pt_1200e_ssv2_ft.pth").write_bytes(b"PK half of it")
    (folder / "notes.txt").write_text("mine")
    done = command("weights", "add", "downloads")
    assert done.code == 2, "one of them could not be added"
    assert f"{V_JEPA}: {resources.cache_dir()}" in done.out.replace("\n", "")
    assert f"{DINO}: {resources.cache_dir()}" in done.out.replace("\n", "")
    assert f"{MAE}: not added: this is not a PyTorch checkpoint, or it is truncated" in done.out
    assert "not recognised: notes.txt" in done.out
    assert len(kept(DINO)) == len(tensors_of(DINO))
    Path("other").mkdir()
    Path("other/notes.txt").touch()
    command("weights", "add", "other").fails("no file of this folder is recognised", "found: notes.txt")


def test_a_pickle_that_calls_is_refused_with_the_command_that_cleans_it(command, capfd):
    torch.save({**tensors_of(DINO), "args": Calls()}, "own.pth")
    capfd.readouterr()
    done = command("weights", "add", DINO, "own.pth")
    done.fails("this file is unsafe", "found: a reference to", "print", "tensors-own.pth", "python -c")
    code = done.err.split('python -c "', 1)[1].rsplit('"', 1)[0]
    exec(" ".join(code.split()), {})
    assert command("weights", "add", DINO, "tensors-own.pth").code == 0
    Path("plain.pkl").write_bytes(pickle.dumps({"a": Calls()}, protocol=2))
    command("weights", "add", DINO, "plain.pkl").fails("this file is unsafe")


def test_missing_and_additional_tensors_are_counted(command):
    tensors = {name: value.numpy() for name, value in tensors_of(DINO).items()}
    less = {name: value for name, value in tensors.items() if not name.startswith("blocks.0.mlp")}
    save_file(less | {"stray": tensors["cls_token"]}, "less.safetensors")
    command("weights", "add", DINO, "less.safetensors").fails(
        "not the weights of this network",
        "no blocks.0.mlp.fc1.weight; no blocks.0.mlp.fc1.bias;",
        "2 more such",
        "where: less.safetensors",
    )
    save_file({name: value[..., :8].copy() for name, value in tensors.items()}, "narrow.safetensors")
    command("weights", "add", DINO, "narrow.safetensors").fails("has shape", "more such")
    whole = Path("less.safetensors").read_bytes()
    Path("half.safetensors").write_bytes(whole[: len(whole) // 2])
    command("weights", "add", DINO, "half.safetensors").fails("half of it is missing", "where: half.safetensors")
    torch.save({"epoch": 3}, "log.pth")
    command("weights", "add", MAE, "log.pth").fails("other things than these weights")
    torch.save(tensors_of(DINO), "dino.pth")
    command("weights", "add", MAE, "dino.pth").fails("not the weights of this network (videomae-v2)", "more such")
    assert not list((resources.cache_dir() / "weights").glob("*.safetensors"))


def test_another_file_than_the_published_one(command, monkeypatch):
    spec = load_detectors()[DINO].model_copy(update={"weights_sha256": "0" * 64})
    monkeypatch.setitem(load_detectors(), DINO, spec)
    torch.save(tensors_of(DINO), "dino.pth")
    command("weights", "add", DINO, "dino.pth").fails("not the published file", f"sha256 {'0' * 64}")
