"""Mean and covariance of features, gathered batch by batch without losing digits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vidmbench.core.arguments import ArgumentError, whole_number, wrong_argument
from vidmbench.core.arrays import Covariance, Mean
from vidmbench.core.checksums import BLANK, checksum_holds, fill_checksum
from vidmbench.core.errors import DataError
from vidmbench.core.files import replacing
from vidmbench.core.inputs import refuse_special

Normalisation = Literal["n", "n-1"]

ROWS_AT_ONCE = 4096  # bounds the float64 copy that centring needs
FILE_FORMAT = "vidmbench-moments-1"


@dataclass(frozen=True, eq=False)
class Moments:
    """The first two moments of a set of feature vectors, as a sum that can go on growing.

    Kept as count, mean and scatter rather than as sums of x and x xᵀ: those cancel when the mean is large
    against the spread. Two of them merge by the pairwise update of Chan, Golub and LeVeque (1979, "Updating
    formulae and a pairwise algorithm for computing sample variances"), so neither the order nor the size of
    the batches matters beyond rounding.

    Attributes:
        count: How many feature vectors went in, at least 1.
        mean: Their mean, float64 (feature,), read-only.
        scatter: Sum over samples of (x - mean)(x - mean)ᵀ, float64 (feature, feature), read-only.

    Example:
        >>> import numpy as np
        >>> from vidmbench import Moments
        >>> features = np.random.default_rng(0).normal(size=(100, 3))
        >>> whole = Moments.of(features)
        >>> parts = Moments.of(features[:30]).merge(Moments.of(features[30:]))
        >>> whole.count, bool(np.allclose(whole.covariance("n-1"), np.cov(features.T)))
        (100, True)
        >>> bool(np.allclose(whole.scatter, parts.scatter))
        True
    """

    count: int
    mean: Mean
    scatter: Covariance

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", whole_number("count", self.count))
        for name in ("mean", "scatter"):
            value = getattr(self, name)
            if not isinstance(value, np.ndarray) or value.dtype != np.float64:
                raise wrong_argument(name, "a numpy array of float64", value)
        if self.count < 1:
            raise ArgumentError(f"moments need a count of at least 1, found {self.count}")
        if self.mean.ndim != 1 or self.scatter.shape != (self.mean.size, self.mean.size):
            raise ArgumentError(
                "moments need a mean (feature,) and a scatter (feature, feature), "
                f"found {self.mean.shape} and {self.scatter.shape}"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.scatter).all()):
            raise DataError("moments are not finite: the features are too large for float64 sums of squares")
        self.mean.setflags(write=False)
        self.scatter.setflags(write=False)

    @classmethod
    def of(cls, features: npt.NDArray[Any]) -> "Moments":
        """The moments of one array of features.

        Args:
            features: float32 or float64 (sample, feature), finite, at least one sample.

        Returns:
            Moments whose ``count`` is the number of rows.

        Raises:
            ArgumentError: The array has another rank or dtype, is empty, or holds NaN or infinity.
        """
        checked_features(features)
        total = cls._of_block(features[:ROWS_AT_ONCE])
        for start in range(ROWS_AT_ONCE, len(features), ROWS_AT_ONCE):
            total = total.merge(cls._of_block(features[start : start + ROWS_AT_ONCE]))
        return total

    @classmethod
    def _of_block(cls, block: npt.NDArray[Any]) -> "Moments":
        """Two passes over one block; the second takes out what rounding left of the mean."""
        count = len(block)
        rows = block.astype(np.float64)
        mean = rows.mean(axis=0)
        rows -= mean
        left_over = rows.mean(axis=0)
        scatter = rows.T @ rows - count * np.outer(left_over, left_over)
        return cls(count, mean + left_over, scatter)

    @property
    def num_features(self) -> int:
        """The length of one feature vector."""
        return int(self.mean.size)

    def merge(self, other: "Moments") -> "Moments":
        """The moments of both sets together.

        With delta = other.mean - self.mean, the scatters add up to their sum plus
        delta deltaᵀ n_self n_other / (n_self + n_other).

        Args:
            other: Moments of features of the same length.

        Returns:
            New moments; neither argument changes.

        Raises:
            ArgumentError: The feature lengths differ.
        """
        if not isinstance(other, Moments):
            raise wrong_argument("other", "Moments", other)
        if self.num_features != other.num_features:
            raise ArgumentError(f"cannot merge moments of {self.num_features} and {other.num_features} features")
        count = self.count + other.count
        delta = other.mean - self.mean
        mean = self.mean + delta * (other.count / count)
        between = np.outer(delta, delta)
        between *= self.count * (other.count / count)
        between += self.scatter
        between += other.scatter
        return Moments(count, mean, between)

    def update(self, features: npt.NDArray[Any]) -> "Moments":
        """The moments after one more batch of features, (sample, feature) as in :meth:`of`."""
        return self.merge(Moments.of(features))

    def covariance(self, normalisation: Normalisation) -> Covariance:
        """The covariance, scatter / n ("n") or scatter / (n - 1) ("n-1").

        Args:
            normalisation: What the scatter is divided by; the codes in use differ, so it is never implied.

        Returns:
            float64 (feature, feature), symmetric, positive semidefinite, of rank at most n - 1.

        Raises:
            DataError: There are fewer than two samples.
            ArgumentError: The normalisation is neither "n" nor "n-1".
        """
        if not isinstance(normalisation, str) or normalisation not in ("n", "n-1"):
            raise ArgumentError(f"the covariance normalisation is 'n' or 'n-1', found {normalisation!r}")
        if self.count < 2:
            raise DataError(
                "one sample has no covariance",
                expected="at least 2 videos on each side",
                found=f"{self.count}",
                fix="score more videos",
            )
        divided: Covariance = self.scatter / (self.count if normalisation == "n" else self.count - 1)
        return divided

    def save(self, path: Path) -> None:
        """Writes count, mean and scatter, bit for bit, to a safetensors file that appears whole or not at all."""
        tensors = {
            "count": np.array([self.count], dtype=np.int64),
            "mean": np.ascontiguousarray(self.mean),
            "scatter": np.ascontiguousarray(self.scatter),
        }
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata={"format": FILE_FORMAT, **BLANK})
            fill_checksum(temporary)

    @classmethod
    def load(cls, path: Path) -> "Moments":
        """Reads what :meth:`save` wrote.

        Args:
            path: A file written by :meth:`save`.

        Returns:
            The same moments, bit for bit.

        Raises:
            DataError: The file is missing, damaged, or holds something else.
        """
        refuse_special(path)
        try:
            if checksum_holds(path) is False:
                raise ValueError("another sha256 than the one recorded in it")
            with safe_open(path, framework="numpy") as file:
                file_format = (file.metadata() or {}).get("format")
                if file_format != FILE_FORMAT:
                    raise ValueError(f"format {file_format!r}")
                count = int(file.get_tensor("count").item())
                return cls(count, file.get_tensor("mean"), file.get_tensor("scatter"))
        except (OSError, SafetensorError, ValueError) as error:
            raise DataError(
                "cannot read the moments of a set of features",
                expected=f"a safetensors file of format {FILE_FORMAT}",
                found=str(error),
                where=str(path),
                fix="compute the moments again and save them to another file",
            ) from error


def checked_features(features: npt.NDArray[Any]) -> None:
    """Refuses what is not a finite, non-empty float32 or float64 array (sample, feature).

    Args:
        features: The array to look at.

    Raises:
        ArgumentError: Says which of these it is not.
    """
    if not isinstance(features, np.ndarray):
        raise wrong_argument("features", "a numpy array (sample, feature), float32 or float64", features)
    if features.ndim != 2:
        raise ArgumentError(f"features must be (sample, feature), found an array of shape {features.shape}")
    if features.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ArgumentError(f"features must be float32 or float64, found {features.dtype}")
    if features.size == 0:
        raise ArgumentError(f"features must not be empty, found shape {features.shape}")
    blocks = (features[start : start + ROWS_AT_ONCE] for start in range(0, len(features), ROWS_AT_ONCE))
    bad = np.flatnonzero(~np.concatenate([np.isfinite(block).all(axis=1) for block in blocks]))
    if bad.size:
        raise ArgumentError(f"features must be finite: {bad.size} samples hold NaN or infinity, the first is {bad[0]}")
