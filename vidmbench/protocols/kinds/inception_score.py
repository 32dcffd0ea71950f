"""Inception score: the confidence of a classifier in each scored sample, and how varied its answers are."""

import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PositiveInt

from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import DEPENDENT, Counts, Features, MetricKind, Value, jackknife_notes, spread_note
from vidmbench.protocols.stages import StatisticsStage

if TYPE_CHECKING:
    from vidmbench.metrics import Interval


class InceptionScoreStatistics(StatisticsStage):
    """The [statistics] of an inception score.

    Attributes:
        splits: Number of parts that are scored separately.
        log_eps: What is added to probabilities before the logarithm.
        shuffle_seed: Seed of numpy's RandomState that shuffles samples before they are split; None keeps their order.
    """

    splits: Annotated[PositiveInt, ProtocolField("statistics", "splits", words=lambda count: f"{count} splits")]
    log_eps: Annotated[float, Field(ge=0), ProtocolField("statistics", "logeps", lambda eps: f"{Decimal(str(eps)):e}")]
    shuffle_seed: Annotated[int | None, Field(ge=0), ProtocolField("statistics", "shuffle")] = None


class InceptionScore(MetricKind[InceptionScoreStatistics]):
    """Inception score of the scored side alone; see :mod:`vidmbench.metrics.inception_score`."""

    name = "inception-score"
    better = "higher"
    sides = ("fake",)
    accepts = ("logits", "probabilities")
    statistics = InceptionScoreStatistics

    def compute(self, statistics: InceptionScoreStatistics, features: Features) -> tuple[Value, ...]:
        """The score, or its mean over splits with their standard deviation."""
        from vidmbench.metrics import inception_score, inception_score_from_logits  # numpy and scipy are slow to import

        score = inception_score_from_logits if features.meaning == "logits" else inception_score
        spread = score(
            features.rows("fake"), splits=statistics.splits, eps=statistics.log_eps, seed=statistics.shuffle_seed
        )
        if statistics.splits == 1:
            return (Value(spread.mean),)
        return (Value(spread.mean, spread.std, f"sd over {statistics.splits} splits"),)

    def interval(self, statistics: InceptionScoreStatistics, features: Features) -> "Interval | None":
        """A jackknife of the score of all samples, if every clip is one."""
        import numpy as np
        from scipy.special import softmax

        from vidmbench.metrics import inception_score_interval

        if statistics.splits > 1 or not features.is_flat:
            return None
        probabilities = features["fake"]
        if features.meaning == "logits":
            probabilities = softmax(probabilities.astype(np.float64), axis=1)
        return inception_score_interval(probabilities, eps=statistics.log_eps)

    def notes(self, statistics: InceptionScoreStatistics, counts: Counts) -> list[str]:
        """Why there is no interval, and whether the splits differ in size."""
        notes = (
            [spread_note("parts")]
            if statistics.splits > 1
            else [DEPENDENT]
            if counts.are_grouped
            else jackknife_notes(replace(counts, real=counts.fake))
        )
        if counts.fake % statistics.splits:
            notes.append(f"{statistics.splits} splits do not divide {counts.fake} clips: the parts differ by one clip")
        return notes

    def fit_to(self, statistics: InceptionScoreStatistics, num_clips: int) -> InceptionScoreStatistics:
        """As many splits as divide the clips."""
        return statistics.model_copy(update={"splits": math.gcd(num_clips, statistics.splits)})

    def clips_divisor(self, statistics: InceptionScoreStatistics) -> int:
        """The splits."""
        return statistics.splits


KIND = InceptionScore()
