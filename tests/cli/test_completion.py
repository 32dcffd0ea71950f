"""Completion of names after Tab, and that it loads nothing heavy."""

import json
import os
import subprocess
import sys

import pytest

PROBE = """
import atexit, json, sys
atexit.register(lambda: print("MODULES " + json.dumps(sorted(sys.modules)), file=sys.stderr))
from vidmbench.cli import main
main()
"""
HEAVY = {"torch", "scipy", "pandas", "matplotlib", "av", "numpy", "PIL", "vidmbench.protocols.protocol"}


def completed(*words, probe="from vidmbench.cli import main; main()"):
    """What bash is offered for the last word, as its script asks."""
    asked = {"_VIDMBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(("vidmbench", *words)),
             "COMP_CWORD": str(len(words))}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, env={**os.environ, **asked}, check=True
    )
    return done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["score", "--protocol", "fvd-ta"], ["fvd-tats"]),
        (["score", "--protocol", "=", "fvd-ta"], ["fvd-tats"]),
        (["score", "--protocol", "fvd-tats,fvd-dig"], ["fvd-tats,fvd-digan"]),
        (["run", "--dataset", "clevrer-"], ["clevrer-mini"]),
        (["run", "--model", "control", ":", "blu"], ["blurred"]),
        (["score", "a", "dataset", ":", "clevrer-"], ["clevrer-mini"]),
        (["score", "dataset", ":", "clevrer-mini", "@", "test", "control", ":", "sta"], ["static"]),
        (["score", ""], []),  # files are completed by the shell
        (["train", "--recipe", "tiny-"], ["tiny-finetune"]),
        (["explain", "fvd-ta"], ["fvd-tats"]),
        (["compare-m"], ["compare-models"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_bash_is_offered(words, offered):
    assert completed(*words)[0] == offered


def test_names_are_completed_without_heavy_imports():
    offered, said = completed("run", "--protocol", "fvd-", probe=PROBE)
    assert len(offered) > 5
    (line,) = (line for line in said.splitlines() if line.startswith("MODULES "))
    assert not HEAVY.intersection(json.loads(line.removeprefix("MODULES ")))


def test_completion_can_be_installed(folder):
    done = subprocess.run(
        [sys.executable, "-m", "vidmbench", "--install-completion", "bash"],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "HOME": str(folder),
            "SHELL": "/bin/bash",
            "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    assert "_VIDMBENCH_COMPLETE=complete_bash" in (folder / ".bash_completions" / "vidmbench.sh").read_text()
