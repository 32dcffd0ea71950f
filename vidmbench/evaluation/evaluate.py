"""Protocol + real source + fake source -> measurements: the only place that joins everything."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.progress import Progress
from vidmbench.core.vocabulary import Device, OnBad, Precision
from vidmbench.core.workers import Share
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.features import ShareDone, compute_share, features_of
from vidmbench.evaluation.measurements import measured
from vidmbench.evaluation.optional import Refused
from vidmbench.evaluation.plan import Planned
from vidmbench.evaluation.repeats import Pairs, Repeat, Side
from vidmbench.records.record import Measurement
from vidmbench.videos.source import Source


@dataclass(frozen=True)
class Pair:
    """Two sources and the plans to score one against the other by.

    Attributes:
        real: The real videos.
        fake: The videos to score.
        plans: From :func:`vidmbench.evaluation.plan.plan`.
        scenes: Which real videos show one scene, see :func:`vidmbench.evaluation.scenes.scenes_of`; None for none.
    """

    real: Source
    fake: Source
    plans: tuple[Planned, ...]
    scenes: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """Measurements and what they were made from.

    Attributes:
        measurements: In the order of the plans; a plan of precision and recall gives four.
        repeats: For each plan its repeats, with sources, clips and features.
        refused: Members of a group of protocols that could not score these videos.
    """

    measurements: tuple[Measurement, ...]
    repeats: tuple[tuple[Repeat, ...], ...]
    refused: tuple[Refused, ...] = ()

    def are_cached(self) -> dict[str, bool]:
        """Of each source's label, whether all its features were in the cache."""
        found: dict[str, bool] = {}
        for repeats in self.repeats:
            for label, features in (each for repeat in repeats for each in repeat.feature_sets()):
                found[label] = found.get(label, True) and features.is_cached
        return found


def evaluate(
    real: Source,
    fake: Source,
    plans: Sequence[Planned],
    *,
    precision: Precision = "fp32",
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> Evaluation:
    """Scores one source against another by every plan; each side is read once.

    Args:
        real: The real videos.
        fake: The videos to score.
        plans: From :func:`vidmbench.evaluation.plan.plan`.
        precision: ``fp32`` or ``bf16``.
        device: Where networks run.
        on_bad: Whether a video that cannot be read stops the work or is skipped and listed.
        progress: See :func:`vidmbench.evaluation.features.features_of`.

    Returns:
        The measurements, one or more a plan (one that has no value says why), and the features behind them.

    Raises:
        DataError: A video cannot be read.
        WeightsError: A network's weights are not available.
    """
    pair = Pair(real, fake, tuple(plans))
    (evaluation,) = evaluate_pairs([pair], precision=precision, device=device, on_bad=on_bad, progress=progress)
    return evaluation


def evaluate_pairs(
    pairs: Sequence[Pair],
    *,
    precision: Precision = "fp32",
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> list[Evaluation]:
    """Scores several pairs of sources; what they share is read once.

    Args:
        pairs: The sources with their plans.
        precision: See :func:`evaluate`.
        device: See :func:`evaluate`.
        on_bad: See :func:`evaluate`.
        progress: See :func:`evaluate`; its total is that of all pairs.

    Returns:
        One evaluation a pair.

    Raises:
        VidmbenchError: See :func:`evaluate`.
    """
    started = time.perf_counter()
    repeats = _repeats(pairs, precision, device, on_bad, progress)
    num_plans = sum(len(pair.plans) for pair in pairs)
    reading = (time.perf_counter() - started) / num_plans
    evaluations, number = [], 0
    for pair, of_pair in zip(pairs, repeats, strict=True):
        measurements: list[Measurement] = []
        for planned, sides in zip(pair.plans, of_pair, strict=True):
            if progress is not None:
                progress(number, num_plans, f"statistics of {pair.fake.label}, {planned.spec.name}")
            measurements += measured(planned.spec, sides, precision, reading)
            number += 1
        evaluations.append(Evaluation(tuple(measurements), of_pair))
    return evaluations


def compute_share_of_pairs(
    pairs: Sequence[Pair],
    share: Share,
    *,
    is_in_group: bool = False,
    precision: Precision = "fp32",
    device: Device = "auto",
    on_bad: OnBad = "stop",
    progress: Progress | None = None,
) -> ShareDone:
    """Computes one share of the features that :func:`evaluate_pairs` needs, into the cache.

    Args:
        pairs: See :func:`evaluate_pairs`.
        share: Which blocks of clips this process may take.
        is_in_group: See :func:`vidmbench.evaluation.features.compute_share`.
        precision: See :func:`evaluate`.
        device: See :func:`evaluate`.
        on_bad: See :func:`evaluate`.
        progress: See :func:`evaluate`.

    Raises:
        VidmbenchError: See :func:`evaluate`.
    """
    jobs = list(_feature_jobs(pairs, precision).values())
    return compute_share(jobs, share, is_in_group=is_in_group, device=device, on_bad=on_bad, progress=progress)


def _repeats(
    pairs: Sequence[Pair], precision: Precision, device: Device, on_bad: OnBad, progress: Progress | None
) -> list[tuple[tuple[Repeat, ...], ...]]:
    """The features of every repeat of every plan."""
    jobs = _feature_jobs(pairs, precision)
    sets = features_of(list(jobs.values()), device=device, on_bad=on_bad, progress=progress)
    features = dict(zip(jobs, sets, strict=True))
    return [
        tuple(
            (_paired_repeat(pair, planned, features[place, number, 0, "pair"]),)
            if planned.pairing is not None
            else tuple(
                Repeat(
                    Side(pair.real, clips[0], features.get((place, number, repeat, "real"))),
                    Side(planned.scored or pair.fake, clips[1], features.get((place, number, repeat, "fake"))),
                )
                for repeat, clips in enumerate(planned.draws)
            )
            for number, planned in enumerate(pair.plans)
        )
        for place, pair in enumerate(pairs)
    ]


def _feature_jobs(pairs: Sequence[Pair], precision: Precision) -> dict[tuple[int, int, int, str], FeatureJob]:
    """What every repeat of every plan needs: one pass over the real videos, then one over the scored ones."""
    jobs: dict[tuple[int, int, int, str], FeatureJob] = {}
    for place, pair in enumerate(pairs):
        for number, planned in enumerate(pair.plans):
            stage, name = planned.spec.array, planned.spec.name
            if planned.pairing is not None and planned.pairs is not None:
                videos = planned.pairing.videos
                jobs[place, number, 0, "pair"] = FeatureJob(videos, planned.pairs, stage, precision, name)
                continue
            for repeat, clips in enumerate(planned.draws):
                for side, source, plan in zip(
                    ("real", "fake"), (pair.real, planned.scored or pair.fake), clips, strict=True
                ):
                    if side in planned.spec.kind.sides:
                        jobs[place, number, repeat, side] = FeatureJob(source, plan, stage, precision, name)
    keys = sorted(jobs, key=lambda key: key[3] == "fake")  # the real side first; the sort keeps the order within
    return {key: jobs[key] for key in keys}


def _paired_repeat(pair: Pair, planned: Planned, features: FeatureSet) -> Repeat:
    assert planned.pairs is not None
    assert planned.pairing is not None
    pairs = Pairs(planned.pairs, planned.pairing, features, pair.scenes)
    return Repeat(
        Side(pair.real, planned.real, None, pairs.num_pairs // planned.pairing.samples),
        Side(pair.fake, planned.fake, None, pairs.num_pairs, pairs.skipped()),
        pairs,
    )
