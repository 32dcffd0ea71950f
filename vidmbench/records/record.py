"""Records: one JSON file per run, with everything needed to judge its numbers."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vidmbench.core.errors import ResultError
from vidmbench.core.files import sha256_of_parts, write_text
from vidmbench.records.request import RunRequest

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
        skipped: Name and reason of each skipped video.
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
        interval: Low and high end, or None if no valid interval exists.
        interval_kind: How the interval was made and at which level.
        spread: What the protocol's original code prints after the ±: how runs or splits vary, not the mean's error.
        spread_kind: What that spread is taken over, such as ``sd over 10 runs``.
        num_real: Real clips scored.
        num_fake: Generated clips scored.
        frames: Frames of a clip.
        stride: Distance of a clip's frames in the video.
        precision: ``fp32`` or ``bf16``.
        engine: What ran the network, such as ``openvino-2026.4/cpu``.
        signature: Long form.
        signature_short: Short form.
        signature_id: 8 hex digits; equal if numbers are comparable.
        protocol: Name of the protocol.
        protocol_spec: The whole protocol with the options of the run.
        weights: Detector name to sha256 of its weights.
        seconds: Wall time of this measurement in seconds, reading included; small if features were cached.
        seed: Seed of every random choice.
        real: The real side.
        fake: The scored side.
        warnings: Notes printed with the number.

    Example:
        >>> from vidmbench.records.record import read_records
        >>> from vidmbench.core import resources
        >>> record = read_records(resources.results_dir() / "measured")[0]
        >>> measurement = record.measurements[0]
        >>> low, high = measurement.interval
        >>> (measurement.metric, measurement.status, low < measurement.value < high)
        ('fvd', 'ok', True)
        >>> str(measurement).endswith(f"#{measurement.signature_id}]")
        True
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

    def text(self, decimals: int | None = None) -> str:
        """The value with its interval, or why there is none.

        Args:
            decimals: Digits after the decimal point; by default enough for four significant digits.

        Returns:
            ``57.4 ± 3.1`` if the interval is symmetric, ``57.4 [54.9, 61.2]`` if it is not, or ``failed: reason``;
            after it what the protocol's original code prints after the ±, such as ``(±0.4, sd over 10 runs)``.
        """
        value = self.value
        if self.status == "failed" or value is None:
            return f"failed: {' '.join((self.reason or 'no reason was recorded').split())}"
        if decimals is None:
            decimals = 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3 if abs(value) >= 1 else 4

        def show(number: float) -> str:
            return f"{number:.{decimals}f}"

        spread = "" if self.spread is None else f" (±{self.spread:.2g}, {self.spread_kind})"
        if self.interval is None:
            return f"{show(value)}{spread or ' (no interval)'}"
        low, high = self.interval
        if show(high - value) == show(value - low):
            return f"{show(value)} ± {show(high - value)}{spread}"
        return f"{show(value)} [{show(low)}, {show(high)}]{spread}"

    def __str__(self) -> str:
        """The number as it may leave the program: with its interval, its counts and its signature."""
        return f"{self.metric} {self.text()} [{self.signature_short}]"


class RunRecord(_Frozen):
    """One run.

    Attributes:
        schema_version: Version of this layout.
        run_id: Name of the run, unique in a results folder.
        created: UTC time, ISO 8601.
        model: What was scored, as the user named it.
        dataset: What it was scored against: a data set's name, or ``folder:PATH``.
        split: The split of the real side, if the data set has splits.
        command: The command line that made it.
        measurements: The numbers.
        environment: Versions, processor, threads, git commit.
        request: What was to be measured, as data; None in records of commands other than ``run`` and ``score``, and in
            older ones.
        digest: sha256 over all other fields; reveals edits by hand.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from vidmbench.core import resources
        >>> from vidmbench.records.record import read_record, read_records, write_record
        >>> record = read_records(resources.results_dir() / "measured")[0]
        >>> with TemporaryDirectory() as folder:
        ...     read_record(write_record(record, Path(folder))) == record
        True
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
    request: RunRequest | None = None
    digest: str = ""

    def sealed(self) -> "RunRecord":
        """The same record with its digest filled in."""
        return self.model_copy(update={"digest": self._content_digest()})

    def _content_digest(self) -> str:
        content = self.model_dump(mode="json", exclude={"digest"})
        # Records of earlier versions lack these keys; a missing value does not enter the digest, so that theirs hold.
        if self.request is None:
            del content["request"]
        else:
            content["request"] = self.request.model_dump(mode="json", exclude_none=True)
        for measurement in content["measurements"]:
            for key in ("spread", "spread_kind"):
                if measurement[key] is None:
                    del measurement[key]
        return sha256_of_parts(json.dumps(content, sort_keys=True, allow_nan=False))


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
        ResultError: Not a record, a newer version, missing fields, or edited by hand.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
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
            "not a complete record",
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
    """All record files below a folder, sorted; JSON files of other programs in the same folder are ignored."""
    paths = sorted(folder.rglob("*.json")) if folder.is_dir() else []
    return [path for path in paths if b'"schema_version"' in path.read_bytes()]


def read_records(*folders: Path) -> list[RunRecord]:
    """All records below the folders, oldest first.

    Raises:
        ResultError: A file is not a record, or two different records claim the same run.
    """
    records: dict[str, tuple[Path, RunRecord]] = {}
    for path in (path for folder in folders for path in record_files(folder)):
        record = read_record(path)
        earlier = records.setdefault(record.run_id, (path, record))
        if earlier[1].digest != record.digest:
            raise ResultError(
                f"two different records claim the run {record.run_id}",
                expected="one record a run",
                found=f"digests {earlier[1].digest[:12]}… and {record.digest[:12]}…",
                where=f"{earlier[0]} and {path}",
                fix="remove the one you do not trust",
            )
    return sorted((record for _, record in records.values()), key=lambda record: (record.created, record.run_id))


def overlap(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """Whether two intervals, low end first, have a point in common."""
    return max(first[0], second[0]) <= min(first[1], second[1])
