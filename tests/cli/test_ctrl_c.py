"""Ctrl-C while the program starts: one line, exit code 130, whatever was being imported."""

import signal
import subprocess
import sys
import time

import pytest

# The moments are counted from the entry point: before it Python itself is starting.
_STARTS = """
import builtins, os, signal, sys
wanted, real = sys.argv.pop(1), builtins.__import__
def importing(name, *more, **options):
    if name == wanted:
        builtins.__import__ = real
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *more, **options)
builtins.__import__ = importing
from vidmbench.cli import main
main()
"""
_RUN = ("run", "--model", "control:static", "--dataset", "clevrer-mini", "--frames", "9", "--num-videos", "2")
_TRAIN = ("train", "--recipe", "tiny", "--dataset", "clevrer-mini", "--out", "trained")
_LINE = "interrupted: finished work is kept; the same command resumes"


def _heeds_ctrl_c():
    """A shell that starts the tests in the background lets them, and all they start, ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("module", ["typer", "vidmbench.cli.options", "numpy", "pydantic", "torch"])
def test_interrupted_while_a_module_is_imported(module, folder):
    done = subprocess.run(
        [sys.executable, "-c", _STARTS, module, *_RUN],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=_heeds_ctrl_c,
    )
    assert (done.returncode, done.stdout) == (130, ""), done.stderr
    assert done.stderr.strip().splitlines() == [_LINE]


@pytest.mark.parametrize("words", [(*_RUN, "--dry-run"), (*_TRAIN, "--dry-run")])
def test_interrupted_at_any_moment_of_the_start(words, folder):
    for delay in (0.1, 0.3, 0.5):
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "vidmbench", *words],
            stdout=-1,
            stderr=-1,
            text=True,
            preexec_fn=_heeds_ctrl_c,
        )
        for line in process.stderr:  # Python is up when it imports the first module of ours
            if line.endswith(" vidmbench\n"):
                break
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        said = "".join(line for line in err.splitlines() if not line.startswith("import time:"))
        assert "Traceback" not in err
        if process.returncode != 0:  # it had ended already, on a fast machine
            assert (process.returncode, said.strip()) == (130, _LINE)
