"""Importing OpenVINO, which the extra ``cpu`` brings."""

import os
import sys
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

_one_at_a_time = Lock()


def import_openvino() -> tuple[ModuleType, ModuleType]:
    """Imports OpenVINO without its telemetry package: scoring never sends anything anywhere.

    OpenVINO falls back on an empty stand-in of its own where that package cannot be imported.

    Returns:
        OpenVINO and the operations that graphs are built from.
    """
    name = "openvino_telemetry"
    hidden = name not in sys.modules
    if hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # None is how Python spells "refuse to import"
    try:
        import openvino
        from openvino import opset13
    finally:
        if hidden:
            del sys.modules[name]
    return openvino, opset13


def openvino_core() -> Any:
    """The one core of this process, which lasts as long as the process does.

    A core gives the thread that first uses it another stack for signal handlers, and unmaps that when it goes
    (SigAltStackSetup in the CPU plugin's plugin.cpp). Where two cores go in the order in which they came, or one goes
    in another thread, the first thread is left with a stack that is not there: the next signal, be it Ctrl-C or the end
    of a child, kills the process silently.
    """
    with _one_at_a_time:
        return _core()


@cache
def _core() -> Any:
    return import_openvino()[0].Core()


def cores() -> int:
    """Processor cores that this process may use: one request runs on each."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
