"""What the record of a run holds."""

import json
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from vidmbench.core.files import sha256_of_parts
from vidmbench.records.measurement import Frozen, Measurement, Text
from vidmbench.records.request import RunRequest
from vidmbench.records.rollout import Rollout

SCHEMA = 1


class RunRecord(Frozen):
    """One run.

    Attributes:
        schema_version: Version of this layout.
        run_id: Name of the run, unique in a results folder; it can be the name of a file that everyone sees.
        created: Time with its zone, ISO 8601; vidmbench writes UTC.
        model: What was scored, as the user named it.
        dataset: What it was scored against: a data set's name, or ``folder:PATH``.
        split: The split of the real side, if the data set has splits.
        command: The command line that made it.
        measurements: The numbers.
        environment: Versions, processor, threads, git commit.
        request: What was to be measured, as data; None in records of commands other than ``run`` and ``score``, and in
            older ones.
        rollout: Numbers along long videos; None in records of commands other than ``rollout``.
        digest: sha256 over all other fields; reveals damage and edits by hand. Empty where it was removed: then nothing
            is revealed.

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
    model: Text
    dataset: Text
    split: Text | None
    command: tuple[str, ...]
    measurements: tuple[Measurement, ...]
    environment: dict[str, Any]
    request: RunRequest | None = None
    rollout: Rollout | None = None
    digest: str = ""

    def __repr__(self) -> str:
        """One line, for a debugger and for a list of records."""
        return (
            f"RunRecord(run_id={self.run_id!r}, model={self.model!r}, dataset={self.dataset!r}, "
            f"measurements={len(self.measurements)})"
        )

    @property
    def time(self) -> datetime:
        """When it was made.

        Raises:
            ValueError: That is not a time with its zone.
        """
        time = datetime.fromisoformat(self.created)
        if time.tzinfo is None or not 1900 < time.year < 2200:
            raise ValueError(
                f"created: {self.created!r} is not a time with its zone, such as 2026-01-31T12:00:00+00:00"
            )
        return time

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
        if self.rollout is None:
            del content["rollout"]
        for measurement in content["measurements"]:
            for key in ("spread", "spread_kind", "interval_reason", "by_frame"):
                if measurement[key] is None:
                    del measurement[key]
        return sha256_of_parts(json.dumps(content, sort_keys=True, allow_nan=False))


def problems_in(error: Exception) -> str:
    """What a failed validation found, on one line: the first problems, each with the field in front."""
    if not isinstance(error, ValidationError):
        return str(error).partition("\n")[0] or type(error).__name__
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:5])
