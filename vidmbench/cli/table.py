"""``vidmbench table``: your own records as a table, or the paper's tables with yours beside the published numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.groups import spread
from vidmbench.cli.options import RecordsFolder
from vidmbench.cli.output import print_notes, say_text
from vidmbench.cli.parsing import records_folder
from vidmbench.core.errors import ResultError, UsageError
from vidmbench.core.vocabulary import TableFormat

if TYPE_CHECKING:
    from vidmbench.records.record import FoundRecords
    from vidmbench.reporting.tables.values import Table

_OWN = "Tables of your own records"


@dataclass(frozen=True)
class PivotOptions:
    """What a table of your own records shows; None leaves the default."""

    rows: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help="What the rows are: model, dataset, metric, frames, protocol, stride, context, counts, pixels, "
            "precision or signature.",
            show_default="model",
            rich_help_panel=_OWN,
        ),
    ] = None
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME...]",
            help="What the columns are.",
            show_default="dataset,metric,frames,protocol",
            rich_help_panel=_OWN,
        ),
    ] = None
    model: Annotated[
        str | None, typer.Option(metavar="NAME[,NAME...]", help="Only these; * is any text.", rich_help_panel=_OWN)
    ] = None
    dataset: Annotated[str | None, typer.Option(metavar="NAME[,NAME...]", help="Only these.", rich_help_panel=_OWN)] = (
        None
    )
    metric: Annotated[str | None, typer.Option(metavar="NAME[,NAME...]", help="Only these.", rich_help_panel=_OWN)] = (
        None
    )
    frames: Annotated[
        str | None, typer.Option(metavar="N[,N...]", help="Only these clip lengths.", rich_help_panel=_OWN)
    ] = None
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME[,NAME...]", help="Only these.", rich_help_panel=_OWN)
    ] = None

    @property
    def given(self) -> dict[str, tuple[str, ...]]:
        """The options that were given, their values split at commas.

        Raises:
            UsageError: An option without a value.
        """
        given = {}
        for name in PivotOptions.__dataclass_fields__:
            text = getattr(self, name)
            if text is not None:
                given[name] = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
                if not given[name]:
                    raise UsageError(f"--{name} needs a value", expected="names, separated by commas", found=repr(text))
        return given


@spread
def table(
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.tables,
            metavar="1|2|3|NAME|FILE",
            help="A table of the paper, another layout, or a TOML file of your own; by default a table of your own "
            "records, or all tables of the paper where there are none.",
        ),
    ] = None,
    form: Annotated[TableFormat, typer.Option("--format", help="For people, programs, papers or browsers.")] = "md",
    runs: RecordsFolder = None,
    measured_only: Annotated[
        bool, typer.Option("--measured-only", help="Omit the published numbers of the paper's tables.")
    ] = False,
    signatures: Annotated[
        bool, typer.Option("--signatures", help="Add the long signatures; csv and html have them anyway.")
    ] = False,
    pivot: PivotOptions,
) -> None:
    """Print your records as a table, or a table of the VIDM paper with yours beside the published numbers.

    What all numbers share is said once, in the caption; a footnote says what differs. Best and second best are marked
    only among numbers that compare.

    \b
    Examples:
      vidmbench table
      vidmbench table --runs runs --format latex > mine.tex
      vidmbench table --rows model --columns protocol,frames
      vidmbench table 1
      vidmbench table mine.toml --format csv > mine.csv
    """
    from vidmbench.core import resources
    from vidmbench.records.record import find_records
    from vidmbench.reporting.tables.build import build_table, layout_names, load_layout, printed

    folder = records_folder(runs)
    asked = pivot.given
    if asked and (name or measured_only):
        option = f"--{next(iter(asked))}"
        found = name or "--measured-only"
        raise UsageError(
            f"{option} is for a table of your own records",
            expected=f"{option} without {found}",
            found=f"{found} {option}",
            fix=f"omit {found}: vidmbench table {option} ...",
        )
    if name is None and not measured_only:
        own = find_records(folder)
        if asked or runs is not None or own.records or own.unreadable:
            print_notes(own.notes())
            say_text(printed([_own(own, asked, folder)], form, signatures=signatures).removesuffix("\n"))
            return
    layouts = [load_layout(layout) for layout in ([name] if name else layout_names())]
    records = find_records(resources.results_dir() / "measured", folder)
    print_notes(records.notes())
    tables = [build_table(layout, records.records, published=not measured_only) for layout in layouts]
    if measured_only and not any(table.panels for table in tables):
        raise ResultError(
            f"no measured number fits {name or 'any table'}",
            where=f"{folder} and results/measured",
            fix="measure one with `vidmbench run`, or omit --measured-only",
        )
    shown = [table for table in tables if table.panels] if measured_only else tables
    say_text(printed(_with_missing(shown, records), form, signatures=signatures).removesuffix("\n"))


def _own(found: "FoundRecords", asked: dict[str, tuple[str, ...]], folder: Path) -> "Table":
    """The table of your own records."""
    from vidmbench.reporting.tables.dimensions import Selection
    from vidmbench.reporting.tables.own import own_table

    allowed = {dimension: values for dimension, values in asked.items() if dimension not in ("rows", "columns")}
    (table,) = _with_missing(
        [
            own_table(
                found.records,
                rows=asked.get("rows"),
                columns=asked.get("columns"),
                selection=Selection(allowed),
                where=str(folder),
            )
        ],
        found,
    )
    return table


def _with_missing(tables: "Sequence[Table]", found: "FoundRecords") -> "list[Table]":
    """The tables, with the names of records that could not be read: a note on stderr is lost in a file."""
    if not found.unreadable:
        return list(tables)
    names = ", ".join(Path(error.where or "").name for error in found.unreadable)
    missing = f"Numbers may be missing: records that could not be read: {names}."
    return [replace(table, legend=(*table.legend, missing)) for table in tables]
