"""Facts about the machine and the installation, which every record holds."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vidmbench.core import resources


def environment() -> dict[str, Any]:
    """Versions, processor and commit: what is needed to reproduce a number."""
    packages = ("vidmbench", "torch", "openvino", "numpy", "scipy", "decord", "av", "pillow")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "packages": {name: _version(name) for name in packages},
        "commit": _commit(),
        "tf32": False,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _commit() -> str | None:
    """The commit of vidmbench itself, with ``+changes`` if the checkout is dirty; None in an installed wheel."""
    root = resources.checkout_results_dir()
    if root is None or not (root.parent / ".git").exists():
        return None
    try:
        commit = _git(root.parent, "rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git(root.parent, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
