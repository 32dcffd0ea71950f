"""The Inception Score: how confident a classifier is about each sample, and how varied its answers are.

    IS = exp( mean over samples of KL( p(y|x) || p(y) ) ),   p(y) = mean over samples of p(y|x)

Salimans et al. (2016, "Improved techniques for training GANs", section 4). It is between 1 and the number of
classes, and not above the number of samples. Few samples make it small, as p(y) is then fitted to them: ten splits
of 2048 videos are ten scores of 205 videos, lower than the one score of all of them.

Codes in use differ in three choices, which are arguments here:

    code                                                   splits  shuffled with           eps
    StyleGAN-V  src/metrics/video_inception_score.py       10      RandomState(42)         none
    torch-fidelity  torch_fidelity/metric_isc.py           10      RandomState(2020)       none
    VIDM        scripts/evaluate_VIS.py                    10      not at all              none
    TGANv2      tgan2/evaluations/inception_score.py       1       not at all              1e-20
    TGAN        evaluation/calc_inception.py               1       not at all              1e-7

Without shuffling, samples sorted by class give splits of few classes each and so a lower score.

With fewer videos than requested StyleGAN-V and VIDM still cut at the indices meant for 2048, so the last splits are
short or empty; here the cuts depend on the actual number of samples.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vidmbench.core.arguments import ArgumentError, flag, real_number, seed_number, whole_number, wrong_argument
from vidmbench.core.errors import DataError
from vidmbench.core.seeding import generator
from vidmbench.metrics.jackknife import MIN_SAMPLES, GroupedSample, check_options, quantile
from vidmbench.metrics.uncertainty import Interval

ROWS_AT_ONCE = 4096  # bounds the float64 copies
SUM_TOLERANCE = 1e-4  # a float32 softmax over 1008 classes is off by some 1e-6


@dataclass(frozen=True)
class ScoreSpread:
    """An Inception Score over splits of one set of samples.

    Attributes:
        mean: Mean over the splits, the score itself with one split.
        std: Standard deviation over the splits, divided by their number (ddof 0); 0 with one split. The codes in
            use print it behind ±. It tells how much scores of a split vary, not the uncertainty of the mean.
        per_split: The score of each split, in order.
    """

    mean: float
    std: float
    per_split: tuple[float, ...]


def inception_score(
    probabilities: npt.NDArray[Any],
    *,
    splits: int = 1,
    eps: float = 0.0,
    seed: int | None = None,
    must_divide: bool = False,
) -> ScoreSpread:
    """The Inception Score of class probabilities.

    Args:
        probabilities: float32 or float64 (sample, class), not negative; each row sums to one within SUM_TOLERANCE.
        splits: Into how many parts of consecutive samples the set is cut, at least 1; part i begins at sample
            i * samples // splits.
        eps: Added to both probabilities inside the logarithms, not negative. With 0, 0 log 0 is 0; the codes
            without one return NaN there. TGANv2 adds its 1e-20 also outside, which changes no digit.
        seed: Rows are put in the order ``RandomState(seed).permutation(samples)`` first, which is what
            ``RandomState(seed).shuffle(probabilities)`` does; 0 to 2³² - 1, or None to leave them as they are.
        must_divide: Whether splits of unequal size are refused.

    Returns:
        Mean, spread, and the score of each split, each between 1 and the number of classes.

    Raises:
        DataError: There are fewer samples than splits, or ``must_divide`` and splits that would be unequal.
        ArgumentError: The array is no such array, or splits or eps is out of range.

    Example:
        >>> import numpy as np
        >>> from vidmbench import inception_score
        >>> sure_and_varied = np.eye(10)[np.arange(1000) % 10]
        >>> round(inception_score(sure_and_varied).mean, 6)
        10.0
        >>> inception_score(np.full((1000, 10), 0.1), splits=10).mean
        1.0
    """
    splits, seed = whole_number("splits", splits), seed_number(seed, bits=32)
    eps, must_divide = real_number("eps", eps), flag("must_divide", must_divide)
    _check_probabilities(probabilities)
    _check_eps(eps)
    count = len(probabilities)
    bounds = _bounds(count, splits, must_divide)
    order = np.arange(count) if seed is None else np.random.RandomState(seed).permutation(count)
    scores = tuple(_Entropies.of(probabilities, order[start:stop], eps).score for start, stop in pairwise(bounds))
    return ScoreSpread(float(np.mean(scores)), float(np.std(scores)), scores)


def inception_score_from_logits(
    logits: npt.NDArray[Any],
    *,
    splits: int = 1,
    eps: float = 0.0,
    seed: int | None = None,
    must_divide: bool = False,
) -> ScoreSpread:
    """The Inception Score of a classifier's outputs before the softmax, which is taken in float64.

    Args:
        logits: float32 or float64 (sample, class), finite.
        splits: As in :func:`inception_score`.
        eps: As in :func:`inception_score`.
        seed: As in :func:`inception_score`.
        must_divide: As in :func:`inception_score`.

    Returns:
        As :func:`inception_score`.

    Raises:
        DataError: As in :func:`inception_score`.
        ArgumentError: The array is no such array, or splits or eps is out of range.
    """
    from scipy.special import softmax  # slow to import

    _check_array(logits, "logits")
    probabilities = softmax(logits.astype(np.float64), axis=1)
    return inception_score(probabilities, splits=splits, eps=eps, seed=seed, must_divide=must_divide)


def inception_score_interval(
    probabilities: npt.NDArray[Any],
    *,
    level: float = 0.95,
    groups: int = 20,
    seed: int = 0,
    eps: float = 0.0,
) -> Interval | None:
    """An interval for the expected Inception Score at this count, of one split, by a grouped jackknife.

    The jackknife of :mod:`vidmbench.metrics.jackknife` over one sample. Of 300 to 1000 simulated intervals at 95 % in
    each of eight cases (Dirichlet probabilities of 10 and 101 classes, 8 to 2048 samples) 95 to 98 % held the
    expected value, with standard errors up to 1.2 times too large. "Expected at this count" is meant: the score
    itself still rises with the number of samples.

    Args:
        probabilities: float32 or float64 (sample, class), as in :func:`inception_score`.
        level: The probability with which the interval should hold the expected value, between 0 and 1.
        groups: The most groups the samples are cut into, at least 2.
        seed: Decides which samples share a group.
        eps: As in :func:`inception_score`.

    Returns:
        The interval, centred at the score before its ends are held between 1 and the number of classes, of kind
        "jackknife-20-95" for 20 groups and 95 %; or None with fewer than four samples.

    Raises:
        ArgumentError: The array is no such array, or groups, level or eps is out of range.
    """
    _check_probabilities(probabilities)
    _check_eps(eps)
    check_options(groups, level)
    if len(probabilities) < MIN_SAMPLES:
        return None
    sample = GroupedSample.cut(
        probabilities,
        lambda rows: _Entropies.of(rows, np.arange(len(rows)), eps),
        max_groups=groups,
        random=generator(seed, "jackknife", "fake"),
    )
    score = sample.whole().score
    variance = sample.variance([entropies.score for entropies in sample.without_each()])
    error = float(np.sqrt(variance))
    half_width = error * quantile(level, [variance], [sample.degrees_of_freedom])
    return Interval(
        low=max(1.0, score - half_width),
        high=min(float(probabilities.shape[1]), score + half_width),
        standard_error=error,
        kind=f"jackknife-{len(sample.groups)}-{100 * level:g}",
    )


@dataclass(frozen=True, eq=False)
class _Entropies:
    """All the score needs of some samples; two of them add up."""

    count: int
    conditional: float  # sum over samples and classes of p log(p + eps)
    total: npt.NDArray[np.float64]  # sum over samples of p, (class,)
    eps: float

    @classmethod
    def of(cls, probabilities: npt.NDArray[Any], rows: npt.NDArray[np.intp], eps: float) -> "_Entropies":
        from scipy.special import xlogy  # slow to import

        conditional, total = 0.0, np.zeros(probabilities.shape[1])
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = probabilities[rows[start : start + ROWS_AT_ONCE]].astype(np.float64)
            conditional += float(xlogy(block, block + eps).sum())
            total += block.sum(axis=0)
        return cls(len(rows), conditional, total, eps)

    def merge(self, other: "_Entropies") -> "_Entropies":
        return _Entropies(
            self.count + other.count, self.conditional + other.conditional, self.total + other.total, self.eps
        )

    @property
    def score(self) -> float:
        from scipy.special import xlogy

        marginal = self.total / self.count
        divergence = self.conditional / self.count - float(xlogy(marginal, marginal + self.eps).sum())
        return float(np.exp(max(0.0, divergence)))  # below 0 by rounding only: p log(p + eps) is convex


def _bounds(count: int, splits: int, must_divide: bool) -> list[int]:
    """Where the splits begin and end."""
    if splits < 1:
        raise ArgumentError(f"an Inception Score needs at least 1 split, found {splits}")
    if count < splits:
        raise DataError(
            f"{count} samples cannot be cut into {splits} splits",
            expected=f"at least {splits} samples",
            found=f"{count}",
            fix="score more videos, or take fewer splits",
        )
    if must_divide and count % splits:
        below = count - count % splits
        raise DataError(
            f"{count} samples do not divide into {splits} splits of equal size",
            expected=f"a multiple of {splits}, such as {below} or {below + splits}",
            found=f"{count}",
            fix=f"score {below} or {below + splits} videos, or allow unequal splits",
        )
    return [index * count // splits for index in range(splits + 1)]


def _check_array(array: npt.NDArray[Any], name: str) -> None:
    """Refuses what is not a finite, non-empty float32 or float64 array (sample, class)."""
    if not isinstance(array, np.ndarray):
        raise wrong_argument(name, "a numpy array (sample, class), float32 or float64", array)
    if array.ndim != 2:
        raise ArgumentError(f"{name} must be (sample, class), found an array of shape {array.shape}")
    if array.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ArgumentError(f"{name} must be float32 or float64, found {array.dtype}")
    if array.size == 0:
        raise ArgumentError(f"{name} must not be empty, found shape {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise ArgumentError(f"{name} must be finite: {bad.size} samples hold NaN or infinity, the first is {bad[0]}")


def _check_probabilities(probabilities: npt.NDArray[Any]) -> None:
    """Refuses what are not class probabilities."""
    _check_array(probabilities, "probabilities")
    bad = np.flatnonzero((probabilities < 0.0).any(axis=1))
    if bad.size:
        raise ArgumentError(
            f"probabilities must not be negative: those of {bad.size} samples are, the first is {bad[0]}; "
            "inception_score_from_logits takes outputs before the softmax"
        )
    sums = probabilities.sum(axis=1, dtype=np.float64)
    bad = np.flatnonzero(np.abs(sums - 1.0) > SUM_TOLERANCE)
    if bad.size:
        raise ArgumentError(
            f"the probabilities of a sample must sum to one: those of {bad.size} samples do not, the first is "
            f"{bad[0]} with {sums[bad[0]]:.6g}; inception_score_from_logits takes outputs before the softmax"
        )


def _check_eps(eps: float) -> None:
    """Refuses an eps that is not a small number."""
    if not 0.0 <= eps < 1.0:
        raise ArgumentError(f"eps is a number from 0 to below 1, found {eps}")
