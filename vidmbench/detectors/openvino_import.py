"""Importing OpenVINO, which the extra ``cpu`` brings."""

import os
import sys
from types import ModuleType


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


def cores() -> int:
    """Processor cores that this process may use: one request runs on each."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
