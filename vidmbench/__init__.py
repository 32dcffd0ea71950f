"""vidmbench scores video generators and says exactly what each number means.

The names below are the library; each has a docstring with an example, and docs/python.md shows them together.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "Choices",
    "Measurement",
    "MinimalSource",
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
    "to_uint8",
]

# Where each name lives; nothing is imported before it is asked for, so that `--help` stays quick.
_LAZY = {
    "Choices": "evaluation.choices",
    "Measurement": "records.record",
    "MinimalSource": "videos.source",
    "Moments": "metrics",
    "RunRecord": "records.record",
    "VidmbenchError": "core.errors",
    "build_table": "reporting.tables.build",
    "extract_features": "evaluation.api",
    "frechet_distance": "metrics",
    "inception_score": "metrics",
    "kernel_distance": "metrics",
    "load_baseline": "sources.baselines.layouts",
    "load_dataset": "sources.datasets.spec",
    "load_detector": "protocols.detector",
    "load_protocol": "protocols.protocol",
    "load_results": "records.frame",
    "open_source": "evaluation.videos",
    "score": "evaluation.api",
    "score_all": "evaluation.api",
    "to_uint8": "evaluation.videos",
}

if TYPE_CHECKING:
    from vidmbench.core.errors import VidmbenchError
    from vidmbench.evaluation.api import extract_features, score, score_all
    from vidmbench.evaluation.choices import Choices
    from vidmbench.evaluation.videos import open_source, to_uint8
    from vidmbench.metrics import Moments, frechet_distance, inception_score, kernel_distance
    from vidmbench.protocols.detector import load_detector
    from vidmbench.protocols.protocol import load_protocol
    from vidmbench.records.frame import load_results
    from vidmbench.records.record import Measurement, RunRecord
    from vidmbench.reporting.tables.build import build_table
    from vidmbench.sources.baselines.layouts import load_baseline
    from vidmbench.sources.datasets.spec import load_dataset
    from vidmbench.videos.source import MinimalSource
else:

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LAZY})
