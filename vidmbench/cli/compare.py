"""``vidmbench compare`` and ``vidmbench explain``."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

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
from vidmbench.cli.run import end_with, report, show_plan
from vidmbench.core.progress import progress_bar

Real = Annotated[str, typer.Argument(metavar="REAL", help="A folder, zip, npy or npz; or dataset:NAME@SPLIT.")]
Fake = Annotated[str, typer.Argument(metavar="FAKE", help="The same, or control:NAME made from REAL.")]


def compare(
    real: Real,
    fake: Fake,
    frames: Frames = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol", metavar="NAME|FILE", help="Only these; may be repeated.", show_default="all that can"
        ),
    ] = None,
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
        Path | None,
        typer.Option(metavar="DIR", help="Also write a record into this folder.", rich_help_panel="Output"),
    ] = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """The same two sources by every published convention: one table, signatures below.

    A protocol whose own number of videos is not there takes as many as there are.

    \b
    Examples:
      vidmbench compare REAL FAKE --frames 16
      vidmbench compare dataset:clevrer-mini@test control:blurred --num-videos 8 --protocol fvd-tats
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.job import carry_out, record_of
    from vidmbench.evaluation.studies.compare import prepare_compare, with_all_protocols
    from vidmbench.reporting.tables.conventions import convention_rows

    choices = choices_from(
        protocol, frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    prepared = prepare_compare(real, fake, with_all_protocols(choices, bool(protocol)))
    if dry_run:
        show_plan(prepared.job, as_json=as_json)
        return
    if out is not None:
        out = checked_output(out)
    with progress_bar() as progress:
        measurements = carry_out(prepared.job, progress)
    record = record_of(prepared.job, measurements, command=["vidmbench", *sys.argv[1:]])
    if out is not None:
        from vidmbench.records.record import write_record

        print(f"record:  {write_record(record, out)}", file=sys.stderr)
    refused = [{"protocol": one.protocol, "reason": one.reason} for one in prepared.refused]
    report(record, measurements, as_json=as_json, table=convention_rows, more={"refused": refused})
    reasons: dict[str, list[str]] = {}
    for one in prepared.refused:
        reasons.setdefault(one.reason, []).append(one.protocol)
    for reason, names in reasons.items():
        print(f"left out: {', '.join(dict.fromkeys(names))}: {reason}", file=sys.stderr)
    if all(one.status != "ok" for one in measurements):
        end_with(measurements)


def explain(
    first: Annotated[str, typer.Argument(metavar="P1", help="A protocol or a TOML file.")],
    second: Annotated[str, typer.Argument(metavar="P2", help="Another of the same metric.")],
    real: Real,
    fake: Fake,
    frames: Frames = None,
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
        Path, typer.Option(metavar="FILE", help="The waterfall picture, PNG, SVG or PDF.", rich_help_panel="Output")
    ] = Path("runs/explain.png"),
    as_json: Json = False,
) -> None:
    """From one protocol's number to another's, one field at a time, with a picture of the way.

    The share of a field depends on the order in which fields change: it is the one printed.

    \b
    Examples:
      vidmbench explain fvd-stylegan-v fvd-vidm-release REAL FAKE --frames 16 --num-videos 48
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.job import carry_out
    from vidmbench.evaluation.studies.explain import prepare_explain, shifts
    from vidmbench.reporting.plots.contact_sheet import save_figure
    from vidmbench.reporting.plots.explain import waterfall

    choices = choices_from(
        [first, second], frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    check_picture(out)
    prepared = prepare_explain(first, second, real, fake, choices)
    checked_output(out.parent)
    with progress_bar() as progress:
        measurements = carry_out(prepared.job, progress)
    way = shifts(prepared, measurements)
    save_figure(waterfall(prepared, measurements, way), out)
    if as_json:
        print(json.dumps(_as_json(prepared, measurements, way, out), allow_nan=False))
    else:
        _print_way(measurements, way)
    print(f"picture: {out}", file=sys.stderr)


def _print_way(measurements: Any, way: Any) -> None:
    from tabulate import tabulate

    from vidmbench.reporting.tables.rows import INTERVAL

    start, end = measurements[0], measurements[-1]
    rows = [(start.protocol, "", "", f"{start.value:.4f}", "", "")]
    for shift in way:
        share = "" if shift.share is None else f"{100 * shift.share + 0.0:.1f} %".replace("-0.0", "0.0")
        rows.append(
            (shift.step.field, shift.step.before, shift.step.after, f"{shift.value:.4f}", f"{shift.change:+.4f}", share)
        )
    metric = end.metric.upper() if end.metric == start.metric else "Distance"
    header = ("Field", "from", "to", metric, "Change", "Share")
    print(tabulate(rows, header, tablefmt="github", disable_numparse=True, colalign=("left",) * 3 + ("right",) * 3))
    print()
    for one in (start, end):
        ends = f" [{one.interval[0]:.4f}, {one.interval[1]:.4f}]" if one.interval else " (no interval)"
        print(f"{one.value:.4f}{ends}  {one.signature}  #{one.signature_id}")
    if start.interval or end.interval:
        print(f"\n{INTERVAL} All steps are of the same clips.")


def _as_json(prepared: Any, measurements: Any, way: Any, out: Path) -> dict[str, Any]:
    start, end = measurements[0], measurements[-1]
    steps = [
        {
            "field": one.step.field,
            "from": one.step.before,
            "to": one.step.after,
            "value": one.value,
            "change": one.change,
            "share": one.share,
        }
        for one in way
    ]
    ends = {"first": start.model_dump(mode="json"), "second": end.model_dump(mode="json")}
    return {"metric": start.metric, "real": prepared.job.real.label, "fake": prepared.job.fake.label, **ends} | {
        "steps": steps,
        "picture": str(out),
    }
