"""The extrapolation in 1 / n and the test of two models in plain loops."""

import math

import numpy as np
from scipy import stats


def line_by_least_squares(x, values):
    """Value at 0 and slope: weights 1 / (x - first x), and one that holds the first point fast."""
    weights = np.array([1e12, *(1.0 / (place - x[0]) for place in x[1:])])
    design = np.stack([np.ones(len(x)), np.array(x)], axis=1) * np.sqrt(weights)[:, None]
    return np.linalg.lstsq(design, np.sqrt(weights) * np.array(values), rcond=None)[0]


def mean_over_parts(real, fake, real_labels, fake_labels, value_of):
    """The mean of value_of(part, part) over the parts of one cut."""
    values = []
    for part in sorted(set(real_labels)):
        own_real = np.array([row for row, label in zip(real, real_labels, strict=True) if label == part])
        own_fake = np.array([row for row, label in zip(fake, fake_labels, strict=True) if label == part])
        values.append(value_of(own_real, own_fake))
    return sum(values) / len(values)


def difference_test(count, shares, difference):
    """p value and half width at 95 % from lists of values without each group, one list a side."""
    variances, degrees = [], []
    for values, size in shares:
        mean = sum(values) / len(values)
        spread = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        variances.append((count - size) ** 2 / (count * size) * spread)
        degrees.append(len(values) - 1)
    error = math.sqrt(sum(variances))
    freedom = sum(variances) ** 2 / sum(v * v / d for v, d in zip(variances, degrees, strict=True))
    return error, 2.0 * stats.t.cdf(-abs(difference) / error, freedom), error * stats.t.ppf(0.975, freedom)
