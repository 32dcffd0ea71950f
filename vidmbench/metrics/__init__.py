"""Metrics on features: moments, the Fréchet distance, and how sure a number is. Never loads torch."""

from vidmbench.metrics.frechet import FrechetParts, frechet_distance, frechet_interval, frechet_parts
from vidmbench.metrics.moments import Moments, Normalisation
from vidmbench.metrics.uncertainty import Interval, TwoSampleStatistic, jackknife_interval

__all__ = [
    "FrechetParts",
    "Interval",
    "Moments",
    "Normalisation",
    "TwoSampleStatistic",
    "frechet_distance",
    "frechet_interval",
    "frechet_parts",
    "jackknife_interval",
]
