"""``vidmbench results``: bring records into the checkout, list and compare them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.options import Runs, records_folder
from vidmbench.cli.results_diff import diff_records
from vidmbench.core.errors import ResultError

if TYPE_CHECKING:
    from vidmbench.records.record import RunRecord

app = typer.Typer(no_args_is_help=True)
app.command("diff")(diff_records)


@app.callback()
def _results() -> None:
    """Keep, list and compare the records of runs.

    \b
    Examples:
      vidmbench results list
      vidmbench results import runs/*.json
      vidmbench results diff runs/A.json runs/B.json
    """


@app.command("import")
def import_records(
    paths: Annotated[list[Path], typer.Argument(metavar="RECORD.json...", help="Records that `vidmbench run` wrote.")],
) -> None:
    """Check records and copy them to results/measured of this checkout, where they can be committed.

    \b
    Examples:
      vidmbench results import runs/*.json
    """
    from vidmbench.core import resources
    from vidmbench.records.record import read_record, write_record

    results = resources.checkout_results_dir()
    if results is None:
        raise ResultError(
            "an installed package has no place for records",
            expected="vidmbench installed from a checkout with pip install -e",
            where=str(resources.results_dir()),
            fix="run this in a checkout, or keep the records in ./runs: vidmbench table reads them there",
        )
    # All are checked before the first is copied.
    targets = [(record, _target(record, results / "measured")) for record in map(read_record, paths)]
    for record, folder in targets:
        print(write_record(record, folder))


@app.command("list")
def list_records(
    runs: Runs = None,
    own: Annotated[bool, typer.Option("--own", help="Only your own, not those of results/measured.")] = False,
) -> None:
    """List the measurements in ./runs and results/measured, oldest first.

    \b
    Examples:
      vidmbench results list
      vidmbench results list --runs runs/demo --own
    """
    from vidmbench.core import resources
    from vidmbench.records.record import read_records
    from vidmbench.reporting.tables.build import measurement_rows

    kept = () if own else (resources.results_dir() / "measured",)
    records = read_records(*kept, records_folder(runs))
    print(measurement_rows(records).to_markdown() if records else "no results yet\n", end="")


def _target(record: "RunRecord", measured: Path) -> Path:
    """The folder a record belongs in; refuses to replace another record of the same name."""
    from vidmbench.records.record import read_record, record_files

    folder = measured / (re.sub(r"[^A-Za-z0-9._-]+", "-", record.dataset).strip(".-") or "unnamed")
    if record.run_id != Path(record.run_id).name:
        raise ResultError("a run's name is no file name", found=record.run_id, fix="run the measurement again")
    for earlier in (path for path in record_files(measured) if path.stem == record.run_id):
        if earlier.parent != folder or read_record(earlier).digest != record.digest:
            raise ResultError(
                f"another record of the run {record.run_id} is already kept",
                where=str(earlier),
                fix="remove it first if this one is to take its place",
            )
    return folder
