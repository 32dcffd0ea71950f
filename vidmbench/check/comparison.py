"""Golden values against current ones, stage by stage: windows, intensity levels, values, numbers and intervals."""

from collections.abc import Callable, Mapping

import numpy as np

from vidmbench.check.golden import GoldenScore
from vidmbench.check.report import Check, State
from vidmbench.check.stages import Stage
from vidmbench.evaluation.statistics import Score
from vidmbench.protocols.protocol import ProtocolSpec

#: How far a stage may move between machines. ``clips`` is exact; ``framing``: the share of intensity levels that may
#: differ, by one, where a float is at the edge of two; ``array``: of the interval's width; ``detector``: of the largest
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
#: Rules that truncate floats to integers, as their codes do. In an even area the float is a whole number but for
#: rounding, so another vector unit moves a level: PyTorch's AVX-512, AVX2 and plain kernels differ in up to 4 % of
#: them, and an FVD by 1.2e-4, a KVD of four clips by 1e-2. Rounding instead of truncating would move half of them. How
#: far a score may move then is declared by its metric kind.
TRUNCATING = ("centre-bilinear", "short-side-bilinear-centre", "short-side-bilinear-antialias-centre")
TRUNCATED_LEVELS = 0.1

GoldenScores = Mapping[str, GoldenScore]


def limit_of(spec: ProtocolSpec, stage: Stage, *, on_cuda: bool) -> float:
    """The tolerance of a stage for a protocol.

    Args:
        spec: The protocol.
        stage: The stage.
        on_cuda: Whether its network runs on a GPU.

    Returns:
        As :data:`TOLERANCE` says what it is relative to.
    """
    limit = TOLERANCE[stage]
    if spec.dataset.pre_resize in TRUNCATING:
        limit = {"framing": TRUNCATED_LEVELS, "score": spec.kind.truncation_tolerance}.get(stage, limit)
    return max(limit, TOLERANCE_CUDA[stage]) if on_cuda else limit


def rows_compared(protocol: str, name: str, golden: np.ndarray | None, current: np.ndarray | None) -> Check:
    """Which frames of which videos: int32 (repeat, clip, (video, start, length, stride)), None where there are none."""
    if golden is None or current is None:
        counts = [("nothing" if rows is None else f"{rows.shape[1]} clips") for rows in (golden, current)]
        return Check("clips", protocol, name, "moved", counts[0], counts[1])
    if golden.shape != current.shape:
        counts = [f"{rows.shape[1]} clips in {rows.shape[0]} draws" for rows in (golden, current)]
        return Check("clips", protocol, name, "moved", counts[0], counts[1])
    differs = (golden != current).any(axis=2)
    if not differs.any():
        repeats = f" in {len(golden)} draws" if len(golden) > 1 else ""
        return Check("clips", protocol, name, "ok", "", f"{golden.shape[1]} clips{repeats}", 0.0)
    repeat, clip = (int(index) for index in np.argwhere(differs)[0])
    frames = [
        f"video {row[0]} frames {row[1]} to {row[1] + (row[2] - 1) * row[3]} by {row[3]}"
        for row in (golden[repeat, clip].tolist(), current[repeat, clip].tolist())
    ]
    where = f" as clip {clip}" + (f" of draw {repeat}" if len(golden) > 1 else "")
    return Check("clips", protocol, name + where, "moved", frames[0], frames[1], float(differs.mean()))


def levels_compared(
    spec: ProtocolSpec, limit: float, size: str, golden: np.ndarray | None, current: np.ndarray | None
) -> Check:
    """Intensity levels, uint8, after a data set's own cropping and resizing."""
    protocol = spec.name
    name = f"{spec.dataset.pre_resize}, {'its own' if size == 'own' else 'a small'} resolution"
    if golden is None or current is None or golden.shape != current.shape:
        counts = ["nothing" if levels is None else f"{levels.size} intensity levels" for levels in (golden, current)]
        return Check("framing", protocol, name, "moved", counts[0], counts[1])
    difference = np.abs(golden.astype(int) - current)
    share = float((difference > 0).mean())
    if difference.max() <= 1 and share <= limit:
        return Check("framing", protocol, name, "ok", "", f"{golden.size} intensity levels", share, limit)
    index = int(difference.argmax())
    values = [f"intensity level {int(levels[index])}" for levels in (golden, current)]
    moved = f"{name}, {int((difference > 0).sum())} levels"
    return Check("framing", protocol, moved, "moved", values[0], values[1], share, limit)


def values_compared(
    stage: Stage, protocol: str, name: str, golden: np.ndarray, current: np.ndarray, limit: float | None = None
) -> Check:
    """The value that moved most, relative to the width of all (array), or to the largest (detector)."""
    limit = TOLERANCE[stage] if limit is None else limit
    if golden.shape != current.shape:
        shapes = [f"values of shape {values.shape}" for values in (golden, current)]
        return Check(stage, protocol, name, "moved", shapes[0], shapes[1], tolerance=limit)
    if not np.isfinite(current).all():
        return Check(stage, protocol, name, "moved", "finite values", "values that are not finite", tolerance=limit)
    scale = float(np.ptp(golden)) if stage == "array" else float(np.abs(golden).max())
    difference = np.abs(golden.astype(np.float64) - current) / (scale or 1.0)
    index, largest = int(difference.argmax()), float(difference.max())
    if largest <= limit:
        return Check(stage, protocol, name, "ok", "", f"{golden.size} values", largest, limit)
    pair = [f"{float(values.flat[index]):.9g}" for values in (golden, current)]
    return Check(stage, protocol, f"{name}, value {index}", "moved", pair[0], pair[1], largest, limit)


def numbers_compared(
    stage: Stage,
    protocol: str,
    what: str,
    golden: GoldenScores,
    compute: Callable[[], list[Score]],
    limit: float | None = None,
) -> list[Check]:
    """The numbers themselves, metric by metric."""
    limit = TOLERANCE[stage] if limit is None else limit
    current = {score.metric: score for score in compute()}
    checks = []
    for metric in sorted(golden.keys() | current.keys()):
        name, expected, score = f"{metric} of {what}", golden.get(metric), current.get(metric)
        if expected is None or score is None or score.value is None:
            before = "no value" if expected is None else f"{expected.value:.12g}"
            reason = score.reason if score is not None and score.reason else "no value"
            now = reason if score is None or score.value is None else f"{score.value:.12g}"
            checks.append(Check(stage, protocol, name, "moved", before, now, tolerance=limit))
            continue
        moved = _relative(expected.value, score.value)
        state: State = "ok" if moved <= limit else "moved"
        digits = 7 if state == "ok" else 17
        numbers = [f"{value:.{digits}g}" for value in (expected.value, score.value)]
        checks.append(Check(stage, protocol, name, state, numbers[0], numbers[1], moved, limit))
    return checks


def intervals_compared(
    protocol: str, what: str, golden: GoldenScores, compute: Callable[[], list[Score]]
) -> list[Check]:
    """Interval and spread: what is printed behind a number, but not the number."""
    current = {score.metric: GoldenScore.of(score) for score in compute()}
    limit, checks = TOLERANCE["interval"], []
    for metric in sorted(golden.keys() & current.keys()):
        name, expected, score = f"{metric} of {what}", golden[metric], current[metric]
        # The ends are compared as distances from the value: an interval that only follows its value has not moved.
        before, now = _ends(expected), _ends(score)
        texts = [_in_words(expected), _in_words(score)]
        if len(before) != len(now) or expected.interval_kind != score.interval_kind:
            checks.append(Check("interval", protocol, name, "moved", texts[0], texts[1], tolerance=limit))
            continue
        scale = max((abs(number) for number in before), default=1.0) or 1.0
        moved = max((abs(a - b) / scale for a, b in zip(before, now, strict=True)), default=0.0)
        state: State = "ok" if moved <= limit else "moved"
        if state == "moved":
            texts = [" ".join(f"{number:.12g}" for number in numbers) for numbers in (before, now)]
        checks.append(Check("interval", protocol, name, state, texts[0], texts[1], moved, limit))
    return checks


def _ends(score: GoldenScore) -> list[float]:
    """Lower and upper part, standard error, spread: as many as there are."""
    numbers = []
    if score.interval is not None:
        low, high, error = score.interval
        numbers += [score.value - low, high - score.value, error]
    return numbers if score.spread is None else [*numbers, score.spread]


def _in_words(score: GoldenScore) -> str:
    parts = []
    if score.interval is not None:
        parts.append(f"{score.interval[0]:.6g} to {score.interval[1]:.6g}, {score.interval_kind}")
    if score.spread is not None:
        parts.append(f"spread {score.spread:.6g}")
    return "; ".join(parts) or "none, as declared"


def _relative(expected: float, actual: float) -> float:
    """The difference relative to what was expected; to 1 where that is 0. Not finite is as far as can be."""
    if not np.isfinite(actual):
        return float("inf")
    return abs(actual - expected) / (abs(expected) or 1.0)
