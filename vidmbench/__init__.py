"""vidmbench scores video generators and says exactly what each number means.

The names below are the library; each has a docstring with an example, and docs/python.md shows them together.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "Choices",
    "Measurement",
    "Moments",
    "RunRecord",
    "VidmbenchError",
    "build_table",
    "extract_features",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "load_baseline",
    "load_dataset",
    "load_detector",
    "load_protocol",
    "load_results",
    "open_source",
    "score",
    "score_all",
]

# Where each name lives; nothing is imported before it is asked for, so that `--help` stays quick.
_LAZY = {
    "Choices": "choices",
    "Measurement": "records",
    "Moments": "metrics",
    "RunRecord": "records",
    "VidmbenchError": "errors",
    "build_table": "tables",
    "extract_features": "scoring",
    "frechet_distance": "metrics",
    "inception_score": "metrics",
    "kernel_distance": "metrics",
    "load_baseline": "baselines",
    "load_dataset": "dataset_specs",
    "load_detector": "detector_specs",
    "load_protocol": "protocols",
    "load_results": "results",
    "open_source": "sources",
    "score": "scoring",
    "score_all": "scoring",
}

if TYPE_CHECKING:
    from vidmbench.baselines import load_baseline
    from vidmbench.choices import Choices
    from vidmbench.dataset_specs import load_dataset
    from vidmbench.detector_specs import load_detector
    from vidmbench.errors import VidmbenchError
    from vidmbench.metrics import Moments, frechet_distance, inception_score, kernel_distance
    from vidmbench.protocols import load_protocol
    from vidmbench.records import Measurement, RunRecord
    from vidmbench.results import load_results
    from vidmbench.scoring import extract_features, score, score_all
    from vidmbench.sources import open_source
    from vidmbench.tables import build_table
else:

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LAZY})
