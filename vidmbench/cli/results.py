"""``vidmbench results``: list, show, compare and export records, and import them into the checkout."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import RecordOptions
from vidmbench.cli.options import Json, RecordsFolder
from vidmbench.cli.output import print_json, print_notes, say, say_bytes, say_text
from vidmbench.cli.parsing import records_folder
from vidmbench.core.errors import UsageError
from vidmbench.core.vocabulary import ExportFormat

if TYPE_CHECKING:
    from vidmbench.records.record import FoundRecords

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _results() -> None:
    """List, show, compare and export the records of runs, and import them into a checkout.

    \b
    Examples:
      vidmbench results list
      vidmbench results show ID
      vidmbench results export --format csv
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
    records = (find_record(first, folder)[0], find_record(second, folder)[0])
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

    Outside a checkout it says where it would write.

    \b
    Examples:
      vidmbench results import runs/*.json
    """
    from vidmbench.records import importing

    for path in importing.import_records(paths):
        say(str(path))


@app.command("list")
@spread
def list_records(*, records: RecordOptions, as_json: Json = False) -> None:
    """List the measurements in ./runs and results/measured, folder by folder, oldest first.

    Size is the height and width of the clips in pixels.

    \b
    Examples:
      vidmbench results list
      vidmbench results list --runs runs/demo --own
    """
    from vidmbench.reporting.terminal.records import list_text, results_json

    found = _found(records)
    if as_json:
        print_json(results_json(found))
    else:
        say_text(list_text(found) or "no results yet")
    print_notes(found.notes())


@app.command("show")
def show_record(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="What a run's name begins with, a signature's id, or a record's file.")
    ],
    runs: RecordsFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="The record as it is stored, on stdout.")] = False,
) -> None:
    """Show one record whole: the numbers in full, what was scored, how, and where.

    \b
    Examples:
      vidmbench results show 20261124T223543659167Z
      vidmbench results show 20261124T223543659167Z --json
    """
    from vidmbench.records.importing import find_record
    from vidmbench.reporting.terminal.records import record_text

    record, file = find_record(name, records_folder(runs))
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        say_text(record_text(record, file))


@app.command("export")
@spread
def export_records(
    *,
    form: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="Parquet needs the extra `parquet`.", show_default="as --out says, or csv"),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write.", show_default="stdout")] = None,
    records: RecordOptions,
) -> None:
    """Write all measurements as one table for other programs, one row each.

    The columns are those of vidmbench.load_results() (docs/python.md): value, low, high, counts, signature and so on.

    \b
    Examples:
      vidmbench results export > results.csv
      vidmbench results export --runs runs/demo --out results.csv
      vidmbench results export --format parquet > results.parquet
    """
    from vidmbench.core.files import expanded, replacing
    from vidmbench.records.export import check_format, exported, format_of
    from vidmbench.records.frame import no_records

    target = None if out is None else expanded(out)
    chosen = format_of(form, target)
    if chosen == "parquet" and target is None and sys.stdout.isatty():
        raise UsageError(
            "Parquet files are binary and cannot be shown in a terminal",
            expected="--out FILE, or stdout that goes to a file",
            found="a terminal",
            fix="vidmbench results export --out results.parquet",
        )
    check_format(chosen)
    found = _found(records)
    print_notes(found.notes())
    if not found.records:
        raise no_records("export", str(records_folder(records.runs)))
    data = exported(found.records, chosen)
    if target is None:
        say_bytes(data)
        return
    with replacing(target) as temporary:
        temporary.write_bytes(data)
    say(str(target))


def _found(records: RecordOptions) -> "FoundRecords":
    """Your own records, and those of results/measured unless only your own are asked for."""
    from vidmbench.core import resources
    from vidmbench.records.record import find_records

    measured = () if records.own_only else (resources.results_dir() / "measured",)
    return find_records(*measured, records_folder(records.runs))
