"""Tables of your own records: models as rows by default, or any other pivot."""

from collections.abc import Sequence
from dataclasses import replace

from vidmbench.core.errors import ResultError, UsageError, unknown
from vidmbench.records.record import RunRecord
from vidmbench.reporting.tables.captions import about_numbers, cells_of, interval_line, signatures_of
from vidmbench.reporting.tables.dimensions import DIMENSIONS, Pair, Selection, Words
from vidmbench.reporting.tables.facts import number_cell
from vidmbench.reporting.tables.footnotes import said_once
from vidmbench.reporting.tables.marks import TIED, with_marks
from vidmbench.reporting.tables.measured import not_comparable
from vidmbench.reporting.tables.metrics import better_of
from vidmbench.reporting.tables.values import IN_FULL, Cell, Note, Panel, Table
from vidmbench.sources.names import is_reference

ROWS = ("model",)
COLUMNS = ("dataset", "metric", "frames", "protocol")
#: What numbers in one column always share; rows and columns that do not say it get it.
_ESSENTIAL = ("model", *COLUMNS)
_AS_NUMBERS = ("frames", "stride", "context")
#: Kinds of notes that a dimension stands for.
_KINDS = ("dataset", "protocol", "counts", "pixels", "precision", "stride", "context")
#: More columns than these are easier to read as rows.
_MOST_COLUMNS = 12
_PAIRED = "paired test: `vidmbench compare-models`"


def own_table(
    records: Sequence[RunRecord],
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    selection: Selection | None = None,
    where: str = "these records",
) -> Table:
    """A pivot of records in which every number is shown.

    What all numbers share is said in the caption. Rows and columns that do not tell two numbers apart get what does:
    the metric, say, or the counts of clips.

    Args:
        records: Records, oldest first; of several numbers with one signature the latest is shown.
        rows: Dimensions of the rows, of :data:`DIMENSIONS`; None for the model, or for what the columns are not where
            they are the model.
        columns: Dimensions of the columns; None for the data set, metric, frames and protocol that are not rows, or,
            where these would be many more columns than there are models, for the model.
        selection: Which numbers; None for all.
        where: Where the records were looked for, for messages.

    Raises:
        UsageError: An unknown dimension, one that is named twice, or a selection that fits nothing.
        ResultError: There is no number.
    """
    is_default = rows is None and columns is None
    if rows is None:
        rows = [name for name in COLUMNS if name not in columns] if columns and "model" in columns else ROWS
    rows = _checked(rows, "--rows")
    columns = _checked(columns or [name for name in (*COLUMNS, *ROWS) if name not in rows], "--columns")
    twice = [name for name in rows if name in columns]
    if twice:
        raise UsageError(
            f"{twice[0]} is in rows and in columns",
            expected="each dimension once",
            found=f"--rows {','.join(rows)} --columns {','.join(columns)}",
            where="--columns",
        )
    pairs = (selection or Selection()).of(records)
    if not pairs:
        raise ResultError(
            "no measured number to show",
            expected="records of `vidmbench run`, or of `vidmbench score` and `compare` with --out",
            found="none" if not records else "none that fits all of the options",
            where=where,
            fix="measure one: vidmbench run --model NAME --samples FOLDER --dataset folder:REAL, or name the folder "
            "with --runs DIR; the paper's tables: vidmbench table 1",
        )
    pairs = _without_superseded(pairs)
    if is_default and _num(COLUMNS, pairs) > max(_MOST_COLUMNS, _num(ROWS, pairs)):
        rows, columns = COLUMNS, ROWS
    columns = _telling_apart(pairs, rows, columns)
    return _table(pairs, rows, columns)


def _num(dimensions: Sequence[str], pairs: Sequence[Pair]) -> int:
    return len({_key(dimensions, pair) for pair in pairs})


def _checked(names: Sequence[str], option: str) -> tuple[str, ...]:
    for name in names:
        if name not in DIMENSIONS:
            raise unknown(f"dimension in {option}", name, list(DIMENSIONS), error=UsageError)
    if len(set(names)) < len(names):
        raise UsageError(f"{option} names a dimension twice", expected="each once", found=",".join(names), where=option)
    return tuple(names)


def _without_superseded(pairs: Sequence[Pair]) -> list[Pair]:
    """Without failures where the same was measured with success."""
    good = {_key(_ESSENTIAL, pair) for pair in pairs if pair[1].status == "ok" and pair[1].value is not None}
    return [pair for pair in pairs if pair[1].status == "ok" or _key(_ESSENTIAL, pair) not in good]


def _key(dimensions: Sequence[str], pair: Pair) -> tuple[str, ...]:
    return tuple(DIMENSIONS[name](pair) for name in dimensions)


def _telling_apart(pairs: Sequence[Pair], rows: tuple[str, ...], columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns, with the dimensions added that keep two different numbers out of one cell and one column."""
    for name in _ESSENTIAL:
        if name not in (*rows, *columns) and len({DIMENSIONS[name](pair) for pair in pairs}) > 1:
            columns = (*columns, name)
    for name in DIMENSIONS:
        cells: dict[tuple[str, ...], set[str]] = {}
        values: dict[tuple[str, ...], set[str]] = {}
        for pair in pairs:
            key = _key((*rows, *columns), pair)
            cells.setdefault(key, set()).add(pair[1].signature_id)
            values.setdefault(key, set()).add(DIMENSIONS[name](pair))
        crowded = [key for key, ids in cells.items() if len(ids) > 1]
        if crowded and name not in (*rows, *columns) and any(len(values[key]) > 1 for key in crowded):
            columns = (*columns, name)
    return columns


def _table(pairs: Sequence[Pair], rows: tuple[str, ...], columns: tuple[str, ...]) -> Table:
    words = Words(pairs)
    row_keys, column_keys = _ordered(rows, pairs), _ordered(columns, pairs)
    filled: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Pair]] = {}
    for pair in pairs:
        filled.setdefault((_key(rows, pair), _key(columns, pair)), []).append(pair)
    cells = [[number_cell(filled[r, c]) if (r, c) in filled else Cell() for c in column_keys] for r in row_keys]
    cells = _ranked(_compared(cells, by_column="metric" in columns or len(row_keys) >= len(column_keys)), pairs)
    row_labels = [words.label(rows, key, row_keys) for key in row_keys]
    varying = [at for at in range(len(columns)) if len({key[at] for key in column_keys}) > 1]
    # The caption says all of a single column but, where there is one, its metric's name and arrow.
    named = ("metric",) if len(column_keys) == 1 and not _varies("metric", pairs) else columns
    labelled = [_key(named, pairs[0])] if named != columns else column_keys
    column_labels = [words.label(named, key, labelled) for key in labelled]
    heads = tuple(tuple(words.said(columns[at], key[at]) for key in column_keys) for at in varying)
    panel = Panel("", tuple(row_labels), tuple(column_labels), (), tuple(map(tuple, cells)), (), heads=heads)
    axes = {*rows, *columns}
    told = [kind for kind in _KINDS if kind in axes and _varies(kind, pairs)]
    in_rows = "model" in rows
    said = said_once([panel], systems_in_rows=in_rows, told=told)
    shared = dict(said.shared)
    is_all_tied = shared.pop("tie", "") == TIED.text
    caption = _caption(words, pairs, shared, said.panels)
    legend = about_numbers(said.panels, {kind: text for kind, text in shared.items() if kind != "interval"})
    if is_all_tied:
        legend.append(f"Not distinguishable: the intervals overlap ({_PAIRED}).")
    elif any(note == TIED for cell in cells_of(said.panels) for note in cell.details):
        legend.append(f"Models whose intervals overlap may differ all the same ({_PAIRED}).")
    legend += _ids_by_column(said.panels[0])
    title = f"{words.metrics(arrows=False)} on {words.datasets()}" if words.datasets() else words.metrics(arrows=False)
    signatures = signatures_of(said.panels, [in_rows])
    return Table("own", title, tuple(legend), said.panels, caption, signatures, _only_signature(said.panels))


def _ids_by_column(panel: Panel) -> list[str]:
    """The ids of the signatures where there are several, column by column."""
    ids = [
        dict.fromkeys(cell.signature_id for cell in line if cell.value is not None)
        for line in zip(*panel.cells, strict=True)
    ]
    every = {name for column in ids for name in column}
    if len(every) < 2:
        return []
    if any(len(column) > _MOST_COLUMNS for column in ids):
        return [f"{len(every)} signatures; numbers compare where theirs are the same{IN_FULL}."]
    texts = [" or ".join(f"#{name}" for name in column) or "none" for column in ids]
    return [f"Signatures, column by column: {' | '.join(texts)}{IN_FULL}."]


def _only_signature(panels: Sequence[Panel]) -> str:
    """The signature of all numbers, without what names the scored videos; empty where there are several."""
    cells = [cell for cell in cells_of(panels) if cell.value is not None]
    if len({cell.signature_id for cell in cells}) != 1:
        return ""
    fields = [set(cell.signature.split(" | ")) for cell in cells]
    return " | ".join(part for part in cells[0].signature.split(" | ") if all(part in other for other in fields))


def _varies(dimension: str, pairs: Sequence[Pair]) -> bool:
    return len({DIMENSIONS[dimension](pair) for pair in pairs}) > 1


def _ordered(dimensions: tuple[str, ...], pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """The keys of rows or columns: numbers by size, words as they first appear, controls and baselines last."""
    first: dict[tuple[str, str], int] = {}
    for pair in pairs:
        for name in dimensions:
            first.setdefault((name, DIMENSIONS[name](pair)), len(first))

    def place(name: str, value: str) -> tuple[bool, int]:
        if name in _AS_NUMBERS:
            return False, int(value)
        return name == "model" and is_reference(value), first[name, value]

    keys = dict.fromkeys(_key(dimensions, pair) for pair in pairs)
    return sorted(keys, key=lambda key: [place(name, value) for name, value in zip(dimensions, key, strict=True)])


def _compared(cells: list[list[Cell]], *, by_column: bool) -> list[list[Cell]]:
    """The cells, with a note on those whose signature differs from that of most numbers in their line.

    Args:
        cells: The cells row by row.
        by_column: Whether numbers in a column are meant to be compared; otherwise those of a row are.
    """
    lines = [list(line) for line in (zip(*cells, strict=True) if by_column else cells)]
    for line in lines:
        numbers = [cell for cell in line if cell.kind == "measured"]
        by_subject: dict[object, list[Cell]] = {}
        for cell in numbers:
            by_subject.setdefault(cell.subject, []).append(cell)
        for same in by_subject.values():
            ids = [cell.signature_id for cell in same]
            usual = max(dict.fromkeys(ids), key=ids.count)
            model = next(cell for cell in same if cell.signature_id == usual)
            for at, cell in enumerate(line):
                if cell in same and cell.signature_id != usual:
                    note = Note("comparison", not_comparable(cell, model, "most numbers beside it"))
                    line[at] = replace(cell, details=(*cell.details, note))
    return [list(line) for line in zip(*lines, strict=True)] if by_column else lines


def _ranked(cells: list[list[Cell]], pairs: Sequence[Pair]) -> list[list[Cell]]:
    """The cells with marks, wherever in the table the numbers of one signature are."""
    better = {measurement.metric: better_of(measurement) for _, measurement in pairs}
    ranked = [list(line) for line in cells]
    for metric, direction in better.items():
        if direction is None:
            continue
        places = [
            (r, c) for r, line in enumerate(cells) for c, cell in enumerate(line) if cell.subject.metric == metric
        ]
        marked = with_marks([cells[r][c] for r, c in places], direction)
        for (r, c), cell in zip(places, marked, strict=True):
            ranked[r][c] = cell
    return ranked


def _caption(words: Words, pairs: Sequence[Pair], shared: dict[str, str], panels: Sequence[Panel]) -> str:
    """As ``FVD (lower is better) on MyClips, 16 frames, N = 24 + 24; fvd-vidm-paper, vidmbench 0.1.0, #68ff4267.``."""
    frames = {measurement.frames for _, measurement in pairs}
    ids = {cell.signature_id for cell in cells_of(panels) if cell.kind == "measured"}
    of = [
        f"{words.metrics()} on {words.datasets()}" if words.datasets() else words.metrics(),
        f"{frames.pop()} frames" if len(frames) == 1 else "",
        *(shared.get(kind, "") for kind in ("context", "pixels", "stride", "counts")),
    ]
    by = [
        *(shared.get(kind, "") for kind in ("protocol", "precision", "version")),
        f"#{ids.pop()}" if len(ids) == 1 else "",
    ]
    parts = [part for part in (", ".join(filter(None, of)), ", ".join(filter(None, by))) if part]
    return " ".join(filter(None, [f"{'; '.join(parts)}.", interval_line(panels, shared)]))
