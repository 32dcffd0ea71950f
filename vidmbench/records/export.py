"""Measurements as a file for other programs, one row each, with the columns of ``vidmbench.load_results()``."""

import io
from collections.abc import Sequence
from pathlib import Path

from vidmbench.core.errors import ResultError, UsageError
from vidmbench.core.text import spreadsheet_text
from vidmbench.core.vocabulary import ExportFormat
from vidmbench.records.frame import COLUMNS, frame_of
from vidmbench.records.record import RunRecord

#: The ending of each format's files.
SUFFIXES: dict[str, ExportFormat] = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


def format_of(form: ExportFormat | None, out: Path | None) -> ExportFormat:
    """The format that was asked for, or that the file's name says; CSV where neither does.

    Args:
        form: What ``--format`` says.
        out: The file to write.

    Raises:
        UsageError: The two contradict each other, or no format has such an ending.
    """
    if out is None:
        return form or "csv"
    if out.is_dir():
        raise UsageError("--out must be a file, not a folder", expected="a file", found=f"{out}/", where="--out")
    named = SUFFIXES.get(out.suffix.lower())
    if named is None and form is None:
        raise UsageError(
            "the file's name does not say its format",
            expected=f"a name that ends in {' or '.join(list(SUFFIXES)[:2])}, or --format",
            found=str(out),
            where="--out",
            fix="vidmbench results export --out results.csv",
        )
    if named is not None and form is not None and named != form:
        raise UsageError(
            "--format and the name of the file contradict each other",
            expected=f"--format {named}, or another ending",
            found=f"--format {form} --out {out}",
            where="--out",
        )
    return form or named or "csv"


def check_format(form: ExportFormat) -> None:
    """Refuses Parquet where the library for it is missing.

    Raises:
        ResultError: pyarrow cannot be imported.
    """
    if form != "parquet":
        return
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ResultError(
            "Parquet files need the package pyarrow",
            expected="pyarrow, which comes with the extra `parquet`",
            found=str(error),
            fix="pip install pyarrow, or use --format csv",
        ) from error


def exported(records: Sequence[RunRecord], form: ExportFormat) -> bytes:
    """All measurements of the records as the content of a file.

    CSV has a header, numbers in full, missing values empty and times in UTC. Each text is on one line, and what a
    spreadsheet would compute has a ``'`` in front. Parquet holds texts as they are.

    Args:
        records: In the order of the rows.
        form: The format.

    Raises:
        ResultError: :func:`check_format` refuses the format.
    """
    check_format(form)
    frame = frame_of(records)
    if form == "parquet":
        stream = io.BytesIO()
        frame.to_parquet(stream, engine="pyarrow", index=False)
        return stream.getvalue()
    for name, kind in COLUMNS.items():
        if kind == "string":
            frame[name] = frame[name].map(spreadsheet_text, na_action="ignore")
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text.encode(errors="replace")
