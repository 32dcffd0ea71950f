"""What starts without the heavy libraries, and the twin that shows the check can fail."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "openvino")
# Nothing of these is needed to print a help text.
SLOW = (*HEAVY, "numpy", "pandas", "scipy", "matplotlib", "PIL", "av", "decord", "vidmbench.protocols.protocol")
PROBE = """
import json, sys
from vidmbench.cli import main
try:
    main()
finally:
    print("MODULES " + json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
RUN = ["run", "--model", "control:static", "--dataset", "clevrer-mini", "--frames", "9", "--num-videos", "2"]


# What neither a number whose features are cached nor a refusal needs.
NOT_A_FEATURE = (*HEAVY, "pandas", "matplotlib", "av", "decord", "h5py")
NOT_BEFORE_WORK = (*NOT_A_FEATURE, "scipy")


def loaded(words, folder, code=0):
    """The modules that are loaded when a command ends, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words], capture_output=True, text=True, cwd=folder, timeout=120
    )
    assert done.returncode == code, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    return set(json.loads(line.removeprefix("MODULES ")))


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["run", "--help"],
        ["list", "protocols"],
        ["list", "models"],
        ["list", "datasets"],
        ["list", "recipes"],
        ["list", "results"],
        ["table", "1"],
        ["show", "fvd-stylegan-v"],
        ["show", "clevrer-mini"],
        ["show", "tiny"],
        ["results", "list"],
        ["weights", "status"],
        ["plot", "controls"],
        ["plot", "ablation"],
        [*RUN, "--dry-run"],
    ],
    ids=" ".join,
)
def test_starts_without_the_networks_libraries(words, tmp_path):
    assert not loaded(words, tmp_path).intersection(HEAVY)


@pytest.mark.parametrize(
    "words",
    [["--help"], ["run", "--help"], ["plot", "controls", "--help"], ["report", "--help"], ["--version"]],
    ids=" ".join,
)
def test_help_loads_nothing_slow(words, tmp_path):
    assert not loaded(words, tmp_path).intersection(SLOW)


@pytest.mark.parametrize(
    "words",
    [
        ["score", "nothere", "control:static"],
        ["score", ".", ".", "--protocol", "fvd-dign"],
        ["run", "--model", "vidm", "--dataset", "clevrer"],
        ["table", "--runs", "nothere"],
        ["show", "fvd-dign"],
        ["plot", "controls", "--runs", "nothere"],
    ],
    ids=" ".join,
)
def test_a_refusal_comes_before_what_is_slow(words, tmp_path):
    assert not loaded(words, tmp_path, code=2).intersection(NOT_BEFORE_WORK)


@pytest.mark.parametrize(
    "words", [["list", "protocols"], ["list", "models"], ["list", "results"], ["table", "1"]], ids=" ".join
)
def test_lists_and_tables_load_no_arrays(words, tmp_path):
    assert not loaded(words, tmp_path).intersection((*NOT_BEFORE_WORK, "numpy", "PIL"))


@pytest.mark.weights
def test_a_cached_run_needs_no_network(weights, tmp_path):
    """The twin: the first run loads the libraries, so the check above can fail; the second run does without."""
    assert loaded(RUN, tmp_path).intersection(HEAVY)
    assert not loaded(RUN, tmp_path).intersection(HEAVY)
    score = ["score", "dataset:clevrer-mini@test", "control:static", *RUN[-4:]]
    assert not loaded(score, tmp_path).intersection((*NOT_A_FEATURE, "scipy.stats"))


def test_a_module_of_its_own_would_be_noticed(tmp_path):
    """The other twin, without weights: the probe sees what a command imports."""
    probe = PROBE.replace("import json, sys", "import json, sys, torch")
    done = subprocess.run(
        [sys.executable, "-c", probe, "--help"], capture_output=True, text=True, cwd=tmp_path, env={**os.environ}
    )
    assert '"torch"' in done.stderr
