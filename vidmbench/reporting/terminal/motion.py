"""What ``vidmbench motion`` prints."""

from collections.abc import Sequence

from vidmbench.records.record import RunRecord
from vidmbench.reporting.tables.motion import MotionRow, cells_of
from vidmbench.reporting.terminal.columns import aligned
from vidmbench.reporting.terminal.signatures import signature_lines


def motion_text(records: Sequence[RunRecord], rows: Sequence[MotionRow], *, is_verbose: bool = False) -> str:
    """The table, and what its last columns mean.

    Args:
        records: Of the scored videos, then of each control.
        rows: The profile.
        is_verbose: Whether signatures follow in full.
    """
    first = rows[0].scored
    counts = f"{max(row.scored.num_real for row in rows)}+{first.num_fake}"
    header, cells = cells_of(rows, records[0].model)
    lines = [f"motion of {records[0].model} vs {records[0].dataset} · {first.frames} frames · N = {counts}"]
    lines += aligned([header, *cells])
    lines.append("notices: controls whose 95 % interval does not meet that under real")
    if any(row.notices is None for row in rows):
        lines.append("not known: the number has no interval, or there is nothing under real")
    if is_verbose:
        lines += ["", *signature_lines(records)]
    return "\n".join(lines)
