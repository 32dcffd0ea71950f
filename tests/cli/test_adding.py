"""docs/adding.md, step by step: what it says to copy, edit and type is done in a copy of the data folders."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from support.dataset_trees import write_videos
from support.paths import ROOT

from vidmbench.core import resources
from vidmbench.sources.clevrer_mini import ToyVideos

PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")


def section(title):
    """The text below a heading, up to the next."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/adding.md has no section {title!r}"
    return found[1]


def lines(title):
    """The commands of a section, comments cut off."""
    return [
        line.strip().partition("  #")[0].strip() for line in re.findall(r"^    (\S.*)$", section(title), re.MULTILINE)
    ]


@pytest.fixture
def copied(folder, monkeypatch):
    """The working folder as a checkout: protocols, baselines and results may be added to."""
    for name in ("protocols", "baselines", "results"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("notebooks", "checkpoints"))
    monkeypatch.setattr(resources, "data_root", lambda: folder)
    for number, side in enumerate(("REAL", "SAMPLES")):
        clips = np.stack([ToyVideos("test", resolution=32).read(index + 48 * number, range(16)) for index in range(48)])
        (folder / side).mkdir()
        np.save(folder / side / "all.npy", clips)
    return folder


def edited(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def given(command, line, samples="SAMPLES/all.npy"):
    words = [samples if word == "SAMPLES" else word.replace("REAL", "REAL/all.npy") for word in line.split()]
    done = command(*words[1:])
    assert done.code == 0, done.err
    return done


def test_a_protocol(copied, command, fake_network):
    copying, scoring, explaining, _ = lines("A protocol")
    subprocess.run(copying, shell=True, check=True)
    edited(copied / "my-fvd.toml", 'name = "fvd-stylegan-v"', 'name = "my-fvd"')
    edited(copied / "my-fvd.toml", 'covariance = "n"', 'covariance = "n-1"')
    assert " my-fvd " in given(command, scoring).out
    assert "covariance" in given(command, explaining).out
    shutil.copy(copied / "my-fvd.toml", copied / "protocols" / "metrics")
    assert "my-fvd" in command("list", "protocols").out


def test_a_baseline(copied, command, fake_network):
    copying, showing, running = lines("A baseline")
    subprocess.run(copying, shell=True, check=True)
    edited(copied / "baselines" / "my-gan" / "baseline.toml", 'name = "pvdm"', 'name = "my-gan"')
    assert "my-gan" in given(command, showing).out
    done = given(command, running, samples="SAMPLES")  # the layout's name decides: *.npy in a folder
    assert "my-gan" in done.out
    assert "my-gan" in command("list", "models").out


def test_a_data_set(copied, command, fake_network):
    checking, running = lines("A data set")
    (block,) = re.findall(r"^```toml\n(.*?)^```", section("A data set"), re.MULTILINE | re.DOTALL)
    (copied / "protocols" / "datasets" / "my-faces.toml").write_text(block, encoding="utf-8")
    for split, first in (("train", 0), ("test", 4)):
        write_videos(copied / "DIR" / split, [f"face_{number:04d}.mp4" for number in range(first, first + 4)])
    said = given(command, checking)
    assert "my-faces" in said.out
    assert "my-faces" in given(command, running).out
    of_others = ["run", "--model", "control:real", "--dataset", "my-faces", "--frames", "16", "--data-root", "DIR"]
    assert command(*of_others, "--num-videos", "4").code == 0


def test_a_file_with_a_mistake_is_refused_with_its_place(copied, command):
    shutil.copy(copied / "protocols" / "metrics" / "fvd-stylegan-v.toml", "my-fvd.toml")
    edited(copied / "my-fvd.toml", 'name = "fvd-stylegan-v"', 'name = "my-fvd"')
    edited(copied / "my-fvd.toml", "\ncovariance =", "\ncovarianse =")
    command("score", "REAL/all.npy", "SAMPLES/all.npy", "--protocol", "my-fvd.toml").fails("my-fvd.toml", "covarianse")
