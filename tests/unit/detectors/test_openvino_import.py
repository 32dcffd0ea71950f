"""Engines on OpenVINO come and go without harm to the process."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("openvino", reason="openvino is not installed (pip install openvino)")

_ENGINES_GO = """
import os, signal, sys, threading
from vidmbench.detectors.i3d_openvino import OpenVinoEngine
from vidmbench.detectors.openvino_import import openvino_core
signal.signal(signal.SIGINT, lambda *_: print("handled"))
engines = []
for _ in range(2):
    engines.append(OpenVinoEngine({}, precision="fp32", name="openvino"))
    openvino_core().get_property("CPU", "FULL_DEVICE_NAME")  # what loads the plugin
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


def test_threads_are_not_pinned_to_cores():
    """Pinned, the parts of a network in bf16 waited for one core while another was idle: 60 % on top of the network."""
    from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino

    openvino, op = import_openvino()
    given = op.parameter([1], np.float32)
    compiled = compile_for_cpu(openvino.Model([op.relu(given)], [given], "small"), precision="f32", num_streams=2)
    assert compiled.get_property("ENABLE_CPU_PINNING") is False
    assert (compiled.get_property("NUM_STREAMS"), compiled.get_property("INFERENCE_NUM_THREADS")) == (2, 2)
