"""vidmbench scores video generators and says exactly what each number means."""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["load_results"]

# Where each name lives; nothing is imported before it is asked for, so that `--help` stays quick.
_LAZY = {"load_results": "vidmbench.results"}

if TYPE_CHECKING:
    from vidmbench.results import load_results
else:

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LAZY[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LAZY})
