"""``vidmbench table``: the paper's tables, with measured numbers beside the published ones."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vidmbench.errors import ResultError

RUNS = Path("runs")


class Format(StrEnum):
    """The keys of :data:`vidmbench.tables.FORMATS`."""

    MD = "md"
    CSV = "csv"


def table(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="1|2|3|NAME", help="Which table; all of them where left out, in CSV each after an empty line."
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Markdown for people, or CSV for programs.")] = Format.MD,
    runs: Annotated[
        Path | None, typer.Option("--runs", metavar="DIR", help="Records of your own runs; ./runs where left out.")
    ] = None,
    measured_only: Annotated[bool, typer.Option("--measured-only", help="Leave the published numbers out.")] = False,
) -> None:
    """Print a table of the VIDM paper, your measured numbers beside the published ones.

    Every doubtful number has a footnote, and every measured number has one with its signature.

    \b
    Examples:
      vidmbench table 1
      vidmbench table 2 --format csv > table2.csv
      vidmbench table > tables.md
    """
    from vidmbench import resources
    from vidmbench.records import read_records
    from vidmbench.tables import FORMATS, build_table, layout_names, load_layout

    if runs is not None and not runs.is_dir():
        raise ResultError(
            "no such folder of records", where=str(runs), fix="name the folder that `vidmbench run --out` wrote to"
        )
    layouts = [load_layout(one) for one in ([name] if name else layout_names())]
    records = read_records(resources.results_dir() / "measured", runs or RUNS)
    tables = [build_table(layout, records, published=not measured_only) for layout in layouts]
    if measured_only and not any(one.panels for one in tables):
        raise ResultError(
            f"no measured number fits {name or 'any table'}",
            where=f"{runs or RUNS} and results/measured",
            fix="measure one with `vidmbench run`, or leave out --measured-only",
        )
    shown = [one for one in tables if one.panels] if measured_only else tables
    print("\n".join(FORMATS[form.value](one) for one in shown), end="")
