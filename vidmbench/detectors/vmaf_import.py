"""Importing vmaf-torch, which the extra ``vmaf`` brings."""

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from vidmbench.core.errors import UsageError


def is_there() -> bool:
    """Whether it is installed, without importing it."""
    return find_spec("vmaf_torch") is not None


def check_vmaf() -> None:
    """Refuses what needs vmaf-torch where it is not installed, without importing it.

    Raises:
        UsageError: It is not there.
    """
    if not is_there():
        raise UsageError(
            "VMAF needs vmaf-torch, which is not installed",
            expected="the package vmaf-torch",
            found="no module vmaf_torch",
            fix="pip install vmaf-torch",
        )


def import_vmaf() -> Any:
    """The module.

    Raises:
        UsageError: It is not installed.
    """
    check_vmaf()
    return import_module("vmaf_torch")


def vmaf_name(target: str) -> str:
    """``vmaf-torch-VERSION/DEVICE``, as records name it.

    Args:
        target: ``cpu`` or ``cuda``.

    Raises:
        UsageError: It is not installed.
    """
    check_vmaf()
    return f"vmaf-torch-{version('vmaf-torch')}/{target}"
