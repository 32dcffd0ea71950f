"""Record files: each run is one JSON file, never replaced by another, and checked when it is read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidmbench.core.errors import ResultError
from vidmbench.core.files import create_text, is_leftover
from vidmbench.core.json_toml import read_json
from vidmbench.core.text import file_name_problem
from vidmbench.records.fields import SCHEMA, RunRecord, problems_in
from vidmbench.records.measurement import Measurement, SideRecord

__all__ = [
    "SCHEMA",
    "FoundRecords",
    "Measurement",
    "RunRecord",
    "SideRecord",
    "find_records",
    "read_record",
    "read_records",
    "record_files",
    "write_new_record",
    "write_record",
]

_BEGINNING = b'{\n  "schema_version": '  # of every record


def write_record(record: RunRecord, folder: Path) -> Path:
    """Writes ``<folder>/<run_id>.json``, sealed; the same record may be there already.

    Raises:
        ResultError: The folder cannot be written to, or another record of the run is there, which stays.
    """
    _check_name(record, str(folder))
    target = folder / f"{record.run_id}.json"
    sealed = record.sealed()
    if not create_text(target, _json_of(sealed)) and read_record(target).sealed().digest != sealed.digest:
        raise two_records(f"there is another record of the run {record.run_id}", str(target))
    return target


def write_new_record(record: RunRecord, folder: Path) -> tuple[RunRecord, Path]:
    """Writes the record of a new run; where another run has its name, under the next free one.

    Args:
        record: The record.
        folder: Where to.

    Returns:
        The record, with the name that it got, and its file.

    Raises:
        ResultError: The folder cannot be written to.
    """
    _check_name(record, str(folder))
    named, number = record, 1
    while not create_text(folder / f"{named.run_id}.json", _json_of(named.sealed())):
        number += 1
        named = record.model_copy(update={"run_id": f"{record.run_id}-{number}"})
    return named.sealed(), folder / f"{named.run_id}.json"


def two_records(problem: str, where: str) -> ResultError:
    """The error for two different records of one run.

    Args:
        problem: What happened.
        where: The file of the earlier record, or of both.
    """
    return ResultError(
        problem,
        expected="one record per run",
        where=where,
        fix="compare them: vidmbench results diff A.json B.json; then move the one that you do not trust elsewhere",
    )


def _json_of(record: RunRecord) -> str:
    return json.dumps(record.model_dump(mode="json"), indent=2, allow_nan=False) + "\n"


def read_record(path: Path) -> RunRecord:
    """Reads and checks a record.

    Raises:
        ResultError: Not a record, a newer version, missing fields, or changed since it was written. A record without
            a digest is not checked for changes.
    """
    return _record_from(_content(path), path)


def _content(path: Path) -> Any:
    """What the JSON file says, unchecked.

    Raises:
        ResultError: It cannot be read, or is not JSON.
    """
    return read_json(
        path,
        problem="not a record",
        expected="a JSON file written by vidmbench",
        fix="give a file that `vidmbench run` wrote, RUN.json; if this is one, it is damaged: take a copy of it, or "
        "run the measurement again",
    )


def _record_from(content: Any, path: Path) -> RunRecord:
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA:
        raise ResultError(
            "a record of a newer vidmbench",
            expected=f"schema_version up to {SCHEMA}",
            found=str(version),
            where=str(path),
            fix="pip install --upgrade vidmbench",
        )
    try:
        record = RunRecord.model_validate(content)
        sealed, _ = record.sealed(), record.time
    except (ValueError, RecursionError) as error:  # of pydantic or, where a text is none, of its serialisation
        raise ResultError(
            "not a complete record",
            expected="all fields as `vidmbench run` writes them",
            found=problems_in(error),
            where=str(path),
            fix="take a copy of the record from where it was written, or run the measurement again",
        ) from error
    _check_name(record, str(path))
    if record.digest and sealed.digest != record.digest:
        raise ResultError(
            "a record that was changed after it was written, or damaged",
            expected=f"digest {record.digest[:12]}… as written in it",
            found=f"content of digest {sealed.digest[:12]}…",
            where=str(path),
            fix="take a copy of the record, or run the measurement again; if you changed a label by hand, undo that, "
            'or remove the key "digest": its numbers are then no longer checked, and commands say so',
        )
    return record


def _check_name(record: RunRecord, where: str) -> None:
    if problem := file_name_problem(record.run_id):
        raise ResultError(
            f"a run's name cannot be a file name: {problem}",
            expected="a run_id as `vidmbench run` makes them",
            found=repr(record.run_id[:80]),
            where=where,
            fix="run the measurement again",
        )


@dataclass(frozen=True)
class FoundRecords:
    """What some folders hold.

    Attributes:
        records: The records, oldest first.
        files: The file of each, by the run's name.
        unreadable: One error for each file that is not a valid record, or is too damaged to say.
    """

    records: tuple[RunRecord, ...]
    files: dict[str, Path]
    unreadable: tuple[ResultError, ...]

    def notes(self) -> list[str]:
        """What a reader of the numbers should know: a line for each file that is not shown, and for unchecked ones."""
        lines = [f"not shown: {error.where}: {error.problem} ({error.found})" for error in self.unreadable]
        unchecked = [str(self.files[record.run_id]) for record in self.records if not record.digest]
        if unchecked:
            lines.append(f"without a digest, so not checked for changes or damage: {', '.join(unchecked)}")
        return lines


def record_files(folder: Path) -> list[Path]:
    """All files below a folder that may be records, sorted: what ends in .json and is not hidden, nor in what is."""
    paths = folder.rglob("*.json") if folder.is_dir() else ()
    return sorted(path for path in paths if not any(map(is_leftover, path.relative_to(folder).parts)))


def find_records(*folders: Path) -> FoundRecords:
    """All records below the folders; JSON files of other programs are passed over.

    A file that vanishes meanwhile is passed over too. One that is damaged, or is not JSON at all, as a cut-off record
    is not, is listed as unreadable.

    Raises:
        ResultError: Two different records claim the same run.
    """
    found: dict[str, tuple[Path, RunRecord]] = {}
    unreadable: dict[Path, ResultError] = {}
    for path in (path for folder in folders for path in record_files(folder)):
        try:
            record = _record_in(path)
        except ResultError as error:
            if path.exists():
                unreadable[path] = error
            continue
        if record is None:
            continue
        earlier, other = found.setdefault(record.run_id, (path, record))
        if other is not record and other.sealed().digest != record.sealed().digest:
            raise two_records(f"two different records claim the run {record.run_id}", f"{earlier} and {path}")
    records = sorted((record for _, record in found.values()), key=lambda record: (record.time, record.run_id))
    files = {run_id: path for run_id, (path, _) in found.items()}
    return FoundRecords(tuple(records), files, tuple(unreadable.values()))


def _record_in(path: Path) -> RunRecord | None:
    """The record in a JSON file; None where another program wrote it.

    Raises:
        ResultError: It is a record and damaged, or too damaged to tell.
    """
    try:
        content = _content(path)
    except ResultError:
        if _may_be_record(path):
            raise
        return None
    # One wrong byte may be in any of the keys.
    keys = {"schema_version", "run_id", "measurements", "environment"}
    is_ours = isinstance(content, dict) and len(keys & content.keys()) > 1
    return _record_from(content, path) if is_ours else None


def _may_be_record(path: Path) -> bool:
    """Whether a file that is not JSON was a record once: cut off anywhere, or emptied by a power cut."""
    try:
        if not path.is_file():
            return False
        data = path.read_bytes()
    except OSError:
        return True
    words = (b'"schema_version"', b'"run_id"', b'"measurements"')
    return not data.strip(b"\0") or _BEGINNING.startswith(data) or any(word in data for word in words)


def read_records(*folders: Path) -> list[RunRecord]:
    """All records below the folders, oldest first.

    Raises:
        ResultError: A file is not a valid record, or two different records claim the same run.
    """
    found = find_records(*folders)
    if found.unreadable:
        raise found.unreadable[0]
    return list(found.records)
