"""Moments the slow way: exact fractions, one number at a time."""

from fractions import Fraction

import numpy as np


def exact_mean(samples):
    """The mean of rows of floats, as exact fractions."""
    rows = [[Fraction(float(number)) for number in row] for row in samples]
    return [sum(row[i] for row in rows) / len(rows) for i in range(len(rows[0]))]


def exact_covariance(samples, divisor):
    """Sum of centred products over ``divisor``, computed without rounding and rounded once at the end."""
    rows = [[Fraction(float(number)) for number in row] for row in samples]
    mean = exact_mean(samples)
    size = len(mean)
    covariance = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            total = sum((row[i] - mean[i]) * (row[j] - mean[j]) for row in rows)
            covariance[i, j] = float(total / divisor)
    return covariance
