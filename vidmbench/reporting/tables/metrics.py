"""Metrics as people write them, and which way is better."""

from typing import Literal

from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.records.record import Measurement

Better = Literal["lower", "higher"]
_ARROWS: dict[Better | None, str] = {"lower": "↓", "higher": "↑", None: ""}
_LONGEST_ABBREVIATION = 5


def metric_label(metric: str) -> str:
    """``FVD``, ``C3D-FID`` and ``STREAM-T``, but ``Precision`` and ``Spatial IoU``.

    Args:
        metric: The name in records.
    """
    words = {number for kind in metric_kinds().values() for number in kind.numbers or ()}
    is_word = metric in words and len(metric) > _LONGEST_ABBREVIATION and not metric.startswith("stream-")
    return metric.capitalize().replace("-", " ").replace(" iou", " IoU") if is_word else metric.upper()


def better_of(measurement: Measurement) -> Better | None:
    """Which way a measured number is better; None where its metric kind does not say, or is not registered here."""
    kinds = metric_kinds()
    name = measurement.protocol_spec.get("metric")
    if name is None:  # a record made by hand
        metric = measurement.metric
        names = [kind.name for kind in kinds.values() if metric in (kind.numbers or ())]
        names += [
            of for detector in load_detectors().values() for of, one in detector.measures.items() if one == metric
        ]
        name = names[0] if names else None
    kind = kinds.get(str(name))
    return None if kind is None else kind.better


def with_arrow(label: str, better: Better | None) -> str:
    """A label with the arrow that says which way is better.

    Args:
        label: What people call the metric.
        better: The direction; None adds no arrow.
    """
    return f"{label} {_ARROWS[better]}".rstrip()


def unit_of(metric: str) -> str:
    """What follows the name of a metric on an axis: `` (dB)`` for PSNR, else nothing.

    Args:
        metric: The name in records.
    """
    return " (dB)" if metric == "psnr" else ""
