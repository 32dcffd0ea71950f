"""Ctrl-C, two runs at once, a reader that goes away: nothing is lost and nobody sees a traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.engines import use_engine
from support.paths import environment

SCRIPT = Path(sys.executable).with_name("vidmbench")
SCORE = [SCRIPT, "score", "dataset:clevrer-mini@test", "dataset:clevrer-mini@train", "--frames", "9", "--json"]

# The installed command with one counter put in: how many clips the network saw.
COUNTED = """
import sys
from support.engines import use_engine
from vidmbench.cli import main
from vidmbench.detectors.engine import load_engine

def counting(*args, **options):
    engine = load_engine(*args, **options)
    inner = engine.features
    def outer(clips):
        for feature in inner(clips):
            print("counted", file=sys.stderr, flush=True)
            yield feature
    engine.features = outer
    return engine
use_engine(counting)
sys.argv[0] = "vidmbench"
main()
"""


@pytest.fixture
def buffered(monkeypatch):
    """As in a user's shell: Python keeps what is printed and writes it at the end, when the reader may be gone."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def rows_in(cache):
    return sum(path.stat().st_size // 1600 for path in (cache / "features").glob("*.rows"))


@pytest.mark.weights
def test_interrupted_in_the_middle(weights, own_cache, command, network, monkeypatch):
    """Ctrl-C: exit code 130 and one message; what was scored is kept, the same command finishes the rest."""
    count = 5
    words = [*map(str, SCORE[1:]), "--num-videos", str(count)]
    process = subprocess.Popen(
        [*map(str, SCORE), "--num-videos", str(count)],
        stdout=-1,
        stderr=-1,
        text=True,
        # A shell that starts the tests in the background lets them, and all they start, ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while rows_in(own_cache) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert out == ""
    assert err.strip().splitlines() == ["interrupted: finished work is kept; the same command resumes"]
    kept = rows_in(own_cache) + count * len(list((own_cache / "features").glob("*.safetensors")))
    assert 3 <= kept < 2 * count

    again = subprocess.run(
        [sys.executable, "-c", COUNTED, *words], capture_output=True, text=True, timeout=120, env=environment()
    )
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("counted") == 2 * count - kept
    whole = json.loads(again.stdout)
    # An uninterrupted run gives the same number.
    fresh = own_cache.parent / "fresh"
    (fresh / "weights").mkdir(parents=True)
    (fresh / "weights" / weights.name).symlink_to(weights.resolve())
    monkeypatch.setenv("VIDMBENCH_CACHE", str(fresh))
    assert command(*words).json["value"] == whole["value"]
    assert len(network) > 0


def test_interrupted_in_this_process(command, fake_network, monkeypatch):
    """The same without the network: the message, the code, and --traceback."""

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    use_engine(interrupted, patch=monkeypatch.setattr)
    outcome = command("score", "dataset:clevrer-mini", "control:noise", "--num-videos", "2")
    assert outcome.code == 130
    assert outcome.out == ""
    assert outcome.err.count("interrupted") == 1
    assert "Traceback" not in outcome.err


@pytest.mark.weights
def test_two_runs_at_once_on_one_cache(weights, own_cache, folder):
    """Both succeed with the identical value, and each clip was computed once."""
    words = ["run", "--model", "control:noise", "--dataset", "clevrer-mini", "--frames", "9", "--num-videos", "4"]
    command = [sys.executable, "-c", COUNTED, *words, "--json"]
    both = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment()) for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    first, second = (json.loads(out) for out, _ in ends)
    assert first["value"] == second["value"]
    assert sum(err.count("counted") for _, err in ends) == 8
    assert len(list((folder / "runs").glob("*.json"))) == 2
    assert not list((own_cache / "features").glob("*.rows"))


@pytest.mark.parametrize("words", ["table", "list protocols", "show fvd-tf-hub", "--help"])
def test_the_reader_goes_away(words, buffered):
    """``vidmbench ... | head -1``: what head wants arrives, and nothing stands on stderr."""
    done = subprocess.run(
        f"{SCRIPT} {words} | head -n 1", shell=True, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("words", [["table"], ["list", "protocols"], ["--version"], ["--help"]], ids=" ".join)
def test_stdout_is_closed_before_the_first_word(words, buffered):
    """The harder case: the reader has gone before anything is written, be it much or little."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([SCRIPT, *words], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_a_full_disk_is_one_message(command, fake_network, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device", "runs/x.png")

    monkeypatch.setattr("vidmbench.reporting.plots.contact_sheet.save_figure", full)
    outcome = command("run", "--model", "control:noise", "--dataset", "clevrer-mini", "--num-videos", "2")
    assert outcome.code == 2
    assert "error: No space left on device: runs/x.png" in outcome.err
    assert "Traceback" not in outcome.err
    assert "control:noise" in outcome.out  # the row is printed, and its record is written
    assert "record:  runs/" in outcome.err
    assert len(list(Path("runs").glob("*.json"))) == 1


@pytest.mark.parametrize(("redirection", "words", "code"), [(">&-", "list datasets", 0), ("2>&-", "show nothing", 2)])
def test_streams_that_the_shell_closed(redirection, words, code):
    command = f"{sys.executable} -m vidmbench {words} {redirection}"
    process = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=120, env=environment(), check=False
    )
    assert process.returncode == code, process.stderr
    assert "Traceback" not in process.stderr
