"""Which measurements a picture shows: chosen by what the user asked for, the latest of each recipe."""

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
    """One number that a picture can show.

    Attributes:
        record: The run.
        one: The measurement; it has a value.
        value: Its value.
    """

    record: RunRecord
    one: Measurement
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
        size = self.one.real.size
        return f"{named}, {size[0]} x {size[1]} pixels" if size else named

    @property
    def data_names(self) -> tuple[str, ...]:
        """All that ``--dataset`` may say to mean the real side."""
        names = [self.record.dataset]
        if self.record.split:
            names.append(f"{self.record.dataset}@{self.record.split}")
        size = self.one.real.size
        return (*names, *(f"{name}/{size[0]}" for name in names)) if size else tuple(names)

    @property
    def data_digest(self) -> str:
        """Equal where the real side is the same videos."""
        return self.one.real.digest

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the interval; the value itself where there is none."""
        return self.one.interval or (self.value, self.value)

    @property
    def error(self) -> tuple[float, float]:
        """How far the interval reaches below and above the value."""
        low, high = self.ends
        return max(0.0, self.value - low), max(0.0, high - self.value)

    @property
    def recipe(self) -> str:
        """Equal where two numbers differ in their frames at most."""
        return recipe_without(self.one.signature, "t")


@dataclass(frozen=True)
class Wanted:
    """What the user asked to see; what is empty or None is not chosen by.

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


def chosen_points(records: Sequence[RunRecord], wanted: Wanted) -> list[Point]:
    """The latest number of every model and signature among what was asked for, oldest first.

    Args:
        records: Records, oldest first.
        wanted: What was asked for.

    Raises:
        ResultError: There are no records, or none of them fits.
        UsageError: A name that was asked for stands in no record.
    """
    if not records:
        raise no_records("plot", wanted.where)
    points = [
        Point(record, one, one.value)
        for record in records
        for one in record.measurements
        if one.status == "ok" and one.value is not None
    ]
    _check_names(points, wanted)
    latest: dict[tuple[str, str], Point] = {}
    for point in (point for point in points if _fits(point, wanted)):
        key = (point.model, point.one.signature_id)
        latest.pop(key, None)
        latest[key] = point
    if not latest:
        raise none_fits("no record fits this plot", _asked(wanted), wanted.where)
    return list(latest.values())


def level_of(kinds: Iterable[str | None]) -> str:
    """What the bars of a picture are, such as ``95 % jackknife intervals``, from the kinds of its intervals."""
    parts = [kind.split("-") for kind in kinds if kind]
    said = dict.fromkeys(f"{words[-1]} % {words[0]}" for words in parts)
    return f"{' and '.join(said)} intervals" if said else "no interval"


def number_text(one: Measurement) -> str:
    """A value with its interval, short enough for a picture: without the spread that some protocols print."""
    return one.model_copy(update={"spread": None, "spread_kind": None}).text()


def none_fits(problem: str, expected: str, where: str, fix: str | None = None) -> VidmbenchError:
    """The error where there are records, but none for this picture."""
    return ResultError(
        problem, expected=expected, where=where, fix=fix or "see what was measured: vidmbench results list"
    )


def _fits(point: Point, wanted: Wanted) -> bool:
    return (
        point.one.metric == wanted.metric
        and (not wanted.models or any(fnmatchcase(point.model, pattern) for pattern in wanted.models))
        and (wanted.dataset is None or wanted.dataset in point.data_names)
        and (not wanted.protocols or point.one.protocol in wanted.protocols)
        and (not wanted.frames or point.one.frames in wanted.frames)
    )


def _check_names(points: Sequence[Point], wanted: Wanted) -> None:
    """A name that no record has is a slip, and the nearest is told."""
    asked: tuple[tuple[str, Iterable[str], set[str]], ...] = (
        ("model", wanted.models, {point.model for point in points}),
        ("dataset", [wanted.dataset] if wanted.dataset else [], {n for point in points for n in point.data_names}),
        ("metric", [wanted.metric], {point.one.metric for point in points}),
        ("protocol", wanted.protocols, {point.one.protocol for point in points}),
    )
    for kind, names, known in asked:
        for name in names:
            if not any(fnmatchcase(other, name) for other in known):
                raise unknown(
                    f"{kind} in the records", name, known, error=UsageError, fix="see them: vidmbench results list"
                )


def _asked(wanted: Wanted) -> str:
    """What was asked for, in words."""
    said = {
        "metric": wanted.metric,
        "models": ", ".join(wanted.models),
        "data set": wanted.dataset or "",
        "protocols": ", ".join(wanted.protocols),
        "frames": ", ".join(map(str, wanted.frames)),
    }
    return "; ".join(f"{key} {value}" for key, value in said.items() if value)
