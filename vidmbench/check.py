"""Golden input to golden values, stage by stage, for every protocol: which stage moved a number?

Every stage is checked from golden input of its own, so a stage that moved shows alone; ``score`` goes the whole way,
and where it moves because an earlier stage did, its line says so. What moved within the tolerance is printed too: the
last digits are where a change shows first.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from vidmbench.detector_specs import detector_of
from vidmbench.detectors.base import Device, load_engine
from vidmbench.errors import UsageError, VidmbenchError
from vidmbench.golden import HOW, Golden, GoldenProtocol, GoldenScore, load_golden
from vidmbench.golden_stages import SCORED, STAGES, Bench, Stage, has_weights, seeded_draws, statistics
from vidmbench.protocols import ProtocolSpec, load_protocol, protocol_names
from vidmbench.scores import Score

State = Literal["ok", "moved", "failed", "skipped"]
Weights = Literal["auto", "with", "without"]

#: How far a stage may move between machines. ``clips`` is exact; ``framing``: the share of grey levels that may differ,
#: by one, where a float lies on the edge of two; ``array``: of the interval's width; ``detector``: of the largest
#: feature, float32 convolutions in any order; ``statistics`` and ``interval``: of the number, in float64; ``score``: of
#: the number, from features that differ as above.
TOLERANCE: dict[Stage, float] = {
    "clips": 0.0,
    "framing": 1e-3,
    "array": 1e-5,
    "detector": 2e-5,
    "statistics": 1e-9,
    "score": 1e-4,
    "interval": 1e-8,
}
#: The same on a GPU, which sums in other orders still.
TOLERANCE_CUDA: dict[Stage, float] = {**TOLERANCE, "detector": 1e-4, "score": 1e-3}
#: Rules that cut floats to integers, as their codes do. In an even area the float is a whole number but for rounding,
#: so another vector unit moves a grey level: PyTorch's AVX-512, AVX2 and plain kernels differ in up to 4 % of them, and
#: an FVD by 1.2e-4, a KVD of four clips by 1e-2. Rounding instead of cutting would move half of them.
CUTTING = ("centre-bilinear", "short-side-bilinear-centre", "short-side-bilinear-antialias-centre")
TOLERANCE_CUTTING: dict[Stage, float] = {**TOLERANCE, "framing": 0.1, "score": 1e-3}
KERNEL_CUTTING = 5e-2


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        stage: The stage; None for whether a protocol has golden values at all.
        protocol: The protocol.
        name: What was compared.
        state: ``moved`` past the tolerance; ``failed`` where there was nothing to compare; ``skipped`` is no pass.
        expected: The golden value.
        found: Today's.
        moved: By how much, relative to what the tolerance is of; None where that says nothing.
        tolerance: How much is allowed.
        said: Why it failed or was skipped, or which earlier stage it follows.
        seconds: Time it took.
    """

    stage: Stage | None
    protocol: str
    name: str
    state: State
    expected: str = ""
    found: str = ""
    moved: float | None = None
    tolerance: float = 0.0
    said: str = ""
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """The check on one line."""
        word = {"ok": "ok", "moved": "MOVED", "failed": "FAILED", "skipped": "skip"}[self.state]
        start = f"{word:6s} {self.stage or 'golden':10s}  {self.protocol:24s}  {self.name}"
        moved = "" if self.moved is None else f"{self.moved:.2g}"
        if self.state == "ok":
            return f"{start}: {self.found} (moved {moved})" if moved else f"{start}: {self.found}"
        if self.state == "moved":
            rest = f", relative difference {moved}, tolerance {self.tolerance:g}" if moved else ""
            after = f"; {self.said}" if self.said else ""
            return f"{start}: expected {self.expected}, found {self.found}{rest}{after}"
        return f"{start}: {self.said}"


@dataclass(frozen=True)
class Report:
    """All checks of one run.

    Attributes:
        checks: In the order they were made.
    """

    checks: Sequence[Check]

    def count(self, *states: State) -> int:
        """How many checks ended in one of these states."""
        return sum(check.state in states for check in self.checks)

    @property
    def is_good(self) -> bool:
        """Whether nothing moved past its tolerance or failed."""
        return not self.count("moved", "failed")

    @property
    def first_moved(self) -> Stage | None:
        """The first stage, in the order in which a number comes about, that moved or failed."""
        return self._first(lambda check: check.state in ("moved", "failed"))

    @property
    def first_digits(self) -> Stage | None:
        """The first stage of which any digit moved, within the tolerance or not."""
        return self._first(lambda check: bool(check.moved) or check.state in ("moved", "failed"))

    def _first(self, holds: Callable[[Check], bool]) -> Stage | None:
        found = {check.stage for check in self.checks if check.stage is not None and holds(check)}
        return next((stage for stage in STAGES if stage in found), None)

    @property
    def summary(self) -> str:
        """One line: counts, and the first stage that moved."""
        made = len(self.checks) - self.count("skipped")
        skipped = f"; {self.count('skipped')} skipped, which is no pass" if self.count("skipped") else ""
        if self.is_good:
            return f"{made} checks hold{skipped}; {self._digits()}"
        said = []
        if self.first_moved is not None:
            which = [
                check.protocol
                for check in self.checks
                if check.stage == self.first_moved and check.state in ("moved", "failed")
            ]
            names = list(dict.fromkeys(which))
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            said.append(f"first stage that moved: {self.first_moved} ({', '.join(names[:3])}{more})")
        missing = sum(check.stage is None and check.state == "failed" for check in self.checks)
        if missing:
            said.append(f"protocols without golden values of their own: {missing}")
        return f"{self.count('moved', 'failed')} of {made} checks do not hold{skipped}; {'; '.join(said)}"

    def _digits(self) -> str:
        if self.first_digits is None:
            return "not a digit moved"
        most = max((check.moved or 0.0 for check in self.checks if check.stage == self.first_digits), default=0.0)
        return f"digits moved within tolerance, first in {self.first_digits} (by {most:.2g})"


def run_checks(
    names: Sequence[str] = (), *, weights: Weights = "auto", device: Device = "auto", golden: Golden | None = None
) -> Iterator[Check]:
    """Makes the checks, stage by stage; each is yielded as soon as it is known.

    Args:
        names: Protocols; none takes all.
        weights: ``with`` also fetches weights, and is an error where a network that has golden features cannot have
            its own; ``auto`` takes what lies on this machine; ``without`` leaves networks alone.
        device: Where networks run.
        golden: The golden values; None takes those in protocols/golden.

    Yields:
        One check after the other.

    Raises:
        ProtocolError: An unknown protocol.
        DataError: The golden files cannot be read.
        WeightsError: ``with``, and there are none.
    """
    specs = [load_protocol(name) for name in dict.fromkeys(names) or protocol_names()]
    for spec in specs:
        if spec.name not in protocol_names():
            raise UsageError("only built-in protocols have golden values", found=spec.name)
    golden = golden or load_golden()
    if weights == "with":
        stages = {spec.array.detector: spec.array for spec in specs if _has_features(golden, spec)}
        for stage in stages.values():
            load_engine(stage, device=device)
    made: list[Check] = []
    for check in _in_order(specs, golden, weights, device, all_asked=not names):
        check = _with_reason(check, made)
        made.append(check)
        yield check


def _has_features(golden: Golden, spec: ProtocolSpec) -> bool:
    values = golden.protocols.get(spec.name)
    return values is not None and values.detector is not None


def _with_reason(check: Check, before: Sequence[Check]) -> Check:
    """Whether a check that moved only follows an earlier stage of its protocol."""
    if check.state != "moved" or check.stage not in ("score", "interval"):
        return check
    causes = {
        "score": ("clips", "framing", "array", "detector", "statistics"),
        "interval": ("statistics",),
    }[check.stage]
    own = [one for one in before if one.protocol == check.protocol and one.stage in causes]
    moved = [one.stage for one in own if one.state in ("moved", "failed")]
    digits = [one.stage for one in own if one.moved]
    if moved:
        return replace(check, said=f"follows from {moved[0]}")
    if check.stage == "interval":
        return check
    if digits:
        return replace(check, said=f"no stage before it moved, but digits within tolerance did, first in {digits[0]}")
    return replace(check, said="no stage before it moved: the fault lies in how they are joined")


@dataclass(frozen=True)
class _Asked:
    """One protocol beside its golden values."""

    spec: ProtocolSpec
    values: GoldenProtocol
    golden: Golden
    bench: Bench
    reason: str

    def limit(self, stage: Stage) -> float:
        """The tolerance of a stage for this protocol, and for the engine where one runs."""
        cuts = self.spec.dataset.pre_resize in CUTTING
        limit = (TOLERANCE_CUTTING if cuts else TOLERANCE)[stage]
        if cuts and stage == "score" and self.spec.metric == "kernel":
            limit = KERNEL_CUTTING
        if stage in ("detector", "score") and self.bench.engine_of(self.spec).endswith("/cuda"):
            return max(limit, TOLERANCE_CUDA[stage])
        return limit


def _in_order(
    specs: Sequence[ProtocolSpec], golden: Golden, weights: Weights, device: Device, *, all_asked: bool
) -> Iterator[Check]:
    bench = Bench(golden.clips, device)
    asked = []
    for spec in specs:
        values = golden.protocols.get(spec.name)
        if values is None:
            yield Check(None, spec.name, "golden values", "failed", said=f"no golden values; {HOW}")
        elif values.version != spec.version:
            said = f"they are of version {values.version}, the protocol is version {spec.version}; {HOW} --overwrite"
            yield Check(None, spec.name, "golden values", "failed", said=said)
        else:
            asked.append(_Asked(spec, values, golden, bench, _why_not(spec, values, weights)))
    if all_asked:
        for name in sorted(golden.protocols.keys() - {spec.name for spec in specs}):
            yield Check(None, name, "golden values", "failed", said=f"there is no such protocol any more; {HOW}")
    for stage in STAGES:
        for one in asked:
            yield from _STAGES[stage](one)


def _why_not(spec: ProtocolSpec, values: GoldenProtocol, weights: Weights) -> str:
    """Why a network is left alone; empty where it is not."""
    detector = detector_of(spec.array.detector)
    if weights == "without":
        return "left out: --weights without"
    if values.detector is None:
        return f"golden values were made without the weights of {detector.name}"
    if not has_weights(detector):
        return f"no weights of {detector.name} on this machine"
    return ""


def _attempted(stage: Stage, protocol: str, name: str, compare: Callable[[], Check | list[Check]]) -> Iterator[Check]:
    """What a comparison gives; anything it raises is a failure of its stage."""
    started = time.perf_counter()
    try:
        found = compare()
    except VidmbenchError as error:
        found = Check(stage, protocol, name, "failed", said=_in_a_line(str(error)))
    except Exception as error:  # a stage that moved can break anywhere; the other checks go on
        found = Check(stage, protocol, name, "failed", said=_in_a_line(f"{type(error).__name__}: {error}"))
    many = found if isinstance(found, list) else [found]
    seconds = (time.perf_counter() - started) / max(1, len(many))
    for check in many:
        yield replace(check, seconds=seconds)


def _in_a_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def _clips(asked: _Asked) -> Iterator[Check]:
    spec, kept = asked.spec, asked.golden.under(f"clips/{asked.spec.name}")

    def compare() -> list[Check]:
        found = asked.bench.clips(spec)
        return [
            _rows_compared(spec.name, f"windows of {name.partition('/')[0]}, {name.partition('/')[2]} side", one, other)
            for name in sorted(kept.keys() | found.keys())
            for one, other in ((kept.get(name), found.get(name)),)
        ]

    return _attempted("clips", spec.name, "choice of clips", compare)


def _rows_compared(protocol: str, name: str, kept: np.ndarray | None, found: np.ndarray | None) -> Check:
    if kept is None or found is None:
        said = [("nothing" if one is None else f"{one.shape[1]} clips") for one in (kept, found)]
        return Check("clips", protocol, name, "moved", said[0], said[1])
    if kept.shape != found.shape:
        said = [f"{one.shape[1]} clips in {one.shape[0]} draws" for one in (kept, found)]
        return Check("clips", protocol, name, "moved", said[0], said[1])
    differs = (kept != found).any(axis=2)
    draws = f" in {len(kept)} draws" if len(kept) > 1 else ""
    if not differs.any():
        return Check("clips", protocol, name, "ok", "", f"{kept.shape[1]} clips{draws}", 0.0)
    draw, clip = (int(place) for place in np.argwhere(differs)[0])
    said = [
        f"video {row[0]} frames {row[1]} to {row[1] + (row[2] - 1) * row[3]} by {row[3]}"
        for row in (kept[draw, clip].tolist(), found[draw, clip].tolist())
    ]
    where = f" as clip {clip}" + (f" of draw {draw}" if len(kept) > 1 else "")
    return Check("clips", protocol, name + where, "moved", said[0], said[1], float(differs.mean()))


def _framing(asked: _Asked) -> Iterator[Check]:
    spec = asked.spec

    def compare() -> list[Check]:
        kept, found = asked.golden.under(asked.values.framing), asked.bench.framing(spec)
        return [_levels_compared(asked, name, kept.get(name), found.get(name)) for name in sorted(kept | found)]

    return _attempted("framing", spec.name, spec.dataset.pre_resize, compare)


def _levels_compared(asked: _Asked, size: str, kept: np.ndarray | None, found: np.ndarray | None) -> Check:
    protocol, limit = asked.spec.name, asked.limit("framing")
    name = f"{asked.spec.dataset.pre_resize}, {'its own' if size == 'own' else 'a small'} resolution"
    if kept is None or found is None or kept.shape != found.shape:
        said = ["nothing" if one is None else f"{one.size} grey levels" for one in (kept, found)]
        return Check("framing", protocol, name, "moved", said[0], said[1])
    apart = np.abs(kept.astype(int) - found)
    share = float((apart > 0).mean())
    if apart.max() <= 1 and share <= limit:
        return Check("framing", protocol, name, "ok", "", f"{kept.size} grey levels", share, limit)
    place = int(apart.argmax())
    said = [f"grey level {int(one[place])}" for one in (kept, found)]
    return Check(
        "framing", protocol, f"{name}, {int((apart > 0).sum())} levels", "moved", said[0], said[1], share, limit
    )


def _array(asked: _Asked) -> Iterator[Check]:
    spec = asked.spec

    def compare() -> list[Check]:
        kept, found = asked.golden.under(asked.values.array), asked.bench.array(spec)
        return [
            _values_compared("array", spec.name, f"{name} frames, prepared", kept[name], found[name])
            for name in sorted(kept)
        ]

    return _attempted("array", spec.name, "prepared clips", compare)


def _values_compared(
    stage: Stage, protocol: str, name: str, kept: np.ndarray, found: np.ndarray, limit: float | None = None
) -> Check:
    """The value that moved most, relative to the width of all (array), or to the largest (detector)."""
    limit = TOLERANCE[stage] if limit is None else limit
    if kept.shape != found.shape:
        said = [f"values of shape {one.shape}" for one in (kept, found)]
        return Check(stage, protocol, name, "moved", said[0], said[1], tolerance=limit)
    if not np.isfinite(found).all():
        return Check(stage, protocol, name, "moved", "finite values", "values that are not finite", tolerance=limit)
    scale = float(np.ptp(kept)) if stage == "array" else float(np.abs(kept).max())
    apart = np.abs(kept.astype(np.float64) - found) / (scale or 1.0)
    place, most = int(apart.argmax()), float(apart.max())
    if most <= limit:
        return Check(stage, protocol, name, "ok", "", f"{kept.size} values", most, limit)
    said = [f"{float(one.flat[place]):.9g}" for one in (kept, found)]
    return Check(stage, protocol, f"{name}, value {place}", "moved", said[0], said[1], most, limit)


def _detector(asked: _Asked) -> Iterator[Check]:
    spec, key = asked.spec, asked.values.detector
    if asked.reason or key is None:
        yield Check("detector", spec.name, "features of fixed clips", "skipped", said=asked.reason)
        return

    def compare() -> Check:
        limit = asked.limit("detector")
        kept, name = asked.golden.under(key)["fed"], f"features of fixed clips, {asked.bench.engine_of(spec)}"
        return _values_compared("detector", spec.name, name, kept, asked.bench.detector(spec), limit)

    yield from _attempted("detector", spec.name, "features of fixed clips", compare)


def _statistics(asked: _Asked) -> Iterator[Check]:
    for what, kept, compute in _from_features(asked):
        compare = partial(_numbers_compared, "statistics", asked.spec.name, what, kept, compute)
        yield from _attempted("statistics", asked.spec.name, what, compare)


def _interval(asked: _Asked) -> Iterator[Check]:
    for what, kept, compute in _from_features(asked):
        compare = partial(_intervals_compared, asked.spec.name, what, kept, compute)
        yield from _attempted("interval", asked.spec.name, what, compare)


_Kept = Mapping[str, GoldenScore]


def _from_features(asked: _Asked) -> Iterator[tuple[str, _Kept, Callable[[], list[Score]]]]:
    """The seeded features, and the golden ones where a network once gave them."""
    spec, values = asked.spec, asked.values
    yield "seeded features", values.seeded, lambda: statistics(spec, seeded_draws(spec))
    if values.features is not None:
        found = asked.golden.under(values.features)
        yield "golden features", values.golden, lambda: statistics(spec, [(found["real"], found["fake"])])


def _score(asked: _Asked) -> Iterator[Check]:
    spec, what = asked.spec, f"{SCORED} against {SCORED} golden clips"
    if asked.reason:
        yield Check("score", spec.name, "golden clips", "skipped", said=asked.reason)
        return

    def compare() -> list[Check]:
        limit = asked.limit("score")
        return _numbers_compared("score", spec.name, what, asked.values.score, lambda: asked.bench.score(spec), limit)

    yield from _attempted("score", spec.name, what, compare)


def _numbers_compared(
    stage: Stage, protocol: str, what: str, kept: _Kept, compute: Callable[[], list[Score]], limit: float | None = None
) -> list[Check]:
    limit = TOLERANCE[stage] if limit is None else limit
    found = {score.metric: score for score in compute()}
    checks = []
    for metric in sorted(kept.keys() | found.keys()):
        name, wanted, score = f"{metric} of {what}", kept.get(metric), found.get(metric)
        if wanted is None or score is None or score.value is None:
            reason = score.reason if score is not None and score.reason else "no value"
            said = ["no value" if wanted is None else f"{wanted.value:.12g}"]
            said.append(reason if score is None or score.value is None else f"{score.value:.12g}")
            checks.append(Check(stage, protocol, name, "moved", said[0], said[1], tolerance=limit))
            continue
        moved = _relative(wanted.value, score.value)
        good = moved <= limit
        digits = 7 if good else 17
        said = [f"{one:.{digits}g}" for one in (wanted.value, score.value)]
        checks.append(Check(stage, protocol, name, "ok" if good else "moved", said[0], said[1], moved, limit))
    return checks


def _intervals_compared(protocol: str, what: str, kept: _Kept, compute: Callable[[], list[Score]]) -> list[Check]:
    """Interval and spread: what stands behind a number, but not the number."""
    found = {score.metric: GoldenScore.of(score) for score in compute()}
    limit, checks = TOLERANCE["interval"], []
    for metric in sorted(kept.keys() & found.keys()):
        one, other = kept[metric], found[metric]
        # The ends are compared as distances from the value: an interval that only follows its value has not moved.
        expected, now = _ends(one), _ends(other)
        said = [_said(one), _said(other)]
        if len(expected) != len(now) or one.interval_kind != other.interval_kind:
            checks.append(
                Check("interval", protocol, f"{metric} of {what}", "moved", said[0], said[1], tolerance=limit)
            )
            continue
        scale = max((abs(number) for number in expected), default=1.0) or 1.0
        moved = max((abs(a - b) / scale for a, b in zip(expected, now, strict=True)), default=0.0)
        state: State = "ok" if moved <= limit else "moved"
        if state == "moved":
            said = [" ".join(f"{number:.12g}" for number in numbers) for numbers in (expected, now)]
        checks.append(Check("interval", protocol, f"{metric} of {what}", state, said[0], said[1], moved, limit))
    return checks


def _ends(score: GoldenScore) -> list[float]:
    """Lower and upper part, standard error, spread: as many as there are."""
    numbers = []
    if score.interval is not None:
        low, high, error = score.interval
        numbers += [score.value - low, high - score.value, error]
    return numbers if score.spread is None else [*numbers, score.spread]


def _said(score: GoldenScore) -> str:
    parts = []
    if score.interval is not None:
        parts.append(f"{score.interval[0]:.6g} to {score.interval[1]:.6g}, {score.interval_kind}")
    if score.spread is not None:
        parts.append(f"spread {score.spread:.6g}")
    return "; ".join(parts) or "none, as is meant"


def _relative(expected: float, found: float) -> float:
    """The difference relative to what was expected; to 1 where that is 0. Not finite is as far as can be."""
    if not np.isfinite(found):
        return float("inf")
    return abs(found - expected) / (abs(expected) or 1.0)


_STAGES: dict[Stage, Callable[[_Asked], Iterator[Check]]] = {
    "clips": _clips,
    "framing": _framing,
    "array": _array,
    "detector": _detector,
    "statistics": _statistics,
    "score": _score,
    "interval": _interval,
}
