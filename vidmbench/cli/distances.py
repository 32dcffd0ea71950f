"""What the commands around one Fréchet distance share: its one protocol, and how it is printed."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from vidmbench.records.record import Measurement

OneProtocol = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE", help="A protocol of a Fréchet distance, or a TOML file.", rich_help_panel="Protocol"
    ),
]


def ends(interval: tuple[float, float] | None) -> str:
    """An interval as it stands in a cell."""
    return "" if interval is None else f"[{interval[0]:.2f}, {interval[1]:.2f}]"


def print_rows(header: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> None:
    """A table of text, numbers to the right."""
    from tabulate import tabulate

    print(tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=("left", "right", "right")))


def print_notes(measurements: "list[Measurement]", repeats: int) -> None:
    """What a careful reader should know, on stderr."""
    own = [f"the protocol averages {repeats} draws; these numbers are of the first"] if repeats > 1 else []
    for note in dict.fromkeys([*own, *(note for one in measurements for note in one.warnings)]):
        print(f"note: {note}", file=sys.stderr)
    for side in dict.fromkeys(side for one in measurements for side in (one.real, one.fake)):
        if side.skipped:
            print(f"left out of {side.label}: {len(side.skipped)} videos; --json lists them", file=sys.stderr)


def facts(measurements: "list[Measurement]") -> dict[str, Any]:
    """What both commands say of how the numbers were made."""
    one = measurements[0]
    facts = one.model_dump(mode="json", include={"protocol", "frames", "stride", "precision", "engine", "seed"})
    notes = dict.fromkeys(note for each in measurements for note in each.warnings)
    return {**facts, "num_real": one.num_real, "num_fake": one.num_fake, "notes": list(notes)}
