"""What all measured numbers of a table share, in words, and the appendix of their signatures."""

from collections.abc import Iterable, Sequence

from vidmbench.reporting.tables.facts import SHARED
from vidmbench.reporting.tables.footnotes import sentence
from vidmbench.reporting.tables.values import IN_FULL, Cell, Panel

_LISTED = 8  # ids; more are left to the appendix


def measured_lines(panels: Sequence[Panel], shared: dict[str, str], *, systems_in_rows: Sequence[bool]) -> list[str]:
    """The legend of measured numbers beside published ones.

    Args:
        panels: The blocks.
        shared: What the numbers share, by kind.
        systems_in_rows: Whether each block's systems are its rows.
    """
    facts = [shared[kind] for kind in SHARED if kind in shared and kind not in ("version", "interval")]
    by = shared.get("version", "vidmbench")
    lines = [f"Measured by {by}: {', '.join(facts)}."] if facts else [f"Measured by {by}."]
    return [*lines, *about_numbers(panels, shared), *ids_line(panels, systems_in_rows)]


def about_numbers(panels: Sequence[Panel], shared: dict[str, str]) -> list[str]:
    """What the sign behind numbers means, and the notes that all of them have.

    Args:
        panels: The blocks.
        shared: What the numbers share, by kind.
    """
    notes = [text for kind, text in shared.items() if kind not in SHARED]
    return [line for line in (interval_line(panels, shared), sentence(notes)) if line]


def interval_line(panels: Sequence[Panel], shared: dict[str, str]) -> str:
    """``±: 95 % interval at this N.``, or why there is none; empty where numbers share neither."""
    text = shared.get("interval", "")
    if not text or text.startswith("no interval"):
        return sentence([text])
    texts = [cell.text for cell in cells_of(panels) if cell.kind in ("measured", "reproduced")]
    signs = [sign for sign, mark in (("±", " ± "), ("[low, high]", " [")) if any(mark in one for one in texts)]
    return f"{' or '.join(signs)}: {text}." if signs else ""


def ids_line(panels: Sequence[Panel], systems_in_rows: Sequence[bool]) -> list[str]:
    """The ids of the signatures, each with the cases that it is of where there are several."""
    cases: dict[str, dict[str, None]] = {}
    for panel, in_rows in zip(panels, systems_in_rows, strict=True):
        for row, line in zip(panel.rows, panel.cells, strict=True):
            for column, cell in zip(panel.columns, line, strict=True):
                if cell.signature_id and cell.kind != "failed":
                    case = (column if in_rows else row).removesuffix(" ↓").removesuffix(" ↑")
                    cases.setdefault(cell.signature_id, {})[case.removesuffix(", measured")] = None
    if not cases:
        return []
    if len(cases) > _LISTED:
        return [f"{len(cases)} signatures{IN_FULL}."]
    ids = [f"#{name}" if len(cases) == 1 else f"#{name} ({', '.join(of)})" for name, of in cases.items()]
    return [f"{'Signature' if len(ids) == 1 else 'Signatures'}: {', '.join(ids)}{IN_FULL}."]


def signatures_of(panels: Sequence[Panel], systems_in_rows: Sequence[bool]) -> tuple[tuple[str, str], ...]:
    """The appendix: every long signature of a measured number, each with the systems that have it.

    Args:
        panels: The blocks.
        systems_in_rows: Whether each block's systems are its rows.
    """
    owners: dict[tuple[str, str], dict[str, None]] = {}
    for panel, in_rows in zip(panels, systems_in_rows, strict=True):
        for row, line in zip(panel.rows, panel.cells, strict=True):
            for column, cell in zip(panel.columns, line, strict=True):
                if cell.signature_id:
                    owners.setdefault((cell.signature_id, cell.signature), {})[row if in_rows else column] = None
    return tuple(
        (f"#{name} {', '.join(label.removesuffix(' (measured)') for label in of)}", signature)
        for (name, signature), of in owners.items()
    )


def cells_of(panels: Iterable[Panel]) -> list[Cell]:
    """All cells of some blocks, in reading order."""
    return [cell for panel in panels for line in panel.cells for cell in line]
