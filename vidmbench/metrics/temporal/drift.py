"""How numbers of windows change along videos: against the first window, with intervals over videos.

Windows of one video are dependent, so videos are omitted whole: the change of a number from the first window to
another has the interval of that difference, not that of two independent numbers. Distances take the grouped jackknife
of :mod:`vidmbench.metrics.jackknife` over both sides, each video omitted from all windows at once; means over videos
take Student's t.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vidmbench.core.seeding import generator
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS
from vidmbench.metrics.jackknife import MIN_SAMPLES, GroupedSample, quantile

_GROUPS, _LEVEL = 20, 0.95

#: The number of two sets of features, real first, float32 (video, ...).
Distance = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class WindowNumbers:
    """A number window by window.

    Attributes:
        values: float64 (window,).
        half_widths: Half the width of each one's interval; None where there is none.
        changes: Each minus the first, float64 (window,).
        change_half_widths: Half the width of each change's interval; None where there is none.
        kind: How intervals were made and at which level; None where there are none.
    """

    values: np.ndarray
    half_widths: np.ndarray | None
    changes: np.ndarray
    change_half_widths: np.ndarray | None
    kind: str | None

    def less(self, reference: "WindowNumbers") -> "WindowNumbers":
        """The same with the changes of a reference taken off, as of real videos, which are independent of these."""
        halves = None
        if self.change_half_widths is not None and reference.change_half_widths is not None:
            halves = np.hypot(self.change_half_widths, reference.change_half_widths)
        return WindowNumbers(self.values, self.half_widths, self.changes - reference.changes, halves, self.kind)

    def departure(self) -> int | None:
        """The first window from which on all changes lie on one side of 0, intervals included; None for none."""
        if self.change_half_widths is None:
            return None
        sides = np.where(np.abs(self.changes) > self.change_half_widths, np.sign(self.changes), 0)
        if not sides[-1]:
            return None
        others = np.flatnonzero(sides != sides[-1])
        return int(others[-1]) + 1


def means_by_window(values: np.ndarray) -> WindowNumbers:
    """Means over videos.

    Args:
        values: float64 (video, window).
    """
    changes = values - values[:, :1]
    halves, change_halves = _t_half_widths(values), _t_half_widths(changes)
    kind = None if halves is None else f"t-{len(values)}-videos-95"
    return WindowNumbers(values.mean(0), halves, changes.mean(0), change_halves, kind)


def _t_half_widths(values: np.ndarray) -> np.ndarray | None:
    """Student's t for each column, as :func:`vidmbench.metrics.full_reference.intervals.interval_over_videos`."""
    count = len(values)
    if count < MIN_VIDEOS:
        return None
    return np.asarray(quantile(_LEVEL, [1.0], [count - 1]) * values.std(0, ddof=1) / np.sqrt(count))


def distances_by_window(
    real: np.ndarray, fake: np.ndarray, distance: Distance, *, has_interval: bool = True, seed: int = 0
) -> WindowNumbers:
    """A distance between both sides' windows at the same place.

    Args:
        real: float32 (video, window, ...).
        fake: The same of the other side, with as many windows.
        distance: The number.
        has_interval: Whether the distance is smooth enough for a jackknife.
        seed: Decides which videos share a group.
    """

    def of_rows(real_rows: "_Rows", fake_rows: "_Rows") -> np.ndarray:
        first, second = real[real_rows.numbers], fake[fake_rows.numbers]
        return np.array([distance(first[:, place], second[:, place]) for place in range(real.shape[1])])

    sides = (_grouped(len(real), "real", seed), _grouped(len(fake), "fake", seed))
    with one_blas_thread():
        values = of_rows(_Rows(np.arange(len(real))), _Rows(np.arange(len(fake))))
        if not has_interval or min(len(real), len(fake)) < MIN_SAMPLES:
            return WindowNumbers(values, None, values - values[0], None, None)
        whole = sides[0].whole(), sides[1].whole()
        without = [
            np.array([of_rows(rows, whole[1]) for rows in sides[0].without_each()]),
            np.array([of_rows(whole[0], rows) for rows in sides[1].without_each()]),
        ]
    kind = f"jackknife-{'x'.join(str(len(side.groups)) for side in sides)}-95"
    halves = _half_widths(sides, without)
    changes = _half_widths(sides, [each - each[:, :1] for each in without])
    return WindowNumbers(values, halves, values - values[0], changes, kind)


def distance_of_ends(
    features: np.ndarray, distance: Distance, *, has_interval: bool = True, seed: int = 0
) -> tuple[float, float | None]:
    """The distance between the first and the last windows of the same videos, and half the width of its interval.

    Args:
        features: float32 (video, window, ...).
        distance: The number.
        has_interval: Whether the distance is smooth enough for a jackknife.
        seed: Decides which videos share a group.
    """
    with one_blas_thread():
        value = distance(features[:, 0], features[:, -1])
        if not has_interval or len(features) < MIN_SAMPLES:
            return value, None
        side = _grouped(len(features), "fake", seed)
        kept = [features[rows.numbers] for rows in side.without_each()]
        without = np.array([[distance(each[:, 0], each[:, -1])] for each in kept])
    return value, float(_half_widths([side], [without])[0])


def similarity_to_first(features: np.ndarray) -> np.ndarray:
    """The cosine of the angle between the features of each window and those of its video's first.

    Args:
        features: float32 (video, window, ..., feature); what stands between is averaged, as frames of a clip are.

    Returns:
        float64 (video, window), 1 for the first window, and for one without features where that has none either, as
        windows without motion; 0 where one of both alone has some.
    """
    vectors = features.astype(np.float64)
    vectors = vectors.reshape(*vectors.shape[:2], -1, vectors.shape[-1]).mean(2)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    found = np.einsum("vwf,vf->vw", unit, unit[:, 0])
    are_zero = lengths[..., 0] == 0
    found[are_zero & are_zero[:, :1]] = 1.0
    found[:, 0] = 1.0  # without the rounding of a square root
    return np.asarray(found)


@dataclass(frozen=True)
class _Rows:
    """Which videos: a summary that merges."""

    numbers: np.ndarray

    def merge(self, other: "_Rows") -> "_Rows":
        return _Rows(np.concatenate([self.numbers, other.numbers]))


def _grouped(count: int, name: str, seed: int) -> GroupedSample[_Rows]:
    return GroupedSample.cut(np.arange(count), _Rows, max_groups=_GROUPS, random=generator(seed, "jackknife", name))


def _half_widths(sides: Sequence[GroupedSample[_Rows]], without: Sequence[np.ndarray]) -> np.ndarray:
    """Of each column of values without a group: half the width of its interval."""
    degrees = [side.degrees_of_freedom for side in sides]
    found = []
    for columns in zip(*(each.T for each in without), strict=True):
        shares = [side.variance(column.tolist()) for side, column in zip(sides, columns, strict=True)]
        found.append(float(np.sqrt(sum(shares))) * quantile(_LEVEL, shares, degrees))
    return np.array(found)
