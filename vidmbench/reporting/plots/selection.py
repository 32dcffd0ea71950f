"""Which measurements a figure shows: those that the user selected, the latest of each recipe."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vidmbench.core.errors import ResultError, UsageError, VidmbenchError, unknown
from vidmbench.protocols.signature import recipe_without
from vidmbench.records.frame import no_records
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.sources.names import control_kind, static_baseline_of


@dataclass(frozen=True)
class Point:
    """One number that a figure can show.

    Attributes:
        record: The run.
        measurement: The measurement; it has a value.
        value: Its value.
    """

    record: RunRecord
    measurement: Measurement
    value: float

    @property
    def model(self) -> str:
        """What was scored."""
        return self.record.model

    @property
    def is_control(self) -> bool:
        """Whether it is a control's."""
        return control_kind(self.model) is not None

    @property
    def twin_of(self) -> str | None:
        """The model whose static baseline this is; None for all others."""
        return static_baseline_of(self.model)

    @property
    def data(self) -> str:
        """The real side in words: data set, split, pixels."""
        named = f"{self.record.dataset}@{self.record.split}" if self.record.split else self.record.dataset
        size = self.measurement.real.size
        return f"{named}, {size[0]} x {size[1]} pixels" if size else named

    @property
    def data_names(self) -> tuple[str, ...]:
        """All that ``--dataset`` may say to mean the real side."""
        names = [self.record.dataset]
        if self.record.split:
            names.append(f"{self.record.dataset}@{self.record.split}")
        size = self.measurement.real.size
        return (*names, *(f"{name}/{size[0]}" for name in names)) if size else tuple(names)

    @property
    def data_digest(self) -> str:
        """Equal where the real side is the same videos."""
        return self.measurement.real.digest

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the interval; the value itself where there is none."""
        return self.measurement.interval or (self.value, self.value)

    @property
    def error(self) -> tuple[float, float]:
        """How far the interval reaches below and above the value."""
        low, high = self.ends
        return max(0.0, self.value - low), max(0.0, high - self.value)

    @property
    def recipe(self) -> str:
        """Equal where two numbers differ in their frames at most."""
        return recipe_without(self.measurement.signature, "t")


@dataclass(frozen=True)
class RecordFilter:
    """Which numbers to show; a field that is empty or None does not filter.

    Attributes:
        models: Names, or patterns such as ``vidm-*``.
        dataset: NAME, NAME@SPLIT, either with /PIXELS.
        protocols: Names.
        frames: Lengths of clips.
        metric: The metric's usual name.
        where: Where the records were looked for, for messages.
    """

    models: tuple[str, ...] = ()
    dataset: str | None = None
    protocols: tuple[str, ...] = ()
    frames: tuple[int, ...] = ()
    metric: str = "fvd"
    where: str = "results/measured and runs"


def chosen_points(records: Sequence[RunRecord], record_filter: RecordFilter) -> list[Point]:
    """The latest number of every model and signature that fits the filter, oldest first.

    Args:
        records: Records, oldest first.
        record_filter: What to show.

    Raises:
        ResultError: There are no records, or none of them fits.
        UsageError: A requested name is in no record.
    """
    if not records:
        raise no_records("plot", record_filter.where)
    points = [
        Point(record, measurement, measurement.value)
        for record in records
        for measurement in record.measurements
        if measurement.status == "ok" and measurement.value is not None
    ]
    _check_names(points, record_filter)
    latest: dict[tuple[str, str], Point] = {}
    for point in (point for point in points if _fits(point, record_filter)):
        key = (point.model, point.measurement.signature_id)
        latest.pop(key, None)
        latest[key] = point
    if not latest:
        raise none_fits("no record fits this plot", _described(record_filter), record_filter.where)
    return list(latest.values())


def level_of(kinds: Iterable[str | None]) -> str:
    """What the bars of a figure are, such as ``95 % jackknife intervals``, from the kinds of its intervals."""
    parts = [kind.split("-") for kind in kinds if kind]
    levels = dict.fromkeys(f"{words[-1]} % {words[0]}" for words in parts)
    return f"{' and '.join(levels)} intervals" if levels else "no interval"


def number_text(measurement: Measurement) -> str:
    """A value with its interval, short enough for a figure: without the spread that some protocols print."""
    return measurement.model_copy(update={"spread": None, "spread_kind": None}).text()


def none_fits(problem: str, expected: str, where: str, fix: str | None = None) -> VidmbenchError:
    """The error where there are records, but none for this figure."""
    return ResultError(
        problem, expected=expected, where=where, fix=fix or "see what was measured: vidmbench results list"
    )


def _fits(point: Point, record_filter: RecordFilter) -> bool:
    return (
        point.measurement.metric == record_filter.metric
        and (not record_filter.models or any(fnmatchcase(point.model, pattern) for pattern in record_filter.models))
        and (record_filter.dataset is None or record_filter.dataset in point.data_names)
        and (not record_filter.protocols or point.measurement.protocol in record_filter.protocols)
        and (not record_filter.frames or point.measurement.frames in record_filter.frames)
    )


def _check_names(points: Sequence[Point], record_filter: RecordFilter) -> None:
    """Refuses a name that no record has, with the nearest one that exists."""
    checks: tuple[tuple[str, Iterable[str], set[str]], ...] = (
        ("model", record_filter.models, {point.model for point in points}),
        (
            "dataset",
            [record_filter.dataset] if record_filter.dataset else [],
            {n for point in points for n in point.data_names},
        ),
        ("metric", [record_filter.metric], {point.measurement.metric for point in points}),
        ("protocol", record_filter.protocols, {point.measurement.protocol for point in points}),
    )
    for kind, names, known in checks:
        for name in names:
            if not any(fnmatchcase(other, name) for other in known):
                raise unknown(
                    f"{kind} in the records", name, known, error=UsageError, fix="see them: vidmbench results list"
                )


def _described(record_filter: RecordFilter) -> str:
    """The filter in words."""
    criteria = {
        "metric": record_filter.metric,
        "models": ", ".join(record_filter.models),
        "data set": record_filter.dataset or "",
        "protocols": ", ".join(record_filter.protocols),
        "frames": ", ".join(map(str, record_filter.frames)),
    }
    return "; ".join(f"{key} {value}" for key, value in criteria.items() if value)
