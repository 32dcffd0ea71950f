"""Table layouts: the rows and columns of a table, read from protocols/tables/*.toml, and which numbers fit there."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from vidmbench.core import resources
from vidmbench.core.declarations import Frozen, load_toml
from vidmbench.core.errors import ProtocolError, unknown
from vidmbench.core.files import visible
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.parts import Entry, PartSpec

_ARROW = {"lower": "↓", "higher": "↑"}


class MetricFormat(Frozen):
    """How a metric's measured numbers are printed.

    Attributes:
        better: Which way is better.
        decimals: Digits after the decimal point of numbers without an interval; with one, it decides.
    """

    better: Literal["lower", "higher"]
    decimals: NonNegativeInt


class MeasuredSpec(Frozen):
    """Which records join a table.

    Attributes:
        datasets: From a data set as printed to its names in protocols/datasets; others match by name.
        stand_ins: From a data set as printed to substitutes, as NAME or NAME@SPLIT, whose records may fill only rows
            that have ``measured_as``; a footnote says so.
        models: Patterns of the models admitted; those of ``measured_as`` always are admitted.
    """

    datasets: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = Field(default_factory=dict)
    stand_ins: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = Field(default_factory=dict)
    models: tuple[str, ...] = Field(default=("*",), strict=False)

    def is_own(self, dataset: str, record: RunRecord) -> bool:
        """Whether a record was measured on the data set printed under this name."""
        return record.dataset in self.datasets.get(dataset, (dataset,))

    def is_stand_in(self, dataset: str, record: RunRecord) -> bool:
        """Whether a record was measured on a substitute for this data set."""
        names = self.stand_ins.get(dataset, ())
        return record.dataset in names or f"{record.dataset}@{record.split}" in names


class Layout(Frozen):
    """A table's layout, whole.

    Attributes:
        name: The file's name without its suffix.
        title: Its heading.
        caption: First line of the legend.
        legend: Further lines of the legend.
        published: Names of the tables in results/published whose values it shows.
        footnotes: Whose notes are printed: ``flagged`` cells' only, or ``all``.
        in_legend: Notes of published cells that the caption or the legend tells, so that they get no footnote.
        metrics: The metrics shown.
        measured: Which records join.
        parts: The blocks.
    """

    name: str
    title: str
    caption: str
    legend: tuple[str, ...] = Field(default=(), strict=False)
    published: tuple[str, ...] = Field(strict=False)
    footnotes: Literal["flagged", "all"] = "flagged"
    in_legend: tuple[str, ...] = Field(default=(), strict=False)
    metrics: dict[str, MetricFormat]
    measured: MeasuredSpec = MeasuredSpec()
    parts: tuple[PartSpec, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _metrics_declared(self) -> Self:
        entries = [entry for part in self.parts for entry in (part.select, *part.rows, *part.columns)]
        missing = sorted({entry.metric for entry in entries if entry.metric} - set(self.metrics))
        if missing:
            raise ValueError(f"metrics lacks {', '.join(missing)}")
        if self.measured.stand_ins and not self.claimed:
            raise ValueError("measured.stand_ins is for rows with measured_as, and there is none")
        return self

    @property
    def claimed(self) -> frozenset[str]:
        """Measured models that represent a row; they have no separate row or column in any part."""
        return frozenset(row.measured_as for part in self.parts for row in part.rows if row.measured_as)

    def fits(self, part: PartSpec, case: Entry, record: RunRecord, measurement: Measurement) -> bool:
        """Whether a measured number belongs to a case of a part, regardless of the system."""
        required = {**part.select.chosen(), **case.chosen()}
        dataset = str(required.get("dataset"))
        pixels = required.get("resolution")
        is_claimed = record.model in self.claimed
        return (
            (self.measured.is_own(dataset, record) or (is_claimed and self.measured.is_stand_in(dataset, record)))
            and measurement.frames == required.get("frames")
            and measurement.metric.casefold() == str(required.get("metric")).casefold()
            and (not record.split or required.get("split") in (None, record.split))
            # Beside published numbers another resolution gets a footnote; among measured ones it does not compare.
            and (bool(self.published) or not pixels or measurement.real.size in (None, (pixels, pixels)))
            and (is_claimed or any(fnmatchcase(record.model, pattern) for pattern in self.measured.models))
        )

    def better(self, metric: str | None) -> Literal["lower", "higher"]:
        """Which direction of a metric is better."""
        return self.metrics[metric].better if metric else "lower"

    def arrow(self, metric: str) -> str:
        """The arrow that says which way is better."""
        return _ARROW[self.metrics[metric].better]


def layout_names() -> list[str]:
    """Names of all layouts in protocols/tables, sorted."""
    return sorted(path.stem for path in visible((resources.protocols_dir() / "tables").glob("*.toml")))


def load_layout(name: str) -> Layout:
    """Loads a layout by name, by the number of a table in the paper, or from a file.

    Args:
        name: A name in protocols/tables, ``1`` for ``table1``, or a path that ends in ``.toml``.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.
    """
    if name.endswith(".toml"):
        return load_toml(Path(name), Layout)
    given, name = name, f"table{name}" if name.isdigit() else name
    if name not in layout_names():
        raise unknown("table", given, layout_names(), fix="vidmbench table 1")
    path = resources.protocols_dir() / "tables" / f"{name}.toml"
    layout = load_toml(path, Layout)
    if layout.name != name:
        raise ProtocolError("a table must be named as its file", expected=name, found=layout.name, where=str(path))
    return layout
