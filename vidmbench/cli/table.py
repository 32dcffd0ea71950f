"""``vidmbench table``: the paper's tables, with measured numbers beside the published ones."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.options import RecordsFolder
from vidmbench.cli.output import print_notes, say_text
from vidmbench.cli.parsing import records_folder
from vidmbench.core.errors import ResultError
from vidmbench.core.vocabulary import TableFormat


def table(
    name: Annotated[
        str | None,
        typer.Argument(
            autocompletion=completion.tables,
            metavar="1|2|3|NAME",
            help="Which table; by default all: in CSV each after an empty line, in HTML on one page.",
        ),
    ] = None,
    form: Annotated[TableFormat, typer.Option("--format", help="For people, programs, papers or browsers.")] = "md",
    runs: RecordsFolder = None,
    measured_only: Annotated[bool, typer.Option("--measured-only", help="Omit the published numbers.")] = False,
) -> None:
    """Print a table of the VIDM paper, your measured numbers beside the published ones.

    Every doubtful number has a footnote, and every measured number has one with its signature. Best and second best
    are marked only among numbers that compare.

    \b
    Examples:
      vidmbench table 1
      vidmbench table 2 --format csv > table2.csv
      vidmbench table 3 --format latex > table3.tex
      vidmbench table > tables.md
    """
    from vidmbench.core import resources
    from vidmbench.records.record import find_records
    from vidmbench.reporting.tables.build import build_table, layout_names, load_layout, printed

    folder = records_folder(runs)
    layouts = [load_layout(layout) for layout in ([name] if name else layout_names())]
    found = find_records(resources.results_dir() / "measured", folder)
    print_notes(found.notes())
    tables = [build_table(layout, found.records, published=not measured_only) for layout in layouts]
    if measured_only and not any(table.panels for table in tables):
        raise ResultError(
            f"no measured number fits {name or 'any table'}",
            where=f"{folder} and results/measured",
            fix="measure one with `vidmbench run`, or omit --measured-only",
        )
    shown = [table for table in tables if table.panels] if measured_only else tables
    if found.unreadable:  # a note on stderr is lost where the table is written to a file
        names = ", ".join(Path(error.where or "").name for error in found.unreadable)
        missing = f"Numbers may be missing: records that could not be read: {names}."
        shown = [replace(table, legend=(*table.legend, missing)) for table in shown]
    say_text(printed(shown, form).removesuffix("\n"))
