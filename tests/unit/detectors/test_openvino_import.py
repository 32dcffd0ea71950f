"""Engines on OpenVINO come and go without harm to the process."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino", reason="openvino is not installed (pip install 'vidmbench[cpu]')")

_ENGINES_GO = """
import os, signal, sys, threading
from vidmbench.detectors.i3d_openvino import OpenVinoEngine
signal.signal(signal.SIGINT, lambda *_: print("handled"))
engines = []
for _ in range(2):
    engines.append(OpenVinoEngine({}, precision="fp32", name="openvino"))
    engines[-1]._core.get_property("CPU", "FULL_DEVICE_NAME")  # what loads the plugin
def go():
    engines.pop(0)
if sys.argv[1] == "in another thread":
    other = threading.Thread(target=go)
    other.start()
    other.join()
else:
    go()
go()
os.kill(os.getpid(), signal.SIGINT)
print("lives")
"""


@pytest.mark.parametrize("how", ["in the order they came", "in another thread"])
def test_signals_are_handled_when_engines_have_gone(how):
    """faulthandler, which pytest too switches on, is what gives the main thread a stack for signals."""
    command = [sys.executable, "-X", "faulthandler", "-c", _ENGINES_GO, how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\nlives\n"), done.stderr
