"""Records of long videos side by side: which curves are shown, and which do not compare."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidmbench.core.errors import ResultError
from vidmbench.core.text import counted
from vidmbench.protocols.signature import conflicts, recipe_without
from vidmbench.records.importing import find_named_records
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.records.rollout import Rollout, RolloutCurve
from vidmbench.reporting.tables.metrics import metric_label, with_arrow
from vidmbench.sources.names import is_reference

REAL = "real videos"
_TITLES = {"features": "Feature similarity", "colours": "Colour similarity"}
_MEANINGS = {
    "features": "cosine of features with those of the first window",
    "colours": "share of pixels whose colour is that of frame 1",
}
_SCORE = "measure long videos: vidmbench rollout REAL FAKE --out runs"

Key = tuple[str, str, str]  # kind, protocol, metric


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        label: The model; with the run's name where several records are of one model.
        record: The run.
        curve: Its values.
        measurement: The number of its first window, or of whole videos.
    """

    label: str
    record: RunRecord
    curve: RolloutCurve
    measurement: Measurement

    @property
    def is_reference(self) -> bool:
        """Whether models are held against it: the real videos, and controls."""
        return self.curve.side == "real" or is_reference(self.record.model)

    @property
    def departure(self) -> int | None:
        """The place at which it departs, counted from 0; None for none, and of a frame where no place begins."""
        starts, frame = self.curve.starts, self.curve.departs_at
        return starts.index(frame) if frame is not None and frame in starts else None


@dataclass(frozen=True)
class Panel:
    """Curves that compare.

    Attributes:
        lines: Models in the order of the records, then controls, then the real videos.
        rollout: What the records have in common.
    """

    lines: tuple[Line, ...]
    rollout: Rollout

    @property
    def first(self) -> RolloutCurve:
        """A curve; what they have in common is the same in all."""
        return self.lines[0].curve

    @property
    def title(self) -> str:
        """The number, with the arrow that says which way is better."""
        return _TITLES.get(self.first.kind) or with_arrow(metric_label(self.first.metric), self.first.better)

    @property
    def meaning(self) -> str:
        """What the number is, where its name does not say it."""
        return _MEANINGS.get(self.first.kind, "")

    @property
    def span(self) -> int:
        """Frames of a place."""
        return 1 if self.first.kind == "colours" else self.rollout.window

    @property
    def recipe(self) -> str:
        """The protocol and the ids of the signatures of first windows."""
        ids = dict.fromkeys(f"#{line.measurement.signature_id}" for line in self.lines if line.curve.side == "fake")
        return f"{self.first.protocol} {' '.join(ids)}"

    @property
    def common(self) -> str:
        """The real videos, where windows are, and how many videos."""
        item, windows = self.lines[0].measurement, self.rollout
        return (
            f"{item.real.label} · {counted(windows.num_windows, 'window')} of {windows.window} frames, every "
            f"{windows.step} of {windows.frames} · N = {self.counts}"
        )

    @property
    def counts(self) -> str:
        """Real and scored videos."""
        real = self.lines[0].measurement.num_real or max(
            (line.curve.num_videos for line in self.lines if line.curve.side == "real"), default=0
        )
        fakes = dict.fromkeys(line.curve.num_videos for line in self.lines if line.curve.side == "fake")
        return " or ".join(f"{real}+{fake}" for fake in fakes)

    @property
    def heading(self) -> str:
        """What all lines have in common, on one line."""
        return " · ".join(filter(None, (self.title, self.meaning, self.common, self.recipe)))

    def frames_of(self, place: int) -> tuple[int, int]:
        """The first and the last frame of the nth place, counted from 1."""
        start = self.first.starts[place]
        return start, start + self.span - 1

    def frames_text(self, place: int) -> str:
        """The same as ``1-16``, or ``1``."""
        first, last = self.frames_of(place)
        return str(first) if first == last else f"{first}-{last}"


@dataclass(frozen=True)
class Rollouts:
    """Curves that were chosen from records.

    Attributes:
        panels: One for each number.
        notes: What is not shown, and why.
    """

    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()


def rollout_records(names: Sequence[str], folder: Path) -> dict[str, RunRecord]:
    """Records by what the user called them.

    Args:
        names: Files, folders of records, or what :func:`vidmbench.records.importing.find_record` takes. Of a folder the
            records of ``vidmbench rollout`` are taken.
        folder: Where runs' names are looked up.

    Raises:
        ResultError: A record is damaged or not there, is one of another command, or a folder holds none.
    """
    found = find_named_records(
        names,
        folder,
        wanted=lambda record: record.rollout is not None,
        what="vidmbench rollout",
        expected="at least one",
        fix=_SCORE,
    )
    for name, record in found.items():
        if record.rollout is None:
            raise ResultError(
                "a record of another command has no windows",
                expected="records of vidmbench rollout",
                found=f"one of {' '.join(record.command[:2]) or 'another program'}",
                where=name,
                fix=f"omit it; {_SCORE}",
            )
    return found


def rollouts_of(records: Mapping[str, RunRecord]) -> Rollouts:
    """The curves of records, one panel for each number that all of them have.

    Args:
        records: Of ``vidmbench rollout``, by what the user called them.

    Raises:
        ResultError: Their windows, real videos or counts differ, or they have no number in common.
    """
    runs = {record.run_id: record for record in records.values()}  # each run once
    labels = _labels(list(runs.values()))
    lines = [list(_lines(labels[name], record)) for name, record in runs.items()]
    every = dict.fromkeys(_key(line) for of_one in lines for line in of_one)
    common = [key for key in every if all(any(_key(line) == key for line in of_one) for of_one in lines)]
    panels = []
    for key in common:
        found = [line for of_one in lines for line in of_one if _key(line) == key]
        scored = sorted((line for line in found if line.curve.side == "fake"), key=lambda line: line.is_reference)
        real = [line for line in found if line.curve.side == "real"][:1]
        rollout = scored[0].record.rollout
        assert rollout is not None  # rollout_records refuses others
        panel = Panel((*scored, *real), rollout)
        _check_comparable(panel)
        panels.append(panel)
    if all(panel.first.kind == "colours" for panel in panels):
        numbers = [key for key in every if key[0] != "colours"]
        if numbers and len(runs) > 1:
            raise ResultError(
                "these records have no number in common",
                expected="records made with the same --protocol",
                found=", ".join(dict.fromkeys(protocol for _, protocol, _ in numbers)),
                fix="measure all models by one protocol, or plot them in figures of their own",
            )
    missing = dict.fromkeys(protocol for kind, protocol, metric in every if (kind, protocol, metric) not in common)
    notes = [f"not shown, as not all records have it: {protocol}" for protocol in missing]
    return Rollouts(tuple(panels), tuple(notes))


def _lines(label: str, record: RunRecord) -> Iterator[Line]:
    assert record.rollout is not None  # rollout_records refuses others
    for curve in record.rollout.curves:
        of_protocol = [item for item in record.measurements if item.protocol == curve.protocol]
        named = [item for item in of_protocol if item.metric == curve.metric]
        if of_protocol:
            yield Line(REAL if curve.side == "real" else label, record, curve, (named or of_protocol)[0])


def _key(line: Line) -> Key:
    return line.curve.kind, line.curve.protocol, line.curve.metric


def _labels(records: Sequence[RunRecord]) -> dict[str, str]:
    models = [record.model for record in records]
    return {
        record.run_id: record.model
        if models.count(record.model) == 1
        else f"{record.model} ({record.run_id.partition('_')[0]})"
        for record in records
    }


def _check_comparable(panel: Panel) -> None:
    """Refuses curves whose windows, real videos or recipes differ.

    Raises:
        ResultError: They do.
    """
    first, *others = (line for line in panel.lines if line.curve.side == "fake")
    for line in others:
        differ = [
            f"{words} {one} against {other}"
            for words, one, other in (
                ("--frames", panel.rollout.frames, _of(line).frames),
                ("windows of", panel.rollout.window, _of(line).window),
                ("--step", panel.rollout.step, _of(line).step),
            )
            if one != other
        ]
        signatures = first.measurement.signature, line.measurement.signature
        if not differ and recipe_without(signatures[0]) != recipe_without(signatures[1]):
            differ = list(conflicts(*signatures)) or ["signatures"]
        if not differ and first.measurement.real.digest != line.measurement.real.digest:
            differ = ["real videos"]
        if differ:
            raise ResultError(
                f"these curves of {panel.first.protocol} do not compare",
                expected="records that differ in the model only: the same real videos, windows and counts",
                found="; ".join(differ),
                where=f"{first.record.run_id} and {line.record.run_id}",
                fix="measure both in one way, or plot them in figures of their own",
            )


def _of(line: Line) -> Rollout:
    assert line.record.rollout is not None  # rollout_records refuses others
    return line.record.rollout
