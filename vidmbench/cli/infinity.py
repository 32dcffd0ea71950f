"""``vidmbench infinity``: a Fréchet distance with endless videos, from cached features."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidmbench.cli.compare import Fake, Real
from vidmbench.cli.distances import OneProtocol, ends, facts, print_notes, print_rows
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
)
from vidmbench.cli.run import end_with, show_plan

if TYPE_CHECKING:
    from vidmbench.metrics.infinity import Extrapolation
    from vidmbench.records.record import Measurement


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
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.studies.single_distance import one_job, scored
    from vidmbench.metrics.infinity import check_counts, frechet_infinity
    from vidmbench.protocols.detector import load_detector
    from vidmbench.reporting.plots.contact_sheet import save_figure
    from vidmbench.reporting.plots.fvd_vs_n import extrapolation_figure

    check_picture(out)
    choices = choices_from(
        [protocol], frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    job = one_job(real, fake, choices)
    planned = job.plans[0]
    detector = load_detector(planned.spec.array.detector)
    each = [clips.clips_a_video for clips in (planned.real, planned.fake)]
    real_videos, fake_videos = len(planned.real.clips) // each[0], len(planned.fake.clips) // each[1]
    rows = min(each) * (planned.spec.clips.frames if detector.reads == "frames" else 1)
    check_counts(real_videos, fake_videos, detector.num_features, rows)
    if dry_run:
        show_plan(job, as_json=as_json)
        return
    checked_output(out.parent)
    measurements, features = scored([job])
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
            (f"plain, N = {one.num_real}/{one.num_fake}", f"{found.values[0]:.2f}", ends(plain)),
            ("infinity", f"{found.value:.2f}", ends((found.interval.low, found.interval.high))),
        ]
        print_rows(("", metric, "95 % interval"), lines)
        print(f"\nOf the plain value about {found.values[0] - found.value:.2f} comes from the number of videos.\n")
        print(f"{one.signature}  #{one.signature_id}")
    print_notes(measurements, statistics.repeats)
    print(f"picture: {out}", file=sys.stderr)


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
        **facts([one]),
    }
