"""The Fréchet distance between two Gaussians, exact also when there are fewer samples than features.

    d² = |mu_1 - mu_2|² + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^(1/2)

Dowson and Landau (1982, "The Fréchet distance between multivariate normal distributions"); on network
features Heusel et al. (2017, FID) and Unterthiner et al. (2018, FVD).

The last trace is taken without any matrix root. With S = Fᵀ F on each side, the non-zero eigenvalues of
S_1 S_2 are the squared singular values of F_1 F_2ᵀ, so the trace is the sum of those singular values. F comes
from a pivoted Cholesky decomposition and has as many rows as the covariance has rank: below that, rounding
noise would enter as its square root. Of two ways to the same sum, the eigenvalues of F_1 S_2 F_1ᵀ cost half as
much but lose half of the digits where singular values are small; the singular values themselves do not.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vidmbench.core.arguments import ArgumentError, wrong_argument
from vidmbench.core.arrays import Covariance, Mean
from vidmbench.metrics.blas import one_blas_thread
from vidmbench.metrics.moments import Moments, Normalisation, checked_features
from vidmbench.metrics.uncertainty import Interval, TwoSampleStatistic, jackknife_interval

#: Features from which on a decomposition takes long enough to look for a faster one.
LARGE = 1024


@dataclass(frozen=True)
class FrechetParts:
    """The two terms of the squared distance, both at least 0.

    Attributes:
        mean: |mu_1 - mu_2|².
        covariance: tr S_1 + tr S_2 - 2 tr (S_1 S_2)^(1/2). It is never negative but for rounding, some 1e-15
            of the traces, which is clipped at 0.
    """

    mean: float
    covariance: float

    @property
    def distance(self) -> float:
        """The squared Fréchet distance d², the number printed as FVD or FID."""
        return self.mean + self.covariance


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian in the form the distance needs, so that one side can be compared many times.

    Attributes:
        mean: float64 (feature,).
        trace: Trace of the covariance.
        factor: F with Fᵀ F = covariance, float64 (rank, feature).
    """

    mean: Mean
    trace: float
    factor: npt.NDArray[np.float64]

    @classmethod
    def of(cls, moments: Moments, normalisation: Normalisation, ridge: float = 0.0) -> "Gaussian":
        """The Gaussian with these moments.

        Args:
            moments: At least two samples.
            normalisation: What the scatter is divided by.
            ridge: What is added to the diagonal of the covariance.

        Returns:
            Mean, trace and factor; the factor has at most count - 1 rows, or all where there is a ridge.
        """
        covariance, max_rank = moments.covariance(normalisation), moments.count - 1
        if ridge:
            covariance, max_rank = covariance + ridge * np.eye(len(covariance)), len(covariance)
        return cls(moments.mean, float(np.trace(covariance)), covariance_factor(covariance, max_rank))

    @classmethod
    def of_samples(cls, samples: npt.NDArray[Any], normalisation: Normalisation) -> "Gaussian":
        """The Gaussian of a few samples, without a decomposition of their covariance.

        Args:
            samples: float32 or float64 (sample, feature), at least two.
            normalisation: What the scatter is divided by.

        Returns:
            Mean, trace and factor; the factor has as many rows as there are samples.
        """
        rows = samples.astype(np.float64)
        mean = rows.mean(axis=0)
        factor = (rows - mean) / np.sqrt(len(rows) if normalisation == "n" else len(rows) - 1)
        return cls(mean, float((factor * factor).sum()), factor)

    def order(self) -> tuple[int, float, float, bytes]:
        """A key that puts two Gaussians in the same order however they are given."""
        return len(self.factor), self.trace, float(np.abs(self.factor).sum()), self.mean.tobytes()


def covariance_factor(covariance: Covariance, max_rank: int) -> npt.NDArray[np.float64]:
    """F with Fᵀ F = covariance, by Cholesky decomposition with diagonal pivoting (LAPACK dpstrf).

    A large covariance of full rank needs no pivots, and takes a quarter of the time without (dpotrf).

    The decomposition stops where the largest remaining pivot is below feature * eps * largest variance, and
    rows past ``max_rank`` are dropped: n samples span n - 1 directions, whatever rounding says.

    Args:
        covariance: float64 (feature, feature), symmetric positive semidefinite.
        max_rank: An upper bound of the true rank.

    Returns:
        float64 (rank, feature); no rows where all features are constant.
    """
    if len(covariance) >= LARGE and max_rank >= len(covariance):
        factor = _without_pivots(covariance)
        if factor is not None:
            return factor
    from scipy.linalg import lapack  # slow to import

    triangle, pivots, rank, _ = lapack.dpstrf(covariance, lower=0)
    rank = min(int(rank), max_rank)
    factor = np.empty((rank, len(covariance)))
    factor[:, pivots - 1] = np.triu(triangle[:rank])
    return factor


def _without_pivots(covariance: Covariance) -> npt.NDArray[np.float64] | None:
    """The same without pivoting; None where a pivot is so small that the rank is in doubt."""
    try:
        lower = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return None
    smallest = len(covariance) * np.finfo(np.float64).eps * covariance.diagonal().max()
    return lower.T if float((lower.diagonal() ** 2).min()) > smallest else None


def compare(a: Gaussian, b: Gaussian) -> FrechetParts:
    """The terms of the distance between two prepared Gaussians; limits no threads.

    Args:
        a: One Gaussian.
        b: The other, with as many features.

    Returns:
        The same bits whichever comes first.

    Raises:
        ArgumentError: The numbers of features differ.
    """
    if a.mean.size != b.mean.size:
        raise ArgumentError(f"cannot compare moments of {a.mean.size} and {b.mean.size} features")
    a, b = sorted((a, b), key=Gaussian.order)
    difference = a.mean - b.mean
    cross = a.factor @ b.factor.T
    root_trace = float(np.linalg.svd(cross, compute_uv=False).sum()) if cross.size else 0.0
    return FrechetParts(float(difference @ difference), max(0.0, a.trace + b.trace - 2.0 * root_trace))


def frechet_parts(a: Moments, b: Moments, *, normalisation: Normalisation, ridge: float = 0.0) -> FrechetParts:
    """Mean term and covariance term of the squared Fréchet distance.

    Args:
        a: Moments of one side, at least two samples.
        b: Moments of the other side, with as many features.
        normalisation: What the scatters are divided by, "n" or "n-1".
        ridge: What is added to the diagonals of both covariances, as some codes do to invert them.

    Returns:
        Both terms, in units of squared features.

    Raises:
        DataError: A side has fewer than two samples.
        ArgumentError: The numbers of features differ.
    """
    for name, moments in (("a", a), ("b", b)):
        if not isinstance(moments, Moments):
            raise wrong_argument(name, "Moments, such as Moments.of(features)", moments)
    with one_blas_thread():
        return compare(Gaussian.of(a, normalisation, ridge), Gaussian.of(b, normalisation, ridge))


def frechet_distance(a: Moments, b: Moments, *, normalisation: Normalisation, ridge: float = 0.0) -> float:
    """The squared Fréchet distance d² between the Gaussians with these moments.

    Args:
        a: Moments of one side, at least two samples.
        b: Moments of the other side, with as many features.
        normalisation: What the scatters are divided by, "n" or "n-1".
        ridge: What is added to the diagonals of both covariances, as some codes do to invert them.

    Returns:
        d², at least 0; the same bits with the arguments exchanged.

    Raises:
        DataError: A side has fewer than two samples.
        ArgumentError: The numbers of features differ.

    Example:
        >>> import numpy as np
        >>> from vidmbench import Moments, frechet_distance
        >>> features = np.random.default_rng(0).normal(size=(50, 400))  # fewer samples than features are exact too
        >>> a, b = Moments.of(features), Moments.of(features + 0.5)
        >>> round(frechet_distance(a, b, normalisation="n"), 6)  # 400 means moved by a half
        100.0
    """
    return frechet_parts(a, b, normalisation=normalisation, ridge=ridge).distance


def frechet_interval(
    real: npt.NDArray[Any],
    fake: npt.NDArray[Any],
    *,
    normalisation: Normalisation,
    ridge: float = 0.0,
    groups: int = 20,
    level: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """An interval for the expected Fréchet distance at these counts.

    Args:
        real: float32 or float64 (sample, feature), or (cluster, sample, feature) where samples of one cluster, such
            as frames of one clip, are not independent; clusters stay whole.
        fake: The same of the other side.
        normalisation: What the scatters are divided by, "n" or "n-1".
        ridge: What is added to the diagonals of both covariances.
        groups: The most groups a side is cut into.
        level: The probability with which the interval should hold the expected value.
        seed: Decides which samples share a group.

    Returns:
        The interval, or None where :func:`~vidmbench.metrics.uncertainty.jackknife_interval` has none.
    """
    features = real.shape[-1]
    if features >= LARGE and not ridge and max(real.size, fake.size) < features**2:
        return jackknife_interval(real, fake, _of_few(normalisation), groups=groups, level=level, seed=seed)
    statistic = TwoSampleStatistic(
        summarise=lambda samples: Moments.of(samples.reshape(-1, samples.shape[-1])),
        prepare=lambda moments: Gaussian.of(moments, normalisation, ridge),
        compare=lambda a, b: compare(a, b).distance,
    )
    return jackknife_interval(real, fake, statistic, groups=groups, level=level, seed=seed)


@dataclass(frozen=True, eq=False)
class _Samples:
    """Samples, (sample, feature), that merge with others."""

    rows: npt.NDArray[Any]

    def merge(self, other: "_Samples") -> "_Samples":
        return _Samples(np.concatenate([self.rows, other.rows]))


def _of_few(normalisation: Normalisation) -> "TwoSampleStatistic[_Samples, Gaussian]":
    """The distance of fewer samples than features, which needs no covariance, but for rounding the same."""

    def of(samples: npt.NDArray[Any]) -> _Samples:
        rows = samples.reshape(-1, samples.shape[-1])
        checked_features(rows)
        return _Samples(rows)

    return TwoSampleStatistic(
        summarise=of,
        prepare=lambda samples: Gaussian.of_samples(samples.rows, normalisation),
        compare=lambda a, b: compare(a, b).distance,
    )
