"""Each thing is said once: what all numbers share in the caption, what differs in one footnote per kind.

A mark is put on the head of a row or column where the note is true of all its numbers. No cell and no head has more
than two marks, and no table more than eight footnotes: kinds that are too many share one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vidmbench.reporting.tables.facts import ALONE, WARNING
from vidmbench.reporting.tables.values import Cell, Panel

MAX_MARKS = 2  # at one place
MAX_NOTES = 8  # below one table
#: Published numbers have kinds by their flags; these are their headings.
FLAGS = {
    "misprinted": "Misprinted",
    "repaired": "Digits restored",
    "doubtful": "Doubtful",
    "other-protocol": "Made in another way",
    "duplicate": "Repeated",
    "not-printed": "No value",
    "": "Remarks",
}
UNLESS_MARKED = " (unless marked)"
_MEASURED = ("measured", "reproduced")


@dataclass(frozen=True)
class SaidOnce:
    """A table's blocks with their footnotes.

    Attributes:
        panels: The blocks.
        shared: Kind to text of what all measured numbers have in common; ``(unless marked)`` follows what most have.
    """

    panels: tuple[Panel, ...]
    shared: dict[str, str]


@dataclass(frozen=True)
class _Place:
    """Where a mark is: a cell, or a head where ``row`` or ``column`` is None."""

    panel: int
    row: int | None
    column: int | None


def said_once(panels: Sequence[Panel], *, systems_in_rows: bool | Sequence[bool], told: Iterable[str] = ()) -> SaidOnce:
    """Turns the details of cells into footnotes.

    Args:
        panels: The blocks, whose cells have details and no notes.
        systems_in_rows: Whether a block's systems are its rows, for each block or for all: footnotes name systems.
        told: Kinds that the heads of rows and columns say already.
    """
    in_rows = [systems_in_rows] * len(panels) if isinstance(systems_in_rows, bool) else list(systems_in_rows)
    silent = set(told)
    cells = {
        _Place(p, r, c): cell
        for p, panel in enumerate(panels)
        for r, line in enumerate(panel.cells)
        for c, cell in enumerate(line)
        if cell.kind != "none"
    }
    texts = {place: _texts(cell, silent) for place, cell in cells.items()}
    shared = _shared([texts[place] for place, cell in cells.items() if cell.kind in _MEASURED])
    for place, cell in cells.items():
        if cell.kind in _MEASURED:
            differing = {
                kind: text
                for kind, text in texts[place].items()
                if kind not in shared or shared[kind].removesuffix(UNLESS_MARKED) != text
            }
            # Warnings that differ in numbers alone follow from the counts, which have a mark already.
            follows = "counts" in differing
            texts[place] = {
                kind: text
                for kind, text in differing.items()
                if not (follows and kind in shared and kind.startswith(WARNING))
            }
    marks = _lifted(texts)
    groups = _grouped(marks)
    notes = {kind: _footnote(kind, groups, marks, panels, in_rows) for kind in dict.fromkeys(groups.values())}
    return SaidOnce(tuple(_noted(panel, p, marks, groups, notes) for p, panel in enumerate(panels)), shared)


def _texts(cell: Cell, silent: set[str]) -> dict[str, str]:
    """The details by kind; several of one kind as one text."""
    texts: dict[str, list[str]] = {}
    for kind, text in cell.details:
        if text and kind not in silent:
            texts.setdefault(kind, []).append(text)
    return {kind: "; ".join(dict.fromkeys(parts)) for kind, parts in texts.items()}


def _shared(measured: Sequence[dict[str, str]]) -> dict[str, str]:
    """What all measured numbers have in common, or most where each of them has something of the kind."""
    shared: dict[str, str] = {}
    for kind in dict.fromkeys(kind for texts in measured for kind in texts):
        found = Counter(texts[kind] for texts in measured if kind in texts)
        if kind in ALONE or found.total() < len(measured):
            continue
        text, _ = found.most_common(1)[0]
        shared[kind] = text if len(found) == 1 else f"{text}{UNLESS_MARKED}"
    return shared


def _lifted(texts: dict[_Place, dict[str, str]]) -> dict[_Place, dict[str, str]]:
    """The same with notes of whole rows and columns on their heads."""
    marks = {place: dict(notes) for place, notes in texts.items()}
    for axis in ("column", "row"):
        lines: dict[_Place, list[_Place]] = {}
        for place in texts:
            head = _Place(place.panel, None, place.column) if axis == "column" else _Place(place.panel, place.row, None)
            lines.setdefault(head, []).append(place)
        for head, places in lines.items():
            first = marks[places[0]]
            common = {
                kind: text
                for kind, text in first.items()
                if len(places) > 1 and all(marks[place].get(kind) == text for place in places)
            }
            if common:
                marks[head] = common
                for place in places:
                    marks[place] = {kind: text for kind, text in marks[place].items() if kind not in common}
    return {place: notes for place, notes in marks.items() if notes}


def _grouped(marks: dict[_Place, dict[str, str]]) -> dict[str, str]:
    """Each kind with the kind whose footnote says it: its own, or one that kinds share where they are too many."""
    groups = {kind: kind for notes in marks.values() for kind in notes}

    def join(kinds: Sequence[str]) -> None:
        for kind, group in groups.items():
            if group in kinds:
                groups[kind] = kinds[0]

    for notes in marks.values():
        here = list(dict.fromkeys(groups[kind] for kind in notes))
        if len(here) > MAX_MARKS:
            join(here[MAX_MARKS - 1 :])
    names = list(dict.fromkeys(groups.values()))
    if len(names) > MAX_NOTES:
        join(names[MAX_NOTES - 1 :])
    return groups


def _footnote(
    group: str,
    groups: dict[str, str],
    marks: dict[_Place, dict[str, str]],
    panels: Sequence[Panel],
    in_rows: Sequence[bool],
) -> str:
    """The text of one footnote: its notes, each with its systems where it has several."""
    places: dict[str, list[_Place]] = {}
    for place, notes in marks.items():
        said = [text for kind, text in notes.items() if groups[kind] == group]
        if said:
            places.setdefault("; ".join(said), []).append(place)
    named = {text: [_name(place, panels, in_rows) for place in of] for text, of in places.items()}
    owners = Counter(system for names in named.values() for system in {system for system, _ in names})
    parts = []
    for text, names in named.items():
        subjects = dict.fromkeys(
            system if owners[system] == 1 or not case else f"{system} ({case})" for system, case in names
        )
        subject = ", ".join(subjects)
        is_named = len(named) > 1 and not text.startswith(subject)
        parts.append(f"{subject}: {text}" if is_named else text)
    body = "; ".join(part.rstrip(".") for part in parts)
    if group in FLAGS:
        return f"{FLAGS[group]}. {body}."
    starts_with_label = len(named) > 1 or group == "failed"
    return f"{body}." if starts_with_label else sentence([body])


def _name(place: _Place, panels: Sequence[Panel], in_rows: Sequence[bool]) -> tuple[str, str]:
    """The system and the case of a mark, without arrows; an empty case where the mark is on a system's head."""
    panel = panels[place.panel]
    row = "" if place.row is None else panel.rows[place.row]
    column = "" if place.column is None else panel.columns[place.column]
    system, case = (row, column) if in_rows[place.panel] else (column, row)
    plain = [name.replace(" ↓", "").replace(" ↑", "").removesuffix(" (measured)") for name in (system, case)]
    return (plain[0], plain[1]) if plain[0] else (plain[1], "")


def _noted(
    panel: Panel,
    position: int,
    marks: dict[_Place, dict[str, str]],
    groups: dict[str, str],
    notes: dict[str, str],
) -> Panel:
    def at(row: int | None, column: int | None) -> tuple[str, ...]:
        here = marks.get(_Place(position, row, column), {})
        return tuple(dict.fromkeys(notes[groups[kind]] for kind in here))

    cells = tuple(
        tuple(replace(cell, notes=at(r, c)) if cell.kind != "none" else cell for c, cell in enumerate(line))
        for r, line in enumerate(panel.cells)
    )
    return replace(
        panel,
        cells=cells,
        row_notes=tuple(at(row, None) for row in range(len(panel.rows))),
        column_notes=tuple(at(None, column) for column in range(len(panel.columns))),
    )


def sentence(parts: Iterable[str]) -> str:
    """Parts as one sentence, separated by semicolons; empty where there are none."""
    text = "; ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
