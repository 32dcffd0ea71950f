"""Table layouts: what stands in which row and column, read from protocols/tables/*.toml."""

from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from vidmbench import resources
from vidmbench.errors import ProtocolError, unknown
from vidmbench.protocols import Frozen, load_toml

_ARROW = {"lower": "↓", "higher": "↑"}


class Select(Frozen):
    """What a published value must have to fit; None fits all."""

    dataset: str | None = None
    resolution: PositiveInt | None = None
    frames: PositiveInt | None = None
    split: str | None = None
    class_conditional: str | None = None
    method: str | None = None
    metric: str | None = None

    def chosen(self) -> dict[str, str | int]:
        """The keys that are set."""
        return {key: value for key in Select.model_fields if (value := getattr(self, key)) is not None}


class Entry(Select):
    """A row or a column: its label and what its cells have in common."""

    label: str


class ProtocolGroup(Frozen):
    """How the numbers of some methods were made, as far as known; ``?`` in a signature where not."""

    methods: tuple[str, ...] = Field(strict=False)
    note: str
    signatures: tuple[str, ...] = Field(default=(), strict=False)


class PartSpec(Frozen):
    """One block of a table; its cells are all pairs of a row and a column.

    Attributes:
        title: Its heading.
        select: What all its cells have in common.
        rows: The rows.
        columns: The columns; may be empty where only measured numbers are wanted.
        venues: Whether a line says where each column's system was published.
        none: Pairs of a row's and a column's label where no published value is looked for.
        protocols: How the published numbers were made; each method stands in one group.
    """

    title: str
    select: Select = Select()
    rows: tuple[Entry, ...] = Field(strict=False)
    columns: tuple[Entry, ...] = Field(strict=False)
    venues: bool = False
    none: tuple[Annotated[tuple[str, str], Field(strict=False)], ...] = Field(default=(), strict=False)
    protocols: tuple[ProtocolGroup, ...] = Field(default=(), strict=False)

    @property
    def methods_in_rows(self) -> bool:
        """Whether systems stand in the rows; measured ones join them there."""
        return any(row.method for row in self.rows)

    @property
    def methods(self) -> list[str]:
        """The published systems of this part."""
        return [entry.method for entry in (*self.rows, *self.columns, self.select) if entry.method]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        for axis in (self.rows, self.columns):
            labels = [entry.label for entry in axis]
            problems += [
                f"label {label!r} stands twice" for label in sorted({x for x in labels if labels.count(x) > 1})
            ]
        for row, column in product(self.rows, self.columns):
            keys = [*self.select.chosen(), *row.chosen(), *column.chosen()]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            problems += [f"{key} is set twice for row {row.label!r}, column {column.label!r}" for key in twice]
        for methods in ([entry.method for entry in self.rows], [entry.method for entry in self.columns]):
            if any(methods) and not all(methods):
                problems.append("either all entries of rows (or of columns) name a method or none does")
        grouped = [method for group in self.protocols for method in group.methods]
        for method in dict.fromkeys([*self.methods, *grouped]):
            if method not in self.methods:
                near = get_close_matches(method, self.methods, n=1, cutoff=0.5)
                hint = f": did you mean {near[0]}?" if near else ""
                problems.append(f"protocols name the method {method!r}, which this part does not show{hint}")
            elif grouped.count(method) != 1:
                problems.append(
                    f"method {method!r} must stand in one group of protocols, not in {grouped.count(method)}"
                )
        if problems:
            raise ValueError("; ".join(problems))
        return self


class MetricFormat(Frozen):
    """How a metric's measured numbers are printed."""

    better: Literal["lower", "higher"]
    decimals: NonNegativeInt


class MeasuredSpec(Frozen):
    """Which records join a table.

    Attributes:
        datasets: A data set as printed to the names in protocols/datasets that stand for it; others fit by name.
        models: Patterns of the models admitted.
    """

    datasets: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = Field(default_factory=dict)
    models: tuple[str, ...] = Field(default=("*",), strict=False)


class Layout(Frozen):
    """A table's layout, whole.

    Attributes:
        name: The file's name without its suffix.
        title: Its heading.
        caption: What the reader must know first.
        legend: Further lines.
        published: Names of the tables in results/published whose values it shows.
        footnotes: ``flagged``: every flagged cell has its notes below; ``all``: every cell that has notes.
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
    metrics: dict[str, MetricFormat]
    measured: MeasuredSpec = MeasuredSpec()
    parts: tuple[PartSpec, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _metrics_declared(self) -> Self:
        entries = [entry for part in self.parts for entry in (part.select, *part.rows, *part.columns)]
        missing = sorted({entry.metric for entry in entries if entry.metric} - set(self.metrics))
        if missing:
            raise ValueError(f"metrics lacks {', '.join(missing)}")
        return self

    def arrow(self, metric: str) -> str:
        """The arrow that says which way is better."""
        return _ARROW[self.metrics[metric].better]


def layout_names() -> list[str]:
    """Names of all layouts in protocols/tables, sorted."""
    return sorted(path.stem for path in (resources.protocols_dir() / "tables").glob("*.toml"))


def load_layout(name: str) -> Layout:
    """Loads a layout by name, by the number of a table in the paper, or from a file of one's own.

    Args:
        name: A name in protocols/tables, ``1`` for ``table1``, or a path that ends in ``.toml``.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.
    """
    if name.endswith(".toml"):
        return load_toml(Path(name), Layout)
    name = f"table{name}" if name.isdigit() else name
    if name not in layout_names():
        raise unknown("table", name, layout_names(), fix="vidmbench table 1")
    path = resources.protocols_dir() / "tables" / f"{name}.toml"
    layout = load_toml(path, Layout)
    if layout.name != name:
        raise ProtocolError("a table must be named as its file", expected=name, found=layout.name, where=str(path))
    return layout
