"""All metric kinds by name: the modules of :mod:`vidmbench.protocols.kinds`, and what was registered besides."""

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType

from vidmbench.protocols import kinds
from vidmbench.protocols.fields import field_groups
from vidmbench.protocols.metric_kind import AnyMetricKind
from vidmbench.protocols.stages import StatisticsStage

_KINDS: dict[str, AnyMetricKind] = {}


def metric_kinds() -> MappingProxyType[str, AnyMetricKind]:
    """Every metric kind, by the name that protocol files give as ``metric``."""
    _register_modules()
    return MappingProxyType(_KINDS)


def register(kind: AnyMetricKind) -> None:
    """Adds a metric kind: from then on protocol files can name it.

    Args:
        kind: The declaration.

    Raises:
        ValueError: Another kind has this name, or the declaration contradicts itself.
        TypeError: A field of its statistics does not say what it decides.
    """
    _register_modules()
    _add(kind)


def _add(kind: AnyMetricKind) -> None:
    if kind.name in _KINDS:
        raise ValueError(f"the metric kind {kind.name!r} exists already")
    if "fake" not in kind.sides and not kind.reads_pairs:
        raise ValueError(f"the metric kind {kind.name!r} must read the scored side")
    statistics: type[StatisticsStage] = kind.statistics
    field_groups(statistics)
    _KINDS[kind.name] = kind


def numbers_on_one_scale(metric: str) -> tuple[str, ...]:
    """The numbers that can be drawn along one axis with another.

    Args:
        metric: One number's name, such as ``recall``.

    Returns:
        All numbers of the kind that has it, if these have a common scale; else the one name.
    """
    for kind in metric_kinds().values():
        if kind.has_common_scale and kind.numbers is not None and metric in kind.numbers:
            return kind.numbers
    return (metric,)


@cache
def _register_modules() -> None:
    for module in pkgutil.iter_modules(kinds.__path__):
        _add(importlib.import_module(f"{kinds.__name__}.{module.name}").KIND)
