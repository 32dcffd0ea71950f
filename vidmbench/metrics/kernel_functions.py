"""Kernels between samples, and their sums over pairs, block by block in float64."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from vidmbench.core.arguments import ArgumentError, real_number, whole_number, wrong_argument

BLOCK_ROWS = 1024  # a block of kernels is at most this squared: 8 MiB


#: Of a polynomial kernel: the powers are multiplied one by one.
HIGHEST_DEGREE = 1000


@dataclass(frozen=True)
class PolynomialKernel:
    """k(x, y) = (gamma x·y + coef0)^degree, summed over pairs of rows.

    Attributes:
        degree: The power, at least 1.
        gamma: Factor of the dot product, positive; None for 1 / number of features.
        coef0: What is added to it, not negative.
    """

    degree: int = 3
    gamma: float | None = None
    coef0: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "degree", whole_number("degree", self.degree))
        object.__setattr__(self, "coef0", real_number("coef0", self.coef0))
        if self.gamma is not None:
            object.__setattr__(self, "gamma", real_number("gamma", self.gamma))
        if self.degree < 1:
            raise ArgumentError(f"the degree of a polynomial kernel is at least 1, found {self.degree}")
        if self.degree > HIGHEST_DEGREE:
            raise wrong_argument("degree", f"a degree up to {HIGHEST_DEGREE}", self.degree)
        if self.gamma is not None and not (isfinite(self.gamma) and self.gamma > 0.0):
            raise ArgumentError(f"the gamma of a polynomial kernel is a positive number, found {self.gamma}")
        if not (isfinite(self.coef0) and self.coef0 >= 0.0):
            raise ArgumentError(f"the coef0 of a polynomial kernel is 0 or a positive number, found {self.coef0}")

    def values(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """All kernels of two blocks, float64 (row of x, row of y)."""
        base: npt.NDArray[np.float64] = x.astype(np.float64) @ y.astype(np.float64).T
        base *= 1.0 / x.shape[1] if self.gamma is None else self.gamma
        base += self.coef0
        power = base.copy()
        for _ in range(self.degree - 1):
            power *= base  # numpy's own power goes through pow(), many times slower
        return power


@dataclass(frozen=True)
class GaussianKernel:
    """k(x, y) = exp(-|x - y|² / (2 sigma²)).

    Attributes:
        sigma: The width, positive.
    """

    sigma: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigma", real_number("sigma", self.sigma))
        if not (isfinite(self.sigma) and self.sigma > 0.0):
            raise ArgumentError(f"the sigma of a Gaussian kernel is a positive number, found {self.sigma}")

    def values(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """All kernels of two blocks, float64 (row of x, row of y)."""
        x, y = x.astype(np.float64), y.astype(np.float64)
        squares: npt.NDArray[np.float64] = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2.0 * (x @ y.T)
        return np.exp(np.maximum(squares, 0.0) / (-2.0 * self.sigma**2))


Kernel = PolynomialKernel | GaussianKernel


def between(kernel: Kernel, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> float:
    """The sum of k over all pairs of a row of x (sample, feature) and a row of y (sample, feature)."""
    return float(sum(kernel.values(a, b).sum() for a in _blocks(x) for b in _blocks(y)))


def within(kernel: Kernel, x: npt.NDArray[Any], *, is_biased: bool) -> float:
    """The sum of k over ordered pairs of two rows of x (sample, feature); of different ones unless it is biased."""
    total = 0.0
    for block in _blocks(x):
        values = kernel.values(block, block)
        if not is_biased:
            np.fill_diagonal(values, 0.0)
        total += float(values.sum())
    return total + 2.0 * sum(float(kernel.values(a, b).sum()) for a, b in combinations(_blocks(x), 2))


def _blocks(rows: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Consecutive rows, at most BLOCK_ROWS at a time."""
    for start in range(0, len(rows), BLOCK_ROWS):
        yield rows[start : start + BLOCK_ROWS]


def chosen_kernel(degree: int, gamma: float | None, coef0: float, sigma: float | None) -> Kernel:
    """A Gaussian kernel where sigma is given, else the polynomial one."""
    return PolynomialKernel(degree, gamma, coef0) if sigma is None else GaussianKernel(sigma)
