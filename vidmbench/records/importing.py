"""Records that are copied into the checkout, and finding one by name."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from vidmbench.core import resources
from vidmbench.core.errors import ResultError, unknown
from vidmbench.core.temporaries import clear_stale
from vidmbench.core.text import counted, file_name_problem
from vidmbench.records.record import RunRecord, find_records, read_record, two_records, write_record

_LONGEST = 120  # characters of a folder's name
_NAMES = "a record's file, the beginning of a run's name, or a signature's id"


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
        raise _no_checkout(paths)
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


def _no_checkout(paths: Sequence[Path]) -> ResultError:
    """The error of an installed package: where a checkout would keep the records, and what else is wrong."""
    targets: dict[str, None] = {}
    problems = []
    for path in paths:
        try:
            record = read_record(path)
        except ResultError as error:
            problems.append(f"; besides, {path}: {error.problem} ({error.found})")
        else:
            targets[f"results/measured/{_folder_of(record)}/{record.run_id}.json"] = None
    named = list(targets)[:3] or ["results/measured/DATASET/RUN.json"]
    more = f" and {len(targets) - 3} more" if len(targets) > 3 else ""
    return ResultError(
        "an installed package has no folder for records: they are imported into a checkout of vidmbench",
        expected=f"a checkout; there this command writes {', '.join(named)}{more}",
        found=f"vidmbench installed in {resources.data_root().parent}{''.join(problems[:3])}",
        where="results/measured of a checkout",
        fix="in a checkout: pip install -e . and then the same command\n"
        "    without one: `vidmbench table`, `report`, `plot` and `results list` read your records where they are, "
        "--runs DIR",
    )


def _folder_of(record: RunRecord) -> str:
    """The folder a record belongs in, named after its data set."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", record.dataset)[:_LONGEST].strip(".-")
    return name if name and not file_name_problem(name) else "unnamed"


def find_record(name: str, folder: Path) -> tuple[RunRecord, Path]:
    """The record of a file; or of a run by its name, the beginning of its name, or a signature's id.

    Args:
        name: A record's file; or the name of a run in ``folder`` or results/measured, or what only one of them begins
            with; or the id of a signature that only one of them has, with or without ``#``.
        folder: The user's own records.

    Returns:
        The record and its file.

    Raises:
        ResultError: There is no such record, there are several, or it is damaged.
    """
    if name.endswith(".json") or Path(name).is_file():
        return read_record(Path(name)), Path(name)
    measured = resources.results_dir() / "measured"
    found = find_records(measured, folder)
    damaged = [error for error in found.unreadable if name and Path(error.where or "").stem.startswith(name)]
    if exact := [error for error in damaged if Path(error.where or "").stem == name]:
        raise exact[0]
    runs = _named(name, found.records)
    where = f"{folder} and {measured}"
    if len(runs) == 1 and (runs[0].run_id == name or not damaged):
        return runs[0], found.files[runs[0].run_id]
    if len(runs) + len(damaged) > 1:
        names = [*(run.run_id for run in runs), *(Path(error.where or "").stem for error in damaged)]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise ResultError(
            f"several records are meant by {name!r}",
            expected="a name that only one of them has",
            found=", ".join(names[:5]) + more,
            where=where,
            fix="give more of the name: vidmbench results list",
        )
    if damaged:
        raise damaged[0]
    if not found.records:
        raise ResultError(
            "no records",
            expected=_NAMES,
            found=name,
            where=where,
            fix="measure something first: vidmbench run --model vidm --dataset clevrer-mini --frames 16",
        )
    raise ResultError(
        unknown("run", name, [run.run_id for run in found.records]).problem,
        expected=f"{_NAMES}, of one of {len(found.records)} runs",
        found=name,
        where=where,
        fix="see them all: vidmbench results list; or give the file that `vidmbench run` wrote, RUN.json",
    )


def find_named_records(
    names: Sequence[str], folder: Path, *, wanted: Callable[[RunRecord], bool], what: str, expected: str, fix: str
) -> dict[str, RunRecord]:
    """Records by what the user called them.

    Args:
        names: Files, folders of records, or what :func:`find_record` takes.
        folder: Where runs' names are looked up.
        wanted: Which records of a folder are taken.
        what: What these are, in the message about a folder without any.
        expected: What the message says is expected.
        fix: How to make such a record.

    Raises:
        ResultError: A record is damaged or not there, or a folder holds none that is wanted.
    """
    found: dict[str, RunRecord] = {}
    for name in names:
        if not Path(name).is_dir():
            found[name] = find_record(name, folder)[0]
            continue
        paths = find_records(Path(name))
        if paths.unreadable:
            raise paths.unreadable[0]
        those = {str(paths.files[record.run_id]): record for record in paths.records if wanted(record)}
        if not those:
            raise ResultError(
                f"a folder without records of {what}",
                expected=expected,
                found=counted(len(paths.records), "other record"),
                where=name,
                fix=fix,
            )
        found |= those
    return found


def _named(name: str, records: Sequence[RunRecord]) -> list[RunRecord]:
    """The records that a name means: by their whole name, else by its beginning, else by the id of a signature."""
    ways: tuple[Callable[[RunRecord], bool], ...] = (
        lambda record: record.run_id == name,
        lambda record: record.run_id.startswith(name),
        lambda record: name.removeprefix("#") in {item.signature_id for item in record.measurements},
    )
    matches = ([record for record in records if means(record)] for means in ways if name)
    return next((found for found in matches if found), [])
