"""Records that are copied into the checkout, and finding one by name."""

import re
from collections.abc import Sequence
from pathlib import Path

from vidmbench.core import resources
from vidmbench.core.errors import ResultError, unknown
from vidmbench.records.record import RunRecord, read_record, read_records, record_files, write_record


def import_records(paths: Sequence[Path]) -> list[Path]:
    """Checks records and copies them to results/measured of the checkout; all are checked before the first is copied.

    Args:
        paths: Records that ``vidmbench run`` wrote.

    Returns:
        The copies.

    Raises:
        ResultError: The package does not run from a checkout, a record is damaged, or another record of a run is there.
    """
    results = resources.checkout_results_dir()
    if results is None:
        raise ResultError(
            "an installed package has no folder for records",
            expected="vidmbench installed from a checkout with pip install -e",
            where=str(resources.results_dir()),
            fix="run this in a checkout, or keep the records in ./runs: vidmbench table reads them there",
        )
    targets = [(record, _folder_of(record, results / "measured")) for record in map(read_record, paths)]
    return [write_record(record, folder) for record, folder in targets]


def _folder_of(record: RunRecord, measured: Path) -> Path:
    """The folder a record belongs in; refuses to replace another record of the same run."""
    folder = measured / (re.sub(r"[^A-Za-z0-9._-]+", "-", record.dataset).strip(".-") or "unnamed")
    if record.run_id != Path(record.run_id).name:
        raise ResultError("a run's name cannot be a file name", found=record.run_id, fix="run the measurement again")
    for earlier in (path for path in record_files(measured) if path.stem == record.run_id):
        if earlier.parent != folder or read_record(earlier).digest != record.digest:
            raise ResultError(
                f"there is another record of the run {record.run_id}",
                where=str(earlier),
                fix="remove it first to replace it by this one",
            )
    return folder


def find_record(name: str, folder: Path) -> RunRecord:
    """The record of a file, or of a run by its name.

    Args:
        name: A record's file, or the name of a run in ``folder`` or results/measured.
        folder: The user's own records.

    Raises:
        ResultError: There is no such record, or it is damaged.
    """
    if Path(name).is_file() or name.endswith(".json"):
        return read_record(Path(name))
    measured = resources.results_dir() / "measured"
    records = {record.run_id: record for record in read_records(measured, folder)}
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
