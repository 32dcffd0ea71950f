"""Records that are copied into the checkout, and finding one by name."""

import re
from collections.abc import Sequence
from pathlib import Path

from vidmbench.core import resources
from vidmbench.core.errors import ResultError, unknown
from vidmbench.core.temporaries import clear_stale
from vidmbench.core.text import file_name_problem
from vidmbench.records.record import RunRecord, find_records, read_record, two_records, write_record

_LONGEST = 120  # characters of a folder's name


def import_records(paths: Sequence[Path]) -> list[Path]:
    """Checks records and copies them to results/measured of the checkout; all are checked before the first is copied.

    Args:
        paths: Records that ``vidmbench run`` wrote.

    Returns:
        The copies.

    Raises:
        ResultError: The package does not run from a checkout, a record is damaged, or another record of a run is
            there or among those given.
    """
    results = resources.checkout_results_dir()
    if results is None:
        raise ResultError(
            "an installed package has no folder for records",
            expected="vidmbench installed from a checkout with pip install -e",
            where=str(resources.results_dir()),
            fix="run this in a checkout, or keep the records in ./runs: vidmbench table reads them there",
        )
    measured = results / "measured"
    earlier = find_records(measured)
    known = {record.run_id: (record, earlier.files[record.run_id]) for record in earlier.records}
    new: dict[str, RunRecord] = {}
    for path in paths:
        record = read_record(path)
        other, where = known.setdefault(record.run_id, (record, path))
        if other.sealed().digest != record.sealed().digest:
            raise two_records(f"there is another record of the run {record.run_id}", f"{where} and {path}")
        new.setdefault(record.run_id, record)
    copies = []
    for record in new.values():
        folder = measured / _folder_of(record)
        clear_stale(folder)  # of an import that was killed, and whose records may all be there
        copies.append(earlier.files.get(record.run_id) or write_record(record, folder))
    return copies


def _folder_of(record: RunRecord) -> str:
    """The folder a record belongs in, named after its data set."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", record.dataset)[:_LONGEST].strip(".-")
    return name if name and not file_name_problem(name) else "unnamed"


def find_record(name: str, folder: Path) -> RunRecord:
    """The record of a file, or of a run by its name.

    Args:
        name: A record's file, or the name of a run in ``folder`` or results/measured.
        folder: The user's own records.

    Raises:
        ResultError: There is no such record, or it is damaged.
    """
    if name.endswith(".json") or Path(name).is_file():
        return read_record(Path(name))
    measured = resources.results_dir() / "measured"
    found = find_records(measured, folder)
    damaged = [error for error in found.unreadable if Path(error.where or "").stem == name]
    if damaged:
        raise damaged[0]
    records = {record.run_id: record for record in found.records}
    if not records:
        raise ResultError(
            "there are no records",
            expected="a record's file, or the name of a run",
            found=name,
            where=f"{folder} and {measured}",
            fix="measure something first: vidmbench run --model vidm --dataset clevrer-mini --frames 16",
        )
    if name not in records:
        raise ResultError(
            unknown("run", name, records).problem,
            expected=f"a record's file, or the name of one of {len(records)} runs",
            found=name,
            where=f"{folder} and {measured}",
            fix="give the file that `vidmbench run` wrote, RUN.json",
        )
    return records[name]
