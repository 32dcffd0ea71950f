"""The score of Physics-IQ (google-deepmind/physics-IQ-benchmark, calculate_iq_score.py).

    score = 100 * (mean of three agreements, each over that of a second take of the same scenes, - (error - its error))

Two takes of one scene do not agree either: what they have is the most that a prediction can be asked for, and counts
as 100. The published code rounds every list to four digits, the score to two, and clips it to 0..100; nothing is
rounded or clipped here, so that a prediction that is nearer to a take than the other take is scores more than 100.
"""

import numpy as np

from vidmbench.metrics.full_reference.intervals import MIN_VIDEOS
from vidmbench.metrics.jackknife import quantile
from vidmbench.metrics.uncertainty import Interval

_LEVEL = 0.95


def physics_iq_score(numbers: np.ndarray, variance: np.ndarray) -> float:
    """The score.

    Args:
        numbers: float64 (video, 4): agreement of each frame's masks, of where anything moved, of how often, and the
            squared error; of predictions with a first take.
        variance: The same of a second take with the first.

    Returns:
        About 0 to 100; not a number where two takes agree nowhere.
    """
    ours, theirs = numbers.mean(0), variance.mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(100 * (np.mean(ours[:3] / theirs[:3]) - (ours[3] - theirs[3])))


def physics_iq_interval(numbers: np.ndarray, variance: np.ndarray) -> Interval | None:
    """A jackknife over videos, both takes and the prediction of a scene omitted together; None for few videos."""
    count = len(numbers)
    if count < MIN_VIDEOS:
        return None
    kept = ~np.eye(count, dtype=bool)
    values = np.array([physics_iq_score(numbers[rows], variance[rows]) for rows in kept])
    if not np.isfinite(values).all():
        return None
    error = float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))
    half, value = quantile(_LEVEL, [1.0], [count - 1]) * error, physics_iq_score(numbers, variance)
    return Interval(value - half, value + half, error, f"jackknife-{count}-videos-95")
