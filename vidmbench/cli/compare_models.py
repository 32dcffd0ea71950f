"""``vidmbench compare-models``: is one model better than another?"""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.cli.compare import Real
from vidmbench.cli.distances import OneProtocol, ends, facts, print_notes, print_rows
from vidmbench.cli.options import (
    DataRoot,
    DeviceName,
    DevicePick,
    Frames,
    Json,
    NumFake,
    NumReal,
    NumVideos,
    OnBad,
    OnBadPick,
    PrecisionName,
    PrecisionPick,
    Seed,
    Stride,
    choices_from,
)
from vidmbench.cli.run import end_with

if TYPE_CHECKING:
    from vidmbench.evaluation.job import Job
    from vidmbench.metrics.paired import PairedDifference
    from vidmbench.records.record import Measurement

SIGNIFICANCE = 0.05


def compare_models(
    real: Real,
    first: Annotated[str, typer.Argument(metavar="A", help="Videos of one model; or control:NAME made from REAL.")],
    second: Annotated[str, typer.Argument(metavar="B", help="As many videos of the other.")],
    frames: Frames = None,
    protocol: OneProtocol = "fvd-vidm-paper",
    stride: Stride = None,
    num_videos: NumVideos = None,
    num_real: NumReal = None,
    num_fake: NumFake = None,
    same_seeds: Annotated[
        bool,
        typer.Option("--same-seeds", help="Video by video, A and B were drawn from the same seeds."),
    ] = False,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    as_json: Json = False,
) -> None:
    """Is model A better than model B? A paired test on the same real videos.

    Prints both Fréchet distances, their difference with its interval and p value, and how many videos
    a side would tell such a difference from none.

    \b
    Examples:
      vidmbench compare-models REAL FAKE control:blurred --frames 16 --num-videos 48
    """
    from vidmbench.evaluation.studies.single_distance import one_job, scored
    from vidmbench.metrics import paired

    choices = choices_from(
        [protocol], frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    jobs = [one_job(real, fake, choices) for fake in (first, second)]
    counts = [len(job.plans[0].fake.clips) for job in jobs]
    paired.check_counts(len(jobs[0].plans[0].real.clips), *counts)
    measurements, sides = scored(jobs)
    end_with(measurements)
    if measurements[0].fake.digest == measurements[1].fake.digest:
        print("note: A and B hold the same videos", file=sys.stderr)
    if same_seeds:
        _check_pairs(jobs, measurements)
    statistics = jobs[0].plans[0].spec.statistics
    assert statistics.covariance is not None
    found = paired.paired_difference(
        *sides, normalisation=statistics.covariance, same_seeds=same_seeds, seed=statistics.seed
    )
    sentence = _verdict(found, measurements[0].metric.upper())
    if as_json:
        print(json.dumps(_comparison(found, measurements, sentence, same_seeds), allow_nan=False))
    else:
        names = [f"{name}: {one.fake.label}" for name, one in zip("AB", measurements, strict=True)]
        own = [one.interval if statistics.repeats == 1 else None for one in measurements]
        rows = [
            (names[0], f"{found.first:.2f}", ends(own[0])),
            (names[1], f"{found.second:.2f}", ends(own[1])),
            ("A - B", f"{found.difference:+.2f}", ends((found.interval.low, found.interval.high))),
        ]
        print_rows(("Model", measurements[0].metric.upper(), "95 % interval"), rows)
        print(f"\n{sentence}\n")
        for name, one in zip("AB", measurements, strict=True):
            print(f"{name}: {one.signature}  #{one.signature_id}")
    print_notes(measurements, statistics.repeats)


def _check_pairs(jobs: "list[Job]", measurements: "list[Measurement]") -> None:
    """Refuses to pair clips by their places where these are not of the same videos."""
    from vidmbench.core.errors import DataError

    taken = [[clip.video for clip in job.plans[0].fake.clips] for job in jobs]
    left_out = [len(one.fake.skipped) for one in measurements]
    if taken[0] != taken[1] or any(left_out):
        raise DataError(
            "the videos of A and B do not go in pairs",
            expected="the same places in both, and no video left out",
            found=f"{left_out[0]} and {left_out[1]} left out" if any(left_out) else "videos of other places",
            where="--same-seeds",
            fix="mend the videos that are left out and give both as many, or leave --same-seeds out",
        )


def _verdict(found: "PairedDifference", metric: str) -> str:
    """The answer in one sentence."""
    limits = ends((found.interval.low, found.interval.high))
    p = f"p = {found.p_value:.2g}" if found.p_value >= 1e-4 else "p < 0.0001"
    about = f"about {found.needed:,} videos a side" if found.needed is not None else ""
    if found.p_value < SIGNIFICANCE:
        better, size = ("A", found.first) if found.difference < 0 else ("B", found.second)
        other = found.second if better == "A" else found.first
        lower = f"its {metric} of {size:.2f} is lower by {other - size:.2f}"
        return f"{better} is better: {lower}, {p}; {about} would do to see as much."
    tie = f"a tie: the interval of the difference, {limits}, holds 0, {p}"
    return f"{tie}; if the difference is real, {about} would tell them apart." if about else f"{tie}."


def _comparison(
    found: "PairedDifference", measurements: "list[Measurement]", sentence: str, same_seeds: bool
) -> dict[str, Any]:
    a, b = measurements
    is_certain = found.p_value < SIGNIFICANCE
    return {
        "metric": a.metric,
        "real": a.real.model_dump(mode="json"),
        "a": {**a.fake.model_dump(mode="json"), "value": found.first, "interval": a.interval},
        "b": {**b.fake.model_dump(mode="json"), "value": found.second, "interval": b.interval},
        "difference": found.difference,
        "interval": [found.interval.low, found.interval.high],
        "interval_kind": found.interval.kind,
        "standard_error": found.standard_error,
        "p_value": found.p_value,
        "effect": found.effect,
        "needed": found.needed,
        "better": ("a" if found.difference < 0 else "b") if is_certain else None,
        "verdict": sentence,
        "same_seeds": same_seeds,
        "signature_a": a.signature,
        "signature_b": b.signature,
        "signature_id": a.signature_id,
        **facts(measurements),
    }
