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
# Said by the first thing that the entry point imports, when Ctrl-C is provided for.
_SAYS_WHEN_IT_STARTS = """
import builtins
from vidmbench.cli import main
real = builtins.__import__
def importing(*words, **options):
    builtins.__import__ = real
    print("entered", flush=True)
    return real(*words, **options)
builtins.__import__ = importing
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
    for delay in (0.0, 0.1, 0.3, 0.5):
        process = subprocess.Popen(
            [sys.executable, "-c", _SAYS_WHEN_IT_STARTS, *words],
            stdout=-1,
            stderr=-1,
            text=True,
            preexec_fn=_heeds_ctrl_c,
        )
        assert process.stdout.readline() == "entered\n"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        if process.returncode != 0:  # it had ended already, on a fast machine
            assert (process.returncode, err.strip()) == (130, _LINE)


# Python 3.11 makes a RuntimeError of whatever is raised while an attribute of a class gets its name.
_IN_A_CLASS = """
import os, signal
from vidmbench.cli import commands, main
class Field:
    def __set_name__(self, owner, name):
        {raised}
def run_command():
    class Owner:
        field = Field()
commands.run_command = run_command
main()
"""


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [("os.kill(os.getpid(), signal.SIGINT)", 130, _LINE), ("raise ValueError('a fault')", 1, "ValueError: a fault")],
)
def test_interrupted_where_python_makes_another_error_of_it(folder, raised, code, line):
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_CLASS.format(raised=raised)],
        capture_output=True,
        text=True,
        preexec_fn=_heeds_ctrl_c,
    )
    assert done.returncode == code
    assert line in done.stderr.splitlines()
    assert ("Traceback" in done.stderr) == (code == 1)


# Signals itself when the last objects go: Python has put its own handlers back by then.
_ENDS = """
import os, signal, sys
from vidmbench.cli import main
class Last:
    def __del__(self, kill=os.kill, me=os.getpid(), number=signal.SIGINT):
        kill(me, number)
sys.last_of_all = Last()
main()
"""


def test_interrupted_when_it_has_ended(folder):
    done = subprocess.run(
        [sys.executable, "-c", _ENDS, "list", "datasets"], capture_output=True, text=True, preexec_fn=_heeds_ctrl_c
    )
    assert (done.returncode, done.stderr) == (0, "")
