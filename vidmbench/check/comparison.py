"""Golden beside found, stage by stage: windows, grey levels, values, numbers and intervals."""

from collections.abc import Callable, Mapping

import numpy as np

from vidmbench.check.golden import GoldenScore
from vidmbench.check.report import Check, State
from vidmbench.check.stages import Stage
from vidmbench.evaluation.statistics import Score
from vidmbench.protocols.protocol import ProtocolSpec

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

Kept = Mapping[str, GoldenScore]


def limit_of(spec: ProtocolSpec, stage: Stage, *, on_cuda: bool) -> float:
    """The tolerance of a stage for a protocol.

    Args:
        spec: The protocol.
        stage: The stage.
        on_cuda: Whether its network runs on a GPU.

    Returns:
        As :data:`TOLERANCE` says what it is relative to.
    """
    cuts = spec.dataset.pre_resize in CUTTING
    limit = (TOLERANCE_CUTTING if cuts else TOLERANCE)[stage]
    if cuts and stage == "score" and spec.metric == "kernel":
        limit = KERNEL_CUTTING
    return max(limit, TOLERANCE_CUDA[stage]) if on_cuda else limit


def rows_compared(protocol: str, name: str, kept: np.ndarray | None, found: np.ndarray | None) -> Check:
    """Which frames of which videos: (draw, clip, (video, start, length, stride))."""
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


def levels_compared(
    spec: ProtocolSpec, limit: float, size: str, kept: np.ndarray | None, found: np.ndarray | None
) -> Check:
    """Grey levels after a data set's own cropping and resizing."""
    protocol = spec.name
    name = f"{spec.dataset.pre_resize}, {'its own' if size == 'own' else 'a small'} resolution"
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


def values_compared(
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


def numbers_compared(
    stage: Stage, protocol: str, what: str, kept: Kept, compute: Callable[[], list[Score]], limit: float | None = None
) -> list[Check]:
    """The numbers themselves, metric by metric."""
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


def intervals_compared(protocol: str, what: str, kept: Kept, compute: Callable[[], list[Score]]) -> list[Check]:
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
