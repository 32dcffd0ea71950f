"""From features to numbers: which metric a protocol means, its interval, and its spread. Never loads torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from vidmbench.core.errors import DataError
from vidmbench.metrics import (
    Interval,
    Moments,
    frechet_distance,
    frechet_interval,
    inception_score,
    inception_score_from_logits,
    inception_score_interval,
    kernel_distance,
    kernel_distance_subsets,
    kernel_interval,
    prdc,
)
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.signature import metric_names

NO_INTERVAL = "no interval: nearest neighbours are no smooth function of the sample, so resampling gives no honest one"


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
    """

    metric: str
    value: float | None
    interval: Interval | None = None
    spread: float | None = None
    spread_kind: str | None = None
    reason: str | None = None


Names = tuple[Sequence[str], Sequence[str]]


def scores(
    spec: ProtocolSpec, draws: Sequence[tuple[np.ndarray, np.ndarray]], names: Sequence[Names] | None = None
) -> list[Score]:
    """All numbers of a protocol.

    Args:
        spec: The protocol, bound.
        draws: Features of the real and of the scored side, one pair a repeat: float32 (clip, feature), or
            (clip, frame, feature) where a network looks at frames one by one. The real side is not looked at by
            an inception score.
        names: What the clips of both sides are called, one pair a repeat, for messages.

    Returns:
        One score a name in :func:`vidmbench.protocols.signature.metric_names`.
    """
    metrics = metric_names(spec)
    called = names or [([], [])] * len(draws)
    reasons = (_unusable(spec, draw, own) for draw, own in zip(draws, called, strict=True))
    reason = next((found for found in reasons if found is not None), None)
    if reason is not None:
        return [Score(name, None, reason=reason) for name in metrics]
    try:
        each = [_METRICS[spec.metric](spec, real, fake) for real, fake in draws]
    except DataError as error:
        parts = [error.problem, *(f"{word} {said}" for word, said in _said(error))]
        return [Score(name, None, reason="; ".join(parts)) for name in metrics]
    interval = _interval(spec, *draws[0])
    return [_over_repeats(name, [one[place] for one in each], interval) for place, name in enumerate(metrics)]


def _said(error: DataError) -> list[tuple[str, str]]:
    said = (("expected", error.expected), ("found", error.found), ("fix:", error.fix))
    return [(word, text) for word, text in said if text]


def _unusable(spec: ProtocolSpec, draw: tuple[np.ndarray, np.ndarray], names: Names) -> str | None:
    """Why these features give no number at all."""
    sides = [("real", draw[0], names[0]), ("scored", draw[1], names[1])]
    if spec.metric == "inception-score":
        del sides[0]
    counts = [len(_rows(features)) for _, features, _ in sides]
    if min(counts) < 2:
        return f"{spec.metric} needs at least 2 clips a side, {' and '.join(map(str, counts))} could be read"
    for side, features, own in sides:
        rows = features.reshape(len(own) or len(features), -1)  # a row a clip
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if bad.size:
            which = [own[index] if index < len(own) else f"clip {index}" for index in bad[:3]]
            more = f" and {bad.size - 3} more" if bad.size > 3 else ""
            return f"the network gave no finite features for {', '.join(which)}{more} on the {side} side"
    return None


@dataclass(frozen=True)
class _Value:
    """One number of one draw, and what its code prints behind ±."""

    value: float
    spread: float | None = None
    spread_kind: str | None = None


def _rows(features: np.ndarray) -> np.ndarray:
    return features.reshape(-1, features.shape[-1])


def _frechet(spec: ProtocolSpec, real: np.ndarray, fake: np.ndarray) -> tuple[_Value, ...]:
    assert spec.statistics.covariance is not None
    moments = Moments.of(_rows(real)), Moments.of(_rows(fake))
    return (_Value(frechet_distance(*moments, normalisation=spec.statistics.covariance)),)


def _kernel(spec: ProtocolSpec, real: np.ndarray, fake: np.ndarray) -> tuple[_Value, ...]:
    stage = spec.statistics
    assert stage.degree is not None
    if stage.subsets is None or stage.subset_size is None:
        return (_Value(kernel_distance(_rows(real), _rows(fake), degree=stage.degree)),)
    mean, spread = kernel_distance_subsets(
        _rows(real),
        _rows(fake),
        subsets=stage.subsets,
        subset_size=stage.subset_size,
        degree=stage.degree,
        seed=stage.seed,
    )
    return (_Value(mean, spread, f"sd over {stage.subsets} subsets"),)


def _precision_recall(spec: ProtocolSpec, real: np.ndarray, fake: np.ndarray) -> tuple[_Value, ...]:
    assert spec.statistics.neighbours is not None
    found = prdc(_rows(real), _rows(fake), k=spec.statistics.neighbours)
    return tuple(_Value(value) for value in (found.precision, found.recall, found.density, found.coverage))


def _inception(spec: ProtocolSpec, _real: np.ndarray, fake: np.ndarray) -> tuple[_Value, ...]:
    stage = spec.statistics
    assert stage.splits is not None
    assert stage.log_eps is not None
    score = inception_score_from_logits if _gives_logits(spec) else inception_score
    found = score(_rows(fake), splits=stage.splits, eps=stage.log_eps, seed=stage.shuffle_seed)
    if stage.splits == 1:
        return (_Value(found.mean),)
    return (_Value(found.mean, found.std, f"sd over {stage.splits} splits"),)


def _gives_logits(spec: ProtocolSpec) -> bool:
    return load_detector(spec.array.detector).gives == "logits"


_METRICS: dict[str, Callable[[ProtocolSpec, np.ndarray, np.ndarray], tuple[_Value, ...]]] = {
    "frechet": _frechet,
    "kernel": _kernel,
    "precision-recall": _precision_recall,
    "inception-score": _inception,
}


def _interval(spec: ProtocolSpec, real: np.ndarray, fake: np.ndarray) -> Interval | None:
    """Of the first draw. Frames of one clip stay together: they are anything but independent."""
    stage = spec.statistics
    if spec.metric == "frechet":
        assert stage.covariance is not None
        return frechet_interval(real, fake, normalisation=stage.covariance, seed=stage.seed)
    if spec.metric == "kernel" and stage.subsets is None and real.ndim == fake.ndim == 2:
        assert stage.degree is not None
        return kernel_interval(real, fake, degree=stage.degree, seed=stage.seed)
    if spec.metric == "inception-score" and stage.splits == 1 and fake.ndim == 2:
        probabilities = softmax(fake.astype(np.float64), axis=1) if _gives_logits(spec) else fake
        return inception_score_interval(probabilities, seed=stage.seed, eps=stage.log_eps or 0.0)
    return None


def _over_repeats(name: str, values: Sequence[_Value], interval: Interval | None) -> Score:
    """The mean over the repeats, and the spread that the protocol's code prints.

    The interval is that of one draw, moved to the mean: repeats share videos, so averaging them narrows it by less
    than anyone can tell from the features alone.
    """
    mean = float(np.mean([one.value for one in values]))
    if len(values) == 1:
        return Score(name, mean, interval, values[0].spread, values[0].spread_kind)
    spread = float(np.std([one.value for one in values]))
    if interval is not None:
        half = interval.high - values[0].value
        low = mean - half if interval.low < 0 else max(0.0, mean - half)
        interval = Interval(low, mean + half, interval.standard_error, interval.kind)
    return Score(name, mean, interval, spread, f"sd over {len(values)} runs")
