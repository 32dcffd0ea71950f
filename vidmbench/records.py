"""Records: one JSON file a run, and the published numbers it stands beside."""

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vidmbench import resources
from vidmbench.errors import ResultError
from vidmbench.files import sha256_of_parts, write_text

SCHEMA = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SideRecord(_Frozen):
    """One side of a measurement.

    Attributes:
        label: The source's label.
        digest: Hex digest of the source (64 digits).
        num_videos: Videos the source holds.
        num_scored: Clips scored.
        size: Height and width of the clips in pixels, before the detector's resizing.
        skipped: Name and reason of each video left out.
    """

    label: str
    digest: str
    num_videos: int
    num_scored: int
    size: tuple[int, int] | None = None
    skipped: tuple[tuple[str, str], ...] = ()


class Measurement(_Frozen):
    """One number with everything needed to judge it; the keys are part of the command line's contract.

    Attributes:
        metric: The metric's usual name, such as ``fvd``.
        status: ``ok``, or ``failed`` with a reason and no value.
        reason: Why there is no value.
        value: The number.
        interval: Low and high end, or None where no honest interval exists.
        interval_kind: How the interval was made and at which level.
        spread: What the protocol's own code prints behind ±; tells how runs or splits vary, not how sure the mean is.
        spread_kind: What that spread is over, such as ``sd over 10 runs``.
        num_real: Real clips scored.
        num_fake: Generated clips scored.
        frames: Frames of a clip.
        stride: Distance of a clip's frames in the video.
        precision: ``fp32`` or ``bf16``.
        engine: What ran the network, such as ``openvino-2026.4/cpu``.
        signature: Long form.
        signature_short: Short form.
        signature_id: 8 hex digits; equal where numbers are comparable.
        protocol: Name of the protocol.
        protocol_spec: The whole protocol as bound.
        weights: Detector name to sha256 of its weights.
        seconds: Wall time of this measurement, reading included; small when features were cached.
        seed: Seed of every random choice.
        real: The real side.
        fake: The scored side.
        warnings: What a careful reader should know.
    """

    metric: str
    status: Literal["ok", "failed"] = "ok"
    reason: str | None = None
    value: float | None
    interval: tuple[float, float] | None
    interval_kind: str | None
    spread: float | None = None
    spread_kind: str | None = None
    num_real: int
    num_fake: int
    frames: int
    stride: int
    precision: str
    engine: str
    signature: str
    signature_short: str
    signature_id: str
    protocol: str
    protocol_spec: dict[str, Any]
    weights: dict[str, str]
    seconds: float
    seed: int
    real: SideRecord
    fake: SideRecord
    warnings: tuple[str, ...] = ()


class RunRecord(_Frozen):
    """One run.

    Attributes:
        schema_version: Version of this layout.
        run_id: Name of the run, unique in a results folder.
        created: UTC time, ISO 8601.
        model: What was scored, as the user named it.
        dataset: What it was scored against: a data set's name, or ``folder:PATH``.
        split: The split of the real side, where the data set has splits.
        command: The command line that made it.
        measurements: The numbers.
        environment: Versions, processor, threads, git commit.
        digest: sha256 over all other fields; shows whether a file was edited by hand.
    """

    schema_version: int = SCHEMA
    run_id: str
    created: str
    model: str
    dataset: str
    split: str | None
    command: tuple[str, ...]
    measurements: tuple[Measurement, ...]
    environment: dict[str, Any]
    digest: str = ""

    def sealed(self) -> "RunRecord":
        """The same record with its digest filled in."""
        return self.model_copy(update={"digest": self._content_digest()})

    def _content_digest(self) -> str:
        content = self.model_dump(mode="json", exclude={"digest"})
        for measurement in content["measurements"]:  # older records have no such keys, and their digests hold
            for key in ("spread", "spread_kind"):
                if measurement[key] is None:
                    del measurement[key]
        return sha256_of_parts(json.dumps(content, sort_keys=True, allow_nan=False))


class PublishedValue(_Frozen):
    """One cell of a published table (a row of results/published/*.csv).

    Attributes:
        table: The table it stands in, such as ``table1``.
        dataset: Data set as printed.
        resolution: Pixels, square.
        frames: Frames of a clip; 1 for image metrics.
        split: Split of the real side, or ``unstated``.
        class_conditional: ``true``, ``false``, ``unstated`` or ``uncertain``.
        method: The system.
        venue: Where the system was published.
        metric: Metric as it should be read (misprinted labels mended, said in the note).
        value: The number, or None where none was printed.
        stderr: Spread printed with it.
        source: Who made the number.
        note: Notes for the careful reader, parted by `` // ``; each is a footnote where the cell is flagged.
        printed: The cell letter for letter as printed, so that 35.20 does not become 35.2.
        flag: What is wrong with the cell, for programs; empty where nothing is. ``misprinted``: wrong in print;
            ``repaired``: digits lost in extraction, taken from a second source; ``doubtful``; ``other-protocol``:
            made in another way than its neighbours; ``duplicate``: repeats another cell; ``not-printed``: no value.
        reading: How surely the print was read, and what confirms it.
    """

    table: str
    dataset: str
    resolution: int
    frames: int
    split: str
    class_conditional: str
    method: str
    venue: str
    metric: str
    value: float | None
    stderr: float | None
    source: str
    note: str
    printed: str
    flag: Literal["", "misprinted", "repaired", "doubtful", "other-protocol", "duplicate", "not-printed"]
    reading: str

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes one by one."""
        return tuple(self.note.split(" // ")) if self.note else ()


def write_record(record: RunRecord, folder: Path) -> Path:
    """Writes ``<folder>/<run_id>.json``, sealed.

    Raises:
        ResultError: The folder cannot be written to.
    """
    target = folder / f"{record.run_id}.json"
    content = record.sealed().model_dump(mode="json")
    write_text(target, json.dumps(content, indent=2, allow_nan=False) + "\n")
    return target


def read_record(path: Path) -> RunRecord:
    """Reads and checks a record.

    Raises:
        ResultError: No record, a newer layout, missing fields, or edited by hand.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(
            "not a record",
            expected="a JSON file written by vidmbench",
            found=str(error),
            where=str(path),
            fix="give a file that `vidmbench run` wrote, RUN.json",
        ) from error
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
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
        raise ResultError(
            "not a whole record",
            expected="all fields as `vidmbench run` writes them",
            found=problems,
            where=str(path),
            fix="run the measurement again; records are never edited by hand",
        ) from error
    sealed = record.sealed()
    if sealed.digest != record.digest:
        raise ResultError(
            "a record that was changed after it was written",
            expected=f"digest {sealed.digest[:12]}…",
            found=f"{record.digest[:12]}…",
            where=str(path),
            fix="run the measurement again; records are never edited by hand",
        )
    return record


def record_files(folder: Path) -> list[Path]:
    """All record files below a folder, sorted; JSON files of other programs that share the folder are passed over."""
    found = sorted(folder.rglob("*.json")) if folder.is_dir() else []
    return [path for path in found if b'"schema_version"' in path.read_bytes()]


def read_records(*folders: Path) -> list[RunRecord]:
    """All records below the folders, oldest first.

    Raises:
        ResultError: A file is no record, or two different records claim the same run.
    """
    found: dict[str, tuple[Path, RunRecord]] = {}
    for path in (path for folder in folders for path in record_files(folder)):
        record = read_record(path)
        earlier = found.setdefault(record.run_id, (path, record))
        if earlier[1].digest != record.digest:
            raise ResultError(
                f"two different records claim the run {record.run_id}",
                expected="one record a run",
                found=f"digests {earlier[1].digest[:12]}… and {record.digest[:12]}…",
                where=f"{earlier[0]} and {path}",
                fix="remove the one you do not trust",
            )
    return sorted((record for _, record in found.values()), key=lambda record: (record.created, record.run_id))


@cache
def published_values(table: str) -> tuple[PublishedValue, ...]:
    """All cells of one published table.

    Args:
        table: The CSV's name without suffix in results/published, such as ``table1``.

    Raises:
        ResultError: No such table, or a row that does not fit.
    """
    path = resources.results_dir() / "published" / f"{table}.csv"
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise ResultError("no such published table", found=str(error), where=str(path)) from error
    values = []
    for number, row in enumerate(rows, start=2):
        try:
            values.append(
                PublishedValue.model_validate({**row, "value": row["value"] or None, "stderr": row["stderr"] or None})
            )
        except (ValidationError, KeyError) as error:
            raise ResultError(
                "a row of a published table does not fit", found=str(error), where=f"{path}:{number}"
            ) from error
    return tuple(values)
