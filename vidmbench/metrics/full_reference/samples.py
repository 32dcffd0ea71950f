"""Several predictions of one target: their mean, and the best of them.

The best of N is an order statistic: it improves with N for every model that varies at all, so it is only compared at
equal N. Its expected value at fewer predictions follows from those that there are, over all ways to choose them.
"""

from math import comb

import numpy as np


def mean_of(values: np.ndarray) -> np.ndarray:
    """The mean over predictions.

    Args:
        values: float64 (video, sample).

    Returns:
        float64 (video,).
    """
    return np.asarray(values.mean(-1))


def best_of(values: np.ndarray, count: int, *, is_higher_better: bool) -> np.ndarray:
    """The best of some predictions, as it is expected when they are chosen from all without regard to their values.

    It is the mean over all choices, so that it does not depend on the predictions' order; of all of them it is the
    best. The worst of the sorted values that can be the best of ``count`` is the one with ``count - 1`` behind it.

    Args:
        values: float64 (video, sample).
        count: How many are chosen, at most all.
        is_higher_better: Whether the best is the highest.

    Returns:
        float64 (video,).
    """
    number = values.shape[-1]
    ranked = np.sort(values, axis=-1)
    if not is_higher_better:
        ranked = ranked[..., ::-1]
    if count == number:
        return np.asarray(ranked[..., -1])
    chances = np.array([comb(rank, count - 1) / comb(number, count) for rank in range(number)])
    possible = chances > 0  # infinite times nothing is no number
    return np.asarray(ranked[..., possible] @ chances[possible])
