"""Where the checkout and the reference clips beside it are, and how a process of its own finds them."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SHARED = ROOT.parent / "shared"


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that imports ``support`` and ``reference`` as the tests do."""
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **more}
