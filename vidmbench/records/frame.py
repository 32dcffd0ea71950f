"""All measurements as one pandas frame, for notebooks and for what no table or plot shows."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidmbench.core import resources
from vidmbench.core.arguments import name_or_path
from vidmbench.core.errors import ResultError
from vidmbench.core.files import expanded
from vidmbench.records.record import Measurement, RunRecord, read_records

if TYPE_CHECKING:
    import pandas

#: The columns and their types, in order.
COLUMNS: dict[str, str] = {
    "run_id": "string",
    "created": "datetime64[us, UTC]",
    "model": "string",
    "dataset": "string",
    "split": "string",
    "frames": "Int64",
    "stride": "Int64",
    "protocol": "string",
    "metric": "string",
    "status": "string",
    "reason": "string",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "interval_kind": "string",
    "interval_reason": "string",
    "spread": "float64",
    "spread_kind": "string",
    "num_real": "Int64",
    "num_fake": "Int64",
    "resolution": "Int64",
    "precision": "string",
    "engine": "string",
    "seed": "Int64",
    "seconds": "float64",
    "signature": "string",
    "signature_short": "string",
    "signature_id": "string",
    "notes": "string",
}


def load_results(*folders: str | Path) -> "pandas.DataFrame":
    """All measurements, one row each, oldest run first.

    Args:
        folders: Folders of records, searched recursively. By default the records shipped with vidmbench
            (results/measured) and those of the user's runs (./runs, if it exists).

    Returns:
        A frame with these columns, which a frame without rows has too; missing values are ``NA``:

        - ``run_id``, ``created``: the run, unique, and its time in UTC.
        - ``model``, ``dataset``, ``split``: what was scored against what, as the user named them; ``split`` is
          missing for folders.
        - ``frames``, ``stride``: frames of a clip, and their distance in the video.
        - ``protocol``, ``metric``: such as ``fvd-vidm-paper`` and ``fvd``.
        - ``status``, ``reason``: ``ok``, or ``failed`` and why; a failed measurement has no ``value``.
        - ``value``, ``low``, ``high``, ``interval_kind``: the number, the ends of its interval, and how that was
          made and at which level; FVD has no unit. ``interval_reason``: why there is none.
        - ``spread``, ``spread_kind``: what the protocol's original code prints after the ±, and what it is taken over.
        - ``num_real``, ``num_fake``: clips scored on either side.
        - ``resolution``: height of the real clips in pixels, before the network's resizing.
        - ``precision``, ``engine``, ``seed``, ``seconds``: how it was computed; ``seconds`` of wall time.
        - ``signature``, ``signature_short``, ``signature_id``: the recipe as it ran. Rows compare exactly where
          ``signature_id`` is equal.
        - ``notes``: warnings, separated by ``; ``.

    Raises:
        ResultError: A path is not a folder, or a record in it is damaged.

    Example:
        >>> import vidmbench
        >>> results = vidmbench.load_results()
        >>> list(results.columns[:4])
        ['run_id', 'created', 'model', 'dataset']
        >>> alike = results.groupby("signature_id")  # only rows of one group compare
        >>> bool((alike["frames"].nunique() == 1).all())
        True
    """
    paths = [checked_records_folder(expanded(name_or_path("folders", folder))) for folder in folders]
    return frame_of(read_records(*(paths or [resources.results_dir() / "measured", Path("runs")])))


def frame_of(records: Iterable[RunRecord]) -> "pandas.DataFrame":
    """The measurements of records as :func:`load_results` gives them, in the order of the records."""
    import pandas

    rows = [_row(record, measurement) for record in records for measurement in record.measurements]
    return pandas.DataFrame(
        {name: pandas.Series([row[name] for row in rows], dtype=kind) for name, kind in COLUMNS.items()}
    )


def checked_records_folder(folder: Path) -> Path:
    """A folder of records that the user named.

    Raises:
        ResultError: It is not a folder.
    """
    if not folder.is_dir():
        raise ResultError(
            "no such folder of records",
            expected="a folder",
            found="a file" if folder.exists() else "nothing",
            where=str(folder),
            fix="name the folder that `vidmbench run --out` wrote to",
        )
    return folder


def no_records(doing: str, where: str) -> ResultError:
    """The error if nothing was measured yet.

    Args:
        doing: What the records are for, such as ``plot``.
        where: Where they were searched.
    """
    return ResultError(
        f"no records to {doing}",
        expected="records that `vidmbench run` wrote",
        found="none",
        where=where,
        fix="measure something: vidmbench run --model control:static --dataset clevrer-mini --frames 16",
    )


def _row(record: RunRecord, measurement: Measurement) -> dict[str, Any]:
    import pandas

    low, high = measurement.interval or (None, None)
    derived = {
        "run_id": record.run_id,
        "created": pandas.Timestamp(record.created),
        "model": record.model,
        "dataset": record.dataset,
        "split": record.split,
        "low": low,
        "high": high,
        "resolution": measurement.real.size[0] if measurement.real.size else None,
        "notes": "; ".join(measurement.warnings),
    }
    return {name: derived[name] if name in derived else getattr(measurement, name) for name in COLUMNS}
