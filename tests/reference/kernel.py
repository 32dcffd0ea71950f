"""The kernel distance in plain loops over pairs of samples, exactly summed."""

import math

import numpy as np


def polynomial(x, y, degree, gamma, coef0):
    """One kernel, by Python's own numbers."""
    product = math.fsum(float(a) * float(b) for a, b in zip(x, y, strict=True))
    return ((1.0 / len(x) if gamma is None else gamma) * product + coef0) ** degree


def mmd2(real, fake, degree=3, gamma=None, coef0=1.0):
    """Gretton et al. (2012), Equation 3, one pair at a time."""
    num_real, num_fake = len(real), len(fake)
    same_real, same_fake, mixed = [], [], []
    for i in range(num_real):
        for j in range(num_real):
            if i != j:
                same_real.append(polynomial(real[i], real[j], degree, gamma, coef0))
    for i in range(num_fake):
        for j in range(num_fake):
            if i != j:
                same_fake.append(polynomial(fake[i], fake[j], degree, gamma, coef0))
    for i in range(num_real):
        for j in range(num_fake):
            mixed.append(polynomial(real[i], fake[j], degree, gamma, coef0))
    return (
        math.fsum(same_real) / (num_real * (num_real - 1))
        + math.fsum(same_fake) / (num_fake * (num_fake - 1))
        - 2.0 * math.fsum(mixed) / (num_real * num_fake)
    )


def mmd2_over_subsets(real, fake, subsets, subset_size, seed):
    """The values of subsets drawn one after the other from one legacy generator, real first."""
    random = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        rows = random.permutation(len(real))[:subset_size]
        columns = random.permutation(len(fake))[:subset_size]
        values.append(mmd2(real[rows], fake[columns]))
    return values
