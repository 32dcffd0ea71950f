"""What distinguishes numbers: the dimensions of a pivot, their values in words, and selections of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath

from vidmbench.core.errors import UsageError, unknown
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.facts import counts_of, data_of
from vidmbench.reporting.tables.metrics import better_of, metric_label, with_arrow

Pair = tuple[RunRecord, Measurement]
#: What rows and columns can be, and how a number says it.
DIMENSIONS: dict[str, Callable[[Pair], str]] = {
    "model": lambda pair: pair[0].model,
    "dataset": lambda pair: data_of(pair[0]),
    "metric": lambda pair: pair[1].metric,
    "frames": lambda pair: str(pair[1].frames),
    "protocol": lambda pair: pair[1].protocol,
    "stride": lambda pair: str(pair[1].stride),
    "context": lambda pair: str(pair[1].context),
    "counts": lambda pair: counts_of(pair[1]),
    "pixels": lambda pair: " x ".join(map(str, pair[1].real.size or ("?",))),
    "precision": lambda pair: pair[1].precision,
    "signature": lambda pair: f"#{pair[1].signature_id}",
}


@dataclass(frozen=True)
class Selection:
    """Which numbers are shown: of each dimension the values or patterns allowed; all of those not named.

    Attributes:
        allowed: Values or patterns by dimension.
    """

    allowed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, records: Sequence[RunRecord]) -> list[Pair]:
        """The numbers selected.

        Args:
            records: Records, oldest first.

        Raises:
            UsageError: A value that no record has.
        """
        pairs = [(record, measurement) for record in records for measurement in record.measurements]
        for dimension, patterns in self.allowed.items():
            values = dict.fromkeys(name for pair in pairs for name in _names(dimension, pair))
            for pattern in patterns:
                if not any(_fits(name, pattern) for name in values):
                    raise unknown(f"{dimension} in these records", pattern, list(values), error=UsageError)
        return [
            pair
            for pair in pairs
            if all(
                any(_fits(name, pattern) for name in _names(dimension, pair) for pattern in patterns)
                for dimension, patterns in self.allowed.items()
            )
        ]


def _names(dimension: str, pair: Pair) -> list[str]:
    """How a value may be named in a selection: a data set with or without its split, a folder by its last part."""
    name = DIMENSIONS[dimension](pair)
    return [name, pair[0].dataset, short_dataset(name)] if dimension == "dataset" else [name]


def _fits(name: str, pattern: str) -> bool:
    return name.casefold() == pattern.casefold() or fnmatchcase(name.casefold(), pattern.casefold())


def short_dataset(name: str) -> str:
    """A data set as a reader knows it: of ``folder:/data/MyClips`` the last part.

    Args:
        name: As records name it.
    """
    kind, colon, path = name.partition(":")
    return PurePath(path).name or name if colon and kind == "folder" else name


class Words:
    """How the values of dimensions are printed.

    Attributes:
        pairs: The numbers of the table.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = pairs
        self._better = {measurement.metric: better_of(measurement) for _, measurement in pairs}
        names = dict.fromkeys(data_of(record) for record, _ in pairs)
        short = [short_dataset(name) for name in names]
        self._data = {name: one if short.count(one) == 1 else name for name, one in zip(names, short, strict=True)}

    def said(self, dimension: str, value: str) -> str:
        """One value of a dimension."""
        if dimension == "metric":
            return with_arrow(metric_label(value), self._better[value])
        if dimension == "dataset":
            return self._data[value]
        forms = {"frames": "{} frames", "stride": "stride {}", "context": "{} frames given", "pixels": "{} pixels"}
        return forms.get(dimension, "{}").format(value)

    def label(self, dimensions: Sequence[str], key: Sequence[str], keys: Sequence[Sequence[str]]) -> str:
        """A row or column in full: what tells it apart, or its metric where it is the only one."""
        varying = [at for at in range(len(dimensions)) if len({other[at] for other in keys}) > 1]
        alone = [dimensions.index("metric")] if "metric" in dimensions else list(range(len(dimensions)))
        return ", ".join(self.said(dimensions[at], key[at]) for at in varying or alone)

    def metrics(self, *, arrows: bool = True) -> str:
        """All metrics, and which way each is better."""
        names = list(self._better)
        if not arrows:
            return listed([metric_label(name) for name in names])
        groups: dict[str, list[str]] = {}
        for name in names:
            groups.setdefault(self._better[name] or "", []).append(metric_label(name))
        return listed([f"{listed(of)} ({way} is better)" if way else listed(of) for way, of in groups.items()])

    def datasets(self) -> str:
        """The data set; empty where there are several."""
        return next(iter(self._data.values())) if len(self._data) == 1 else ""


def listed(names: Sequence[str]) -> str:
    """``FVD, KVD and IS``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
