"""The numbers of ``run`` and ``score``: a line for one, a table for several protocols, clip lengths or models."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.text import printable
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL
from vidmbench.protocols.differences import recipe_differences
from vidmbench.protocols.kind_registry import metric_kinds
from vidmbench.protocols.protocol import load_protocol
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.reporting.tables.metrics import better_of, metric_label, with_arrow
from vidmbench.reporting.terminal.columns import GAP, aligned, without_constants
from vidmbench.reporting.terminal.signatures import signature_lines

#: The columns of a number, in the order of :meth:`Row.cells`.
NUMBER_HEADER = ("Model", "Frames", "Metric", "Value", "N", "Protocol", "Precision", "Id")
# How intervals are printed, and what that is called below the numbers.
_SIGNS = {"±": "±", "[": "[low, high]"}
_INTERVAL = "95 % interval at this N"
# Full-reference protocols whose recipes are told below their numbers; of more `compare` has a column.
_MOST_TOLD = 6


@dataclass(frozen=True)
class Row:
    """A number and the run it is of."""

    record: RunRecord
    measurement: Measurement

    @property
    def metric(self) -> str:
        """Its metric with the arrow that says which way is better."""
        return with_arrow(metric_label(self.measurement.metric), better_of(self.measurement))

    @property
    def value(self) -> str:
        """As :meth:`Measurement.text`; why there is no interval, and how draws vary, is said below the table."""
        item = self.measurement
        if item.status == "failed":
            return "failed"
        if item.protocol_spec.get("statistics", {}).get("repeats", 1) > 1:
            item = item.model_copy(update={"spread": None})
        return item.text().removesuffix(" (no interval)")

    @property
    def counts(self) -> str:
        """``24+24``; ``24`` of a metric that reads one side."""
        real, fake = self.measurement.num_real, self.measurement.num_fake
        return f"{real}+{fake}" if real else str(fake)

    def cells(self) -> tuple[str, ...]:
        """In the order of the header."""
        item = self.measurement
        precision = "" if item.precision == "fp32" else item.precision
        return (
            self.record.model, frames_text(item), self.metric, self.value, self.counts, item.protocol, precision,
            f"#{item.signature_id}",
        )  # fmt: skip


def frames_text(measurement: Measurement) -> str:
    """Frames of a clip, with their distance where they are not neighbours, and how many the model was given."""
    stride = "" if measurement.stride == 1 else f", stride {measurement.stride}"
    context = f", {measurement.context} given" if measurement.context else ""
    return f"{measurement.frames}{stride}{context}"


def numbers_text(records: Sequence[RunRecord], *, width: int = 100, is_verbose: bool = False) -> str:
    """What ``run`` and ``score`` print on stdout.

    Args:
        records: One for each model, of the same real videos.
        width: Characters of a line that a table of models may take; a wider one is set a number per row.
        is_verbose: Whether signatures follow in full.
    """
    rows = [Row(record, item) for record in records for item in record.measurements]
    lines = _single(rows[0]) if len(rows) == 1 else _by_model(records, rows, width) or _by_number(rows)
    lines += below(rows)
    if is_verbose:
        lines += ["", *signature_lines(records)]
    return "\n".join(map(printable, lines))


def below(rows: Sequence[Row], default: str = DEFAULT_PROTOCOL) -> list[str]:
    """What follows the numbers: how protocols differ from the default one, why numbers have no interval."""
    lines = []
    pairs = {row.measurement.protocol for row in rows if is_paired(row.measurement)}
    for protocol in dict.fromkeys(row.measurement.protocol for row in rows):
        if protocol in pairs and len(pairs) > _MOST_TOLD:
            continue
        items = [row.measurement for row in rows if row.measurement.protocol == protocol]
        if words := differences(items, default):
            is_alone = load_protocol(default).metric != items[0].protocol_spec["metric"] and _has_own_array(items[0])
            lines.append(f"{protocol}{'' if is_alone else f' differs from {default}'}: {'; '.join(words)}")
    if len(pairs) > _MOST_TOLD:
        lines.append("what each of these compares, and how: vidmbench compare REAL FAKE --paired")
    return [*lines, *interval_lines(rows)]


def is_paired(measurement: Measurement) -> bool:
    """Whether each video was compared with the very one it should have been."""
    kind = metric_kinds().get(measurement.protocol_spec.get("metric", ""))
    return kind is not None and kind.reads_pairs


def _has_own_array(measurement: Measurement) -> bool:
    """Whether what its metric is fed cannot be compared with what a network that reads clips is fed."""
    kind = metric_kinds().get(measurement.protocol_spec.get("metric", ""))
    return kind is not None and kind.has_own_array


def interval_lines(rows: Sequence[Row]) -> list[str]:
    """What ± means; for each reason the numbers that have no interval, and those that have no value."""
    items = [row.measurement for row in rows]
    values = [row.value for row in rows if row.measurement.interval is not None]
    signs = [words for sign, words in _SIGNS.items() if any(sign in value for value in values)]
    lines = [f"{' or '.join(signs)}: {_INTERVAL}"] if signs and len(rows) > 1 else []
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for item in items:
        if item.status == "failed":
            reason = "value", item.reason or "not recorded"
        elif item.interval is None:
            reason = "interval", item.interval_reason or "not recorded"
        else:
            continue
        reasons.setdefault(reason, {})[metric_label(item.metric)] = None
    return [*lines, *(f"no {what} ({', '.join(names)}): {reason}" for (what, reason), names in reasons.items())]


def differences(items: Sequence[Measurement], default: str = DEFAULT_PROTOCOL) -> list[str]:
    """In what a protocol differs from the default one, in words.

    Args:
        items: Numbers of the protocol, at least one.
        default: The other protocol.
    """
    sides = {"real": items[0].real, "fake": items[0].fake}
    complete = [name for name, side in sides.items() if side.num_scored == side.num_videos]
    other = load_protocol(default).model_dump(mode="json", exclude_none=True)
    words = recipe_differences(items[0].protocol_spec, other, complete=complete)
    repeats = items[0].protocol_spec.get("statistics", {}).get("repeats", 1)
    return [f"{text} {_draws(items)}" if text == f"mean of {repeats} draws" else text for text in words]


def _draws(items: Sequence[Measurement]) -> str:
    """How the draws vary that numbers are a mean of."""
    spreads = sorted(item.spread or 0.0 for item in items if not item.has_equal_parts)
    if not spreads:
        return "(all the same here)"
    low, high = f"{spreads[0]:.2g}", f"{spreads[-1]:.2g}"
    return f"(sd {low})" if low == high else f"(sd {low} to {high})"


def heading(rows: Sequence[Row], common: dict[str, str]) -> str:
    """What all rows share, on one line."""
    first = rows[0].record
    dataset = f"{first.dataset}@{first.split}" if first.split else first.dataset
    models = list(dict.fromkeys(row.record.model for row in rows))
    parts = [
        f"{models[0]} vs {dataset}" if len(models) == 1 else f"{len(models)} models vs {dataset}",
        _with_unit(common["Frames"]) if "Frames" in common else "",
        f"N = {common['N']}" if "N" in common else "",
        *(common.get(name, "") for name in ("Precision", "Protocol", "Id")),
    ]
    return " · ".join(filter(None, parts))


def _with_unit(frames: str) -> str:
    """``16 frames, 4 given``."""
    count, comma, more = frames.partition(",")
    return f"{count} frames{comma}{more}"


def _single(row: Row) -> list[str]:
    text = f"{row.metric}{GAP}{row.value}"
    if row.measurement.interval is not None:
        text += f"   ({_INTERVAL})"
    cells = dict(zip(NUMBER_HEADER, row.cells(), strict=True))
    return [text, heading([row], cells)]


def _by_number(rows: Sequence[Row]) -> list[str]:
    """A row for each number."""
    header, cells, common = without_constants(NUMBER_HEADER, [row.cells() for row in rows], keep=("Metric", "Value"))
    return [heading(rows, common), *aligned([header, *cells])]


def _by_model(records: Sequence[RunRecord], rows: Sequence[Row], width: int) -> list[str]:
    """A row for each model; empty where there is one, where numbers below each other do not compare, or too wide."""
    if len(records) == 1 or len({len(record.measurements) for record in records}) > 1:
        return []
    columns = list(zip(*([Row(record, item) for item in record.measurements] for record in records), strict=True))
    if any(len({row.measurement.signature_id for row in column}) > 1 for column in columns):
        return []
    shared = ("Frames", "Metric", "N", "Protocol", "Precision", "Id")
    cells = [dict(zip(NUMBER_HEADER, column[0].cells(), strict=True)) for column in columns]
    names, heads, common = without_constants(
        shared, [[cell[name] for name in shared] for cell in cells], keep=("Metric",)
    )
    above = {name: [head[place] for head in heads] for place, name in enumerate(names)}
    if "Frames" in above:
        above["Frames"] = [_with_unit(frames) for frames in above["Frames"]]
    lines = [["Model", *above.pop("Metric")], *(["", *above[name]] for name in names if name in above and name != "Id")]
    lines += [[record.model, *(column[place].value for column in columns)] for place, record in enumerate(records)]
    if "Id" in above:
        lines.append(["Id", *above["Id"]])
    text = aligned(lines)
    return [heading(rows, common), *text] if max(map(len, text)) <= width else []
