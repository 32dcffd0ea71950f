"""Importing OpenVINO, which the extra ``cpu`` brings."""

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


def compile_for_cpu(model: Any, *, precision: str, num_streams: int) -> Any:
    """Compiles a model for requests side by side, one thread each.

    Args:
        model: OpenVINO's model.
        precision: ``f32`` or ``bf16``: left alone, OpenVINO takes bf16 by itself where a processor has units for it.
        num_streams: How many requests run at once.
    """
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": str(num_streams),
        "INFERENCE_NUM_THREADS": str(num_streams),
        # Pinned, the threads of two models, or of two processes, wait for one core while another idles.
        "ENABLE_CPU_PINNING": "NO",
    }
    return openvino_core().compile_model(model, "CPU", settings)
