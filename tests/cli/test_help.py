"""Help: every command shows examples, and every example runs."""

import pickle
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import typer.main
from PIL import Image
from support.documented import MY_FVD
from support.once import made_once

from vidmbench.cli import app
from vidmbench.core import resources
from vidmbench.sources.clevrer_mini import ToyVideos


def walked(command, path=()):
    """All commands and groups below, with their paths."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walked(inner, (*path, name))


COMMANDS = dict(walked(typer.main.get_command(app)))


def examples(command):
    """The lines after ``Examples:`` in a help text."""
    _, _, after = (command.help or "").partition("Examples:\n")
    return [line.strip() for line in after.splitlines() if line.strip()]


VIDEOS = 16  # on each side, where examples are run
EXAMPLES = sorted({line for command in COMMANDS.values() for line in examples(command)})


def test_the_walk_finds_the_contract():
    """The commands that users were promised; without this the tests below could pass on nothing."""
    promised = {("run",), ("score",), ("table",), ("list",), ("show",), ("doctor",), ("results", "import"),
                ("results", "list"), ("results", "diff"), ("results", "show"),
                ("results", "export"), ("weights", "status"), ("weights", "get"), ("weights", "add"), ("data", "make"),
                ("data", "check"), ("plot", "fvd-vs-frames"), ("plot", "fvd-vs-n"), ("plot", "conventions"),
                ("plot", "horizon"), ("plot", "rollout"), ("rollout",), ("motion",),
                ("plot", "motion"), ("plot", "controls"), ("plot", "ablation"),
                ("plot", "samples"), ("plot", "timeline"), ("plot", "score-map")}  # fmt: skip
    assert promised <= COMMANDS.keys()
    assert len(EXAMPLES) >= len(promised)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_shows_examples_of_its_own(path, command):
    shown = command(*path, "--help")
    assert (shown.code, shown.err) == (0, "")
    own = examples(COMMANDS[path])
    assert own, f"vidmbench {' '.join(path)} --help shows no example"
    assert any(line.startswith(" ".join(("vidmbench", *path))) for line in own)
    for line in own:
        assert shlex.split(line.partition(">")[0])[0] == "vidmbench"


def test_a_command_without_examples_would_be_noticed():
    """The twin of the test above."""
    other = typer.Typer()

    @other.command()
    def first() -> None:
        """Does something."""

    assert examples(typer.main.get_command(other)) == []


@pytest.mark.parametrize("path", [path for path in COMMANDS], ids=" ".join)
def test_help_fits_a_terminal(path, command, monkeypatch):
    """No example and no option is broken over lines at 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")
    shown = command(*path, "--help").out
    assert max(map(len, shown.splitlines())) <= 100
    for line in examples(COMMANDS[path]):
        assert f" {line} " in shown.replace("\n", " \n")
    for parameter in COMMANDS[path].params:
        for option in parameter.opts:
            assert option in shown or not option.startswith("--")


def adapted(line):
    """The example with its stand-ins filled in and its long work made short."""
    names = {"REAL": "real", "FAKE": "fake", "folder:REAL": "folder:real", "DIR": "fake"}
    names |= {"TARGETS": "real", "PREDICTIONS": "fake"}
    names |= {"SEED-0": "fake", "SEED-1": "control:noise", "SEED-2": "control:blurred"}
    names |= {"gan=FAKE": "gan=fake", "vidm:RUN": "vidm", "vidm:runs/tiny": "vidm", "folder:CLEVRER": "clevrer-mini"}
    names |= {"ID": "20261124T223543659167Z", "A": "fake", "B": "real", "C": "fake"}
    words = [names.get(word, word) for word in shlex.split(line.partition(">")[0])[1:]]
    words = [str(path) for word in words for path in (sorted(Path().glob(word)) or [word])]
    if words[0] in ("run", "score", "rollout", "motion", "train", "ablate") or words[:2] == ["data", "prepare"]:
        words.append("--dry-run")
    if words[0] == "compare" and "--num-videos" not in words:
        words += ["--num-videos", "2" if "--paired" in words else "6"]
    if "48" in words:
        words[words.index("48")] = str(VIDEOS)
    if words[0] == "check" and "--protocol" not in words:
        words += ["--protocol", "fvd-digan"]
    if words[0] == "sample":
        words += ["--num-videos", "1", "--frames", "2", "--steps", "2"]
    if words[:2] == ["plot", "samples"]:
        words += ["--frames", "2", "--steps", "2"]
    if words[:2] == ["data", "make"]:
        words += ["--num-videos", "2"]
    if words[:2] == ["weights", "add"]:
        words[-1] = "archive.safetensors"
    return words


def _make_things(folder):
    clip = ToyVideos("test").read(0, range(64))
    Image.fromarray(clip[0]).save(folder / "scene.png")
    from vidmbench.videos import write_mp4

    write_mp4(folder / "real" / "0.mp4", clip)
    for number in range(1, VIDEOS):
        shutil.copy(folder / "real" / "0.mp4", folder / "real" / f"{number}.mp4")


@pytest.fixture
def things(folder, tmp_path_factory):
    """What the stand-ins of the examples mean."""
    made = made_once(tmp_path_factory, "things", _make_things)
    shutil.copy(made / "scene.png", folder)
    # A code that prints the numbers of fvd-stylegan-v on the golden sets.
    (folder / "my_fvd.py").write_text(MY_FVD)
    for side in ("real", "fake"):
        shutil.copytree(made / "real", folder / side)


@pytest.mark.weights
@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_runs(line, things, command, fake_network, weights, folder, monkeypatch):
    if "ssv2-probe" in line or line.endswith(" downloads"):
        pytest.skip("needs published files of 10 GB; test_library_detectors.py adds small ones of their layout")
    words = adapted(line)
    if words[:2] == ["weights", "add"]:
        (folder / words[-1]).symlink_to(weights.resolve())
    if words[:2] in (["results", "import"], ["results", "diff"]):
        monkeypatch.setattr(resources, "checkout_results_dir", lambda: folder / "results")
        assert command("run", "--model", "control:noise", "--dataset", "clevrer-mini", "--num-videos", "2").code == 0
        words = adapted(line)
    for option, runs in pairwise(words):
        if option == "--runs":
            (folder / runs).mkdir(parents=True, exist_ok=True)
    if words[0] == "table" and (len(words) == 1 or words[1].startswith("--")):
        ran = command(
            "run", "--model", "control:noise", "--dataset", "clevrer-mini", "--num-videos", "2", "--frames", "9"
        )
        assert ran.code == 0, ran.err
    if words[:2] == ["plot", "horizon"]:
        for fake, name in (("fake", "A"), ("control:noise", "B"), ("control:static", "STATIC")):
            ran = command(
                "score", "real", fake, "--protocol", "lpips-alex", "--frames", "9", "--num-videos", "4", "--out", "runs"
            )
            assert ran.code == 0, ran.err
            next(path for path in folder.glob("runs/2*.json")).rename(folder / "runs" / f"{name}.json")
    if words[:2] == ["plot", "rollout"]:
        asked = ("--protocol", "flicker-vbench", "--num-videos", "4", "--out", "runs")
        for fake, name in (("fake", "A"), ("control:static", "B")):
            assert command("rollout", "real", fake, *asked).code == 0
            next(path for path in folder.glob("runs/2*.json")).rename(folder / "runs" / f"{name}.json")
    if words[:2] == ["plot", "motion"]:
        asked = ("--protocol", "flicker-vbench", "--num-videos", "4", "--out", words[2])
        assert command("score", "real", "fake", "control:static", "control:reversed", *asked).code == 0
    if "mine.toml" in words:
        shutil.copy(resources.protocols_dir() / "tables" / "table1.toml", folder / "mine.toml")
    # The recipes of the paper need other machines, on which their steps would be measured.
    monkeypatch.setattr("vidmbench.reporting.training.measured_step", lambda *_: None)
    monkeypatch.setattr("vidmbench.vidm.training.memory.free_bytes", lambda _: None)
    if words[:2] == ["plot", "conventions"]:
        pair = ("compare", "real", "fake", "--frames", "16", "--protocol", "fvd-tats", "--protocol", "fvd-stylegan-v")
        assert command(*pair, "--out", words[words.index("--runs") + 1]).code == 0
    if words[:2] == ["results", "diff"]:
        words[2:] = [str(path) for path in folder.glob("runs/*.json")] * 2
    if {"real.pack", "pack:real.pack"}.intersection(words) and words[:2] != ["pack", "make"]:
        pack = ("pack", "make", "real", "--protocol", "fvd-stylegan-v", "--num-videos", "4", "--out", "real.pack")
        assert command(*pack).code == 0
    if words[:2] == ["pack", "import"]:
        rows = np.random.default_rng(0).normal(size=(8, 400))
        stats = {"num_items": 8, "raw_mean": rows.sum(0), "raw_cov": rows.T @ rows}
        (folder / "stats.pkl").write_bytes(pickle.dumps(stats))
    if words[0] == "doctor":
        monkeypatch.setattr("vidmbench.check.doctor._golden", lambda: ("ok", "left out here; test_doctor runs it"))
    outcome = command(*words)
    assert outcome.code == 0, outcome.err
    assert outcome.out


def test_no_command_shows_the_help(command):
    for words in ((), ("weights",), ("results",), ("data",)):
        shown = command(*words)
        assert "Examples:" in shown.out + shown.err
        assert "Traceback" not in shown.err


def test_short_help_and_module_entry():
    """``python -c`` with the console entry point is the same command."""
    done = subprocess.run(
        [sys.executable, "-c", "from vidmbench.cli import main; main()", "-h"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "vidmbench run --model control:static --dataset clevrer-mini --frames 16" in done.stdout


@pytest.mark.parametrize("path", [(), ("compare-models",), ("plot", "controls")], ids=" ".join)
def test_a_flag_does_not_look_as_if_it_took_a_value(path, command):
    shown = command(*path, "-h").out
    assert "--help" in shown
    assert "bool" not in shown


@pytest.mark.parametrize(
    "name", ["run", "score", "compare", "explain", "compare-models", "infinity", "memorisation", "rollout"]
)
def test_every_command_that_scores_can_be_quiet(name):
    assert "-q" in {option for parameter in COMMANDS[name,].params for option in parameter.opts}
