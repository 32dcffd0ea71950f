"""``vidmbench results``: import records into the checkout, list and compare them."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli.groups import spread
from vidmbench.cli.options import RecordOptions, RecordsFolder
from vidmbench.cli.output import print_json, print_notes, say, say_text
from vidmbench.cli.parsing import records_folder

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _results() -> None:
    """Import, list and compare the records of runs.

    \b
    Examples:
      vidmbench results list
      vidmbench results import runs/*.json
      vidmbench results diff runs/A.json runs/B.json
    """


@app.command("diff")
def diff_records(
    first: Annotated[str, typer.Argument(metavar="A", help="A record's file, or the name of a run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    runs: RecordsFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List the fields in which two records differ, one per line, and whether their numbers do.

    A run's name is looked up in ./runs and results/measured. Differences are not errors: the exit code is 0.

    \b
    Examples:
      vidmbench results diff runs/A.json runs/B.json
    """
    from vidmbench.records.diff import record_difference
    from vidmbench.records.importing import find_record
    from vidmbench.reporting.record_diff import difference_json, difference_text

    folder = records_folder(runs)
    records = (find_record(first, folder), find_record(second, folder))
    difference = record_difference(*records)
    if as_json:
        print_json(difference_json(difference, *records))
    else:
        say_text(difference_text(difference, *records))


@app.command("import")
def import_records(
    paths: Annotated[list[Path], typer.Argument(metavar="RECORD.json...", help="Records that `vidmbench run` wrote.")],
) -> None:
    """Check records and copy them to results/measured of this checkout, where they can be committed.

    \b
    Examples:
      vidmbench results import runs/*.json
    """
    from vidmbench.records import importing

    for path in importing.import_records(paths):
        say(str(path))


@app.command("list")
@spread
def list_records(*, records: RecordOptions) -> None:
    """List the measurements in ./runs and results/measured, oldest first.

    \b
    Examples:
      vidmbench results list
      vidmbench results list --runs runs/demo --own
    """
    from vidmbench.core import resources
    from vidmbench.records.record import find_records
    from vidmbench.reporting.tables.build import measurement_rows

    measured = () if records.own_only else (resources.results_dir() / "measured",)
    found = find_records(*measured, records_folder(records.runs))
    text = measurement_rows(found.records).to_markdown() if found.records else "no results yet\n"
    say_text(text.removesuffix("\n"))
    print_notes(found.notes())
