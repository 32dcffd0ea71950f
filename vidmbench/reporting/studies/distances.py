"""What the studies of one Fréchet distance print alike."""

from collections.abc import Sequence
from typing import Any

from vidmbench.core.text import printable
from vidmbench.records.record import Measurement


def interval_text(interval: tuple[float, float] | None, decimals: int) -> str:
    """An interval as a table's cell; empty for none.

    Args:
        interval: Its ends.
        decimals: Digits after the point: those of the measurement, as ``score`` prints it.
    """
    return "" if interval is None else f"[{interval[0]:.{decimals}f}, {interval[1]:.{decimals}f}]"


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], *, num_text: int = 1) -> str:
    """A Markdown table of ready strings.

    Args:
        header: Names of the columns.
        rows: The cells.
        num_text: The first columns, of text, are aligned left; all others right.
    """
    from tabulate import tabulate

    alignment = ("left",) * num_text + ("right",) * (len(header) - num_text)
    shown = [[printable(cell) for cell in row] for row in rows]
    return tabulate(shown, header, tablefmt="github", disable_numparse=True, colalign=alignment)


def notes_of(measurements: Sequence[Measurement], repeats: int) -> list[str]:
    """What a careful reader should know, each note once.

    Args:
        measurements: The plain measurements.
        repeats: Repeats that the protocol averages.
    """
    first = [f"the protocol averages {repeats} repeats; these numbers are of the first"] if repeats > 1 else []
    return list(dict.fromkeys([*first, *(note for item in measurements for note in item.warnings)]))


def provenance(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """How the numbers were made, for JSON."""
    first = measurements[0]
    keys = {"protocol", "frames", "stride", "precision", "engine", "seed"}
    notes = dict.fromkeys(note for item in measurements for note in item.warnings)
    return {
        **first.model_dump(mode="json", include=keys),
        "num_real": first.num_real,
        "num_fake": first.num_fake,
        "notes": list(notes),
    }
