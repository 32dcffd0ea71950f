"""Metrics on features: distances, scores and their uncertainty. Never loads torch."""

from vidmbench.metrics.frechet import FrechetParts, frechet_distance, frechet_interval, frechet_parts
from vidmbench.metrics.inception_score import (
    ScoreSpread,
    inception_score,
    inception_score_from_logits,
    inception_score_interval,
)
from vidmbench.metrics.infinity import Extrapolation, frechet_infinity
from vidmbench.metrics.kernel import kernel_distance, kernel_distance_subsets, kernel_interval
from vidmbench.metrics.moments import Moments, Normalisation
from vidmbench.metrics.paired import PairedDifference, paired_difference
from vidmbench.metrics.precision_recall import PRDC, density_coverage, prdc, precision_recall, realism
from vidmbench.metrics.uncertainty import Interval, TwoSampleStatistic, jackknife_interval

__all__ = [
    "PRDC",
    "Extrapolation",
    "FrechetParts",
    "Interval",
    "Moments",
    "Normalisation",
    "PairedDifference",
    "ScoreSpread",
    "TwoSampleStatistic",
    "density_coverage",
    "frechet_distance",
    "frechet_infinity",
    "frechet_interval",
    "frechet_parts",
    "inception_score",
    "inception_score_from_logits",
    "inception_score_interval",
    "jackknife_interval",
    "kernel_distance",
    "kernel_distance_subsets",
    "kernel_interval",
    "paired_difference",
    "prdc",
    "precision_recall",
    "realism",
]
