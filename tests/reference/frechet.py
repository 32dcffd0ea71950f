"""The Fréchet distance by other ways than the package: the textbook formula, and 50 decimal digits."""

import mpmath
import numpy as np
import scipy.linalg


def frechet_by_sqrtm(mean_a, covariance_a, mean_b, covariance_b):
    """The formula as most public code writes it, through SciPy's matrix square root; float64, full rank only."""
    root = scipy.linalg.sqrtm(covariance_a @ covariance_b)
    difference = mean_a - mean_b
    traces = np.trace(covariance_a) + np.trace(covariance_b) - 2.0 * np.trace(root).real
    return float(difference @ difference + traces)


def frechet_in_many_digits(samples_a, samples_b, divisor_a, divisor_b, digits=50):
    """From the samples to the distance in many digits, by tr (A^(1/2) B A^(1/2))^(1/2); small arrays only."""
    with mpmath.workdps(digits):
        mean_a, covariance_a = _moments(samples_a, divisor_a)
        mean_b, covariance_b = _moments(samples_b, divisor_b)
        size = covariance_a.rows
        root_a = _root(covariance_a)
        inner = root_a * covariance_b * root_a
        root_trace = sum(mpmath.sqrt(max(value, 0)) for value in mpmath.eigsy(inner, eigvals_only=True))
        distance = sum((mean_a[i] - mean_b[i]) ** 2 for i in range(size))
        distance += sum(covariance_a[i, i] + covariance_b[i, i] for i in range(size))
        return float(distance - 2 * root_trace)


def frechet_from_samples(samples_a, samples_b, divisor_a, divisor_b):
    """The distance without any covariance: tr (A B)^(1/2) is the nuclear norm of the samples' cross products."""
    samples_a, samples_b = samples_a.astype(np.float64), samples_b.astype(np.float64)
    centred_a, centred_b = samples_a - samples_a.mean(axis=0), samples_b - samples_b.mean(axis=0)
    cross = centred_a @ centred_b.T / np.sqrt(float(divisor_a) * float(divisor_b))
    difference = samples_a.mean(axis=0) - samples_b.mean(axis=0)
    traces = (centred_a**2).sum() / divisor_a + (centred_b**2).sum() / divisor_b
    return float(difference @ difference + traces - 2.0 * scipy.linalg.svdvals(cross).sum())


def _moments(samples, divisor):
    rows = [[mpmath.mpf(float(number)) for number in row] for row in samples]
    size = len(rows[0])
    mean = [sum(row[i] for row in rows) / len(rows) for i in range(size)]
    covariance = mpmath.matrix(size, size)
    for i in range(size):
        for j in range(size):
            covariance[i, j] = sum((row[i] - mean[i]) * (row[j] - mean[j]) for row in rows) / divisor
    return mean, covariance


def _root(matrix):
    values, vectors = mpmath.eigsy(matrix)
    return vectors * mpmath.diag([mpmath.sqrt(max(value, 0)) for value in values]) * vectors.T
