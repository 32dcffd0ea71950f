"""Running a command in a folder of its own, killing it, and comparing what it leaves with what it should leave."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
# The installed command, with a network that costs nothing, and records imported into the folder of the attack.
VIDMBENCH = """
import os, sys
from pathlib import Path
from vidmbench.core import resources
resources.checkout_results_dir = lambda: Path(os.environ["ATTACK_CHECKOUT"])
if sys.argv[1] in ("score", "run"):
    from support.engines import FakeEngine, use_engine
    use_engine(lambda *_, **__: FakeEngine())
from vidmbench.cli import main
sys.argv[0] = "vidmbench"
main()
"""
_TIMEOUT = 170
# What may act on a terminal: all controls but line ends and tabs.
_ACTS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Times in names of records, and digests of folders, which stand in names of files of the cache.
_OWN = re.compile(r"\d{8}T\d+Z|[0-9a-f]{32,}")


#: The groups of processes that were started and have not ended yet.
RUNNING: "set[subprocess.Popen[str]]" = set()


class Failure(AssertionError):
    """What did not survive, in words."""


@dataclass(frozen=True)
class Scenario:
    """A command, what it needs, and what it must leave.

    Attributes:
        name: Of the scenario.
        words: The command; all it writes goes to ``out``, the cache included.
        prepare: Makes its inputs in an empty folder.
        result: What must be equal to the last bit, from the folder and from what the command printed.
        damaged: Patterns of the command's own files that it reads again, below ``out``.
        program: What is run, by default vidmbench.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[Path], None]
    result: Callable[[Path, str], object]
    damaged: tuple[str, ...] = ()
    program: tuple[str, ...] = (sys.executable, "-c", VIDMBENCH)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float

    def check(self) -> None:
        """It succeeded, or said in one message why not."""
        if self.code not in (0, 2) or "Traceback" in self.err:
            raise Failure(f"exit code {self.code}: {self.err[-600:]}")
        if self.code == 2 and "error: " not in self.err:
            raise Failure(f"exit code 2 without a message: {self.err[-600:]}")
        if found := _ACTS.search(self.out + self.err):
            raise Failure(f"{found[0]!r} reached the terminal")


class Reference(NamedTuple):
    """What an undisturbed command leaves: its result, names and kilobytes of its files; and its seconds."""

    result: object
    names: frozenset[str]
    seconds: float
    kilobytes: int


@dataclass
class Arena:
    """Where attacks happen, and what undisturbed commands leave there.

    Attributes:
        folder: The folder of the campaign.
        random: The source of every random choice.
    """

    folder: Path
    random: random.Random
    _references: "dict[str, Reference]" = field(default_factory=dict)
    _num_folders: int = 0

    def fresh(self, scenario: Scenario) -> Path:
        """A new folder with the inputs of a scenario."""
        self._num_folders += 1
        folder = self.folder / f"{self._num_folders:04d}-{scenario.name.replace(' ', '-')}"
        (folder / "out").mkdir(parents=True)
        scenario.prepare(folder)
        return folder

    def reference(self, scenario: Scenario) -> "Reference":
        """What an undisturbed command leaves, and how long it takes."""
        if scenario.name not in self._references:
            folder = self.fresh(scenario)
            ended = run(scenario, folder)
            if ended.code != 0:
                raise Failure(f"undisturbed, {scenario.name} failed: {ended.err[-600:]}")
            kilobytes = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file()) // 1000
            result, names = scenario.result(folder, ended.out), names_in(folder)
            self._references[scenario.name] = Reference(result, names, ended.seconds, kilobytes)
            shutil.rmtree(folder, ignore_errors=True)
        return self._references[scenario.name]

    def check(self, scenario: Scenario, folder: Path) -> None:
        """Gives the command once more; the result is that of an undisturbed one, and nothing else is left."""
        reference = self.reference(scenario)
        ended = run(scenario, folder)
        if ended.code != 0:
            raise Failure(f"the same command failed afterwards: {ended.err[-600:]}")
        if scenario.result(folder, ended.out) != reference.result:
            raise Failure("another result than undisturbed")
        if more := sorted(names_in(folder) - reference.names):
            raise Failure(f"left behind: {', '.join(more[:5])}")


def start(scenario: Scenario, folder: Path) -> "subprocess.Popen[str]":
    """Starts a command in its folder, as the leader of a group of processes."""
    cache, temporary = folder / "out" / "cache", folder / "out" / "tmp"
    for path in (cache, temporary):
        path.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
        "VIDMBENCH_CACHE": str(cache),
        "TMPDIR": str(temporary),
        "ATTACK_CHECKOUT": str(folder / "out" / "checkout"),
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [*scenario.program, *scenario.words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
        start_new_session=True,
    )
    RUNNING.add(process)
    return process


def finish(process: "subprocess.Popen[str]", begun: float, *, timeout: float = _TIMEOUT) -> Ended:
    """Waits for a command; one that hangs is a failure."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        kill(process)
        raise Failure(f"did not end within {timeout:.0f} s") from None
    RUNNING.discard(process)
    return Ended(process.returncode, out, err, time.monotonic() - begun)


def run(scenario: Scenario, folder: Path, *, timeout: float = _TIMEOUT) -> Ended:
    """A command from start to end."""
    begun = time.monotonic()
    return finish(start(scenario, folder), begun, timeout=timeout)


def kill(process: "subprocess.Popen[str]") -> None:
    """SIGKILL to the command and to all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    RUNNING.discard(process)


def names_in(folder: Path) -> frozenset[str]:
    """Paths of all files that were written, hidden ones included, without what is new in every folder."""
    return frozenset(
        _OWN.sub("OWN", str(path.relative_to(folder))) for path in (folder / "out").rglob("*") if path.is_file()
    )


# What must be equal to the last bit


def number(_folder: Path, out: str) -> object:
    """The value that was printed as JSON, with its interval and signature."""
    content = json.loads(out)
    return content["value"], content["interval"], content["signature"]


def files(pattern: str) -> Callable[[Path, str], object]:
    """The bytes of the files of a pattern below ``out``."""

    def result(folder: Path, _out: str) -> object:
        found = sorted((folder / "out").glob(pattern))
        if not found:
            raise Failure(f"no {pattern} was written")
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in found
            if not path.name.startswith(".")
        }

    return result


def tensors(name: str) -> Callable[[Path, str], object]:
    """The tensors of a safetensors file below ``out``; its header is not in one order, and may hold times."""

    def result(folder: Path, _out: str) -> object:
        from safetensors.numpy import load_file

        found = load_file(folder / "out" / name)
        return {key: hashlib.sha256(value.tobytes()).hexdigest() for key, value in found.items()}

    return result
