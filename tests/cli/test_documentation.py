"""Every command, link and block of code in README and docs works; docs/adding.md has a test of its own."""

import doctest
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import typer.main
from support.dataset_trees import many, ucf_lists, write_frame_folders, write_videos
from support.documented import MY_FVD, PAGES, adapted, commands, name_of, of_vidmbench
from support.loggers import stand_in
from support.paths import ROOT

from vidmbench.cli import app
from vidmbench.core import resources
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import write_mp4

TEXTS = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
FOUND = {name: commands(text) for name, text in TEXTS.items()}
# Files of forms that tests/unit/vidm/test_official.py, tests/unit/vidm/test_spynet_weights.py and
# tests/cli/test_detector_plug.py make; and what is no whole command.
UNRUN = re.compile(
    r"OFFICIAL|\bFILE\b|mine/my-fd.toml|\$model|install-completion|"
    r"\.pack\b|vidm-clevrer-official|--model vidm --dataset clevrer "
)
LINES = sorted({line for name, lines in FOUND.items() if name != "adding.md" for line in lines})
OURS = [line for line in LINES if of_vidmbench(line) is not None and "KIND" not in line]
UCF = [f"{name}/v_{name}_g{group:02d}_c01" for name in ("Archery", "YoYo") for group in (1, 8, 9, 20)]


def options_of(words):
    """The options that a command has."""
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return {name for parameter in command.params for name in parameter.opts}, words


def test_the_finder_finds():
    """The pages that teach by commands; without this the tests below could pass on nothing."""
    assert len(LINES) > 60
    least = {"README.md": 15, "quickstart.md": 8, "vidm.md": 10, "paper.md": 8, "cluster.md": 7, "adding.md": 6}
    assert {name: len(FOUND[name]) >= count for name, count in least.items()} == dict.fromkeys(least, True)
    page = "Text.\n\n    vidmbench list models      vidmbench table 1   # both\n    | not | this |\n\n"
    assert commands(page + "```toml\n    make x\n```\n```sh\nvidmbench run \\\n    --model x\n```\n") == [
        "vidmbench list models", "vidmbench table 1", "vidmbench run      --model x"]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which all that a reader would bring is there."""
    folder = tmp_path_factory.mktemp("reader")
    toy = ToyVideos("test", resolution=32)
    for side, first in (("REAL", 0), ("SAMPLES", 24)):
        for number in range(48):
            target = folder / side / f"{number}.mp4"
            if number < 24:
                write_mp4(target, toy.read(first + number, range(64)))
            else:
                shutil.copy(folder / side / f"{number - 24}.mp4", target)
    for number in range(4):
        (folder / "data" / str(number)).mkdir(parents=True)
        shutil.copy(folder / "REAL" / f"{number}.mp4", folder / "data" / str(number) / "clip.mp4")
    larger = ToyVideos("test", resolution=64)  # some conventions crop
    for name, first in (("TARGETS", 0), ("PREDICTIONS", 4), ("TAKE-2", 20)):
        for number in range(4):
            write_mp4(folder / name / f"{number}.mp4", larger.read(first + number, range(16)))
            for draw in range(2):
                write_mp4(folder / "SEVERAL" / f"{number}_{draw}.mp4", larger.read(8 + 2 * number + draw, range(16)))
    (folder / "my_fvd.py").write_text(MY_FVD)
    (folder / "list.txt").write_text("".join(f"SAMPLES/{number}.mp4\n" for number in range(4)))
    (folder / "shards").mkdir()
    for name, side in (("real", "REAL"), ("shards/samples-000000", "SAMPLES"), ("shards/samples-000001", "REAL")):
        with tarfile.open(folder / f"{name}.tar", "w") as archive:
            for number in range(4):
                archive.add(folder / side / f"{number}.mp4", f"{Path(name).name[-1]}{number}.mp4")
    shutil.make_archive(str(folder / "samples"), "zip", folder / "SAMPLES")
    root = folder / "DIR"
    write_videos(root / "ucf101", [f"{name}.avi" for name in UCF], count=128)
    ucf_lists(root / "ucf101" / "ucfTrainTestlist", UCF)
    for split, numbers in (("train", range(8)), ("validation", range(10000, 10002))):
        write_videos(root / "clevrer" / split, [f"video_{number:05d}.mp4" for number in numbers], count=128)
    sky = [f"sky_train/08ug3bzhV8Y/08ug3bzhV8Y_{number}" for number in range(1, 9)]
    write_frame_folders(root / "sky-timelapse", many(sky, 16, "frame{:05d}.jpg"), 640, 360)
    rows = [np.concatenate([toy.read(3 * row + column, range(16)) for column in range(3)], 2) for row in range(3)]
    write_mp4(folder / "generate_videos.mp4", np.concatenate(rows, 1), lossless=True)
    (folder / "RUN").mkdir()
    for suffix in ("safetensors", "json"):
        source = resources.results_dir() / "checkpoints" / f"vidm-clevrer-mini.{suffix}"
        shutil.copy(source, folder / "RUN" / f"vidm.{suffix}")
    (folder / "mine.toml").write_text(re.findall(r"^```toml\n(.*?)^```", TEXTS["vidm.md"], re.MULTILINE | re.DOTALL)[0])
    return folder


@pytest.fixture
def records(place, command, fake_network):
    """Runs of one's own and of two labs."""
    for out, control in (("runs", "noise"), ("runs/ours", "static"), ("runs/theirs", "blurred")):
        if not list((place / out).glob("*.json")):
            asked = ("run", "--model", f"control:{control}", "--dataset", "clevrer-mini/32", "--num-videos", 4)
            assert command(*asked, "--out", out).code == 0
    for out, fake in (("predicted/a", "PREDICTIONS"), ("predicted/static", "control:static")):
        if not list((place / out).glob("*.json")):
            asked = ("score", "TARGETS", fake, "--protocol", "psnr-fastvideo,ssim-fastvideo", "--context", 4)
            assert command(*asked, "--out", out).code == 0
    if not (place / "runs" / "paired").is_dir():
        asked = ("score", "TARGETS", "PREDICTIONS", "--protocol", "psnr-mcvd", "--num-videos", 4, "--context", 4)
        assert command(*asked, "--out", "runs/paired").code == 0
    if not (place / "runs" / "long").is_dir():
        asked = ("rollout", "REAL", "SAMPLES", "--protocol", "flicker-vbench", "--num-videos", 4)
        assert command(*asked, "--out", "runs/long").code == 0
    if not (place / "runs" / "motion").is_dir():
        asked = ("score", "REAL", "SAMPLES", "control:static", "--protocol", "flicker-vbench", "--num-videos", 4)
        assert command(*asked, "control:reversed", "--out", "runs/motion").code == 0
    for lab, name in (("ours", "A.json"), ("theirs", "B.json")):
        if not (place / "runs" / lab / name).exists():
            (found,) = (place / "runs" / lab).glob("*.json")
            found.rename(found.with_name(name))


@pytest.fixture
def at_work(place, monkeypatch):
    monkeypatch.chdir(place)
    # The recipes of the paper need other machines, on which their steps would be measured.
    monkeypatch.setattr("vidmbench.reporting.training.measured_step", lambda *_: None)
    monkeypatch.setattr("vidmbench.vidm.training.memory.free_bytes", lambda _: None)
    monkeypatch.setattr("vidmbench.check.doctor._golden", lambda: ("ok", "left out here; test_doctor runs it"))


@pytest.mark.weights
@pytest.mark.parametrize("line", [line for line in OURS if not UNRUN.search(line)])
def test_every_command_runs(line, at_work, weights, records, command):
    outcome = command(*adapted(of_vidmbench(line)))
    assert outcome.code == 0, outcome.err
    assert outcome.out + outcome.err


@pytest.mark.parametrize("line", OURS)
def test_every_command_and_option_exists(line):
    options, rest = options_of(of_vidmbench(line))
    used = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert used <= options, f"{line}: no such option {used - options}"


def spans():
    """Commands within sentences, such as `vidmbench show NAME`."""
    for name, text in TEXTS.items():
        for span in re.findall(r"`(vidmbench [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            yield name, " ".join(span.split())


@pytest.mark.parametrize(("page", "span"), sorted(set(spans())))
def test_every_command_in_a_sentence_exists(page, span):
    words = shlex.split(span.replace("[", "").replace("]", ""))[1:]
    names = typer.main.get_command(app).commands
    for word in words[:1] if not words[0].startswith("-") else []:
        assert set(re.split(r"[|/]", word)) <= names.keys(), f"{page}: no command {word}"
    options, rest = options_of(words)
    assert {word for word in rest if word.startswith("--")} <= options | {"--traceback", "--version"}


OTHERS = [line for line in LINES if of_vidmbench(line) is None]


@pytest.mark.parametrize("line", OTHERS)
def test_what_other_programs_are_told(line):
    words = shlex.split(line)
    options = {word for word in words if word.startswith("--")}
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif words[0] == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert (ROOT / words[words.index("-c") + 1]).is_file()
        assert set(re.findall(r"\[(.*)\]", line)) <= extras.keys()
    else:
        script = words[1:3] if words[1] == "-m" else words[1:2]
        assert find_spec(script[1]) if script[0] == "-m" else (ROOT / script[0]).is_file()
        if options:
            subcommand = [word for word in words[2:3] if word == "fields"]
            asked = [sys.executable, *script, *subcommand, "--help"]
            done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
            assert options <= set(re.findall(r"--[a-z-]+", done.stdout)), done.stdout


def test_the_job_of_a_cluster_runs(at_work, weights, records, command, tmp_path):
    """The script as it stands, but that every command gets --dry-run."""
    (script,) = re.findall(r"^```sh\n(.*?)^```", TEXTS["cluster.md"], re.MULTILINE | re.DOTALL)
    stub = tmp_path / "bin" / "vidmbench"
    stub.parent.mkdir()
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -m vidmbench "$@" --dry-run\n')
    stub.chmod(0o755)
    for task, model in enumerate(("digan", "mocogan-hd")):
        shutil.copytree("REAL", f"SAMPLES/{model}", dirs_exist_ok=True)
        environment = {"PATH": f"{stub.parent}:/usr/bin:/bin", "SLURM_ARRAY_TASK_ID": str(task), "HOME": str(tmp_path)}
        done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True, env=environment)
        shutil.rmtree(f"SAMPLES/{model}")
        assert done.returncode == 0, done.stderr
        assert "dry run" in done.stdout


def test_mistakes_would_be_noticed(at_work, weights, records, command):
    """The twins: an option that is not there, a command that is not there, a source that is not there."""
    with pytest.raises(AssertionError, match="--frame"):
        test_every_command_and_option_exists("vidmbench run --frame 16")
    with pytest.raises(AssertionError, match="no command scores"):
        test_every_command_in_a_sentence_exists("x.md", "vidmbench scores REAL SAMPLES")
    with pytest.raises(AssertionError, match="nowhere"):
        test_every_command_runs("vidmbench score nowhere SAMPLES --frames 16", None, None, None, command)
    with pytest.raises(AssertionError):
        test_what_other_programs_are_told("make tea")
    assert name_of(["plot", "samples", "x"]) == "plot samples"


def anchors(text):
    """The anchors of a page's headings, as they are made of their words."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken_links(name, text):
    folder = ROOT if name == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        there = (folder / path) if path else folder / name
        if target.startswith("http"):
            continue
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            yield target


@pytest.mark.parametrize("name", TEXTS)
def test_links_and_pictures_are_there(name):
    assert list(broken_links(name, TEXTS[name])) == []


def test_a_broken_link_would_be_noticed():
    text = "# One\n[a](gone.md) [b](vidm.md#cost) [c](vidm.md#costs) ![d](pictures/samples.png) [e](https://a.b/c)"
    assert list(broken_links("faq.md", text)) == ["gone.md", "vidm.md#costs"]
    assert anchors("## How right, how fast\n") == {"how-right-how-fast"}


PYTHON = [name for name in TEXTS if "```python" in TEXTS[name]]


@pytest.mark.weights
@pytest.mark.parametrize("name", PYTHON)
def test_blocks_of_python_run(name, at_work, weights, fake_network, monkeypatch, capsys):
    """In order, as one reader would paste them."""
    if "results/measured" in TEXTS[name]:
        monkeypatch.chdir(ROOT)
    stand_in(monkeypatch.setitem)  # of the loggers, which are not installed
    said = {}
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", TEXTS[name], re.MULTILINE | re.DOTALL)):
        block = block.replace('Path("controls.pdf")', f'Path("{resources.cache_dir()}/controls.pdf")')
        if ">>>" in block:
            assert doctest.run_docstring_examples(block, {}) is None
        else:
            exec(compile(block, f"{name}, block {number}", "exec"), said)
    assert capsys.readouterr().out


def test_whole_protocols_in_the_pages_are_those_in_use():
    """docs/architecture.md shows a protocol file whole: it is the file."""
    from vidmbench.protocols.protocol import load_protocol

    text = TEXTS["architecture.md"].partition("## A protocol file, whole")[2].partition("\n## ")[0]
    block = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    shown = tomllib.loads(block)
    protocol = load_protocol("fvd-stylegan-v")
    spec = protocol.model_dump(mode="json", exclude_none=True) | {"family": protocol.family}
    for key, value in shown.items():
        if isinstance(value, dict):
            assert {inner: spec[key][inner] for inner in value if inner not in ("real", "fake")} == {
                inner: one for inner, one in value.items() if inner not in ("real", "fake")}  # fmt: skip
        else:
            assert spec[key] == value


def test_the_layout_in_the_pages_reads_what_it_says(at_work, command, fake_network, place):
    """docs/baselines.md shows a layout of one's own: floats in -1..1, channels second."""
    section = TEXTS["baselines.md"].partition("## A layout of your own")[2].partition("\n|")[0]
    (place / "layout.toml").write_text("\n".join(line[4:] for line in section.splitlines() if line.startswith("    ")))
    toy = ToyVideos("test", resolution=32)
    clips = np.stack([toy.read(index, range(16)) for index in range(4)])
    (place / "written").mkdir()
    np.save(place / "written" / "x.npy", (clips.transpose(0, 4, 1, 2, 3) / 127.5 - 1).astype(np.float32))
    np.save(place / "clips.npy", clips)
    asked = ("run", "--model", "mine", "--dataset", "folder:REAL", "--frames", 16, "--num-videos", 4, "--json")
    read = command(*asked, "--samples", "written", "--layout", "layout.toml")
    assert read.code == 0, read.err
    assert read.json["value"] == command(*asked, "--samples", "clips.npy").json["value"]
