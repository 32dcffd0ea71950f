"""Two ways to give a command: in this process (quick), and through the installed script (as users do)."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.minute_recipe import RECIPE
from support.once import made_once

from vidmbench.cli import main
from vidmbench.sources.clevrer_mini import ToyVideos

SCRIPT = Path(sys.executable).with_name("vidmbench")


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout; fails where anything else stands there."""
        content = json.loads(self.out)
        assert isinstance(content, dict)
        return content

    def fails(self, *words: str) -> None:
        """Exit code 2, one message on stderr with all the words, no traceback, nothing on stdout."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert self.out == ""
        assert "Traceback" not in self.err
        for word in words:
            assert word in self.err, (word, self.err)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder the commands are given in."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Gives a command in this process, through the same entry point as the script."""

    def given(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["vidmbench", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capfd.readouterr()
        return Outcome(int(end.value.code or 0), said.out, said.err)

    return given


@pytest.fixture
def script() -> Callable[..., Outcome]:
    """Gives a command to the installed script."""

    def given(*words: object, **more: str) -> Outcome:
        done = subprocess.run(
            [SCRIPT, *map(str, words)], capture_output=True, text=True, timeout=170, env={**os.environ, **more}
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return given


@pytest.fixture(scope="session")
def clips() -> np.ndarray:
    """Five clips of the built-in data set, uint8 (5, 16, 64, 64, 3)."""
    videos = ToyVideos("train")
    return np.stack([videos.read(index, range(16)) for index in range(5)])


@pytest.fixture
def real(folder: Path) -> Path:
    """Five other clips as an array file beside the commands."""
    videos = ToyVideos("test")
    np.save(folder / "real.npy", np.stack([videos.read(index, range(16)) for index in range(5)]))
    return folder / "real.npy"


@pytest.fixture
def recipe(folder, monkeypatch):
    """The recipe ``minute.toml`` in the working folder; sheets of samples during training take two steps."""
    from vidmbench.vidm.recipes import SamplingSpec
    from vidmbench.vidm.training import sample_sheets

    monkeypatch.setattr(sample_sheets, "SHEET_SAMPLING", SamplingSpec(sampler="dpm-solver", steps=2))
    (folder / "minute.toml").write_text(RECIPE)
    return folder / "minute.toml"


@pytest.fixture(scope="session")
def first_run(tmp_path_factory):
    """A run, trained once for all tests."""

    def train(work):
        (work / "minute.toml").write_text(RECIPE)
        done = subprocess.run(
            [sys.executable, "-m", "vidmbench", "train", "--recipe", "minute.toml", "--out", "RUN"],
            cwd=work,
            capture_output=True,
            text=True,
            env={**os.environ, "VIDMBENCH_CACHE": str(work / "cache")},
        )
        assert done.returncode == 0, done.stderr
        assert "vidm:RUN" in done.stdout

    return made_once(tmp_path_factory, "trained", train) / "RUN"


@pytest.fixture
def trained(first_run, folder, recipe):
    """A finished run in the folder RUN."""
    shutil.copytree(first_run, folder / "RUN")
    return Path("RUN")
