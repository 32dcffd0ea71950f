"""From features to numbers: what a protocol's metric kind computes, its interval, and its spread. Never loads torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.metrics import Interval
from vidmbench.metrics.full_reference.curves import Curve
from vidmbench.metrics.moments import Moments
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.metric_kind import Features, SideName, Value
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import metric_names

_SIDE_NAMES: dict[SideName, str] = {"real": "real", "fake": "scored", "pair": "scored"}


@dataclass(frozen=True)
class Score:
    """One number.

    Attributes:
        metric: Its usual name, such as ``fvd``.
        value: The number; None where it has none.
        interval: For the expected value at these counts; None where no honest one exists.
        spread: What the number's own code prints behind ±.
        spread_kind: What that spread is over.
        reason: Why there is no value.
        curve: The number frame by frame; None where it has no value per frame.
    """

    metric: str
    value: float | None
    interval: Interval | None = None
    spread: float | None = None
    spread_kind: str | None = None
    reason: str | None = None
    curve: Curve | None = None


def scores(
    spec: ProtocolSpec,
    repeats: Sequence[Mapping[SideName, np.ndarray]],
    clip_names: Sequence[Mapping[SideName, Sequence[str]]] = (),
    *,
    moments: Sequence[Mapping[SideName, Moments]] = (),
    scenes: tuple[str, ...] = (),
) -> list[Score]:
    """All numbers of a protocol.

    Args:
        spec: The protocol, bound.
        repeats: Features of each repeat, at least of the sides that the metric reads: float32 (clip, feature), or
            (clip, frame, feature) where a network reads frames.
        clip_names: The names of the clips, one mapping a repeat, for messages.
        moments: Of each repeat, the moments of a side of which no features are known.
        scenes: The scene of each target, for metrics of pairs; empty where every one is of its own.

    Returns:
        One score a name in :func:`vidmbench.protocols.signature.metric_names`.
    """
    metrics = metric_names(spec)
    meaning = load_detector(spec.array.detector).gives
    inputs = [
        Features({side: features[side] for side in spec.kind.sides if side not in given}, meaning, scenes, given)
        for features, given in zip(repeats, moments or [{}] * len(repeats), strict=True)
    ]
    names = clip_names or [{}] * len(inputs)
    reasons = (_unusable(spec, features, of_clips) for features, of_clips in zip(inputs, names, strict=True))
    reason = next((reason for reason in reasons if reason is not None), None)
    if reason is not None:
        return [Score(name, None, reason=reason) for name in metrics]
    try:
        values = _of_each(spec, inputs)
    except DataError as error:
        curve = _curve(spec, inputs[0])
        return [Score(name, None, reason=_in_a_line(error), curve=curve) for name in metrics]
    interval = spec.kind.interval_of(values[0], spec.statistics, inputs[0])
    found = [
        _over_repeats(name, [of_repeat[index] for of_repeat in values], interval if index == 0 else None)
        for index, name in enumerate(metrics)
    ]
    return [replace(found[0], curve=_curve(spec, inputs[0])), *found[1:]]


def _curve(spec: ProtocolSpec, features: Features) -> Curve | None:
    """The number frame by frame, which a mean that is infinite in some frames has too."""
    try:
        return spec.kind.curve(spec.statistics, features)
    except DataError:  # no frame is left
        return None


def _of_each(spec: ProtocolSpec, repeats: Sequence[Features]) -> list[tuple[Value, ...]]:
    """The numbers of every repeat; once where all repeats take the same clips, as they do where all clips are taken."""
    first, *others = repeats
    of_first = spec.kind.compute(spec.statistics, first)
    if all(first.equals(other) for other in others):
        return [of_first] * len(repeats)
    return [of_first, *(spec.kind.compute(spec.statistics, other) for other in others)]


def _in_a_line(error: DataError) -> str:
    details = (("expected", error.expected), ("found", error.found), ("fix:", error.fix))
    return "; ".join([error.problem, *(f"{label} {text}" for label, text in details if text)])


def _unusable(spec: ProtocolSpec, features: Features, clip_names: Mapping[SideName, Sequence[str]]) -> str | None:
    """Why these features give no number at all."""
    counts = [features.num_rows(side) for side in spec.kind.sides]
    if min(counts) < spec.kind.least_clips:
        return f"{spec.metric} needs at least 2 clips per side, {' and '.join(map(str, counts))} could be read"
    for side in features.by_side:
        names = clip_names.get(side, ())
        of_clips = features[side].reshape(len(names) or len(features[side]), -1)
        usable = np.isfinite(of_clips) | (np.isnan(of_clips) & spec.kind.has_gaps)
        bad = np.flatnonzero(~usable.all(axis=1))
        if bad.size:
            which = [names[index] if index < len(names) else f"clip {index}" for index in bad.tolist()]
            return f"{no_features(spec, which)} on the {_SIDE_NAMES[side]} side"
    return None


def no_features(spec: ProtocolSpec, names: Sequence[str]) -> str:
    """That some clips, named, have no finite features."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    is_tracked = spec.array.detector == "klt-histograms"
    problem = "all tracks leave the frame in" if is_tracked else "the network gave no finite features for"
    return f"{problem} {', '.join(names[:3])}{more}"


def _over_repeats(name: str, values: Sequence[Value], interval: Interval | None) -> Score:
    """The mean over the repeats, and the spread that the protocol's code prints.

    The interval is that of the first repeat, moved to the mean: repeats share videos, so averaging them narrows it by
    less than anyone can tell from the features alone.
    """
    mean = float(np.mean([value.value for value in values]))
    if len(values) == 1:
        return Score(name, mean, interval, values[0].spread, values[0].spread_kind)
    # Of equal numbers numpy's deviation is the rounding of their sum.
    spread = 0.0 if len({value.value for value in values}) == 1 else float(np.std([value.value for value in values]))
    if interval is not None:
        half_width = interval.high - values[0].value
        low = mean - half_width if interval.low < 0 else max(0.0, mean - half_width)
        interval = Interval(low, mean + half_width, interval.standard_error, interval.kind)
    return Score(name, mean, interval, spread, f"sd over {len(values)} runs")
