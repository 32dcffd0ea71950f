"""``vidmbench compare-models`` and ``vidmbench infinity``: questions about a Fréchet distance, from cached features."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.cli.compare import Fake, Real
from vidmbench.cli.options import (
    DataRoot,
    DeviceName,
    DevicePick,
    DryRun,
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
    check_picture,
    choices_from,
    progress_bar,
)
from vidmbench.cli.run import end_with, show_plan

if TYPE_CHECKING:
    import numpy as np

    from vidmbench.choices import Choices
    from vidmbench.metrics.infinity import Extrapolation
    from vidmbench.metrics.paired import PairedDifference
    from vidmbench.records import Measurement
    from vidmbench.runs import Job

OneProtocol = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE", help="A protocol of a Fréchet distance, or a TOML file.", rich_help_panel="Protocol"
    ),
]
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
    from vidmbench.metrics import paired

    choices = choices_from(
        [protocol], frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    jobs = [_job(real, fake, choices) for fake in (first, second)]
    counts = [len(job.plans[0].fake.clips) for job in jobs]
    paired.check_counts(len(jobs[0].plans[0].real.clips), *counts)
    measurements, sides = _scored(jobs)
    end_with(measurements)
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
            (names[0], f"{found.first:.2f}", _ends(own[0])),
            (names[1], f"{found.second:.2f}", _ends(own[1])),
            ("A - B", f"{found.difference:+.2f}", _ends((found.interval.low, found.interval.high))),
        ]
        _print_rows(("Model", measurements[0].metric.upper(), "95 % interval"), rows)
        print(f"\n{sentence}\n")
        for name, one in zip("AB", measurements, strict=True):
            print(f"{name}: {one.signature}  #{one.signature_id}")
    _notes(measurements, statistics.repeats)


def infinity(
    real: Real,
    fake: Fake,
    frames: Frames = None,
    protocol: OneProtocol = "fvd-vidm-paper",
    stride: Stride = None,
    num_videos: NumVideos = None,
    num_real: NumReal = None,
    num_fake: NumFake = None,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The picture of the fit, PNG, SVG or PDF.", rich_help_panel="Output")
    ] = Path("runs/infinity.png"),
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """The Fréchet distance with endless videos, extrapolated from parts of those there are.

    A distance is too large by a bias that falls as 1/N. Needs 1024 videos a side or more.

    \b
    Examples:
      vidmbench infinity dataset:clevrer-mini@test dataset:clevrer-mini@train --dry-run
    """
    from vidmbench.detector_specs import detector_of
    from vidmbench.fits import extrapolation_figure
    from vidmbench.metrics.infinity import check_counts, frechet_infinity
    from vidmbench.plots import save_figure
    from vidmbench.runs import checked_output

    check_picture(out)
    choices = choices_from(
        [protocol], frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    job = _job(real, fake, choices)
    planned = job.plans[0]
    detector = detector_of(planned.spec.array.detector)
    each = [clips.clips_a_video for clips in (planned.real, planned.fake)]
    real_videos, fake_videos = len(planned.real.clips) // each[0], len(planned.fake.clips) // each[1]
    rows = min(each) * (planned.spec.clips.frames if detector.reads == "frames" else 1)
    check_counts(real_videos, fake_videos, detector.num_features, rows)
    if dry_run:
        show_plan(job, as_json=as_json)
        return
    checked_output(out.parent)
    measurements, features = _scored([job])
    end_with(measurements)
    statistics, one = planned.spec.statistics, measurements[0]
    assert statistics.covariance is not None
    found = frechet_infinity(*features, normalisation=statistics.covariance, seed=statistics.seed)
    metric = one.metric.upper()
    title = f"{one.fake.label} against {one.real.label}\n{one.signature_short}"
    save_figure(extrapolation_figure(found, metric=metric, title=title), out)
    if as_json:
        print(json.dumps(_extrapolated(found, one, out), allow_nan=False))
    else:
        plain = one.interval if statistics.repeats == 1 else None
        lines = [
            (f"plain, N = {one.num_real}/{one.num_fake}", f"{found.values[0]:.2f}", _ends(plain)),
            ("infinity", f"{found.value:.2f}", _ends((found.interval.low, found.interval.high))),
        ]
        _print_rows(("", metric, "95 % interval"), lines)
        print(f"\nOf the plain value about {found.values[0] - found.value:.2f} comes from the number of videos.\n")
        print(f"{one.signature}  #{one.signature_id}")
    _notes(measurements, statistics.repeats)
    print(f"picture: {out}", file=sys.stderr)


def _job(real: str, fake: str, choices: "Choices") -> "Job":
    """The sources and the one plan, resolved as ``vidmbench compare`` does it."""
    from vidmbench.compare import prepare_compare
    from vidmbench.errors import UsageError
    from vidmbench.protocols import load_protocol

    spec = load_protocol(choices.protocols[0])
    if spec.metric != "frechet":
        raise UsageError(
            f"{spec.name} measures no Fréchet distance",
            expected="a protocol with metric frechet",
            found=spec.metric,
            where="--protocol",
            fix="see all metrics: vidmbench list protocols",
        )
    if len(choices.frames) > 1:
        raise UsageError(
            "one clip length at a time",
            expected="such as --frames 16",
            found=f"--frames {','.join(map(str, choices.frames))}",
        )
    return prepare_compare(real, fake, choices).job


def _scored(jobs: "list[Job]") -> "tuple[list[Measurement], list[np.ndarray]]":
    """The plain measurement of every job, and the features behind them: real first, then each job's scored side."""
    from vidmbench.features import FeatureJob, by_video, features_of
    from vidmbench.runs import carry_out

    choices, real = jobs[0].choices, jobs[0].plans[0].real
    with progress_bar() as progress:
        measurements = [one for job in jobs for one in carry_out(job, progress)]
        sides = [(jobs[0].real, real), *((job.fake, job.plans[0].fake) for job in jobs)]
        stage = jobs[0].plans[0].spec.array
        wanted = [FeatureJob(source, clips, stage, choices.precision) for source, clips in sides]
        found = features_of(wanted, device=choices.device, on_bad=choices.on_bad, progress=progress)
    return measurements, [by_video(one.features, clips) for one, (_, clips) in zip(found, sides, strict=True)]


def _check_pairs(jobs: "list[Job]", measurements: "list[Measurement]") -> None:
    """Refuses to pair clips by their places where these are not of the same videos."""
    from vidmbench.errors import DataError

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
    ends = _ends((found.interval.low, found.interval.high))
    p = f"p = {found.p_value:.2g}" if found.p_value >= 1e-4 else "p < 0.0001"
    about = f"about {found.needed:,} videos a side" if found.needed is not None else ""
    if found.p_value < SIGNIFICANCE:
        better, size = ("A", found.first) if found.difference < 0 else ("B", found.second)
        other = found.second if better == "A" else found.first
        lower = f"its {metric} of {size:.2f} is lower by {other - size:.2f}"
        return f"{better} is better: {lower}, {p}; {about} would do to see as much."
    tie = f"a tie: the interval of the difference, {ends}, holds 0, {p}"
    return f"{tie}; if the difference is real, {about} would tell them apart." if about else f"{tie}."


def _ends(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"[{interval[0]:.2f}, {interval[1]:.2f}]"


def _print_rows(header: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> None:
    from tabulate import tabulate

    print(tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=("left", "right", "right")))


def _notes(measurements: "list[Measurement]", repeats: int) -> None:
    """What a careful reader should know, on stderr."""
    own = [f"the protocol averages {repeats} draws; these numbers are of the first"] if repeats > 1 else []
    for note in dict.fromkeys([*own, *(note for one in measurements for note in one.warnings)]):
        print(f"note: {note}", file=sys.stderr)
    for side in dict.fromkeys(side for one in measurements for side in (one.real, one.fake)):
        if side.skipped:
            print(f"left out of {side.label}: {len(side.skipped)} videos; --json lists them", file=sys.stderr)


def _facts(measurements: "list[Measurement]") -> dict[str, Any]:
    """What both commands say of how the numbers were made."""
    one = measurements[0]
    facts = one.model_dump(mode="json", include={"protocol", "frames", "stride", "precision", "engine", "seed"})
    notes = dict.fromkeys(note for each in measurements for note in each.warnings)
    return {**facts, "num_real": one.num_real, "num_fake": one.num_fake, "notes": list(notes)}


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
        **_facts(measurements),
    }


def _extrapolated(found: "Extrapolation", one: "Measurement", out: Path) -> dict[str, Any]:
    return {
        "metric": f"{one.metric}-infinity",
        "real": one.real.model_dump(mode="json"),
        "fake": one.fake.model_dump(mode="json"),
        "value": found.value,
        "interval": [found.interval.low, found.interval.high],
        "interval_kind": found.interval.kind,
        "standard_error": found.interval.standard_error,
        "plain": found.values[0],
        "plain_interval": one.interval,
        "sizes": found.sizes,
        "values": found.values,
        "slope": found.slope,
        "signature": one.signature,
        "signature_id": one.signature_id,
        "picture": str(out),
        **_facts([one]),
    }
