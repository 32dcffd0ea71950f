"""The blocks of a table's layout: rows, columns, and how the published numbers were made."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import combinations, product
from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.core.declarations import Frozen
from vidmbench.core.errors import unknown
from vidmbench.protocols.signature import conflicts
from vidmbench.records.published import PublishedValue


class Select(Frozen):
    """Properties that a published value must have; None matches all."""

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


class Row(Entry):
    """A row, and the measured model that represents its system, if there is one."""

    measured_as: str | None = None


class ProtocolGroup(Frozen):
    """How the numbers of some methods were made, as far as known.

    Attributes:
        methods: The published systems.
        note: Who scored them, and what else is known.
        signatures: Partial signatures; ``?`` for what is not known.
        scored_together: Whether one party scored them all in one way, so that they may be ranked among themselves.
    """

    methods: tuple[str, ...] = Field(strict=False)
    note: str
    signatures: tuple[str, ...] = Field(default=(), strict=False)
    scored_together: bool = False

    def signatures_of(self, metric: str) -> tuple[str, ...]:
        """The partial signatures of one metric; all, where none names it."""
        named = tuple(text for text in self.signatures if text.split(" | ")[0].casefold() == metric.casefold())
        return named or self.signatures

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        differing = [field for pair in combinations(self.signatures, 2) for field in conflicts(*pair)]
        if self.scored_together and differing:
            raise ValueError(f"scored_together, but the signatures differ in {', '.join(differing)}")
        return self


class PartSpec(Frozen):
    """One block of a table; its cells are all pairs of a row and a column.

    Attributes:
        title: Its heading.
        select: What all its cells have in common.
        rows: The rows; if they are systems, each may name its measured model.
        columns: The columns; empty for a part of measured numbers alone.
        venues: Whether a line says where each column's system was published.
        none: Pairs of a row's and a column's label that have no published value.
        protocols: How the published numbers were made; each method is in one group.
    """

    title: str
    select: Select = Select()
    rows: tuple[Row, ...] = Field(strict=False)
    columns: tuple[Entry, ...] = Field(strict=False)
    venues: bool = False
    none: tuple[Annotated[tuple[str, str], Field(strict=False)], ...] = Field(default=(), strict=False)
    protocols: tuple[ProtocolGroup, ...] = Field(default=(), strict=False)

    @property
    def methods_in_rows(self) -> bool:
        """Whether the rows are systems; measured ones are added as rows then."""
        return any(row.method for row in self.rows)

    @property
    def methods(self) -> list[str]:
        """The published systems of this part."""
        return [entry.method for entry in (*self.rows, *self.columns, self.select) if entry.method]

    def protocol_lines(self) -> tuple[str, ...]:
        """How the published numbers were made, one line per group; then which groups do not compare."""
        labels = {entry.method: entry.label for entry in (*self.rows, *self.columns) if entry.method}
        names = [", ".join(labels[method] for method in group.methods) for group in self.protocols]
        lines = [
            " ".join(
                [f"{name}: {group.note}."]
                + ["Scored together: ranked among themselves."] * (group.scored_together and len(group.methods) > 1)
            )
            for name, group in zip(names, self.protocols, strict=True)
        ]
        for (name, group), (other, second) in combinations(zip(names, self.protocols, strict=True), 2):
            differing = [field for pair in product(group.signatures, second.signatures) for field in conflicts(*pair)]
            if differing:
                lines.append(f"Not comparable: {name} with {other}; known to differ in {', '.join(differing)}.")
        return tuple(lines)

    def signature_lines(self) -> tuple[tuple[str, str], ...]:
        """The partial signatures of the published numbers, each with its systems."""
        labels = {entry.method: entry.label for entry in (*self.rows, *self.columns) if entry.method}
        return tuple(
            (", ".join(labels[method] for method in group.methods), signature)
            for group in self.protocols
            for signature in group.signatures
        )

    def group_of(self, method: str) -> ProtocolGroup | None:
        """The group of a published system."""
        return next((group for group in self.protocols if method in group.methods), None)

    def scored_together(self, method: str) -> int | None:
        """Position of the group of methods scored together that a method belongs to; None if it belongs to none."""
        return next(
            (i for i, group in enumerate(self.protocols) if group.scored_together and method in group.methods), None
        )

    def find(
        self, case: Entry, system: Entry, values: Sequence[PublishedValue], problems: list[str]
    ) -> PublishedValue | None:
        """The published value of a cell, None if there is none; mistakes of the layout are added to ``problems``."""
        row, column = (system, case) if self.methods_in_rows else (case, system)
        if (row.label, column.label) in self.none:
            return None
        required = {**self.select.chosen(), **row.chosen(), **column.chosen()}
        fitting = [value for value in values if all(getattr(value, key) == x for key, x in required.items())]
        if len(fitting) == 1:
            return fitting[0]
        before = len(problems)
        for key, expected in required.items():
            known = {str(getattr(value, key)) for value in values}
            if str(expected) not in known:
                problems.append(unknown(key, str(expected), known).problem)
        if len(problems) == before:
            cell = f"row {row.label!r}, column {column.label!r} of {self.title!r}"
            problems.append(f"{len(fitting) or 'no'} published values fit {cell}")
        return None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        for axis in (self.rows, self.columns):
            labels = [entry.label for entry in axis]
            problems += [
                f"label {label!r} is given twice" for label in sorted({x for x in labels if labels.count(x) > 1})
            ]
        for row, column in product(self.rows, self.columns):
            keys = [*self.select.chosen(), *row.chosen(), *column.chosen()]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            problems += [f"{key} is set twice for row {row.label!r}, column {column.label!r}" for key in twice]
        for methods in ([entry.method for entry in self.rows], [entry.method for entry in self.columns]):
            if any(methods) and not all(methods):
                problems.append("either all entries of rows (or of columns) name a method or none does")
        claims = [row.measured_as for row in self.rows if row.measured_as is not None]
        problems += [
            f"measured_as {name!r} is given twice" for name in sorted({x for x in claims if claims.count(x) > 1})
        ]
        if claims and not self.methods_in_rows:
            problems.append("measured_as is for rows that name a method")
        grouped = [method for group in self.protocols for method in group.methods]
        for method in dict.fromkeys([*self.methods, *grouped]):
            if method not in self.methods:
                near = get_close_matches(method, self.methods, n=1, cutoff=0.5)
                hint = f": did you mean {near[0]}?" if near else ""
                problems.append(f"protocols name the method {method!r}, which this part does not show{hint}")
            elif grouped.count(method) != 1:
                problems.append(f"method {method!r} must be in one group of protocols, not in {grouped.count(method)}")
        if problems:
            raise ValueError("; ".join(problems))
        return self
