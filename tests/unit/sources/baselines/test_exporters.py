"""The exporters, run as users run them: in a checkout of official code, here of tests/support/official_code.py."""

import ast
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.official_code import DYING, OFFICIAL

from vidmbench.core import resources
from vidmbench.sources.baselines.layouts import baseline_names, exporter

FOLDER = resources.data_root() / "baselines"
SYSTEMS = ("digan", "mocogan-hd", "stylegan-v", "tats", "videogpt")
SHARED_FROM = "# From here on the file is the same in every exporter."

EXTRA = {
    "stylegan-v": ["--frames", "4"],
    "tats": ["--vqgan", "vqgan.ckpt", "--class-cond"],
    "mocogan-hd": ["--load_pretrain_epoch", "7"],
}


def expected_video(system: str) -> tuple[np.ndarray, dict]:
    """What the fake network must give after torch was seeded; bytes by the rule of the official script."""
    if system == "digan":
        torch.randn(1, 4)
        grey = torch.round((torch.rand(16, 3, 5, 6) * 2.2 - 1.1 + 1) * 127.5).clamp(0, 255)
        return grey.permute(0, 2, 3, 1).byte().numpy(), {}
    if system == "mocogan-hd":
        torch.randn(1, 4)
        grey = ((torch.rand(3, 3, 8, 8) * 2.2 - 1.1).clamp(-1, 1) + 1) / 2 * 255
        return grey.permute(0, 2, 3, 1).floor().byte().numpy(), {}
    if system == "stylegan-v":
        torch.randn(1, 4)
        facts = {"label": int(torch.randint(3, (1,)))}
        return (torch.rand(4, 3, 5, 6) * 255).permute(0, 2, 3, 1).floor().byte().numpy(), facts
    facts = {"label": int(torch.randint(5, (1,)))}
    if system == "videogpt":
        facts["vqvae"] = "ucf101_stride4x4x4"
        return (torch.rand(3, 4, 5, 6) * 255).permute(1, 2, 3, 0).floor().byte().numpy(), facts
    tokens = (torch.randint(0, 40, (1, 24)) + facts["label"] - 5).clamp(0, 38).float().reshape(1, 2, 3, 4)
    values = (tokens.repeat(3, 1, 1, 1) / 40 - 0.55).clamp(-0.5, 0.5) + 0.5
    return (values * 255).permute(1, 2, 3, 0).floor().byte().numpy(), facts


def checkout(folder: Path, system: str) -> Path:
    """A false checkout of a system's official code, with a checkpoint."""
    for name, text in {**OFFICIAL[system], "dying.py": DYING, "network.pkl": "weights"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(folder: Path, system: str, num_videos: int, dies_at: int = 0) -> subprocess.CompletedProcess:
    command = [sys.executable, str(FOLDER / system / "export.py"), "--checkpoint", "network.pkl", "--out", "samples"]
    command += ["--num-videos", str(num_videos), "--seed", "3", "--device", "cpu", *EXTRA.get(system, [])]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"DIES_AT_PICTURE": str(dies_at), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def seed_of(number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"3/{number}".encode()).digest()[:4], "little")


@pytest.mark.parametrize("system", SYSTEMS)
def test_samples_index_and_continuing_after_a_kill(system, tmp_path):
    folder = checkout(tmp_path, system)
    torch.manual_seed(0)
    frames = len(expected_video(system)[0])
    killed = run(folder, system, num_videos=3, dies_at=2 * frames + 2)
    samples = folder / "samples"
    assert killed.returncode < 0, killed.stderr
    whole = sorted(path.name for path in samples.iterdir() if path.name[0] != ".")
    assert whole == ["000000", "000001", "index.json"], killed.stderr
    assert (samples / ".000002.partial").is_dir()
    before = {path: path.stat().st_mtime_ns for path in samples.glob("00000[01]/*.png")}

    done = run(folder, system, num_videos=4)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in samples.iterdir()) == ["000000", "000001", "000002", "000003", "index.json"]
    assert before == {path: path.stat().st_mtime_ns for path in before}
    index = json.loads((samples / "index.json").read_text())
    for number in range(4):
        torch.manual_seed(seed_of(number))
        video, facts = expected_video(system)
        assert index["videos"][f"{number:06d}"] == {"seed": seed_of(number), **facts}
        pictures = sorted((samples / f"{number:06d}").iterdir())
        assert [path.name for path in pictures] == [f"{frame:06d}.png" for frame in range(frames)]
        np.testing.assert_array_equal(np.stack([np.asarray(Image.open(path)) for path in pictures]), video)
    assert len(index["videos"]) == 4
    assert index["videos"]["000002"]["seed"] == 415901549, "the rule of seeds is part of the format"
    assert (index["frames"], tuple(index["size"])) == (frames, video.shape[1:3])
    about = index["run"]
    assert (about["system"], about["seed"], about["device"]) == (system, 3, "cpu")
    assert about["rounding"] == ("nearest" if system == "digan" else "truncate")
    assert hashlib.sha256(b"weights").hexdigest() in about["checkpoint_sha256"].values()
    assert set(about["versions"]) == {"python", "torch", "numpy", "PIL"}


@pytest.fixture
def export(tmp_path, monkeypatch):
    """The shared part of the exporters in this process, around a network of grey pictures."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network.pkl").write_text("weights")
    spec = importlib.util.spec_from_file_location("export_digan", FOLDER / "digan" / "export.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sampled = []

    def sample(_generator, args):
        sampled.append(args)
        return np.full((args.frames, 4, 4, 3), 7, np.uint8), {}

    def call(*extra, frames=2, seed=1, num_videos=2, checkpoint="network.pkl"):
        words = ["--checkpoint", checkpoint, "--out", "samples", "--num-videos", num_videos, "--seed", seed, *extra]
        monkeypatch.setattr(sys, "argv", ["export.py", *map(str, words)])
        own = module.common_arguments()
        own.set_defaults(frames=frames)
        monkeypatch.setattr(module, "arguments", own.parse_args)
        sampled.clear()
        module.main()
        return len(sampled)

    monkeypatch.setattr(module, "load_generator", lambda args: None)
    monkeypatch.setattr(module, "sample", sample)
    return call


def test_videos_that_exist_are_kept(export, tmp_path):
    assert export() == 2
    assert export() == 0
    assert export(num_videos=5) == 3
    assert len(json.loads((tmp_path / "samples" / "index.json").read_text())["videos"]) == 5


def test_a_folder_with_another_run_is_refused(export, tmp_path):
    export()
    with pytest.raises(SystemExit, match=r"samples holds another run \(seed differ\); choose another --out"):
        export(seed=2)
    (tmp_path / "network.pkl").write_text("other weights")
    with pytest.raises(SystemExit, match="checkpoint_sha256 differ"):
        export()


def test_a_folder_with_other_files_is_refused(export, tmp_path):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / ".hidden").write_text("")
    assert export() == 2
    (tmp_path / "samples" / "index.json").unlink()
    with pytest.raises(SystemExit, match="samples holds files but no index"):
        export()


def test_wrong_options_and_shapes_are_refused(export):
    with pytest.raises(SystemExit, match="file not found: nothing"):
        export(checkpoint="nothing.pkl")
    with pytest.raises(SystemExit, match="--num-videos must be 1 or more"):
        export(num_videos=0)
    export()
    with pytest.raises(SystemExit, match="the shape of video 2 differs from that of earlier videos"):
        export(frames=3, num_videos=3)


def test_mocogan_hd_refuses_an_untrained_motion_generator(tmp_path, monkeypatch):
    monkeypatch.setitem(EXTRA, "mocogan-hd", [])
    done = run(checkout(tmp_path, "mocogan-hd"), "mocogan-hd", num_videos=1)
    assert done.returncode == 1
    assert "give --load_pretrain_epoch" in done.stderr
    assert not (tmp_path / "samples").exists()


@pytest.mark.parametrize("system", SYSTEMS)
def test_exporters_stand_alone(system):
    """One file, Python 3.7, torch, numpy and Pillow; the part they share is the same to the letter."""
    text = (FOLDER / system / "export.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    names = [name for node in tree.body if isinstance(node, ast.Import) for name in (one.name for one in node.names)]
    names += [str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)]
    others = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert others == {"numpy", "PIL", "torch"}
    assert text.split(SHARED_FROM)[1] == (FOLDER / SYSTEMS[0] / "export.py").read_text().split(SHARED_FROM)[1]
    assert "Mirrors " in str(ast.get_docstring(tree))
    assert f'SYSTEM = "{system}"' in text
    assert len(text.splitlines()) <= 200


def test_no_other_exporters():
    assert [name for name in baseline_names() if exporter(name)] == sorted(SYSTEMS)
