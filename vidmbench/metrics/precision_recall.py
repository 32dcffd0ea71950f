"""Precision, recall, density and coverage: what is good and what is missing, by nearest neighbours.

Each sample of a side is the centre of a ball that reaches to its k-th nearest neighbour on that side, itself not
counted. With N real and M generated samples

    precision   share of generated samples inside at least one real ball
    recall      share of real samples inside at least one generated ball
    density     how many real balls a generated sample is inside of, on average, divided by k
    coverage    share of real balls that have a generated sample inside

Precision and recall are those of Kynkäänniemi et al. (2019, "Improved precision and recall metric for assessing
generative models", Equations 1 and 2); density and coverage those of Naeem et al. (2020, "Reliable fidelity and
diversity metrics for generative models").

The authors' codes do not agree on a sample that lies exactly on the surface of a ball, which happens when videos
repeat: kynkaat/improved-precision-and-recall-metric precision_recall.py counts it as inside (<=), and
clovaai/generative-evaluation-prdc prdc/prdc.py does not (<), not even for precision and recall. Here each number
follows the code of its own paper: <= for precision and recall, < for density and coverage.

Distances are differences squared and summed, not |x|² + |y|² - 2 x·y: only so are equal distances equal to the last
bit, and that of a sample to itself 0, and the rule above means something.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vidmbench.core.errors import DataError
from vidmbench.metrics.moments import checked_features

BLOCK_DISTANCES = 2**22  # 32 MiB at a time


@dataclass(frozen=True)
class PRDC:
    """The four numbers of one neighbourhood size.

    Attributes:
        precision: Between 0 and 1.
        recall: Between 0 and 1.
        density: 0 or more; 1 is expected where both sides have one distribution, and more is possible.
        coverage: Between 0 and 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(real: npt.NDArray[Any], fake: npt.NDArray[Any], *, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall, k = 3 as in Kynkäänniemi et al. and torch-fidelity.

    Args:
        real: float32 or float64 (sample, feature), finite, more than k samples.
        fake: float32 or float64 (sample, feature), more than k samples; the counts may differ.
        k: Which neighbour a ball reaches to, at least 1.

    Returns:
        Precision and recall, each between 0 and 1.

    Raises:
        DataError: A side has k samples or fewer.
        ValueError: An array is no such array, the numbers of features differ, k is below 1, or the features are
            too large for float64 sums of squares.
    """
    result = prdc(real, fake, k=k)
    return result.precision, result.recall


def density_coverage(real: npt.NDArray[Any], fake: npt.NDArray[Any], *, k: int = 5) -> tuple[float, float]:
    """Density and coverage, k = 5 as in Naeem et al.

    Args:
        real: float32 or float64 (sample, feature), finite, more than k samples.
        fake: float32 or float64 (sample, feature), more than k samples; the counts may differ.
        k: Which neighbour a ball reaches to, at least 1.

    Returns:
        Density, 0 or more, and coverage, between 0 and 1.

    Raises:
        DataError: A side has k samples or fewer.
        ValueError: As in :func:`precision_recall`.
    """
    result = prdc(real, fake, k=k)
    return result.density, result.coverage


def prdc(real: npt.NDArray[Any], fake: npt.NDArray[Any], *, k: int) -> PRDC:
    """All four numbers for one k, from one pass over the distances.

    Against ``compute_prdc`` of clovaai/generative-evaluation-prdc, precision and recall differ where samples
    repeat (see the top of this file), and k + 1 samples per side are enough where that needs k + 2. Two times 2048
    samples of 400 features take a few seconds; memory stays bounded however many there are.

    Args:
        real: float32 or float64 (sample, feature), finite, more than k samples.
        fake: float32 or float64 (sample, feature), more than k samples; the counts may differ.
        k: Which neighbour a ball reaches to, at least 1.

    Returns:
        Precision, recall, density and coverage.

    Raises:
        DataError: A side has k samples or fewer.
        ValueError: As in :func:`precision_recall`.
    """
    _check(real, fake, k)
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    num_precise = num_inside = 0
    recalled = np.zeros(len(real), dtype=np.bool_)
    covered = np.zeros(len(real), dtype=np.bool_)
    for rows, distances in _squared_distances(fake, real):
        inside = distances < real_radii
        num_precise += int((distances <= real_radii).any(axis=1).sum())
        num_inside += int(inside.sum())
        recalled |= (distances <= fake_radii[rows, np.newaxis]).any(axis=0)
        covered |= inside.any(axis=0)
    return PRDC(
        precision=num_precise / len(fake),
        recall=int(recalled.sum()) / len(real),
        density=num_inside / (k * len(fake)),
        coverage=int(covered.sum()) / len(real),
    )


def realism(real: npt.NDArray[Any], fake: npt.NDArray[Any], *, k: int) -> npt.NDArray[np.float64]:
    """How far inside the real balls each generated sample lies: the precision, sample by sample.

    The realism score of Kynkäänniemi et al. (2019, Section 4): the largest ratio, over all real samples, of a ball's
    radius to the distance from its centre. They omit the larger half of the balls; here all count, so that the
    share of samples with 1 or more is the precision itself.

    Args:
        real: float32 or float64 (sample, feature), finite, more than k samples.
        fake: float32 or float64 (sample, feature), more than k samples; the counts may differ.
        k: Which neighbour a ball reaches to, at least 1.

    Returns:
        float64 (generated sample,), 0 or more; infinite for a sample that equals a real one.

    Raises:
        DataError: A side has k samples or fewer.
        ValueError: As in :func:`precision_recall`.
    """
    _check(real, fake, k)
    radii = _squared_radii(real, k)
    scores = np.empty(len(fake))
    for rows, distances in _squared_distances(fake, real):
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(distances == 0, np.inf, radii / distances)
        scores[rows] = np.sqrt(ratios.max(axis=1))
    return scores


def _squared_radii(samples: npt.NDArray[Any], k: int) -> npt.NDArray[np.float64]:
    """Squared distance of each sample to its k-th nearest neighbour, float64 (sample,)."""
    radii = np.empty(len(samples))
    for rows, distances in _squared_distances(samples, samples):
        radii[rows] = np.partition(distances, k, axis=1)[:, k]  # the sample itself, at 0, comes first
    if not np.isfinite(radii).all():
        raise DataError("distances are not finite: the features are too large for float64 sums of squares")
    return radii


def _squared_distances(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
    """Squared distances of some rows of x at a time to all rows of y, float64 (row of x, row of y)."""
    from scipy.spatial.distance import cdist  # slow to import

    all_y = y.astype(np.float64)
    step = max(1, BLOCK_DISTANCES // len(y))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        yield rows, cdist(x[rows].astype(np.float64), all_y, "sqeuclidean")


def _check(real: npt.NDArray[Any], fake: npt.NDArray[Any], k: int) -> None:
    """Refuses what cannot be compared by k-th neighbours."""
    if k < 1:
        raise ValueError(f"the nearest neighbour is k = 1, found {k}")
    for features in (real, fake):
        checked_features(features)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"cannot compare samples of {real.shape[1]} and {fake.shape[1]} features")
    if min(len(real), len(fake)) <= k:
        raise DataError(
            f"too few samples to have {k} neighbours each",
            expected=f"at least {k + 1} on each side",
            found=f"{len(real)} real and {len(fake)} generated",
            fix="score more videos, or take a smaller k",
        )
