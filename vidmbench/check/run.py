"""Golden input to golden values, stage by stage, for every protocol: which stage moved a number?

Every stage is checked from golden input of its own, so a stage that moved shows alone; ``score`` goes the whole way,
and where it moves because an earlier stage did, its line says so. What moved within the tolerance is printed too: the
last digits are where a change shows first.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from vidmbench.check.comparison import (
    GoldenScores,
    intervals_compared,
    levels_compared,
    limit_of,
    numbers_compared,
    rows_compared,
    values_compared,
)
from vidmbench.check.golden import Golden, GoldenProtocol, load_golden
from vidmbench.check.golden_inputs import HOW
from vidmbench.check.report import Check
from vidmbench.check.stages import SCORED, STAGES, Stage, StageRunner, has_weights, seeded_features_of, statistics
from vidmbench.core.errors import UsageError, VidmbenchError
from vidmbench.core.vocabulary import CheckedWeights, Device
from vidmbench.detectors.engine import load_engine
from vidmbench.evaluation.statistics import Score
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names


def run_checks(
    names: Sequence[str] = (),
    *,
    weights: CheckedWeights = "auto",
    device: Device = "auto",
    golden: Golden | None = None,
) -> Iterator[Check]:
    """Makes the checks, stage by stage; each is yielded as soon as it is known.

    Args:
        names: Protocols; none takes all.
        weights: ``with`` also fetches weights, and is an error where a network that has golden features cannot have
            its own; ``auto`` takes what is on this machine; ``without`` leaves networks alone.
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
        without = [spec.name for spec in specs if names and not _has_features(golden, spec)]
        if without:
            raise UsageError(
                "the golden values were made without this network's weights: nothing to compare with",
                expected="a protocol whose network ran when they were made: fvd-..., kvd-..., prdc-i3d",
                found=", ".join(without),
                where="--weights with",
                fix="--weights auto",
            )
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
    earlier = [other for other in before if other.protocol == check.protocol and other.stage in causes]
    moved = [other.stage for other in earlier if other.state in ("moved", "failed")]
    digits = [other.stage for other in earlier if other.moved]
    if moved:
        return replace(check, said=f"follows from {moved[0]}")
    if check.stage == "interval":
        return check
    if digits:
        return replace(check, said=f"no earlier stage moved, but digits within tolerance did, first in {digits[0]}")
    return replace(check, said="no earlier stage moved: the fault is in how stages are connected")


@dataclass(frozen=True)
class _Comparable:
    """One protocol beside its golden values."""

    spec: ProtocolSpec
    values: GoldenProtocol
    golden: Golden
    runner: StageRunner
    reason: str

    def limit(self, stage: Stage) -> float:
        """The tolerance of a stage for this protocol, and for the engine where one runs."""
        on_cuda = stage in ("detector", "score") and self.runner.engine_of(self.spec).endswith("/cuda")
        return limit_of(self.spec, stage, on_cuda=on_cuda)

    @cached_property
    def seeded_scores(self) -> list[Score]:
        """Numbers and intervals of the seeded features; two stages compare them."""
        return statistics(self.spec, seeded_features_of(self.spec))

    @cached_property
    def golden_scores(self) -> list[Score]:
        """The same of the golden features, where a network once gave them."""
        assert self.values.features is not None
        return statistics(self.spec, [self.golden.features(self.values.features)])


def _in_order(
    specs: Sequence[ProtocolSpec], golden: Golden, weights: CheckedWeights, device: Device, *, all_asked: bool
) -> Iterator[Check]:
    runner = StageRunner(golden.clips, device)
    comparable = []
    for spec in specs:
        values = golden.protocols.get(spec.name)
        if values is None:
            yield Check(None, spec.name, "golden values", "failed", said=f"no golden values; {HOW}")
        elif values.version != spec.version:
            message = f"they are of version {values.version}, the protocol is version {spec.version}; {HOW} --overwrite"
            yield Check(None, spec.name, "golden values", "failed", said=message)
        else:
            comparable.append(_Comparable(spec, values, golden, runner, _why_not(spec, values, weights)))
    if all_asked:
        for name in sorted(golden.protocols.keys() - {spec.name for spec in specs}):
            yield Check(None, name, "golden values", "failed", said=f"no such protocol exists any more; {HOW}")
    for stage in STAGES:
        for subject in comparable:
            yield from _STAGES[stage](subject)


def _why_not(spec: ProtocolSpec, values: GoldenProtocol, weights: CheckedWeights) -> str:
    """Why a network is left alone; empty where it is not."""
    detector = load_detector(spec.array.detector)
    if weights == "without":
        return "not run: --weights without"
    if values.detector is None:
        return f"golden values were made without the weights of {detector.name}"
    if not has_weights(detector):
        return f"no weights of {detector.name} on this machine"
    return ""


def _attempted(stage: Stage, protocol: str, name: str, compare: Callable[[], Check | list[Check]]) -> Iterator[Check]:
    """What a comparison gives; anything it raises is a failure of its stage."""
    started = time.perf_counter()
    try:
        outcome = compare()
    except VidmbenchError as error:
        outcome = Check(stage, protocol, name, "failed", said=_in_a_line(str(error)))
    except Exception as error:  # a stage that moved can break anywhere; the other checks go on
        outcome = Check(stage, protocol, name, "failed", said=_in_a_line(f"{type(error).__name__}: {error}"))
    checks = outcome if isinstance(outcome, list) else [outcome]
    seconds = (time.perf_counter() - started) / max(1, len(checks))
    for check in checks:
        yield replace(check, seconds=seconds)


def _in_a_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def _clips(subject: _Comparable) -> Iterator[Check]:
    spec, golden = subject.spec, subject.golden.under(f"clips/{subject.spec.name}")

    def compare() -> list[Check]:
        computed = subject.runner.clips(spec)
        return [
            rows_compared(
                spec.name,
                f"windows of {name.partition('/')[0]}, {name.partition('/')[2]} side",
                golden.get(name),
                computed.get(name),
            )
            for name in sorted(golden.keys() | computed.keys())
        ]

    return _attempted("clips", spec.name, "choice of clips", compare)


def _framing(subject: _Comparable) -> Iterator[Check]:
    spec = subject.spec

    def compare() -> list[Check]:
        golden, computed = subject.golden.under(subject.values.framing), subject.runner.framing(spec)
        return [
            levels_compared(spec, subject.limit("framing"), name, golden.get(name), computed.get(name))
            for name in sorted(golden | computed)
        ]

    return _attempted("framing", spec.name, spec.dataset.pre_resize, compare)


def _array(subject: _Comparable) -> Iterator[Check]:
    spec = subject.spec

    def compare() -> list[Check]:
        golden, computed = subject.golden.under(subject.values.array), subject.runner.array(spec)
        return [
            values_compared("array", spec.name, f"{name} frames, prepared", golden[name], computed[name])
            for name in sorted(golden)
        ]

    return _attempted("array", spec.name, "prepared clips", compare)


def _detector(subject: _Comparable) -> Iterator[Check]:
    spec, key = subject.spec, subject.values.detector
    if subject.reason or key is None:
        yield Check("detector", spec.name, "features of fixed clips", "skipped", said=subject.reason)
        return

    def compare() -> Check:
        limit = subject.limit("detector")
        golden, name = subject.golden.under(key)["fed"], f"features of fixed clips, {subject.runner.engine_of(spec)}"
        return values_compared("detector", spec.name, name, golden, subject.runner.detector(spec), limit)

    yield from _attempted("detector", spec.name, "features of fixed clips", compare)


def _statistics(subject: _Comparable) -> Iterator[Check]:
    for what, golden, compute in _from_features(subject):
        compare = partial(numbers_compared, "statistics", subject.spec.name, what, golden, compute)
        yield from _attempted("statistics", subject.spec.name, what, compare)


def _interval(subject: _Comparable) -> Iterator[Check]:
    for what, golden, compute in _from_features(subject):
        compare = partial(intervals_compared, subject.spec.name, what, golden, compute)
        yield from _attempted("interval", subject.spec.name, what, compare)


def _from_features(subject: _Comparable) -> Iterator[tuple[str, GoldenScores, Callable[[], list[Score]]]]:
    """The seeded features, and the golden ones where a network once gave them."""
    yield "seeded features", subject.values.seeded, lambda: subject.seeded_scores
    if subject.values.features is not None:
        yield "golden features", subject.values.golden, lambda: subject.golden_scores


def _score(subject: _Comparable) -> Iterator[Check]:
    spec, what = subject.spec, f"{SCORED} against {SCORED} golden clips"
    if subject.reason:
        yield Check("score", spec.name, "golden clips", "skipped", said=subject.reason)
        return

    def compare() -> list[Check]:
        limit = subject.limit("score")
        return numbers_compared(
            "score", spec.name, what, subject.values.score, lambda: subject.runner.score(spec), limit
        )

    yield from _attempted("score", spec.name, what, compare)


_STAGES: dict[Stage, Callable[[_Comparable], Iterator[Check]]] = {
    "clips": _clips,
    "framing": _framing,
    "array": _array,
    "detector": _detector,
    "statistics": _statistics,
    "score": _score,
    "interval": _interval,
}
